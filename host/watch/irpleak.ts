/** Requests that nobody completes, and timers that nobody stops. */

import type { Observation } from './observation.js';
import type { Verdict } from './verdict.js';

/**
 * IRPs that somebody owns although nothing is asked of the machine: when all drivers are unloaded,
 * or sooner where the caller knows that it is `quiet` (no socket open, no echo waits).
 */
export function findIrpLeak(observation: Observation, quiet = false): Verdict | undefined {
  if (observation.irpsInUse === 0 || !(observation.halted || quiet)) return undefined;
  return leftBehind(observation, 'irp leaked', observation.irpsInUse, 'IRP', 'completed');
}

/** Timers that run although all drivers are unloaded: what they belong to is gone. */
export function findTimerLeak(observation: Observation): Verdict | undefined {
  if (observation.runningTimers === 0 || !observation.halted) return undefined;
  return leftBehind(observation, 'timer left', observation.runningTimers, 'timer', 'stopped');
}

function leftBehind(
  observation: Observation,
  kind: 'irp leaked' | 'timer left',
  count: number,
  what: string,
  done: string,
): Verdict {
  const when = observation.halted ? 'when all drivers are unloaded' : 'while nothing is asked';
  return {
    kind,
    machine: observation.machine,
    sentence: `${count} ${what}${count === 1 ? ' is' : 's are'} not ${done} ${when}`,
    sinceUs: observation.timeUs,
    words: [count],
  };
}
