/** The exact hunt: each mutant is built by itself, and tested in rings until a test finds it. */

import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Checkout, stopTests } from './checkout.js';
import type { Mutant } from './mutant.js';
import type { Finder, Outcome } from './outcome.js';
import { isExplored, ringsOf } from './ring.js';

/** How many that found others in the same file go first. */
const FIRST = 2;

/** Tests mutants in `width` copies at once. */
export class Rebuild {
  readonly outcomes: Outcome[] = [];
  /** Test files that fail without a mutant, and find nothing. */
  readonly unfit = new Set<string>();
  private readonly fit = new Set<string>();
  /** Which test files found mutants of a file, the latest first. */
  private readonly finders = new Map<string, string[]>();
  private stopped = false;
  private next = 0;
  private plain: Promise<Checkout> | null = null;

  /** `folder` is for copies, of which `base` is one, never changed, with all its kernels built. */
  constructor(
    private readonly folder: string, private readonly base: Checkout,
    private readonly tests: readonly string[], private readonly say: (outcome: Outcome) => void,
  ) {}

  /** Ends what runs; `run` gives what was done. */
  stop(): void {
    this.stopped = true;
    stopTests();
  }

  get isStopped(): boolean {
    return this.stopped;
  }

  async run(mutants: readonly Mutant[], originals: ReadonlyMap<string, string>, width: number):
    Promise<void> {
    this.next = 0;
    const lanes = Array.from({ length: Math.min(width, mutants.length) }, async (_, lane) => {
      const copy = Checkout.make(join(this.folder, `copy${lane}`), this.base.root);
      while (!this.stopped) {
        const mutant = mutants[this.next++];
        if (mutant === undefined) return;
        const outcome = await this.judge(copy, mutant);
        copy.write(mutant.path, originals.get(mutant.path) ?? '');
        if (this.stopped) return;
        this.outcomes.push(outcome);
        this.say(outcome);
      }
    });
    await Promise.all(lanes);
  }

  private async judge(copy: Checkout, mutant: Mutant): Promise<Outcome> {
    const began = performance.now();
    const ended = (finder: Finder, by: string): Outcome =>
      ({ mutant, finder, by, seconds: (performance.now() - began) / 1000 });
    copy.write(mutant.path, mutant.text);
    for (const target of ['checked', 'free'] as const) {
      const words = await copy.compile(target);
      if (words !== null) return ended('compiler', firstError(words));
    }
    for (const ring of this.ringsFor(mutant)) {
      if (this.stopped) break;
      const explored = isExplored(ring);
      if (explored) await copy.compile('explore');
      const found = await this.tryRing(copy, ring, explored);
      if (found === null) continue;
      this.remember(mutant.path, found.file);
      return ended(found.hung ? 'hang' : 'test', found.by);
    }
    return ended('nobody', '');
  }

  /** Who finds it in `ring`: tests that fail without a mutant are left out, and it is run again. */
  private async tryRing(copy: Checkout, ring: readonly string[], explored: boolean):
    Promise<{ file: string; by: string; hung: boolean } | null> {
    let files = ring.filter((file) => !this.unfit.has(file));
    while (files.length > 0 && !this.stopped) {
      const end = await copy.test(files, explored);
      if (end.end === 'passed') return null;
      const { file, test } = end;
      if (end.end === 'hung') return { file, by: `${file} ${test}`, hung: true };
      const by = `${file} ${test}`.trim();
      if (file === '') {
        // Of no test: it counts only where all of them run well without the mutant.
        this.plain ??= this.buildPlain();
        const without = await (await this.plain).test(files, explored);
        return without.end === 'passed' ? { file, by, hung: false } : null;
      }
      if (await this.isFit(file)) return { file, by, hung: false };
      // Those before it have passed.
      files = files.slice(files.indexOf(file) + 1);
    }
    return null;
  }

  /** Whether a test file passes without a mutant: what it finds counts. */
  private async isFit(file: string): Promise<boolean> {
    if (this.fit.has(file)) return true;
    if (this.unfit.has(file)) return false;
    this.plain ??= this.buildPlain();
    const { end } = await (await this.plain).test([file], isExplored([file]));
    if (!this.stopped) (end === 'passed' ? this.fit : this.unfit).add(file);
    return end === 'passed';
  }

  private async buildPlain(): Promise<Checkout> {
    for (const target of ['checked', 'free', 'explore'] as const) await this.base.compile(target);
    return this.base;
  }

  private ringsFor({ path, change }: Mutant): string[][] {
    const first = (this.finders.get(path) ?? []).slice(0, FIRST)
      .filter((test) => !isExplored([test]));
    const tests = this.tests.filter((test) => !first.includes(test));
    const rings = ringsOf(path, tests, change !== 'remove');
    return first.length === 0 ? rings : [[...first, ...(rings[0] ?? [])], ...rings.slice(1)];
  }

  private remember(path: string, file: string): void {
    if (file === '') return;
    const before = this.finders.get(path) ?? [];
    this.finders.set(path, [file, ...before.filter((each) => each !== file)]);
  }
}

function firstError(words: string): string {
  return words.split('\n').find((line) => line.includes('ERROR')) ?? words.split('\n')[0] ?? '';
}
