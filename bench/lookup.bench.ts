/** The connection table: a four-tuple hashed and found, at random among n. */

import type { Row } from './row.js';

/** Lookups in one call. */
const TIMES = 4096;

/**
 * `benchPrepareConnections(n)`: n established connections, each with a four-tuple of its own; the
 * number there are. `benchLookup(times)`: so many lookups of four-tuples chosen at random; how many
 * were found.
 */
function lookupRow(n: number): Row {
  return {
    kind: 'loop',
    name: 'lookup',
    n,
    octets: 0,
    needs: ['benchPrepareConnections', 'benchLookup'],
    operations: TIMES,
    prepare: (kernel) => {
      const made = kernel.routine('benchPrepareConnections')(n);
      if (made !== n) throw new Error(`${made} connections where ${n} were to be made`);
      const lookup = kernel.routine('benchLookup');
      return () => {
        const found = lookup(TIMES);
        if (found !== TIMES) throw new Error(`${found} of ${TIMES} connections found`);
      };
    },
  };
}

export const rows: readonly Row[] = [1, 1_000, 10_000, 1_000_000].map(lookupRow);
