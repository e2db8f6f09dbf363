/** The search of every order: the same ends as all schedules have, and each order once. */

import { beforeAll, describe, expect, test } from 'vitest';
import { Exhaustive } from '../../host/explore/exhaustive.js';
import { explore } from '../../host/explore/explorer.js';
import { Random } from '../../host/machine/random.js';
import type { Stream } from '../../host/machine/random.js';
import { AllSchedules, compileScripts, prepareScript, search } from './script.js';
import type { Layout } from './script.js';

let module: WebAssembly.Module;
const random = new Random(1);
const stream = random.stream('schedules');

beforeAll(async () => {
  module = await compileScripts();
});

/** Compares both searches; false where there are more schedules than `most`. */
function compare(threads: readonly string[], layout: Layout = {}, most = 100_000): boolean {
  const prepared = prepareScript(module, threads, layout);
  const all = search(prepared, new AllSchedules(), stream, most);
  if (!all.through) return false;
  const every = new Exhaustive(prepared.engine.kinds);
  const once = search(prepared, every, stream, most);
  const what = `${threads.join(' | ')} ${JSON.stringify(layout)}`;
  expect(once.through, what).toBe(true);
  expect([...once.outcomes].sort(), what).toEqual([...all.outcomes].sort());
  expect([...once.traces].sort(), what).toEqual([...all.traces].sort());
  return true;
}

function count(threads: readonly string[]): { traces: number; through: boolean } {
  const { engine } = prepareScript(module, threads);
  const every = new Exhaustive(engine.kinds);
  while (every.traces < 10_000 && !every.exhausted()) engine.run(every, stream);
  return { traces: every.traces, through: every.exhausted() };
}

const pair = (lock: number): string => `acquire ${lock}, add_quietly ${lock}, release ${lock}`;
const thrice = `${pair(0)}, ${pair(0)}, ${pair(0)}`;
const nest = (one: number, other: number): string =>
  `acquire ${one}, acquire ${other}, release ${other}, release ${one}`;
const nest3 = (first: number, second: number, third: number): string =>
  `acquire ${first}, ${nest(second, third)}, release ${first}`;

describe('the same ends as all schedules', () => {
  test.each<[string, string[], Layout]>([
    ['both orders of two locks', [nest(0, 1), nest(1, 0)], {}],
    ['three philosophers', [nest(0, 1), nest(1, 2), nest(2, 0)], {}],
    ['releases are points', [nest(0, 1), nest(1, 0)], { points: 'interlocked' }],
    ['one lock, four times', [pair(0), pair(0), pair(0), pair(0)], {}],
    ['two locks, one after another', [`${pair(0)}, ${pair(1)}`, `${pair(0)}, ${pair(1)}`], {}],
    ['one signal and two that wait', ['set 1', 'wait 1', 'wait 1'], {}],
    ['a signal that is taken back', ['set 0, reset 0', 'wait 0'], { points: 'memory' }],
    ['a lock that is tried', ['take 0, put 0', 'try 0 2, increment 0, put 0, read 0'], {}],
    ['words', ['read 0, write 1 1', 'write 0 1, read 1', 'increment 0'], { points: 'memory' }],
    ['a stop', ['read 0, stop_if 0 1', 'write 0 1, read 1, stop_if 0 0'], { points: 'memory' }],
    ['two threads of one processor', [nest(0, 1), pair(0), nest(1, 0)],
      { processors: [0, 0, 1] }],
    ['an interrupt', [pair(0), 'increment 0', pair(0)],
      { points: 'interlocked', processors: [0, 0, 1], levels: [0, 12, 0] }],
    ['a DPC that takes the lock', [pair(0), pair(0), pair(0)],
      { points: 'interlocked', processors: [0, 0, 1], levels: [0, 2, 0] }],
    ['an interrupt that takes the lock', [pair(0), pair(0), pair(0)],
      { processors: [0, 0, 1], levels: [0, 12, 0] }],
  ])('%s', (_name, threads, layout) => {
    expect(compare(threads, layout)).toBe(true);
  });

  test('of programs made at random', () => {
    const pick = random.stream('programs');
    let compared = 0;
    for (let i = 0; i < 120; i++) {
      const threads = Array.from({ length: 2 + pick.below(3) }, () => madeAtRandom(pick));
      const points = (['locks', 'interlocked', 'memory'] as const)[pick.below(3)] ?? 'locks';
      if (compare(threads, { points }, 2000)) compared++;
    }
    expect(compared).toBeGreaterThan(40);
  }, 120_000);
});

