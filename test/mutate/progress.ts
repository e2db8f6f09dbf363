/** How far a batch of test files has come, over the processes that it takes. */

import type { FilePlan, Note, TestId } from './plan.js';

/** Mutants that failed a test which then failed without one. */
export interface Suspects {
  readonly file: string;
  readonly id: TestId;
  readonly mutants: readonly number[];
  readonly whys: ReadonlyMap<number, string>;
}

/** A mutant that a test has found. */
interface Found {
  readonly mutant: number;
  readonly why: string;
  readonly ms: number;
}

export class Progress {
  readonly suspects: Suspects[] = [];
  private readonly files: Map<string, FilePlan>;
  private readonly tried = new Map<string, Map<TestId, number[]>>();
  private test: { readonly file: string; readonly id: TestId; readonly name: string } | null = null;
  /** What failed the test that runs, until it has shown that it still passes without a mutant. */
  private failed: Found[] = [];

  constructor(batch: ReadonlyMap<string, FilePlan>) {
    this.files = new Map(batch);
  }

  get isLeft(): boolean {
    return this.files.size > 0;
  }

  /** The test that runs. */
  get where(): string {
    return this.test === null ? 'before a test' : `${this.test.file} ${this.test.name}`;
  }

  /** What is to be done yet; begins another process. */
  left(): Record<string, FilePlan> {
    this.test = null;
    this.failed = [];
    return Object.fromEntries([...this.files].map(([file, { only, tried }]) => {
      const done = Object.fromEntries(this.tried.get(file) ?? new Map<TestId, number[]>());
      return [file, { only, tried: { ...tried, ...done } }];
    }));
  }

  /** Takes a note; gives what has been found by it. */
  hear(note: Note): readonly Found[] {
    if (note.note === 'base') {
      this.test = note;
    } else if (note.note === 'passed') {
      this.markTried(note.mutant);
    } else if (note.note === 'failed') {
      this.failed.push(note);
    } else if (note.note === 'sound') {
      return this.failed.splice(0);
    } else if (note.note === 'spoilt') {
      this.suspect();
    } else if (note.note === 'file') {
      this.files.delete(note.file);
      // What ends the process from here on is none of its tests.
      this.test = null;
    }
    return [];
  }

  /** The process ended where no mutant was on. The test that is at fault, or its file; or null. */
  giveUp(): string | null {
    if (this.failed.length > 0) {
      this.suspect();
      return null;
    }
    const file = this.test?.file ?? [...this.files.keys()][0];
    if (file === undefined) return null;
    this.files.delete(file);
    return this.test === null ? file : this.where;
  }

  private suspect(): void {
    if (this.test === null) return;
    const failed = this.failed.splice(0);
    const { file, id } = this.test;
    const whys = new Map(failed.map(({ mutant, why }) => [mutant, why]));
    this.suspects.push({ file, id, mutants: [...whys.keys()], whys });
    for (const mutant of whys.keys()) this.markTried(mutant);
  }

  private markTried(mutant: number): void {
    if (this.test === null) return;
    const { file, id } = this.test;
    const tests = this.tried.get(file) ?? new Map<TestId, number[]>();
    this.tried.set(file, tests.set(id, [...tests.get(id) ?? [], mutant]));
  }
}
