/** A spin lock, acquired and released by the processor that alone wants it. */

import type { Row } from './row.js';

/** Pairs in one call. */
const TIMES = 4096;

/** `benchLock(times)`: so many times KeAcquireSpinLock and KeReleaseSpinLock at PASSIVE_LEVEL. */
export const rows: readonly Row[] = [
  {
    kind: 'loop',
    name: 'lock acquire and release',
    n: 0,
    octets: 0,
    operations: TIMES,
    prepare: (kernel) => {
      kernel.boot(1);
      const lock = kernel.routine('benchLock');
      return () => void lock(TIMES);
    },
  },
];
