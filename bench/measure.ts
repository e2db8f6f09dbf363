/**
 * How long an operation takes: `benchmark` decides how often to repeat it, and for how long.
 *
 * A figure is the least of the means of its rounds, and so is each of a peer's: on a machine that
 * others use as well, a mean over all would measure them.
 */

import { createRequire } from 'node:module';
import type BenchmarkModule from 'benchmark';
import type { Batch } from './row.js';

const Benchmark = createRequire(import.meta.url)('benchmark') as typeof BenchmarkModule;

/** Batches whose mean is one round: whole turns of a row whose batches are stages of six. */
const ROUND_BATCHES = 48;

/** Seconds: for a sample, for a row. */
const OPTIONS = { minTime: 0.02, maxTime: 0.4, minSamples: 10 };

/** Runs `fn` under `benchmark`. Seconds a call, one for each sample. */
function sample(name: string, fn: () => void): number[] {
  const failures: unknown[] = [];
  const benchmark = new Benchmark(name, fn, {
    ...OPTIONS,
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
  return (Math.min(...sample(name, fn)) * 1e9) / operations;
}

/** ns an operation, where a batch is `operations` of them: only `run` is timed. */
export function measureBatch(name: string, operations: number, batch: Batch): number {
  const rounds: number[] = [];
  let batches = 0;
  let ns = 0;
  sample(name, () => {
    batch.build();
    const start = performance.now();
    batch.run();
    ns += (performance.now() - start) * 1e6;
    if (++batches < ROUND_BATCHES) return;
    rounds.push(ns / (batches * operations));
    batches = 0;
    ns = 0;
  });
  batch.check();
  if (rounds.length === 0) throw new Error(`${name}: fewer than ${ROUND_BATCHES} batches`);
  return Math.min(...rounds);
}
