/** What a process of tests is told about mutants, and what it tells: two files of JSON. */

/** Where a process finds its plan; without it, no number is ever on. */
export const PLAN = 'NTSTACK_MUTATE_PLAN';

/** A test of a file: its number of vitest's, the same in each run. */
export type TestId = string;

/** What is to be done with the tests of one file. */
export interface FilePlan {
  /** Mutants tried before, by test; there only where a process was ended in the midst of them. */
  readonly tried: Readonly<Record<TestId, readonly number[]>>;
  /** These tests with these mutants, and no others; null: all tests, with what they reach. */
  readonly only: Readonly<Record<TestId, readonly number[]>> | null;
}

export interface Plan {
  /** Where the process writes a line of JSON for each `Note`. */
  readonly journal: string;
  /** A file with a list of the mutants that nobody has found yet. Read before each test file. */
  readonly alive: string;
  /** Tests that take longer are run once, without a mutant. */
  readonly budgetMs: number;
  readonly files: Readonly<Record<string, FilePlan>>;
}

/** A line of the journal. */
export type Note =
  /** A test has run without a mutant: well or not, for how long, and where it came by. */
  | {
    readonly note: 'base'; readonly file: string; readonly id: TestId; readonly name: string;
    readonly ms: number; readonly passed: boolean; readonly reached: readonly number[];
  }
  /** A mutant is switched on; 0: none. Silence for longer than `limitMs` means that it hangs. */
  | { readonly note: 'try'; readonly mutant: number; readonly limitMs: number }
  | { readonly note: 'passed'; readonly mutant: number; readonly ms: number }
  | {
    readonly note: 'failed'; readonly mutant: number; readonly why: string; readonly ms: number;
  }
  /** After mutants that made it fail, the test passes without one. Or it fails, and they may have
   * had no part in it. */
  | { readonly note: 'sound' | 'spoilt' }
  /** All tests of a file have ended; or it could not be read. */
  | { readonly note: 'file'; readonly file: string };
