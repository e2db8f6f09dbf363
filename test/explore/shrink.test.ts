/** Shortening: the same failure, with as few preemptions as it can have. */

import { beforeAll, describe, expect, test } from 'vitest';
import type { Outcome } from '../../host/explore/outcome.js';
import { strategiesOf } from '../../host/explore/portfolio.js';
import type { Prepared } from '../../host/explore/program.js';
import { replayOf } from '../../host/explore/replay.js';
import { shrink, switchesOf } from '../../host/explore/shrink.js';
import type { Shortened } from '../../host/explore/shrink.js';
import { Random } from '../../host/machine/random.js';
import { compileScripts, prepareScript } from './script.js';

let module: WebAssembly.Module;
const stream = new Random(3).stream('schedules');

beforeAll(async () => {
  module = await compileScripts();
});

const isDeadlock = ({ ending }: Outcome): boolean => ending === 'deadlock';
const isStop = ({ ending }: Outcome): boolean => ending === 'stop';
const nest = (one: number, other: number): string =>
  `acquire ${one}, acquire ${other}, release ${other}, release ${one}`;

/** Schedules that fail, `most` of them, of a random walk. */
function failing(
  { engine }: Prepared, isSame: (outcome: Outcome) => boolean, most: number,
): Outcome[] {
  const [make] = strategiesOf(['random']);
  const walk = make?.(engine.kinds) ?? replayOf([]);
  const found: Outcome[] = [];
  for (let i = 0; i < 5000 && found.length < most; i++) {
    const outcome = engine.run(walk, stream);
    if (isSame(outcome)) found.push(outcome);
  }
  return found;
}

function shortest(
  prepared: Prepared, isSame: (outcome: Outcome) => boolean, most = 20,
): Shortened[] {
  const found = failing(prepared, isSame, most);
  expect(found.length).toBeGreaterThan(0);
  return found.map(({ choices }) => {
    const short = shrink(prepared.engine, choices, stream, isSame);
    expect(switchesOf(short.choices)).toBeLessThanOrEqual(switchesOf(choices));
    expect(isSame(prepared.engine.run(replayOf(short.choices), stream))).toBe(true);
    return short;
  });
}

describe('the fewest preemptions', () => {
  test('both orders of two locks: one switch', () => {
    for (const { choices, preemptions } of shortest(prepareScript(module, [
      nest(0, 1), nest(1, 0),
    ]), isDeadlock)) {
      expect([preemptions, switchesOf(choices)]).toEqual([1, 1]);
    }
  });

  test.each([3, 4, 5, 6])('%i philosophers: one preemption, the others find it taken', (n) => {
    const threads = Array.from({ length: n }, (_, i) => nest(i, (i + 1) % n));
    const prepared = prepareScript(module, threads);
    for (const { choices, preemptions } of shortest(prepared, isDeadlock, 8)) {
      expect(preemptions).toBe(1);
      expect(switchesOf(choices)).toBeLessThanOrEqual(n);
    }
  });

  test('a stop that needs one, beside an actor that it does not need', () => {
    const prepared = prepareScript(module, [
      'write 0 1, write 1 5, write 0 0', 'read 0, stop_if 0 1', 'increment 2, increment 2',
    ], { points: 'memory' });
    for (const { choices, preemptions } of shortest(prepared, isStop)) {
      expect(preemptions).toBe(1);
      expect(new Set(choices)).not.toContain(2);
    }
  });

  test('a stop that needs none', () => {
    const threads = ['read 0, stop_if 0 1', 'write 0 1'];
    const prepared = prepareScript(module, threads, { points: 'memory' });
    for (const { preemptions } of shortest(prepared, isStop)) expect(preemptions).toBe(0);
  });
});

describe('less work', () => {
  test('actors that the failure does not need are left out', () => {
    const idle = 'acquire 5, release 5, acquire 6, release 6';
    const prepared = prepareScript(module, [idle, nest(0, 1), idle, nest(1, 0), idle]);
    for (const { choices } of shortest(prepared, isDeadlock)) {
      expect(new Set(choices)).toEqual(new Set([1, 3]));
      expect(switchesOf(choices)).toBe(1);
    }
  });

  test('has a bound', () => {
    const threads = Array.from({ length: 7 }, (_, i) => nest(i, (i + 1) % 7));
    for (const { tries } of shortest(prepareScript(module, threads), isDeadlock, 3)) {
      expect(tries).toBeLessThanOrEqual(2000);
    }
  });

  test('what does not fail again stays as it is', () => {
    const { engine } = prepareScript(module, [nest(0, 1), nest(1, 0)]);
    const choices = [0, 0, 1, 1];
    expect(shrink(engine, choices, stream, () => false).choices).toEqual(choices);
  });
});
