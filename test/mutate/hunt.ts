/**
 * The hunt with all mutants in one kernel: every test runs without a mutant, and then with each
 * that it comes by and that nobody has found; quick tests first, those that take long afterwards.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finder, Outcome } from './outcome.js';
import type { FilePlan, Note, TestId } from './plan.js';
import { Progress } from './progress.js';
import type { Suspects } from './progress.js';
import type { Numbered } from './schema.js';
import { runSession, stopSessions } from './session.js';

/** A test that takes longer waits until all others have had their turn. */
const QUICK_MS = 700;
/** Test files that one process is given at most. */
const MOST_FILES = 8;

/** What is known of a test from its run without a mutant. */
interface Known {
  readonly file: string;
  readonly id: TestId;
  readonly ms: number;
  readonly reached: readonly number[];
  /** It has run with its mutants. */
  readonly isDone: boolean;
}

/** Test files for one process. */
type Batch = ReadonlyMap<string, FilePlan>;

/** Tests mutants, `width` processes at once. */
export class Hunt {
  readonly outcomes: Outcome[] = [];
  /** Tests that fail without a mutant, and find nothing. */
  readonly unfit = new Set<string>();
  private readonly alive: Map<number, Numbered>;
  private readonly known = new Map<TestId, Known>();
  /** Of these, all tests have run without a mutant. */
  private readonly seen = new Set<string>();
  private readonly spentMs = new Map<number, number>();
  private stopped = false;

  /**
   * `root` is a copy with all `mutants` in its kernels. `files` are asked in their order; `folder`
   * is for what processes are told and tell.
   */
  constructor(
    private readonly root: string, private readonly folder: string,
    private readonly files: readonly string[], mutants: readonly Numbered[],
    private readonly say: (outcome: Outcome) => void,
  ) {
    this.alive = new Map(mutants.map((each) => [each.number, each]));
  }

  /** Ends what runs; `run` leaves what was done in `outcomes`. */
  stop(): void {
    this.stopped = true;
    stopSessions();
  }

  get isStopped(): boolean {
    return this.stopped;
  }

  /**
   * Until all mutants are found, or all tests have been asked; those of `first` before all others,
   * however long they take. What `before`, a hunt in the same copy, has seen tests come by, is not
   * asked again.
   */
  async run(
    width: number, first: readonly string[] = [], before: Hunt | null = null,
  ): Promise<void> {
    this.tellAlive();
    const all: FilePlan = { tried: {}, only: null };
    const batchesOf = (files: readonly string[]): Batch[] =>
      files.map((file) => new Map([[file, all]]));
    await this.share(batchesOf(first), width, Infinity);
    if (before !== null) this.recall(before);
    await this.share(this.waiting(QUICK_MS), width, Infinity);
    const others = this.files.filter((file) => !this.seen.has(file));
    await this.share(batchesOf(others), width, QUICK_MS);
    await this.share(this.waiting(Infinity), width, Infinity);
    if (this.stopped) return;
    const reached = new Set([...this.known.values()].flatMap((test) => test.reached));
    for (const number of this.alive.keys()) {
      this.end(number, 'nobody', reached.has(number) ? '' : 'no test comes by');
    }
  }

  /** Takes over where tests come by; those of files that have had their turn are left out. */
  private recall({ seen, known }: Hunt): void {
    for (const [id, test] of known) {
      if (seen.has(test.file) && !this.seen.has(test.file)) {
        this.known.set(id, { ...test, isDone: false });
      }
    }
    for (const file of seen) this.seen.add(file);
  }

  /** Tests that were only run without a mutant, with those that are left: the shortest first. */
  private waiting(mostMs: number): Batch[] {
    const byFile = new Map<string, Known[]>();
    for (const test of this.known.values()) {
      if (test.isDone || test.ms > mostMs) continue;
      if (!test.reached.some((each) => this.alive.has(each))) continue;
      byFile.set(test.file, [...byFile.get(test.file) ?? [], test]);
    }
    const lengthOf = (tests: readonly Known[]): number =>
      tests.reduce((sum, { ms }) => sum + ms, 0);
    return [...byFile].toSorted(([, a], [, b]) => lengthOf(a) - lengthOf(b))
      .map(([file, tests]) => new Map([[file, {
        tried: {}, only: Object.fromEntries(tests.map(({ id, reached }) => [id, reached])),
      }]]));
  }

