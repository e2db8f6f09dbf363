/** A timer, started and stopped among others that run. */

import type { Row } from './row.js';

/** Pairs in one call. */
const TIMES = 4096;

/** Timers that run meanwhile. */
const OTHERS = [0, 10_000];

/**
 * `benchPrepareTimers(n)`: n timers that run. `benchTimer(times)`: so many times KeSetTimer and
 * KeCancelTimer of one more, due at ticks that differ; how many were still running when cancelled.
 */
export const rows: readonly Row[] = OTHERS.map((n) => ({
  kind: 'loop',
  name: 'timer start and stop',
  n,
  octets: 0,
  needs: ['benchPrepareTimers', 'benchTimer'],
  operations: TIMES,
  prepare: (kernel) => {
    kernel.routine('benchPrepareTimers')(n);
    const timer = kernel.routine('benchTimer');
    return () => {
      const stopped = timer(TIMES);
      if (stopped !== TIMES) throw new Error(`${stopped} of ${TIMES} timers were running`);
    };
  },
}));
