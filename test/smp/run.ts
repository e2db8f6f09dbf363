/**
 * Programs of locks on processors that run at once: a worker of Node for each, on one memory. Who
 * watches names from outside who spins for ever, on which lock, and who has it.
 */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import ts from 'typescript';
import { findDeadlocks } from '../../host/watch/deadlock.js';
import type { Observation, ObservedLock } from '../../host/watch/observation.js';
import type { Verdict } from '../../host/watch/verdict.js';
import { SHARED_PAGES } from '../compile.js';
import { CONTROL_WORDS, FINDING_WORDS, MOST_FINDINGS, PLACES } from './control.js';
import type { ProcessorData } from './control.js';

/** What is run. */
export interface SmpOptions {
  /** test/assembly/smp/programs.ts, compiled for shared memory. */
  readonly module: WebAssembly.Module;
  readonly processors: number;
  readonly program: 'counter' | 'dpcs' | 'circle' | 'leak';
  readonly rounds: number;
  /** What the time is, in milliseconds. */
  readonly now: () => number;
}

/** What came of it. */
export interface SmpOutcome {
  /** Rounds that were counted under the lock by all together. */
  readonly count: number;
  readonly ms: number;
  /** The rules that the verifier found broken, each once. */
  readonly findings: readonly string[];
  readonly hangs: readonly Verdict[];
}

/** Between two looks of the watchdog. */
const LOOK_MS = 50;
/** Looks that must see the same before it is a hang. */
const SAME = 3;

type Routines = Record<string, ((...words: number[]) => number) & WebAssembly.Global>;

/** Runs a program on all processors at once, until all have done with it, or hang. */
export async function runProcessors(options: SmpOptions): Promise<SmpOutcome> {
  const { module, processors, now } = options;
  const memory = new WebAssembly.Memory({
    initial: SHARED_PAGES, maximum: SHARED_PAGES, shared: true,
  });
  const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_WORDS));
  const host = Object.fromEntries(['onSpin', 'onFinding', 'onSite', 'onBugCheck']
    .map((name) => [name, () => undefined]));
  const { exports } = new WebAssembly.Instance(module, { host, env: { memory } });
  const routines = exports as unknown as Routines;
  routines['initializeProcessors']?.(processors);
  routines['prepare']?.();
  const workers = Array.from({ length: processors }, (_, number) => workerOf(
    { ...options, memory, control, number }));
  await Promise.all(workers.map(async (worker) => once(worker, 'message')));
  const began = now();
  Atomics.store(control, PLACES.gate, 1);
  Atomics.notify(control, PLACES.gate);
  const hangs = watch(new Watchdog(routines, memory, control, processors), control, processors);
  const ms = now() - began;
  Atomics.store(control, PLACES.stop, 1);
  await Promise.all(workers.map(async (worker) => once(worker, 'exit')));
  return {
    count: routines['countOfRounds']?.() ?? 0, ms, hangs,
    findings: [...new Set(rulesIn(control).map((rule) => nameOf(routines, 'Rule', rule)))],
  };
}

/** Node 20 gives workers no loader: the file is compiled here. */
function workerOf(
  { module, memory, control, number, program, rounds }: Omit<ProcessorData, 'places'>,
): Worker {
  const text = readFileSync(new URL('processor.ts', import.meta.url), 'utf8');
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
  const { outputText } = ts.transpileModule(text, { compilerOptions });
  const workerData: ProcessorData = {
    module, memory, control, places: PLACES, number, program, rounds,
  };
  return new Worker(outputText, { eval: true, workerData });
}

/** The rules of the findings that were kept. */
function rulesIn(control: Int32Array): number[] {
  const kept = Math.min(Atomics.load(control, PLACES.findings), MOST_FINDINGS);
  return Array.from({ length: kept }, (_, place) =>
    control[PLACES.kept + place * FINDING_WORDS] ?? 0);
}

/** Until all have done, or the same hang is seen several times in a row. */
function watch(dog: Watchdog, control: Int32Array, processors: number): readonly Verdict[] {
  let before = '';
  let same = 0;
  for (;;) {
    const done = Atomics.load(control, PLACES.done);
    if (done === processors) return [];
    Atomics.wait(control, PLACES.done, done, LOOK_MS);
    const { verdicts, state } = dog.look();
    same = verdicts.length > 0 && state === before ? same + 1 : 0;
    if (same === SAME) return verdicts;
    before = state;
  }
}

/** Reads from outside who spins for which lock, and who has it. */
class Watchdog {
  private readonly words: Int32Array;

  constructor(
    private readonly routines: Routines, memory: WebAssembly.Memory,
    private readonly control: Int32Array, private readonly processors: number,
  ) {
    this.words = new Int32Array(memory.buffer);
  }

  look(): { readonly verdicts: readonly Verdict[]; readonly state: string } {
    const table = this.routines['spinsFor']?.() ?? 0;
    const processors = Array.from({ length: this.processors }, (_, number) => ({
      number, irql: 0, waitingDpcs: 0, spinsOn: this.word(table + 4 * number),
    }));
    const locks = ['outerLock', 'innerLock'].flatMap((name) => this.lockAt(name));
    // Who has a lock and neither spins nor has left still runs: that is no hang.
    const stuck = new Set(processors.filter(({ number, spinsOn }) =>
      spinsOn !== 0 || this.hasLeft(number)).map(({ number }) => number));
    const observation: Observation = {
      machine: 'smp', timeUs: 0, halted: false, processors, orders: [], clockTick: 0,
      playedTick: 0, waitingCalls: 0, gates: [], owedEnds: [], blockSets: [],
      irpsInUse: 0, runningTimers: 0, pool: [],
      findings: [], locks: locks.filter(({ owner }) => stuck.has(owner)),
    };
    const count = this.routines['countOfRounds']?.() ?? 0;
    return {
      verdicts: findDeadlocks(observation), state: JSON.stringify([processors, locks, count]),
    };
  }

  private lockAt(name: string): ObservedLock[] {
    const address = this.routines[name]?.() ?? 0;
    const word = this.word(address);
    const owner = (word & 0xffff) - 1;
    const rank = (word >>> 16) & 0x7f;
    return owner < 0 ? [] : [{ address, owner, name: nameOf(this.routines, 'LockRank', rank) }];
  }

  private hasLeft(processor: number): boolean {
    return Atomics.load(this.control, PLACES.left + processor) !== 0;
  }

  private word(address: number): number {
    return Atomics.load(this.words, address >>> 2) >>> 0;
  }
}

/** What an exported enum calls a value. */
function nameOf(routines: Routines, kind: string, value: number): string {
  const found = Object.keys(routines).find((name) =>
    name.startsWith(`${kind}.`) && Number(routines[name]?.value) === value);
  return found?.slice(kind.length + 1) ?? `${kind} ${value}`;
}