const PIECES = [
  pair(0), pair(1), nest(0, 1), nest(1, 0), 'take 0, put 0', 'take 1, put 1', 'set 0', 'set 1',
  'wait 0', 'wait 1', 'read 0, write 1 1', 'try 0 2, increment 1, put 0', 'reset 0',
  'read 1, stop_if 0 1',
];

function madeAtRandom(pick: Stream): string {
  const pieces = Array.from({ length: 1 + pick.below(2) }, () => PIECES[pick.below(PIECES.length)]);
  return pieces.join(', ');
}

describe('each order once', () => {
  test.each([2, 3, 4, 5, 6, 7])('%i philosophers: 2^n - 1 orders', (n) => {
    const threads = Array.from({ length: n }, (_, i) => nest(i, (i + 1) % n));
    expect(count(threads)).toEqual({ traces: 2 ** n - 1, through: true });
  });

  test.each([
    // (m k)! / k!^m: the ways to merge m sequences of k acquires.
    ['2 processors, 3 times one lock', Array<string>(2).fill(thrice), 20],
    ['3 processors, 3 times one lock', Array<string>(3).fill(thrice), 1680],
    ['4 processors, twice one lock', Array<string>(4).fill(`${pair(0)}, ${pair(0)}`), 2520],
    ['4 processors, three locks in one order', Array<string>(4).fill(nest3(0, 1, 2)), 24],
    ['4 processors, each its own lock', [0, 1, 2, 3].map((i) => `${pair(i)}, ${pair(i)}`), 1],
    ['4 processors, three locks of a ring of four',
      [nest3(0, 1, 2), nest3(1, 2, 3), nest3(2, 3, 0), nest3(3, 0, 1)], 43],
  ])('%s', (_name, threads, traces) => {
    expect(count(threads)).toEqual({ traces, through: true });
  });

  test('far fewer than there are schedules', () => {
    const prepared = prepareScript(module, [nest(0, 1), nest(1, 2), nest(2, 0)]);
    const all = search(prepared, new AllSchedules(), stream, 10_000);
    const once = search(prepared, new Exhaustive(prepared.engine.kinds), stream, 10_000);
    expect([all.schedules, once.schedules]).toEqual([636, 7]);
  });

  test('a search that was cut short is not said to be through', () => {
    const prepared = prepareScript(module, Array<string>(8).fill(pair(0)));
    const every = new Exhaustive(prepared.engine.kinds);
    expect(search(prepared, every, stream, 200).through).toBe(false);
  });
});

describe('explore', () => {
  test('asks for it by name', () => {
    const result = explore(prepareScript(module, [nest(0, 1), nest(1, 0)]), {
      strategies: ['exhaustive'], predict: false,
    });
    expect(result.coverage).toMatchObject({ schedules: 3, exhausted: true });
    expect(result.findings.map(({ rule, status }) => [rule, status]))
      .toEqual([['DEADLOCK', 'confirmed']]);
  });

  test('uses it for what is small, and refutes what it did not meet', () => {
    const result = explore(prepareScript(module, [
      `${nest(0, 1)}, set 0`, `wait 0, ${nest(1, 0)}`,
    ]));
    expect(result.coverage.exhausted).toBe(true);
    expect(result.findings).toMatchObject([{
      status: 'refuted', rule: 'DEADLOCK', reason: expect.stringContaining('every order') as string,
    }]);
  });

  test('a prediction stays one where not every order was tried', () => {
    const result = explore(prepareScript(module, [
      `${nest(0, 1)}, set 0`, `wait 0, ${nest(1, 0)}`,
    ]), { strategies: ['random'], schedules: 50 });
    expect(result.coverage.exhausted).toBe(false);
    expect(result.findings).toMatchObject([{ status: 'predicted' }]);
  });
});
