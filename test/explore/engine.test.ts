/** Schedules are repeated exactly; interrupts, DPCs and threads run where and when NT lets them. */

import { beforeAll, describe, expect, test } from 'vitest';
import type { Outcome, RecordedStep } from '../../host/explore/outcome.js';
import { explore } from '../../host/explore/explorer.js';
import { Exhaustive } from '../../host/explore/exhaustive.js';
import { PORTFOLIO, strategiesOf } from '../../host/explore/portfolio.js';
import type { Prepared } from '../../host/explore/program.js';
import { replayOf } from '../../host/explore/replay.js';
import { Random } from '../../host/machine/random.js';
import { compileScripts, prepareScript } from './script.js';

let module: WebAssembly.Module;
const random = new Random(11);
const stream = random.stream('schedules');

beforeAll(async () => {
  module = await compileScripts();
});

const nest = (one: number, other: number): string =>
  `acquire ${one}, acquire ${other}, release ${other}, release ${one}`;

function wordsOf({ ending, hash, steps, findings, waiting }: Outcome): string {
  return JSON.stringify({ ending, hash, steps, findings, waiting });
}

/** Every schedule, with its steps. */
function everyOrder({ engine }: Prepared): Outcome[] {
  const every = new Exhaustive(engine.kinds);
  const all: Outcome[] = [];
  while (!every.exhausted()) {
    expect(all.length).toBeLessThan(5000);
    all.push(engine.run(every, stream, { record: true }));
  }
  return all;
}

function namesOf({ engine }: Prepared, steps: readonly RecordedStep[]): string[] {
  return steps.map(({ actor, point }) => `${actor} ${engine.module.nameOf('Point', point)}`);
}

describe('the same choices', () => {
  test('are the same schedule, event for event, for some hundred that fail', () => {
    const programs = [
      prepareScript(module, [nest(0, 1), nest(1, 2), nest(2, 0)]),
      prepareScript(module, ['read 0, stop_if 0 1, set 0', 'increment 0, wait 0', nest(0, 1)],
        { points: 'memory' }),
      prepareScript(module, [nest(0, 1), nest(1, 0), 'increment 0', nest(1, 0)],
        { points: 'interlocked', processors: [0, 1, 0, 1], levels: [0, 0, 12, 0] }),
    ];
    let failed = 0;
    for (const { engine } of programs) {
      const strategies = strategiesOf(PORTFOLIO).map((make) => make(engine.kinds));
      for (let i = 0; i < 600; i++) {
        const strategy = strategies[i % strategies.length] ?? replayOf([]);
        const one = engine.run(strategy, stream, { record: true });
        if (one.ending === 'done') continue;
        failed++;
        const other = engine.run(replayOf(one.choices), stream, { record: true });
        expect(wordsOf(other)).toBe(wordsOf(one));
      }
    }
    expect(failed).toBeGreaterThan(300);
  });

  test('that cannot be made have diverged', () => {
    const { engine } = prepareScript(module, [nest(0, 1), nest(1, 0)]);
    expect(engine.run(replayOf([0, 7]), stream).ending).toBe('diverged');
    expect(engine.run(replayOf([0, 7], true), stream).ending).toBe('done');
  });
});

test('the same seed is the same exploration, another seed another', () => {
  const threads = [nest(0, 1), nest(1, 2), nest(2, 0), nest(0, 2)];
  const run = (seed: number): string => JSON.stringify(explore(prepareScript(module, threads), {
    schedules: 60, seed, hashes: true, strategies: ['portfolio'],
  }));
  expect(run(5)).toBe(run(5));
  expect(run(5)).not.toBe(run(6));
});

