/** Locks that threads wait for, in every schedule of three threads that a random walk finds. */

import { beforeAll, describe, expect, it } from 'vitest';
import type { Ending, Outcome } from '../../host/explore/outcome.js';
import { prepareProgram } from '../../host/explore/program.js';
import type { Prepared } from '../../host/explore/program.js';
import { randomWalk } from '../../host/explore/random.js';
import { Random } from '../../host/machine/random.js';
import { compileModule } from '../compile.js';

const SCHEDULES = 400;

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/ke/locks.ts', { explore: true });
});

/** What the schedules of one program came to. */
interface Seen {
  readonly endings: Set<Ending>;
  readonly rules: Set<string>;
  readonly most: Set<number>;
  readonly outcomes: readonly { outcome: Outcome; came: number[]; entered: number[] }[];
}

function call(prepared: Prepared, name: string, ...words: number[]): number {
  return prepared.engine.module.callable(name)?.(...words) ?? NaN;
}

function run(program: string): Seen {
  const constants = new WebAssembly.Instance(module, stubs()).exports;
  const size = constants[`Program.${program}`];
  if (!(size instanceof WebAssembly.Global)) throw new Error(`there is no program ${program}`);
  const prepared = prepareProgram(module, { size: Number(size.value), points: 'memory' });
  const { engine } = prepared;
  const enter = engine.kinds.enter;
  const lock = call(prepared, 'lockOf');
  const random = new Random(1).stream(program);
  const walk = randomWalk();
  const outcomes = Array.from({ length: SCHEDULES }, () => {
    const outcome = engine.run(walk, random, { record: true });
    const came = outcome.steps
      .filter(({ point, object }) => point === enter && object === lock)
      .map(({ actor }) => actor);
    const count = call(prepared, 'entered');
    const entered = Array.from({ length: count }, (_, at) => call(prepared, 'enteredAt', at));
    return { outcome, came, entered, most: call(prepared, 'mostInside') };
  });
  return {
    endings: new Set(outcomes.map(({ outcome }) => outcome.ending)),
    rules: new Set(outcomes.flatMap(({ outcome }) => outcome.findings.map(({ rule }) => rule))),
    most: new Set(outcomes.map(({ most }) => most)),
    outcomes,
  };
}

/** Imports for an instance of which only the constants are read. */
function stubs(): WebAssembly.Imports {
  const host: Record<string, () => void> = {};
  for (const { name } of WebAssembly.Module.imports(module)) host[name] = () => undefined;
  return { host };
}

describe('locks that are waited for', () => {
  it.each(['QUEUED', 'MUTEX', 'FAST_MUTEX', 'EXCLUSIVE', 'TRY', 'TRY_FAST'])(
    'one at a time, and nobody for ever: %s', (program) => {
      const { endings, rules, most } = run(program);
      expect([...endings, ...rules, ...most]).toEqual(['done', 1]);
    },
  );

  it('lets in whoever came to a queued lock first, exactly', () => {
    const { outcomes } = run('QUEUED');
    for (const { came, entered } of outcomes) expect(entered).toEqual(came);
    expect(new Set(outcomes.map(({ entered }) => entered.join(''))).size).toBe(6);
  });

  it('lets as many in as a semaphore counts', () => {
    const { endings, rules, most } = run('SEMAPHORE');
    expect([...endings, ...rules]).toEqual(['done']);
    expect([...most].sort()).toEqual([1, 2]);
  });

  it('lets those who share a resource in together', () => {
    const { endings, rules, most } = run('READERS');
    expect([...endings, ...rules]).toEqual(['done']);
    expect([...most].sort()).toEqual([1, 2]);
  });

  it('lets a thread that has a resource have it again, though another waits exclusive', () => {
    const { endings, rules } = run('SHARED_TWICE');
    expect([...endings, ...rules]).toEqual(['done']);
  });

  it('keeps it behind who waits exclusive where it asks for that, for ever: 0x1000', () => {
    const { endings, rules } = run('SHARED_BEHIND');
    expect([...endings].sort()).toEqual(['deadlock', 'done']);
    expect([...rules]).toEqual(['LOCK_RECURSIVE']);
  });

  it('keeps a newcomer behind who waits exclusive, unless that may starve', () => {
    const overtaken = (program: string): boolean =>
      run(program).outcomes.some(({ came, entered }) => {
        const waits = came.indexOf(1);
        return waits >= 0 && waits < came.indexOf(2) && entered[0] === 2;
      });
    expect([overtaken('NEWCOMER'), overtaken('STARVING')]).toEqual([false, true]);
  });

  it('lets those who share a spin lock in together, and nobody with who has it alone', () => {
    const { endings, rules, most, outcomes } = run('SHARED_SPIN');
    expect([...endings, ...rules]).toEqual(['done']);
    expect([...most].sort()).toEqual([1, 2]);
    expect(new Set(outcomes.map(({ entered }) => entered.join(''))).size).toBe(6);
  });

  it('says that a spin lock was acquired shared twice, which ends where one waits for it', () => {
    const { endings, rules } = run('SHARED_SPIN_TWICE');
    expect([...endings].sort()).toEqual(['deadlock', 'done']);
    expect([...rules]).toEqual(['LOCK_RECURSIVE']);
  });

  it('says that a spin lock was released shared that was acquired alone, and the like', () => {
    const { outcomes } = run('SHARED_SPIN_KIND');
    const [first] = outcomes;
    const rules = first?.outcome.findings.map(({ rule }) => rule);
    const kind = 'LOCK_RELEASE_KIND';
    expect(rules?.filter((rule) => rule === kind)).toEqual([kind, kind]);
  });

  it('says that a thread waits for itself: shared, then exclusive', () => {
    const { endings, rules } = run('UPGRADE');
    expect([...endings, ...rules]).toEqual(['deadlock', 'LOCK_RECURSIVE']);
  });

  it('says that a thread ended with a mutex: 0x100A', () => {
    const { rules } = run('KEPT_MUTEX');
    expect([...rules]).toEqual(['LOCK_THREAD_ENDED']);
  });
});
