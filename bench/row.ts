/** What is measured, and what comes of it: the rows of `npm run bench`. */

import type { BenchKernel } from './kernel.js';
import type { LwipReport } from './peers/lwip.js';

/** What every row says of itself. */
interface RowHead {
  /** Begins with what is measured: `receive`, `syn`, `lookup`, `checksum`, `copy`, … */
  readonly name: string;
  /** Connections, half-open ones for `syn`; 0 where there are none. */
  readonly n: number;
  /** Octets that the operation handles, payload only. */
  readonly octets: number;
  /** Exports of the bench kernel without which the row cannot be measured. */
  readonly needs: readonly string[];
  /** lwIP's figure for the same work, in ns. */
  readonly lwip?: (report: LwipReport) => number | undefined;
}

/** A row whose operation the kernel repeats by itself, or that is one call. */
export interface LoopRow extends RowHead {
  readonly kind: 'loop';
  /** How many operations one call of the returned function is. */
  readonly operations: number;
  /** Makes the kernel ready, and gives the function that is timed. */
  readonly prepare: (kernel: BenchKernel) => () => void;
}

/** One batch of a `BatchRow`. */
export interface Batch {
  /** Makes the frames of the next batch. Not timed. */
  readonly build: () => void;
  /** Gives them to the kernel. Timed. */
  readonly run: () => void;
  /** Throws where the kernel has not done the work: a figure for nothing is not printed. */
  readonly check: () => void;
}

/** A row where only a part of what happens is timed: frames are built, then handed over. */
export interface BatchRow extends RowHead {
  readonly kind: 'batch';
  /** Operations in a batch: frames, mostly. */
  readonly operations: number;
  /** Makes the kernel ready, with its `n` connections. */
  readonly prepare: (kernel: BenchKernel) => Batch;
}

export type Row = LoopRow | BatchRow;

/** A row that was measured, as `--json` gives it. */
export interface Result {
  readonly name: string;
  /** Connections. */
  readonly n: number;
  readonly octets: number;
  readonly nsPerOp: number;
  /** To `memory.copy` of the same octets in the same run, over a working set of 16 MiB. */
  readonly ratioToCopy: number;
  /** Other stacks on the same work in the same run, by name. */
  readonly peers: { readonly lwip?: { readonly nsPerOp: number } };
}
