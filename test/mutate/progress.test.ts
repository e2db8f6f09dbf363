/** What is found by a batch of tests, over the processes that it takes. */

import { describe, expect, it } from 'vitest';
import type { Note } from './plan.js';
import { Progress } from './progress.js';

const FILE = 'test/a.test.ts';

function batch(): Progress {
  return new Progress(new Map([[FILE, { tried: {}, only: null }], ['test/b.test.ts', {
    tried: {}, only: { b1: [7] },
  }]]));
}

function base(id: string): Note {
  return { note: 'base', file: FILE, id, name: `test ${id}`, ms: 5, passed: true, reached: [1, 2] };
}

function failed(mutant: number): Note {
  return { note: 'failed', mutant, why: `because of ${mutant}`, ms: 3 };
}

/** What is found by `notes`, in order. */
function foundBy(progress: Progress, ...notes: readonly Note[]): number[] {
  return notes.flatMap((note) => progress.hear(note).map(({ mutant }) => mutant));
}

describe('a batch of tests', () => {
  it('has found a mutant when its test passes again without it, and not before', () => {
    const progress = batch();
    expect(foundBy(progress, base('a1'), failed(1), failed(2))).toEqual([]);
    expect(foundBy(progress, { note: 'sound' })).toEqual([1, 2]);
    expect(progress.suspects).toEqual([]);
  });

  it('suspects mutants after which the test fails without one, and tries them no more', () => {
    const progress = batch();
    expect(foundBy(progress, base('a1'), failed(1), { note: 'spoilt' })).toEqual([]);
    expect(progress.suspects).toMatchObject([{ file: FILE, id: 'a1', mutants: [1] }]);
    expect(progress.suspects[0]?.whys.get(1)).toBe('because of 1');
    expect(progress.left()[FILE]?.tried).toEqual({ a1: [1] });
  });

  it('goes on where a process ended, without what has passed and the files that are over', () => {
    const progress = batch();
    foundBy(progress, base('a1'), { note: 'passed', mutant: 1, ms: 1 }, failed(2));
    // What had failed was not shown to be sound: it is tried again.
    expect(progress.left()).toEqual({
      [FILE]: { only: null, tried: { a1: [1] } },
      'test/b.test.ts': { only: { b1: [7] }, tried: {} },
    });
    foundBy(progress, { note: 'file', file: FILE });
    expect(Object.keys(progress.left())).toEqual(['test/b.test.ts']);
    foundBy(progress, { note: 'file', file: 'test/b.test.ts' });
    expect(progress.isLeft).toBe(false);
  });

  it('gives up a test that ends its process without a mutant, and a file that has none', () => {
    const progress = batch();
    foundBy(progress, base('a1'));
    expect(progress.giveUp()).toBe(`${FILE} test a1`);
    progress.left();
    expect(progress.giveUp()).toBe('test/b.test.ts');
    expect(progress.isLeft).toBe(false);
  });

  it('blames a file that cannot be read, and not the last test of the one before it', () => {
    const progress = batch();
    foundBy(progress, base('a1'), { note: 'file', file: FILE });
    expect(progress.giveUp()).toBe('test/b.test.ts');
    expect(progress.isLeft).toBe(false);
  });
});
