import { afterEach, describe, expect, vi } from 'vitest';
import type { Arena } from '../../host/cli/arena.js';
import { conclude, locate } from '../../host/cli/conclude.js';
import type { Conclusion } from '../../host/cli/conclude.js';
import { planRun } from '../../host/cli/plan.js';
import type { SocketHandler } from '../../host/index.js';
import { complain, emptyFigures } from '../../host/load/load.js';
import type { Load } from '../../host/load/load.js';
import type { Machine } from '../../host/machine/machine.js';
import type { Finding } from '../../host/machine/witness.js';
import type { World } from '../../host/machine/world.js';
import { test } from '../../host/vitest.js';
import { VERDICT_KINDS } from '../../host/watch/verdict.js';
import type { Verdict } from '../../host/watch/verdict.js';

const ABSENT = 0x0a00_0009;
const PORT = 23;
const silent: SocketHandler = { onEvent: (): void => undefined };

/** What `locate` plays again, in place of the world of a plan. */
const again = vi.hoisted((): { open: () => Promise<Arena> } => ({
  open: async () => Promise.reject(new Error('no world to play again')),
}));
vi.mock('../../host/cli/arena.js', () => ({ openArena: async () => again.open() }));

/** A load that has something open for so long after it was stopped. */
function lasting(ns: number, now: () => number): Load {
  let endNs = Infinity;
  return {
    name: 'lasting',
    figures: emptyFigures(),
    get open() {
      return now() < endNs ? 2 : 0;
    },
    start() {},
    stop() {
      endNs = now() + ns;
    },
    abandon() {},
  };
}

/** Connects to a host that is not there. What is the load's own is told as it is asked for. */
function connecting({ clock }: World, { user: { raw } }: Machine, told: string[]): Load {
  let handle = raw.open('stream', silent);
  raw.connect(handle, ABSENT, PORT);
  return {
    name: 'connecting',
    figures: emptyFigures(),
    open: 0,
    start() {},
    stop() {
      told.push(`stop at ${clock.now / 1e9} s`);
    },
    abandon() {
      told.push(`abandon at ${clock.now / 1e9} s`);
      if (handle !== 0) raw.close(handle, true);
      handle = 0;
    },
  };
}

/** Wall time that passes by so much each time somebody looks. */
function lookEvery(ms: number): void {
  let now = 0;
  vi.spyOn(globalThis.performance, 'now').mockImplementation(() => now += ms);
}

afterEach(() => void vi.restoreAllMocks());

interface Arenas {
  /** A world in which a load has something open for so long. */
  arena: (ns: number, machines?: number) => Promise<{ world: World; load: Load }>;
  /** Whose connect leaks a lock when it is given up after 45 s (Q297040), and how it is told. */
  leaking: (told?: string[]) => Promise<Arena & { readonly sites: number[] }>;
}

const it = test.extend<Arenas>({
  arena: async ({ world: begin }, use) => {
    await use(async (ns, machines = 1) => {
      const names = ['one', 'two'].slice(0, machines);
      const world = await begin({
        machines: names.map((name, i) => ({ name, address: `10.0.0.${i + 1}/24` })),
      });
      return { world, load: lasting(ns, () => world.clock.now) };
    });
  },
  leaking: async ({ world: begin }, use) => {
    await use(async (told = []) => {
      const sites: number[] = [];
      const world = await begin({
        release: 'nt40sp6a',
        parameters: { SynAttackProtect: 2 },
        machines: [{
          name: 'one', address: '10.0.0.1/24', faults: 'release',
          tap: (kernel) => {
            const wantSites = (on: number): void => {
              sites.push(on);
              kernel.raw.wantSites(on);
            };
            return { ...kernel, raw: { ...kernel.raw, wantSites } };
          },
        }],
      });
      return { world, load: connecting(world, world.machine('one'), told), sites };
    });
  },
});

/** Seen by the verifier: a routine came back with this lock. */
function leakOf(machine: Machine, index: number): Finding {
  const address = machine.locks()[index]?.address ?? 0;
  const { name } = machine;
  return { rule: 'LOCK_LEAKED', words: [address, 0, 0], timeUs: 0, processor: 0, machine: name };
}

/** Has the machine that leaks a lock after 45 s begin another connect, which then never ends. */
async function leaveRequest(world: World): Promise<void> {
  const { user: { raw }, kernel } = world.machine('one');
  await world.run(20e9);
  raw.connect(raw.open('stream', silent), ABSENT, PORT);
  await world.run(30e9);
  expect(kernel.raw.irpsInUse()).toBeGreaterThan(0);
}

function leaksIn({ verdicts }: Pick<Conclusion, 'verdicts'>): Verdict[] {
  return verdicts.filter(({ kind }) => kind === 'lock leaked');
}

