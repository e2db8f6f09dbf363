/** The boundary: what a call from the host into the kernel costs. */

import type { Row } from './row.js';

/** Calls in one call of what is timed. */
const TIMES = 4096;

export const rows: readonly Row[] = [
  {
    kind: 'loop',
    name: 'call',
    n: 0,
    octets: 0,
    operations: TIMES,
    prepare: (kernel) => {
      const call = kernel.routine('benchCall');
      return () => {
        for (let i = 0; i < TIMES; i++) call();
      };
    },
  },
];
