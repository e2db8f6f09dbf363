/** SYNs, while n connections are half open. */

import type { BatchRow, Row } from './row.js';

/** SYNs that one interrupt hands over. */
const BATCH = 64;

/**
 * `benchPrepareHalfOpen(n)`: a listener, and n connections half open at it.
 * `benchBuildSyns(frames)`: resets what the last batch opened, so that n stay, then puts so many
 * SYNs of other four-tuples into the receive descriptors. `benchReceive(frames)`: as for `receive`.
 * `benchSyns()`: SYNs that the listener answered since it was made, modulo 2^32.
 */
function synRow(n: number): BatchRow {
  return {
    kind: 'batch',
    name: 'syn',
    n,
    octets: 0,
    needs: ['benchPrepareHalfOpen', 'benchBuildSyns', 'benchReceive', 'benchSyns'],
    operations: BATCH,
    lwip: (report) => report.syn[n],
    prepare: (kernel) => {
      kernel.routine('benchPrepareHalfOpen')(n);
      const build = kernel.routine('benchBuildSyns');
      const receive = kernel.routine('benchReceive');
      const syns = kernel.routine('benchSyns');
      const before = syns();
      let batches = 0;
      return {
        build: () => void build(BATCH),
        run: () => {
          receive(BATCH);
          batches++;
        },
        check: () => {
          const got = (syns() - before) >>> 0;
          const sent = batches * BATCH;
          if (got !== sent) throw new Error(`${got} SYNs answered, not ${sent}`);
        },
      };
    },
  };
}

export const rows: readonly Row[] = [100, 1_000, 10_000, 20_000, 1_000_000].map(synRow);
