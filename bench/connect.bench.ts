/** Whole connections: made, 100 octets each way, closed by the other end; 64 abreast. */

import type { Row } from './row.js';

/** Connections that are under way at once. */
const BATCH = 64;

/** Octets each way. */
const OCTETS = 100;

/** SYN; ACK; data; ACK of the answer; FIN; ACK of the FIN. */
const STAGES = 6;

/**
 * `benchBuildStage(stage, connections)`: the frame of stage 0 to 5 of so many connections, into the
 * receive descriptors; stage 0 begins new ones. `benchReceive(frames)`: as for `receive`.
 * `benchClosed()`: connections that were closed after `OCTETS` each way, modulo 2^32.
 *
 * One timed operation is one stage of 64 connections, so a connection is six of them.
 */
const connectRow: Row = {
  kind: 'batch',
  name: 'connect',
  n: BATCH,
  octets: OCTETS,
  needs: ['benchBuildStage', 'benchReceive', 'benchClosed'],
  operations: BATCH / STAGES,
  lwip: (report) => report.connect,
  prepare: (kernel) => {
    const build = kernel.routine('benchBuildStage');
    const receive = kernel.routine('benchReceive');
    const closed = kernel.routine('benchClosed');
    const before = closed();
    let stage = 0;
    return {
      build: () => void build(stage % STAGES, BATCH),
      run: () => {
        receive(BATCH);
        stage++;
      },
      check: () => {
        const got = (closed() - before) >>> 0;
        const expected = Math.floor(stage / STAGES) * BATCH;
        if (got !== expected) throw new Error(`${got} connections closed, not ${expected}`);
      },
    };
  },
};

export const rows: readonly Row[] = [connectRow];
