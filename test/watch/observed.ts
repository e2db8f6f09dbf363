/** Observations of a machine at rest, changed as a test wants it. */

import type { Observation, ObservedFinding } from '../../host/watch/observation.js';

/** A machine called "m" of two processors with nothing wrong, but for `changes`. */
export function observed(changes: Partial<Observation> = {}): Observation {
  return {
    machine: 'm',
    timeUs: 5_000_000,
    halted: false,
    processors: [0, 1].map((number) => ({ number, irql: 0, waitingDpcs: 0 })),
    locks: [],
    orders: [],
    clockTick: 500,
    playedTick: 500,
    waitingCalls: 0,
    gates: [],
    owedEnds: [],
    blockSets: [],
    irpsInUse: 0,
    runningTimers: 0,
    pool: [],
    findings: [],
    ...changes,
  };
}

/** A broken rule, seen after one second. */
export function finding(
  rule: string,
  words: readonly number[],
  changes: Partial<ObservedFinding> = {},
): ObservedFinding {
  return { rule, code: 0x2003, words, timeUs: 1_000_000, ...changes };
}

/** Somewhere in a driver. */
export const SITE = { file: 'tcpip/tcp/connect.ts', line: 88, function: 'leaveTable' };
