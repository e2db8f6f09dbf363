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

/** Rounds of a batch's row at least. */
const LEAST_ROUNDS = 8;

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

/** ns an operation: only `run` is timed. */
export function measureBatch(row: BatchRow, batch: Batch): number {
  const rounds: number[] = [];
  let batches = 0;
  let operations = 0;
  let ns = 0;
  const one = (): void => {
    batch.build();
    const start = performance.now();
    operations += batch.run();
    ns += (performance.now() - start) * 1e6;
    if (++batches < row.roundBatches) return;
    if (operations > 0) rounds.push(ns / operations);
    batches = 0;
    operations = 0;
    ns = 0;
  };
  for (let i = 0; i < row.warmBatches; i++) one();
  rounds.length = 0;
  sample(row.name, BATCH_SECONDS, one);
  while (rounds.length < LEAST_ROUNDS) one();
  batch.check();
  return Math.min(...rounds);
}
