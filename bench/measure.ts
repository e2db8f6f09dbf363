/**
 * How long an operation takes: `benchmark` decides how often to repeat it, and for how long.
 *
 * A figure is the least of the means of its rounds, and so is each of a peer's: on a machine that
 * others use as well, a mean over all would measure them.
 */

import { createRequire } from 'node:module';
import type BenchmarkModule from 'benchmark';
import type { Batch, BatchRow } from './row.js';

const Benchmark = createRequire(import.meta.url)('benchmark') as typeof BenchmarkModule;

/** Seconds: for a sample, for a loop's row, for a batch's row. */
const SAMPLE_SECONDS = 0.02;
const LOOP_SECONDS = 0.4;
const BATCH_SECONDS = 1.5;

/** Rounds of a turn that count, and before them some that do not. */
const TURN_ROUNDS = 6;
const TURN_WARM_ROUNDS = 3;

/** Runs `fn` under `benchmark`. Seconds a call, one for each sample. */
function sample(name: string, maxTime: number, fn: () => void): number[] {
  const failures: unknown[] = [];
  const benchmark = new Benchmark(name, fn, {
    minTime: SAMPLE_SECONDS,
    maxTime,
    minSamples: 10,
    onError: (event: BenchmarkModule.Event) => {
      failures.push((event.target as { error?: unknown }).error);
    },
  });
  benchmark.run({ async: false });
  const [cause] = failures;
  if (cause !== undefined) throw new Error(`${name}: ${String(cause)}`, { cause });
  return benchmark.stats.sample;
}

/** ns an operation, where a call of `fn` is `operations` of them. */
export function measureLoop(name: string, operations: number, fn: () => void): number {
  return (Math.min(...sample(name, LOOP_SECONDS, fn)) * 1e9) / operations;
}

/** One row's rounds: mean ns an operation in each. */
class Rounds {
  readonly #row: BatchRow;
  readonly #batch: Batch;
  readonly #means: number[] = [];

  constructor(row: BatchRow, batch: Batch) {
    this.#row = row;
    this.#batch = batch;
    for (let i = 0; i < row.warmBatches; i++) this.#once();
  }

  /** As many rounds as a turn has; the first ones bring what is worked on back to the caches. */
  turn(): void {
    for (let i = 0; i < TURN_WARM_ROUNDS; i++) this.#round();
    for (let i = 0; i < TURN_ROUNDS; i++) this.#means.push(this.#round());
  }

  /** The least mean. Throws where the kernel has not done the work. */
  least(): number {
    this.#batch.check();
    return Math.min(...this.#means.filter((mean) => !Number.isNaN(mean)));
  }

  #round(): number {
    let operations = 0;
    let ns = 0;
    for (let i = 0; i < this.#row.roundBatches; i++) {
      this.#batch.build();
      const start = performance.now();
      operations += this.#batch.run();
      ns += (performance.now() - start) * 1e6;
    }
    return ns / operations;
  }

  #once(): void {
    this.#batch.build();
    this.#batch.run();
  }
}

/** A row with its batches, made ready. */
export interface Ready {
  readonly row: BatchRow;
  readonly batch: Batch;
}

/** What a row's operation takes, in ns. */
export interface Taken {
  readonly row: BatchRow;
  readonly ns: number;
}

/** What each row takes, of which only `run` is timed; they take turns. */
export function measureInTurns(rows: readonly Ready[]): Taken[] {
  const all = rows.map(({ row, batch }) => ({ row, rounds: new Rounds(row, batch) }));
  const turns = (): void => {
    for (const { rounds } of all) rounds.turn();
  };
  sample(rows.map(({ row }) => row.name).join(', '), BATCH_SECONDS * rows.length, turns);
  return all.map(({ row, rounds }) => ({ row, ns: rounds.least() }));
}
