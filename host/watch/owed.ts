/** Indications owed: connections that are over, and whose clients have not been told of it. */

import type { Observation, ObservedEnd } from './observation.js';
import type { Verdict } from './verdict.js';

/** How long a client may not know of the end of a connection, in us: a hundred ticks. */
export const LONGEST_OWED_US = 1_000_000;

/** Why nobody will ever tell it. */
type Reason = 'lost' | 'kept' | 'counted' | 'nothing';

/**
 * One verdict for each transport, client and reason. A client that has been told of octets and
 * has not taken them holds its own indication back, as long as it wants (nt-facts 4.5).
 */
export function findOwedIndications(
  observation: Observation, longestUs = LONGEST_OWED_US,
): Verdict[] {
  const groups = new Map<string, [Reason, ObservedEnd[]]>();
  for (const end of observation.owedEnds) {
    if (end.clientsTurn || observation.timeUs - end.sinceUs <= longestUs) continue;
    const reason = reasonOf(end);
    const key = `${end.transport} ${end.client} ${reason}`;
    const [, ends] = groups.get(key) ?? [reason, []];
    groups.set(key, [reason, [...ends, end]]);
  }
  return [...groups.values()].flatMap(([reason, ends]) => owed(observation, reason, ends));
}

function reasonOf({ lost, kept, counted }: ObservedEnd): Reason {
  if (lost) return 'lost';
  if (counted > kept) return 'counted';
  return kept > 0 ? 'kept' : 'nothing';
}

function owed({ machine, timeUs, findings }: Observation, reason: Reason, ends: ObservedEnd[]):
Verdict[] {
  const [oldest] = [...ends].sort((one, other) => one.sinceUs - other.sinceUs);
  if (oldest === undefined) return [];
  const { transport, client, remote, sinceUs } = oldest;
  const total = (word: 'kept' | 'counted'): number => ends.reduce((sum, end) => sum + end[word], 0);
  const what = ends.length === 1 ? 'the end of a connection' : `${ends.length} ends of connections`;
  const which = ends.length === 1 ? 'with' : 'the oldest with';
  const why = {
    lost: `${transport} has no such connection any more`,
    kept: `${transport} keeps octets of which ${client} does not know: ${total('kept')}`,
    counted: `${transport} counts octets that are not there: ${total('counted') - total('kept')}`,
    nothing: `nothing waits to be taken by ${client}`,
  }[reason];
  // Where the verifier saw a count of the same connection go wrong.
  const words = new Set(ends.flatMap((end) => [end.address, end.context]));
  const cause = findings.find((each) => COUNTS.test(each.rule) && words.has(each.words[0] ?? 0));
  return [{
    kind: 'indication owed',
    machine,
    sentence: `${transport} owes ${client} ${what}, ${which} ${remote}, for `
      + `${((timeUs - sinceUs) / 1e6).toFixed(1)} s: ${why}`,
    ...(cause?.site === undefined ? {} : { site: cause.site }),
    sinceUs,
    words: [ends.length, total('counted'), total('kept')],
  }];
}

/** Rules of the verifier about what waits on a connection, whose first word is the connection. */
const COUNTS = /^TDI_(TAKEN|OUTSTANDING|COUNTED_TWICE)$/;
