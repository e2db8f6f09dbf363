import { describe, expect } from 'vitest';
import { createMachine, createWorld } from '../host/index.js';
import type { Machine } from '../host/index.js';
import { expectQuiet, test } from '../host/vitest.js';
import type { Observation, QuietOptions, Subject } from '../host/vitest.js';
import { observe } from '../host/watch/observe.js';

const SECOND = 1e9;
const DEFECT = {
  name: 'a',
  address: '10.0.0.1/24',
  parameters: { SynAttackProtect: 2 },
  faults: 'release',
} as const;

/** What is wrong in the middle of a machine, and what is said of it. */
const WRONGS: readonly (readonly [string, (machine: Machine) => void, string, QuietOptions?])[] = [
  ['IRQL', ({ kernel }) => {
    kernel.memory.setWord(kernel.raw.prcbAt(0) + 4, 2);
  }, 'irql: processor 0 stays at DISPATCH_LEVEL'],
  ['locks', (machine) => {
    const lock = machine.locks().find(({ name }) => name === 'IpRoute');
    const { memory } = machine.kernel;
    memory.setWord(lock?.address ?? 0, memory.word(lock?.address ?? 0) | 1);
  }, 'lock leaked: IpRoute was acquired and not released'],
  ['requests', (machine) => {
    void machine.ping('10.0.0.9').catch(() => {});
  }, 'irp leaked: 1 IRP is not completed while nothing is asked', { quiet: true }],
  ['pool', ({ kernel }) => {
    // A multiple of 16: a free build counts whole places.
    kernel.raw.userAllocate(112);
  }, 'pool leaked: 1 block (112 octets) of pool tag "User" is left'],
];

/** A subject that is what the observations say, one after the other. */
function played(...observations: readonly Observation[]): Subject & { readonly heard: string[] } {
  const heard: string[] = [];
  const left = [...observations];
  return {
    heard,
    origin: 'played',
    rest: () => void heard.push('rest'),
    observe: () => {
      heard.push('observe');
      return left.splice(0, 1);
    },
    stop: () => void heard.push('stop'),
  };
}

describe('vitest', () => {
  describe.each(['free', 'checked'] as const)('%s', (target) => {
    test.for(WRONGS)('asks of %s', async ([, spoil, words, options]) => {
      const [good, bad] = [await createMachine({ target }), await createMachine({ target })];
      await expect(expectQuiet(good, options)).resolves.toBeUndefined();
      spoil(bad);
      await expect(expectQuiet(bad, options)).rejects.toThrow(words);
    });
  });

  test('gives a checked machine, and asks the questions after the test', async ({ machine }) => {
    const one = await machine();
    expect(one.target).toBe('checked');
    // Free: that it can be had is what is asked.
    expect((await machine({ target: 'free' })).target).toBe('free');
    await one.run(SECOND);
  });

  test('gives a world', async ({ world }) => {
    const both = await world({
      machines: [{ name: 'a', address: '10.0.0.1/24' }, { name: 'b', address: '10.0.0.2/24' }],
    });
    const reply = await both.complete(both.machine('a').ping('10.0.0.2'), SECOND);
    expect(reply.status).toBe('SUCCESS');
  });

  test('lets a test of a defect say what must be found', async ({ machine, expectFindings }) => {
    expectFindings('lock leaked', 'irql', 'hang');
    const one = await machine(DEFECT);
    void one.user.connect('10.0.0.9', 23).catch(() => {});
    await one.run(60 * SECOND);
  });

  test('lets it be said of one machine of a world', async ({ world, expectFindingsOf }) => {
    expectFindingsOf('a', 'lock leaked', 'irql', 'hang');
    const both = await world({ machines: [DEFECT, { name: 'b', address: '10.0.0.2/24' }] });
    void both.machine('a').user.connect('10.0.0.9', 23).catch(() => {});
    await both.run(60 * SECOND);
  });

  test.fails('fails where another machine has it', async ({ machine, expectFindingsOf }) => {
    expectFindingsOf('b', 'pool leaked');
    (await machine({ name: 'a' })).kernel.raw.userAllocate(100);
  });

  test('lets a test stop what it made, and expect a kernel that stops', async (
    { machine, expectFindingsOf },
  ) => {
    expectFindingsOf('trapped', 'stopped');
    (await machine()).stop();
    (await machine({ name: 'trapped' })).fail(new Error('unreachable'));
  });

  test.fails('fails a test that stops what left something', async ({ machine }) => {
    const one = await machine();
    one.kernel.raw.userAllocate(100);
    one.stop();
  });

  test('asks at once what is finished, once', async ({ machine, finish }) => {
    for (let i = 0; i < 2; i++) {
      const one = await machine();
      await finish();
      expect(one.halted).toBe(true);
    }
    (await machine()).kernel.raw.userAllocate(100);
    await expect(finish()).rejects.toThrow('pool leaked');
    await finish();
  });

  test('asks what it is given: rests, looks, stops, looks', async ({ machine, watch, finish }) => {
    const observation = observe(await machine());
    const subject = played(observation, { ...observation, halted: true, pool: [] });
    watch(subject);
    await finish();
    expect(subject.heard).toEqual(['rest', 'observe', 'stop', 'observe']);
    const timers = { ...observation, halted: true, pool: [], runningTimers: 1 };
    watch(played(observation, timers));
    await expect(finish()).rejects.toThrow('1 timer is not stopped');
    watch({ ...played(), rest: () => Promise.reject(new Error('no rest')) });
    await expect(finish()).rejects.toThrow('no rest');
  });

  test.fails('fails a test that leaves a lock held', async ({ machine }) => {
    const one = await machine(DEFECT);
    void one.user.connect('10.0.0.9', 23).catch(() => {});
    await one.run(60 * SECOND);
  });

  test.fails('fails a test whose defect is not found', async ({ machine, expectFindings }) => {
    expectFindings('lock leaked');
    await machine();
  });

  test('names lock, place and rule, and how to reproduce it', async () => {
    const one = await createMachine({ ...DEFECT, target: 'checked', captureSites: true, seed: 7 });
    void one.user.connect('10.0.0.9', 23).catch(() => {});
    await one.run(60 * SECOND);
    const failure = expectQuiet(one, { command: 'npx vitest run x' });
    await expect(failure).rejects.toThrow(
      /^not quiet after the test:\n {2}a: lock leaked \[LOCK_LEAKED 0x2003\]: TcpTable was/,
    );
    const message = await failure.catch((error: Error) => error.message);
    expect(message).toContain('(tcpip/tcp/connect.ts:');
    expect(message).toContain('a: irql: processor 0 stays at DISPATCH_LEVEL');
    expect(message).toMatch(
      new RegExp('\\nreproduce: npx vitest run x {2}# seed 0x0+7; ' +
        'a: release nt40sp6a, target checked, faults Q293498 Q297040$'),
    );
  });

  test('names the tag and the timer that are left when the drivers are unloaded', async () => {
    const one = await createMachine({ target: 'checked' });
    const block = one.kernel.raw.userAllocate(100);
    expect(block).not.toBe(0);
    await expect(expectQuiet(one)).rejects.toThrow(
      'pool leaked: 1 block (100 octets) of pool tag "User" is left when all drivers are unloaded',
    );
  });

  test('says so of a machine whose kernel stopped', async () => {
    const world = await createWorld({
      target: 'checked',
      machines: [{ name: 'a', address: '10.0.0.1/24' }],
    });
    const machine = world.machine('a');
    machine.fail(new Error('unreachable'));
    await expect(expectQuiet(world)).rejects.toThrow('a: stopped: the kernel stopped: TRAP');
  });
});