describe('an interrupt', () => {
  test('comes only below its level', () => {
    // The thread is at level 12 from its RAISE to its LOWER; level 12 waits, level 13 does not.
    for (const [level, between] of [[12, false], [13, true]] as const) {
      const prepared = prepareScript(module, ['raise 0 12, increment 0, lower 0', 'increment 1'], {
        points: 'interlocked', processors: [0, 0], levels: [0, level],
      });
      const came = everyOrder(prepared).map(({ steps }) => {
        const names = namesOf(prepared, steps.filter(({ actor }) => actor === 0));
        expect(names).toEqual(['0 IRQL', '0 INTERLOCKED', '0 IRQL']);
        const at = steps.findIndex(({ actor }) => actor === 1);
        return steps.slice(0, at).map(({ actor, point }) =>
          `${actor} ${prepared.engine.module.nameOf('Point', point)}`).join();
      });
      expect(came).toContain('');
      expect(came.includes('0 IRQL')).toBe(between);
    }
  });

  test('runs to its end before what it interrupted goes on', () => {
    const threads = ['increment 0, increment 1', 'increment 2, increment 3'];
    const prepared = prepareScript(module, threads, {
      points: 'interlocked', processors: [0, 0], levels: [0, 12],
    });
    const all = everyOrder(prepared).map(({ steps }) => steps.map(({ actor }) => actor).join(''));
    expect(new Set(all)).toEqual(new Set(['1100', '0110', '0011']));
  });

  test('waits for ever for the lock of the thread that it interrupted', () => {
    const prepared = prepareScript(module, ['acquire 0, release 0', 'acquire 0, release 0'], {
      processors: [0, 0], levels: [0, 12],
    });
    expect(new Set(everyOrder(prepared).map(({ ending }) => ending)))
      .toContain('deadlock');
  });

  test('of another processor is not held back', () => {
    const prepared = prepareScript(module, ['raise 0 12, increment 0, lower 0', 'increment 0'], {
      points: 'interlocked', processors: [0, 1], levels: [0, 5],
    });
    const all = everyOrder(prepared).map(({ steps }) =>
      steps.filter(({ point }) => point === prepared.engine.kinds.interlocked)
        .map(({ actor }) => actor).join(''));
    expect(new Set(all)).toEqual(new Set(['01', '10']));
  });

  test('of the level of a DPC comes when IRQL falls, not while a lock is held', () => {
    const prepared = prepareScript(module, ['acquire 0, increment 0, release 0', 'increment 1'], {
      points: 'interlocked', processors: [0, 0], levels: [0, 2],
    });
    for (const { steps, ending } of everyOrder(prepared)) {
      expect(ending).toBe('done');
      const names = namesOf(prepared, steps).join();
      expect(names).not.toMatch(/0 ACQUIRE,1|0 INTERLOCKED,1/);
    }
  });
});

describe('two threads of one processor', () => {
  test('take turns below DISPATCH_LEVEL', () => {
    const threads = ['increment 0, increment 1', 'increment 2, increment 3'];
    const prepared = prepareScript(module, threads, {
      points: 'interlocked', processors: [0, 0],
    });
    const all = everyOrder(prepared).map(({ steps }) => steps.map(({ actor }) => actor).join(''));
    expect(new Set(all)).toEqual(new Set(['0011', '0101', '0110', '1001', '1010', '1100']));
  });

  test('do not while one has a spin lock', () => {
    const locked = 'acquire 0, increment 0, increment 1, release 0';
    const prepared = prepareScript(module, [locked, 'increment 2, increment 3'], {
      points: 'interlocked', processors: [0, 0],
    });
    for (const { steps } of everyOrder(prepared)) {
      expect(namesOf(prepared, steps).join()).not.toMatch(/0 ACQUIRE,1|0 INTERLOCKED,1/);
    }
  });

  test('cannot be a deadlock of spin locks, where those of two processors are', () => {
    const threads = [nest(0, 1), nest(1, 0)];
    const one = everyOrder(prepareScript(module, threads, { processors: [0, 0] }));
    expect(one.every(({ ending }) => ending === 'done')).toBe(true);
    const two = everyOrder(prepareScript(module, threads, { processors: [0, 1] }));
    expect(two.some(({ ending }) => ending === 'deadlock')).toBe(true);
  });
});
