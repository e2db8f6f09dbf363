/** Whole connections: made, 100 octets each way, closed by the other end; 64 abreast. */

import type { BatchRow, Row } from './row.js';

/** Connections that are under way at once. */
const BATCH = 64;

/** Octets each way. */
const OCTETS = 100;

/** SYN; ACK; data; ACK of the answer; FIN; ACK of the FIN. */
const STAGES = 6;

/**
 * `benchPrepareConnects(connections)`: a client that answers, with so many endpoints.
 * `benchBuildStage(stage, connections)`: the frame of stage 0 to 5 of so many connections, into the
 * receive descriptors; stage 0 begins new ones. `benchReceive(us)`: as for `receive`.
 * `benchClosed()`: connections that were closed in order, modulo 2^32.
 *
 * A batch is one stage of 64 connections; what is counted is a connection, with its last stage.
 */
const connectRow: BatchRow = {
  kind: 'batch',
  name: 'connect',
  n: BATCH,
  octets: OCTETS,
  warmBatches: STAGES * 8,
  roundBatches: STAGES * 8,
  lwip: (report) => report.connect,
  prepare: (kernel) => {
    kernel.boot(1);
    if (!kernel.routine('benchPrepareConnects')(BATCH)) throw new Error('no memory');
    const build = kernel.routine('benchBuildStage');
    const receive = kernel.routine('benchReceive');
    const closed = kernel.routine('benchClosed');
    let stage = 0;
    return {
      build: () => void build(stage % STAGES, BATCH),
      run: () => {
        receive(1);
        return ++stage % STAGES === 0 ? BATCH : 0;
      },
      check: () => {
        const got = closed() >>> 0;
        const expected = Math.floor(stage / STAGES) * BATCH;
        if (got !== expected) throw new Error(`${got} connections closed, not ${expected}`);
      },
    };
  },
};

export const rows: readonly Row[] = [connectRow];
