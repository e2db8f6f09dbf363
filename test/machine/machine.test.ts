import { describe, expect } from 'vitest';
import { KernelStop } from '../../host/index.js';
import type { MachineOptions, World, WorldMachineOptions } from '../../host/index.js';
import { readProcessor } from '../../host/kernel/inspect.js';
import { firstProcessor } from '../../host/machine/processors.js';
import { test } from '../../host/vitest.js';

const SECOND = 1e9;
const ABSENT = '10.0.0.9';

type MakePair = (
  target: 'free' | 'checked', more?: Partial<WorldMachineOptions>,
) => Promise<World>;

/** A test with a world of two. */
const it = test.extend<{ pair: MakePair }>({
  pair: async ({ world }, use) => {
    await use(async (target, more = {}) => world({
      target,
      machines: [
        { name: 'server', address: '10.0.0.1/24' },
        { name: 'client', address: '10.0.0.2/24', ...more },
      ],
    }));
  },
});

describe('machine/machine', () => {
  it('stands alone: boots, runs, halts, and leaves nothing', async ({ machine: boot }) => {
    for (const target of ['free', 'checked'] as const) {
      const machine = await boot({ target, name: 'alone' });
      await machine.run(10 * SECOND);
      expect(machine.trace().map(({ event }) => event)).toContain('BOOT');
      expect(machine.counters()['TCP_IN_SEGS']).toBe(0);
      expect(machine.drops()['IP_CHECKSUM']).toBe(0);
      machine.stop();
      expect(machine.halted).toBe(true);
      machine.stop();
    }
  });

  it('spares an idle machine its ticks, and tells it how late it is', async ({ machine: boot }) => {
    const machine = await boot();
    await machine.run(SECOND);
    const events = machine.clock.pending;
    expect(events).toBe(0);
    const beganNs = machine.clock.now;
    const ping = machine.ping(ABSENT, { timeoutMs: 500 });
    expect((await machine.complete(ping, 60 * SECOND)).status).not.toBe('SUCCESS');
    expect(machine.clock.now - beganNs).toBeGreaterThanOrEqual(SECOND / 2);
  });

  it('runs on two processors, interrupts in turn', async ({ pair }) => {
    for (const target of ['free', 'checked'] as const) {
      const world = await pair(target, { processors: 2 });
      const client = world.machine('client');
      for (let i = 0; i < 4; i++) await world.complete(client.ping('10.0.0.1'), SECOND);
      const [first, second] = [0, 1].map((n) => readProcessor(client.kernel, n).interruptCount);
      expect(second).toBeGreaterThan(1);
      expect(Math.abs((first ?? 0) - (second ?? 0))).toBeLessThanOrEqual(1);
    }
  });

  it('leaves interrupts to processor 0 where it is told so', async ({ pair }) => {
    const world = await pair('checked', { processors: 2, strategy: firstProcessor() });
    const client = world.machine('client');
    await world.complete(client.ping('10.0.0.1'), SECOND);
    expect(readProcessor(client.kernel, 1).interruptCount).toBe(0);
  });

  it('hangs as Q297040 says: calls wait, the clock goes on', async ({ pair, expectFindingsOf }) => {
    expectFindingsOf('client', 'lock leaked', 'irql', 'hang');
    const world = await pair('checked', {
      faults: 'release', parameters: { SynAttackProtect: 2 }, captureSites: true,
    });
    const [server, client] = [world.machine('server'), world.machine('client')];
    await world.complete(server.ping('10.0.0.2'), SECOND);
    const failed = client.user.connect(ABSENT, 23).then(() => '', ({ status }) => String(status));
    expect(await world.complete(failed, 60 * SECOND)).toBe('IO_TIMEOUT');
    expect(client.irql()).toBe(2);
    const [held] = client.heldLocks();
    expect(held).toMatchObject({ processor: 0, owner: 0 });
    expect(held?.name).toMatch(/^Tcp/);
    expect(client.siteOf(held?.address ?? 0, held?.sequence ?? 0)).toMatch(/connect/);
    expect(client.findings.map(({ rule }) => rule)).toContain('LOCK_LEAKED');
    expect(client.findings[0]).toMatchObject({ machine: 'client', processor: 0 });
    const played = client.kernel.raw.playedTick();
    const ping = await world.complete(server.ping('10.0.0.2'), 10 * SECOND);
    expect(ping.status).toBe('IO_TIMEOUT');
    const next = client.user.connect('10.0.0.1', 80).catch(() => {});
    expect(await world.runUntil(next, 100 * SECOND)).toBe(false);
    expect(client.user.waiting).toBeGreaterThan(0);
    expect(client.user.raw.open('stream', { onEvent: () => {} })).toBe(0);
    expect(client.kernel.raw.playedTick()).toBe(played);
    expect(client.kernel.raw.clockTick()).toBeGreaterThan(played + 5000);
  });

  it('stops where a processor spins; the others go on', async ({ pair, expectFindingsOf }) => {
    expectFindingsOf('client', 'lock leaked', 'deadlock', 'irql', 'hang');
    const world = await pair('checked', {
      faults: ['q297040'], parameters: { SynAttackProtect: 2 }, processors: 2,
    });
    const [server, client] = [world.machine('server'), world.machine('client')];
    const failed = client.user.connect(ABSENT, 23).then(() => '', ({ status }) => String(status));
    expect(await world.complete(failed, 60 * SECOND)).toBe('IO_TIMEOUT');
    expect(client.stopped).toBeUndefined();
    const next = client.user.connect('10.0.0.1', 80).catch((error: unknown) => error);
    expect(await world.complete(next, 60 * SECOND)).toBe(client.stopped);
    expect(client.stopped).toBeInstanceOf(KernelStop);
    expect(client.stopped).toMatchObject({ reason: 'spin', stop: 'SPIN', machine: 'client' });
    expect(client.stopped?.message).toMatch(/client: processor 1 spins for ever on lock 0x/);
    const [lock] = client.stopped?.words ?? [];
    expect(client.locks().find(({ address }) => address === lock)).toMatchObject({ owner: 0 });
    const before = client.card.stats.droppedIn.stopped;
    await world.complete(server.ping('10.0.0.2'), 10 * SECOND);
    expect(client.card.stats.droppedIn.stopped).toBeGreaterThan(before);
    expect(client.user.raw.open('stream', { onEvent: () => {} })).toBe(0);
  });

  it('has the defects of the release that is named, where the kernel has them', async ({
    machine: boot, world: make,
  }) => {
    const faultsOf = async (options: MachineOptions): Promise<readonly string[]> => {
      return (await boot(options)).settings.faults;
    };
    const release = 'nt40sp6a';
    expect(await faultsOf({ release })).toEqual(['Q293498', 'Q297040']);
    expect(await faultsOf({ release, faults: [] })).toEqual([]);
    // Free: what it has not is what is asked.
    expect(await faultsOf({ release, target: 'free' })).toEqual([]);
    expect(await faultsOf({ release: 'nt40sp6a-q297040' })).toEqual([]);
    expect(await faultsOf({})).toEqual([]);
    const machines = [
      { name: 'a', address: '10.0.0.1/24' },
      { name: 'b', address: '10.0.0.2/24', faults: [] },
      { name: 'c', address: '10.0.0.3/24', release: 'modern' },
    ];
    const worldOf = async (options: object): Promise<string[]> => {
      const { machines: made } = await make({ machines, ...options });
      return made.map(({ settings }) => settings.faults.join(' '));
    };
    expect(await worldOf({ release })).toEqual(['Q293498 Q297040', '', '']);
    expect(await worldOf({ release, faults: [] })).toEqual(['', '', '']);
    expect(await worldOf({ faults: 'release' })).toEqual(['Q293498 Q297040', '', '']);
    expect(await worldOf({})).toEqual(['', '', '']);
  });

  it('is healthy with the same settings and without the defect', async ({ pair }) => {
    const world = await pair('checked', { parameters: { SynAttackProtect: 2 } });
    const client = world.machine('client');
    const failed = client.user.connect(ABSENT, 23).then(() => '', ({ status }) => String(status));
    expect(await world.complete(failed, 60 * SECOND)).toBe('IO_TIMEOUT');
  });

  it('reads the pool tags, and gives user blocks back at the end', async ({ machine: boot }) => {
    const machine = await boot();
    const octets = (): number =>
      machine.poolTags().find(({ tag }) => tag === 'User')?.octets ?? 0;
    const before = octets();
    machine.user.raw.allocate(1000);
    expect(octets()).toBe(before + 1000);
  });

  it('names what is wrong with its options', async ({ machine: boot }) => {
    const wrong = async (options: object): Promise<string> =>
      boot(options as MachineOptions).then(
        () => '',
        (error: unknown) => `${(error as Error).name} ${(error as Error).message}`,
      );
    expect(await wrong({ releas: 'nt40' })).toMatch(/TypeError releas: .* did you mean release/);
    expect(await wrong({ release: 'nt41' })).toMatch(/TypeError nt41: unknown release/);
    expect(await wrong({ target: 'smp' })).toMatch(/TypeError target: 'smp' .* free, checked/);
    expect(await wrong({ processors: 9 })).toMatch(/TypeError processors: 9 .* 1\.\.8/);
    expect(await wrong({ address: '10.0.0.1' })).toMatch(/TypeError address: .*\/24/);
    expect(await wrong({ address: '10.0.0.1/33' })).toMatch(/TypeError address/);
    for (const address of [
      '10.0.0.0/24', '10.0.0.255/24', '224.0.0.1/24', '127.0.0.1/8', '0.0.0.1/24', '255.1.1.1/32',
    ]) {
      const why = `'${address}' is no address of one host`;
      expect(await wrong({ address })).toBe(`TypeError address: ${why}`);
    }
    expect(await wrong({ gateway: 'x' })).toMatch(/TypeError gateway: 'x'/);
    expect(await wrong({ gateway: '10.0.1.1' })).toBe(
      'TypeError gateway: 10.0.1.1 is not on the net of 10.0.0.1',
    );
    expect(await wrong({ gateway: ['10.0.0.2', 'x'] })).toMatch(/TypeError gateway: 'x'/);
    expect(await wrong({ gateway: Array.from({ length: 6 }, () => '10.0.0.2') }))
      .toBe('TypeError gateway: 6, and a card has 5 at most');
    expect(await wrong({ mac: '01:00:00:00:00:01' })).toMatch(/TypeError mac/);
    expect(await wrong({ mtu: 1501 })).toMatch(/TypeError mtu: 1501 .* 68\.\.1500/);
    expect(await wrong({ seed: -1 })).toMatch(/TypeError seed -1/);
    // Free: it is refused.
    expect(await wrong({ target: 'free', faults: ['Q297040'] }))
      .toMatch(/TypeError faults: a free kernel/);
    expect(await wrong({ faults: 'all' })).toMatch(/TypeError faults: .* not all/);
    expect(await wrong({ target: 'checked', faults: ['Q297041'] }))
      .toMatch(/TypeError faults: .* Q297041; did you mean Q297040/);
    expect(await wrong({ parameters: { SynAttackProtect: 3 } })).toMatch(/TypeError Syn.* 0\.\.2/);
  });
});
