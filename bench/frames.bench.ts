/** The receive path: in-order segments to n connections at random, from descriptor to client. */

import type { LwipReport } from './peers/lwip.js';
import type { BatchRow, Row } from './row.js';

/** Frames that one interrupt hands over. */
const BATCH = 64;

/** Octets of a full segment, and of a NetBIOS message in a frame of 66. */
const LARGE = 1460;
const SMALL = 12;

type Column = 'receive' | 'receiveSmall';

/**
 * `benchPrepareConnections(n)`: as for `lookup`. `benchBuildSegments(frames, octets)`: so many
 * segments, in order, to connections at random, into the receive descriptors, checksums right and
 * not verified by the card. `benchReceive(frames)`: the interrupt, and what it leads to.
 * `benchDelivered()`: octets that clients were given since the connections were made, modulo 2^32.
 */
function receiveRow(name: string, n: number, octets: number, column: Column): BatchRow {
  return {
    kind: 'batch',
    name,
    n,
    octets,
    needs: ['benchPrepareConnections', 'benchBuildSegments', 'benchReceive', 'benchDelivered'],
    operations: BATCH,
    lwip: (report: LwipReport) => report[column][n],
    prepare: (kernel) => {
      const made = kernel.routine('benchPrepareConnections')(n);
      if (made !== n) throw new Error(`${made} connections where ${n} were to be made`);
      const build = kernel.routine('benchBuildSegments');
      const receive = kernel.routine('benchReceive');
      const delivered = kernel.routine('benchDelivered');
      const before = delivered();
      let batches = 0;
      return {
        build: () => void build(BATCH, octets),
        run: () => {
          receive(BATCH);
          batches++;
        },
        check: () => {
          const got = (delivered() - before) >>> 0;
          const expected = (batches * BATCH * octets) >>> 0;
          if (got !== expected) throw new Error(`${got} octets delivered, not ${expected}`);
        },
      };
    },
  };
}

const CONNECTIONS = [1, 10_000, 1_000_000];

export const rows: readonly Row[] = [
  ...CONNECTIONS.map((n) => receiveRow('receive', n, LARGE, 'receive')),
  ...CONNECTIONS.map((n) => receiveRow('receive small', n, SMALL, 'receiveSmall')),
];
