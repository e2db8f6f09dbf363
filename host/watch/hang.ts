/** A machine that makes no progress: its clock's DPC does not play, or no thread can run. */

import { PASSIVE } from './observation.js';
import type { Observation } from './observation.js';
import type { Verdict } from './verdict.js';

/** Ticks of 10 ms that the clock's DPC may be late: a second, a hundred times what it ever is. */
export const LATE_TICKS = 100;

/**
 * At most one verdict: the timers stand still while the clock's interrupt goes on, or calls of user
 * mode wait while every processor is above PASSIVE_LEVEL.
 */
export function findHang(observation: Observation, lateTicks = LATE_TICKS): Verdict | undefined {
  const lost = (observation.clockTick - observation.playedTick) >>> 0;
  const reasons: string[] = [];
  if (lost > lateTicks) {
    reasons.push(
      `the clock's DPC no longer runs: its interrupt brought tick ${observation.clockTick}, the ` +
        `timers stand at ${observation.playedTick}`,
    );
  }
  if (
    observation.waitingCalls > 0 &&
    observation.processors.every((each) => each.irql > PASSIVE || each.spinsOn !== undefined)
  ) {
    const calls = observation.waitingCalls === 1 ? 'call waits' : 'calls wait';
    reasons.push(
      `${observation.waitingCalls} ${calls} for a thread, and no processor is at PASSIVE_LEVEL`,
    );
  }
  if (reasons.length === 0) return undefined;
  return {
    kind: 'hang',
    machine: observation.machine,
    sentence: reasons.join('; '),
    sinceUs: lost > lateTicks ? observation.playedTick * 10_000 : observation.timeUs,
    words: [observation.clockTick, observation.playedTick, observation.waitingCalls],
  };
}