  /** Each of `width` lanes takes the next batch; several at once while there are many. */
  private async share(batches: readonly Batch[], width: number, budgetMs: number): Promise<void> {
    let next = 0;
    await Promise.all(Array.from({ length: width }, async (_, lane) => {
      while (next < batches.length && this.goesOn) {
        const share = Math.ceil((batches.length - next) / (4 * width));
        const several = batches.slice(next, next + Math.min(MOST_FILES, share));
        next += several.length;
        await this.finish(new Map(several.flatMap((each) => [...each])), lane, budgetMs);
      }
    }));
  }

  /** Runs a batch; again after a mutant that hung, until all of it has ended. */
  private async finish(batch: Batch, lane: number, budgetMs: number): Promise<void> {
    const progress = new Progress(batch);
    while (progress.isLeft && this.goesOn) await this.once(progress, lane, budgetMs);
    for (const suspects of progress.suspects) await this.retry(suspects, lane);
  }

  private async once(progress: Progress, lane: number, budgetMs: number): Promise<void> {
    const plan = {
      journal: join(this.folder, `journal${lane}`), alive: join(this.folder, 'alive'),
      budgetMs, files: progress.left(),
    };
    const end = await runSession(this.root, plan, join(this.folder, `plan${lane}`), (note) => {
      for (const { mutant, why, ms } of progress.hear(note)) this.end(mutant, 'test', why, ms);
      if (note.note === 'passed') this.spend(note.mutant, note.ms);
      if (note.note === 'base') this.learn(note, note.ms <= budgetMs);
      if (note.note === 'file') this.seen.add(note.file);
    });
    if (!('mutant' in end)) return;
    if (end.mutant === null || end.mutant === 0) {
      const unfit = progress.giveUp();
      if (unfit !== null) this.unfit.add(unfit);
      return;
    }
    if (end.end === 'hung') this.end(end.mutant, 'hang', progress.where);
    else this.end(end.mutant, 'test', `${progress.where}: its process ended: ${end.words}`);
  }

  private learn(
    { file, id, ms, reached, passed, name }: Note & { readonly note: 'base' }, isDone: boolean,
  ): void {
    if (passed) this.known.set(id, { file, id, ms, reached, isDone });
    else this.unfit.add(`${file} ${name}`);
  }

  /** Each of them alone in a process: what one left behind may have failed the others. */
  private async retry({ file, id, mutants }: Suspects, lane: number): Promise<void> {
    for (const mutant of mutants) {
      if (!this.goesOn || !this.alive.has(mutant)) continue;
      const alone = new Progress(new Map([[file, { tried: {}, only: { [id]: [mutant] } }]]));
      await this.once(alone, lane, Infinity);
      for (const { whys } of alone.suspects) {
        const why = whys.get(mutant);
        if (why !== undefined) this.end(mutant, 'test', why);
      }
    }
  }

  private get goesOn(): boolean {
    return !this.stopped && this.alive.size > 0;
  }

  private spend(mutant: number, ms: number): void {
    this.spentMs.set(mutant, (this.spentMs.get(mutant) ?? 0) + ms);
  }

  private end(number: number, finder: Finder, why: string, ms = 0): void {
    const mutant = this.alive.get(number);
    if (mutant === undefined || this.stopped) return;
    this.spend(number, ms);
    this.alive.delete(number);
    this.tellAlive();
    const by = why.replaceAll(/\s+/g, ' ').trim();
    const outcome = { mutant, finder, by, seconds: (this.spentMs.get(number) ?? 0) / 1000 };
    this.outcomes.push(outcome);
    this.say(outcome);
  }

  private tellAlive(): void {
    writeFileSync(join(this.folder, 'alive'), JSON.stringify([...this.alive.keys()]));
  }
}
