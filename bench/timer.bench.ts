/** A timer, started and stopped among others that run. */

import type { Row } from './row.js';

/** Pairs in one call. */
const TIMES = 4096;

/** Timers that run meanwhile. */
const OTHERS = [0, 10_000, 1_000_000];

/**
 * `benchPrepareTimers(n)`: n timers that run; 0: no memory. `benchTimer(times)`: so many times
 * KeSetTimerEx and KeCancelTimer of one more, due at ticks that differ; how many were still running
 * when cancelled.
 */
export const rows: readonly Row[] = OTHERS.map((n) => ({
  kind: 'loop',
  name: 'timer start and stop',
  n,
  octets: 0,
  operations: TIMES,
  prepare: (kernel) => {
    kernel.boot(1);
    if (!kernel.routine('benchPrepareTimers')(n)) throw new Error(`no memory for ${n}`);
    const timer = kernel.routine('benchTimer');
    return () => {
      const stopped = timer(TIMES);
      if (stopped !== TIMES) throw new Error(`${stopped} of ${TIMES} timers were running`);
    };
  },
}));
