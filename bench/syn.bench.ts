/** SYNs, while n connections are half open and protection (SynAttackProtect 2) is engaged. */

import type { BatchRow, Row } from './row.js';

/** SYNs that one interrupt hands over. */
const BATCH = 64;

/** The first refused SYN engages protection. */
const PARAMETERS = { SynAttackProtect: 2, TcpMaxHalfOpen: 100, TcpMaxPortsExhausted: 0 };

/** Batches whose mean is one round. */
const ROUND = 48;

/**
 * `benchPrepareHalfOpen(n)`: a listener, and n connections half open at it.
 * `benchBuildSyns(frames)`: resets what the last batch opened, so that n stay, then puts so many
 * SYNs of other four-tuples into the receive descriptors. `benchReceive(us)`: as for `receive`.
 * `benchSynAcks()`: SYNs that were answered since the kernel was started, modulo 2^32.
 */
function synRow(n: number): BatchRow {
  return {
    kind: 'batch',
    name: 'syn',
    n,
    octets: 0,
    inTurnsWith: 'syn',
    warmBatches: ROUND,
    roundBatches: ROUND,
    lwip: (report) => report.syn[n],
    prepare: (kernel) => {
      kernel.boot(1, PARAMETERS);
      if (!kernel.routine('benchPrepareHalfOpen')(n)) throw new Error(`no memory for ${n}`);
      const build = kernel.routine('benchBuildSyns');
      const receive = kernel.routine('benchReceive');
      const syns = kernel.routine('benchSynAcks');
      const before = syns();
      let sent = 0;
      return {
        build: () => void build(BATCH),
        run: () => {
          sent += BATCH;
          return receive(1);
        },
        check: () => {
          const got = (syns() - before) >>> 0;
          if (got !== sent) throw new Error(`${got} SYNs answered, not ${sent}`);
        },
      };
    },
  };
}

export const rows: readonly Row[] = [100, 1_000, 10_000, 20_000, 1_000_000].map(synRow);