describe('cli/conclude', () => {
  it('gives what a load complains of as a verdict, of a kind that there is', async ({ arena }) => {
    const begun = await arena(0);
    complain(begun.load.figures, 'octet 7 is not as sent');
    const { verdicts } = await conclude(begun);
    expect(verdicts).toMatchObject([{ kind: 'data', sentence: 'octet 7 is not as sent' }]);
    expect(VERDICT_KINDS).toContain(verdicts[0]?.kind);
  });

  it('waits for what is open, so long and no longer', async ({ arena }) => {
    const short = await conclude(await arena(100e9));
    expect(short.unjudged).toBe(0);
    expect(short.abandonNs - short.stopNs).toBeCloseTo(100e9, -8);
    const long = await conclude(await arena(1000e9));
    expect(long.unjudged).toBe(2);
    expect(long.abandonNs - long.stopNs).toBe(150e9);
    expect(long.verdicts).toEqual([]);
  });

  it('waits no longer than some seconds on the wall', async ({ arena }) => {
    const begun = await arena(1000e9);
    lookEvery(25_000);
    const { abandonNs, stopNs, unjudged } = await conclude(begun);
    expect(abandonNs - stopNs).toBe(20e6); // after 25 s, and 50 s, but not after 75
    expect(unjudged).toBe(2);
  });

  it('waits less after Ctrl-C', async ({ arena }) => {
    const begun = await arena(1000e9);
    lookEvery(2000);
    const { abandonNs, stopNs } = await conclude(begun, () => true);
    expect(abandonNs - stopNs).toBe(10e6); // after 2 s, but not after 4
  });

  it('counts the requests that are under way when the time for it is over', async ({ arena }) => {
    const { world, load } = await arena(0);
    const { user: { raw }, kernel } = world.machine('one');
    const handle = raw.open('stream', silent);
    raw.connect(handle, ABSENT, PORT);
    await world.run(1e9);
    const requests = kernel.raw.irpsInUse();
    expect(requests).toBeGreaterThan(0);
    lookEvery(6000);
    expect(await conclude({ world, load })).toMatchObject({ unjudged: requests, verdicts: [] });
  });

  it('takes a request without an end for leaked, when all is closed', async ({ arena }) => {
    const { world, load } = await arena(0);
    const { user: { raw } } = world.machine('one');
    raw.echo(ABSENT, 8, 1e6, silent);
    const { verdicts, unjudged } = await conclude({ world, load });
    expect(verdicts).toMatchObject([{ kind: 'irp leaked', machine: 'one', words: [1] }]);
    expect(unjudged).toBe(0);
  });

  it('does not count what is open on a machine that is lost', async ({ arena }) => {
    const { world, load } = await arena(1000e9, 2);
    world.machine('two').stop();
    expect(await conclude({ world, load })).toMatchObject({ unjudged: 0, verdicts: [] });
  });

  it('looks once more when the drivers are unloaded', async ({ arena, expectFindings }) => {
    expectFindings('pool leaked');
    const { world, load } = await arena(0);
    world.machine('one').kernel.raw.userAllocate(64); // and nobody gives it back
    const { verdicts } = await conclude({ world, load });
    // The detector's, and the verifier's.
    expect(verdicts).toMatchObject([
      { kind: 'pool leaked', words: [1, 64] }, { kind: 'pool leaked', rule: 'POOL_LEAKED' },
    ]);
  });

  it('tells each lock of a machine that has leaked', async ({ arena, expectFindings }) => {
    expectFindings('lock leaked');
    const { world, load } = await arena(0);
    const machine = world.machine('one');
    const findings = machine.findings as Finding[];
    findings.push(leakOf(machine, 0), leakOf(machine, 1), leakOf(machine, 1));
    const names = leaksIn(await conclude({ world, load })).map(({ lock }) => lock?.name);
    const leaked = machine.locks().slice(0, 2).map(({ name }) => name);
    expect(names.toSorted()).toEqual(leaked.toSorted());
  });

  it('asks no machine that is lost to close what it has open', async ({
    leaking, expectFindings,
  }) => {
    const kinds = ['lock leaked', 'irql', 'hang'] as const;
    expectFindings(...kinds);
    const { world } = await leaking();
    await leaveRequest(world);
    const { verdicts, unjudged } = await conclude({ world, load: lasting(0, () => 0) });
    expect(new Set(verdicts.map(({ kind }) => kind))).toEqual(new Set(kinds));
    expect(unjudged).toBe(0);
  });

  it('does not count its requests either', async ({ leaking, expectFindings }) => {
    expectFindings('lock leaked', 'irql', 'hang');
    const { world } = await leaking();
    await leaveRequest(world);
    lookEvery(6000);
    expect(await conclude({ world, load: lasting(0, () => 0) })).toMatchObject({ unjudged: 0 });
  });
});

describe('cli/conclude: where a lock was acquired', () => {
  it('is found in the same world again', async ({ leaking, expectFindings }) => {
    expectFindings('lock leaked', 'irql', 'hang');
    const first = await leaking();
    await first.world.run(50e9);
    const conclusion = await conclude(first);
    expect(leaksIn(conclusion)).toMatchObject([{ machine: 'one', lock: { name: 'TcpTable' } }]);
    expect(leaksIn(conclusion)[0]?.site).toBeUndefined();

    const second = await leaking();
    again.open = async () => second;
    const verdicts = await locate(planRun({}), conclusion, () => false);
    expect(leaksIn({ verdicts })).toMatchObject([{ site: { file: 'tcpip/tcp/connect.ts' } }]);
    expect(second.sites).toEqual([1, 0]); // stacks are kept for a moment: they are slow
  });

  it('is sought in a world whose load ends when it did', async ({ leaking, expectFindings }) => {
    expectFindings('lock leaked', 'irql', 'hang');
    const first = await leaking();
    await first.world.run(50e9);
    const conclusion = { ...await conclude(first), stopNs: 10e9, abandonNs: 20e9 };

    const told: string[] = [];
    const second = await leaking(told);
    again.open = async () => second;
    const verdicts = await locate(planRun({}), conclusion, () => false);
    // What connects is closed before it is given up: here nothing is leaked.
    expect(verdicts).toEqual(conclusion.verdicts);
    expect(told.slice(0, 2)).toEqual(['stop at 10 s', 'abandon at 20 s']);
    expect(second.world.machine('one').findings).toEqual([]);
  });
});
