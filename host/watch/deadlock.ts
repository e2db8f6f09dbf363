/** Processors that spin for ever: in a cycle, on themselves, or on one that left. */

import { formatSite } from './verdict.js';
import type { Verdict } from './verdict.js';
import type { Observation, ObservedLock, ObservedProcessor } from './observation.js';

/** A processor that waits, and the lock it waits for. */
interface Wait {
  readonly processor: ObservedProcessor;
  readonly lock: ObservedLock;
}

/**
 * One verdict for each cycle of processors and locks, and one for each lock whose owner does not
 * wait itself: in the played targets nothing but the spinning call runs, so its owner has left.
 */
export function findDeadlocks(observation: Observation): Verdict[] {
  const waits = new Map<number, Wait>();
  for (const processor of observation.processors) {
    const lock = observation.locks.find((each) => each.address === processor.spinsOn);
    if (lock !== undefined) waits.set(processor.number, { processor, lock });
  }
  const verdicts = new Map<number, Verdict>();
  const told = new Set<number>();
  for (const wait of waits.values()) {
    const cycle = cycleFrom(waits, wait.processor.number);
    if (cycle !== undefined) {
      if (!cycle.some((each) => told.has(each.processor.number))) {
        verdicts.set(wait.lock.address, inCycle(observation, cycle));
      }
      for (const each of cycle) told.add(each.processor.number);
    } else if (!waits.has(wait.lock.owner) && !verdicts.has(wait.lock.address)) {
      verdicts.set(wait.lock.address, onOneThatLeft(observation, wait.lock));
    }
  }
  return [...verdicts.values()];
}

/** The waits that lead from a processor back to it; undefined where they lead elsewhere. */
function cycleFrom(waits: ReadonlyMap<number, Wait>, start: number): Wait[] | undefined {
  const path: Wait[] = [];
  let wait = waits.get(start);
  while (wait !== undefined && path.length <= waits.size) {
    path.push(wait);
    if (wait.lock.owner === start) return path;
    wait = waits.get(wait.lock.owner);
  }
  return undefined;
}

function inCycle(observation: Observation, cycle: readonly Wait[]): Verdict {
  const [first] = cycle;
  const sentence =
    cycle.length === 1 && first !== undefined
      ? `processor ${first.processor.number} spins for ever on ${first.lock.name}, ` +
        `which it holds itself${acquiredAt(first.lock)}`
      : cycle
          .map(
            ({ processor, lock }) =>
              `processor ${processor.number} spins on ${lock.name} ` +
              `held by processor ${lock.owner}${acquiredAt(lock)}`,
          )
          .join(', ');
  return verdictOf(observation, sentence, first?.lock, cycle.map((each) => each.processor.number));
}

function onOneThatLeft(observation: Observation, lock: ObservedLock): Verdict {
  const waiters = observation.processors
    .filter((each) => each.spinsOn === lock.address)
    .map((each) => each.number);
  const numbers = waiters.join(', ');
  const who = waiters.length === 1 ? `processor ${numbers} spins` : `processors ${numbers} spin`;
  const sentence =
    `${who} for ever on ${lock.name} held by processor ${lock.owner}${acquiredAt(lock)}, ` +
    'which left without releasing it';
  return verdictOf(observation, sentence, lock, waiters);
}

function acquiredAt(lock: ObservedLock): string {
  return lock.site === undefined ? '' : ` since ${formatSite(lock.site)}`;
}

function verdictOf(
  observation: Observation,
  sentence: string,
  lock: ObservedLock | undefined,
  waiters: readonly number[],
): Verdict {
  return {
    kind: 'deadlock',
    machine: observation.machine,
    sentence,
    ...(lock === undefined
      ? {}
      : { lock: { name: lock.name, address: lock.address }, holder: lock.owner }),
    ...(lock?.site === undefined ? {} : { site: lock.site }),
    waiters,
    sinceUs: observation.timeUs,
    words: waiters,
  };
}
