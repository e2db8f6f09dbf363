/** What processors that run at once reach of the goals: hangs are named, and what that costs. */

import { compileModule } from '../compile.js';
import { runProcessors } from './run.js';
import type { SmpOptions, SmpOutcome } from './run.js';

const ENTRY = 'test/assembly/smp/programs.ts';
/** As many workers as a machine of two cores runs at once. */
export const PROCESSORS = 2;
/** Rounds of what ends, and of what must meet. */
export const ROUNDS = 500_000;
export const MOST_ROUNDS = 2_000_000_000;
/** Runs of which the best counts: others use the machine too. */
const RUNS = 9;

/** The programs without the verifier, and with it. */
export interface SmpModules {
  readonly plain: WebAssembly.Module;
  readonly checked: WebAssembly.Module;
}

export async function compileSmp(): Promise<SmpModules> {
  return {
    // Free: what is asked is the lock itself, what the watchdog sees, and what watching costs.
    plain: await compileModule(ENTRY, { smp: true, shared: true, optimize: 3 }),
    checked: await compileModule(ENTRY, { smp: true, shared: true, checked: true, optimize: 3 }),
  };
}

/** What was measured. */
export interface SmpMeasure {
  /** Until the hang was named, in milliseconds, of the two programs that hang. */
  readonly namedMs: readonly number[];
  /** What each hang is, in words. */
  readonly hangs: readonly string[];
  /** How many times as long the rounds take under the verifier. */
  readonly cost: number;
  /** Rounds that were counted, of those that there were. */
  readonly counted: readonly [counted: number, all: number];
}

/** Runs all programs on PROCESSORS workers. */
export async function measureSmp(
  { plain, checked }: SmpModules, now: () => number,
): Promise<SmpMeasure> {
  const run = async (
    module: WebAssembly.Module, program: SmpOptions['program'], rounds: number,
  ): Promise<SmpOutcome> => runProcessors({ module, processors: PROCESSORS, program, rounds, now });
  const hung = [await run(plain, 'circle', MOST_ROUNDS), await run(plain, 'leak', ROUNDS)];
  const best = [Infinity, Infinity];
  let counted = 0;
  for (let turn = 0; turn < RUNS; turn++) {
    for (const [place, module] of [plain, checked].entries()) {
      const { count, ms } = await run(module, 'counter', ROUNDS);
      counted += count;
      best[place] = Math.min(best[place] ?? Infinity, ms);
    }
  }
  const [one = 1, other = 1] = best;
  return {
    namedMs: hung.map(({ ms }) => ms),
    hangs: hung.flatMap(({ hangs }) => hangs.map(({ sentence }) => sentence)),
    cost: other / one,
    counted: [counted, 2 * RUNS * PROCESSORS * ROUNDS],
  };
}
