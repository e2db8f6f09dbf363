/** Requests that wait too long, and for whom: a gate that something keeps shut. */

import type { Observation, ObservedGate } from './observation.js';
import type { Verdict } from './verdict.js';

/** How long who has passed a gate may keep it from others, in us: a hundred ticks. */
export const LONGEST_US = 1_000_000;

/** Each gate before which requests have waited too long. */
export function findStalls(observation: Observation, longestUs = LONGEST_US): Verdict[] {
  return observation.gates
    .filter(({ waiters, sinceUs }) => waiters > 0 && observation.timeUs - sinceUs > longestUs)
    .map((gate) => stalled(observation, gate));
}

function stalled({ machine, timeUs }: Observation, gate: ObservedGate): Verdict {
  const { address, keeper, lock, name, sinceUs, site, waiters } = gate;
  const seconds = ((timeUs - sinceUs) / 1e6).toFixed(1);
  const wait = waiters === 1 ? '1 request waits' : `${waiters} requests wait`;
  return {
    kind: 'requests wait',
    machine,
    sentence: `${wait} before ${name}, which 0x${keeper.toString(16)} has kept shut for `
      + `${seconds} s`,
    lock: { name: lock, address },
    ...(site === undefined ? {} : { site }),
    sinceUs,
    words: [keeper, waiters],
  };
}
