import { describe, expect } from 'vitest';
import { createMachine, createWorld } from '../host/index.js';
import { expectQuiet, test } from '../host/vitest.js';

const SECOND = 1e9;
const DEFECT = {
  name: 'a',
  address: '10.0.0.1/24',
  parameters: { SynAttackProtect: 2 },
  faults: 'release',
} as const;

describe('vitest', () => {
  test('gives a checked machine, and asks the questions after the test', async ({ machine }) => {
    const one = await machine();
    expect(one.target).toBe('checked');
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
        'a: release nt40sp6a, target checked, faults Q297040$'),
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
