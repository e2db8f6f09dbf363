/** What is measured, and what comes of it: the rows of `npm run bench`. */

import type { BenchTarget } from './build.js';
import type { BenchKernel } from './kernel.js';
import type { LwipReport } from './peers/lwip.js';

/** What every row says of itself. */
interface RowHead {
  /** Begins with what is measured: `receive`, `syn`, `lookup`, `checksum`, `copy`, … */
  readonly name: string;
  /** Connections, half-open ones for `syn`, running ones for `timer`; 0 where there are none. */
  readonly n: number;
  /** Octets that the operation handles, payload only; of a `fact`, those it is about. */
  readonly octets: number;
  /** Which kernel; `free` if not given. */
  readonly target?: BenchTarget;
  /** Rows beside one another that name the same machine share one: the first prepares it. */
  readonly machine?: string;
  /** Batch rows that say the same are measured in turns: what disturbs one disturbs all. */
  readonly inTurnsWith?: string;
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
  /** Gives them to the kernel. Timed. How many operations that were. */
  readonly run: () => number;
  /** Throws where the kernel has not done the work: a figure for nothing is not printed. */
  readonly check: () => void;
}

/** A row where only a part of what happens is timed: frames are built, then handed over. */
export interface BatchRow extends RowHead {
  readonly kind: 'batch';
  /** Batches before the first that counts: until timers come as often as they will. */
  readonly warmBatches: number;
  /** Batches whose mean is one round: as many ticks in each, as many of each stage. */
  readonly roundBatches: number;
  /** Makes the kernel ready, with its `n` connections. */
  readonly prepare: (kernel: BenchKernel) => Batch;
}

/** A row that is no time: how many octets. */
export interface FactRow extends RowHead {
  readonly kind: 'fact';
  readonly find: (kernel: BenchKernel) => number;
}

export type Row = LoopRow | BatchRow | FactRow;

/** A row that was measured, as `--json` gives it. */
export interface Result {
  readonly name: string;
  /** Connections. */
  readonly n: number;
  readonly octets: number;
  /** 0 where the row is no time. */
  readonly nsPerOp: number;
  /** To `memory.copy` of the same octets in the same run, over a working set of 16 MiB. */
  readonly ratioToCopy: number;
  /** Other stacks on the same work in the same run, by name. */
  readonly peers: { readonly lwip?: { readonly nsPerOp: number } };
}
