import { describe, expect } from 'vitest';
import { CaptureWriter, FrameBatch } from '../../host/index.js';
import type { World, WorldOptions } from '../../host/index.js';
import { test } from '../../host/vitest.js';
import type { NtstackFixtures } from '../../host/vitest.js';

const SECOND = 1e9;
const MACHINES = [
  { name: 'server', address: '10.0.0.1/24' },
  { name: 'client', address: '10.0.0.2/24' },
];
const LOSSY = 'wire:?loss=3%&delay=5ms&jitter=2ms';

async function transfer(world: World, octets = 60_000): Promise<void> {
  const [server, client] = [world.machine('server'), world.machine('client')];
  const program = async (): Promise<void> => {
    const listener = await server.user.listen(80);
    const [near, far] = await Promise.all([
      client.user.connect('10.0.0.1', 80), listener.accept(),
    ]);
    const arrives = far.receiveAll();
    await near.send(new Uint8Array(octets).fill(7));
    await near.close();
    expect((await arrives).length).toBe(octets);
    await far.close();
    listener.close();
  };
  await world.complete(program(), 600 * SECOND);
}

type DigestOf = (options: Partial<WorldOptions>) => Promise<string>;

/** A test with worlds, and what one of them sends. */
const it = test.extend<{ make: NtstackFixtures['world']; digestOf: DigestOf }>({
  make: async ({ world }, use) => use(world),
  digestOf: async ({ make }, use) => {
    await use(async (options) => {
      const world = await make({ link: LOSSY, machines: MACHINES, ...options });
      await transfer(world);
      return world.digest();
    });
  },
});

describe('machine/world', () => {
  it('gives the same frames for a seed, in every target, and no others', async ({ digestOf }) => {
    const first = await digestOf({ seed: 5 });
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    expect(await digestOf({ seed: 5 })).toBe(first);
    // Free: its frames are those of the checked one.
    expect(await digestOf({ seed: 5, target: 'free' })).toBe(first);
    expect(await digestOf({ seed: 6 })).not.toBe(first);
  });

  it('gives the same frames however long each run is', async ({ make }) => {
    const once = await make({ machines: MACHINES });
    const often = await make({ machines: MACHINES });
    for (const world of [once, often]) {
      void world.machine('client').ping('10.0.0.1');
      void world.machine('server').ping('10.0.0.9');
    }
    await once.run(3 * SECOND);
    for (let i = 0; i < 300; i++) await often.run(SECOND / 100);
    expect(often.digest()).toBe(once.digest());
    expect(often.clock.now).toBe(once.clock.now);
  });

  it('runs callbacks to the end before `run` returns', async ({ make }) => {
    const world = await make({ machines: MACHINES });
    const { raw } = world.machine('client').user;
    let answered = 0;
    raw.echo(0x0a000001, 32, 1000, {
      onEvent: () => {
        answered++;
      },
    });
    const ran = world.run(SECOND);
    expect([answered, world.clock.now]).toEqual([1, SECOND]);
    await ran;
  });

  it('runs until a predicate holds, or a time has passed', async ({ make }) => {
    const world = await make({ machines: MACHINES });
    const client = world.machine('client');
    void client.ping('10.0.0.1');
    expect(await world.runUntil(() => client.card.stats.framesIn >= 2, SECOND)).toBe(true);
    expect(world.clock.now).toBeLessThan(SECOND / 1000);
    const nowNs = world.clock.now;
    expect(await world.runUntil(() => false, SECOND)).toBe(false);
    expect(world.clock.now).toBe(nowNs + SECOND);
    expect(await world.runUntil(new Promise(() => {}), SECOND)).toBe(false);
    expect(await world.runUntil(Promise.reject(new Error('no')), SECOND)).toBe(true);
    await expect(world.complete(new Promise(() => {}), SECOND)).rejects.toThrow('within 1 s');
    expect(world.clock.now).toBe(nowNs + 3 * SECOND);
  });

  it('runs three machines on a switch; finds them by name and number', async ({ make }) => {
    const world = await make({
      machines: [...MACHINES, { name: 'third', address: '10.0.0.3/24' }],
    });
    expect(world.machine(2)).toBe(world.machine('third'));
    expect(() => world.machine('thrid')).toThrow(/no machine thrid .* did you mean third/);
    const replies = Promise.all(
      ['10.0.0.1', '10.0.0.2'].map((host) => world.machine('third').ping(host)),
    );
    expect((await world.complete(replies, SECOND)).map(({ status }) => status))
      .toEqual(['SUCCESS', 'SUCCESS']);
  });

  it('writes all frames to a capture, and counts what others send too', async ({ make }) => {
    const chunks: Uint8Array[] = [];
    const pcap = new CaptureWriter((octets) => chunks.push(octets));
    const world = await make({ machines: MACHINES, pcap, link: 'switch:' });
    await world.complete(world.machine('client').ping('10.0.0.1'), SECOND);
    const sent = world.machines.map(({ card }) => card.stats.framesOut);
    expect(pcap.frames).toBe(sent.reduce((sum, frames) => sum + frames, 0));
    expect(pcap.frames).toBeGreaterThanOrEqual(4);
    const before = world.digest();
    const batch = new FrameBatch(1);
    batch.push(new Uint8Array(60).fill(0xff));
    world.link.attach({ receive: () => {} }).send(batch);
    expect(world.digest()).not.toBe(before);
  });

  it('keeps no digest where none is wanted', async ({ make }) => {
    const world = await make({ machines: MACHINES, digest: false });
    expect(() => world.digest()).toThrow('digest: false');
  });

  it('names what is wrong with its options', async ({ make }) => {
    const made = (options: object): Promise<World> => make(options as WorldOptions);
    await expect(made({})).rejects.toThrow(/machines: a world needs/);
    await expect(made({ machines: [null] })).rejects.toThrow(/machines: each has a name/);
    await expect(made({ machines: [{ address: '10.0.0.1/24' }] })).rejects.toThrow('has a name');
    await expect(made({ machines: [{ name: 'a' }] })).rejects.toThrow('a has no address');
    for (const own of [{ target: 'checked' }, { seed: 9 }, { link: 'wire:' }]) {
      const machines = [{ ...MACHINES[0], ...own }];
      await expect(made({ machines })).rejects.toThrow(
        new TypeError(`machines: server: ${Object.keys(own)[0]} is its world's, and not its own`),
      );
    }
    await expect(made({ machines: [MACHINES[0], MACHINES[0]] })).rejects.toThrow('called server');
    const third = { name: 'third', address: '10.0.0.1/16' };
    const three = [...MACHINES, third];
    await expect(made({ machines: three })).rejects.toThrow(
      new TypeError('machines: server and third have the same address, 10.0.0.1'),
    );
    third.address = '10.0.0.3/24';
    await expect(made({ machines: three, link: 'wire:?loss=1%' })).rejects.toThrow(
      new TypeError(
        "link 'wire:?loss=1%': wire: is for 2 machines, and there are 3; switch: takes more",
      ),
    );
    await expect(made({ machines: MACHINES, link: 'pcap:a' })).rejects.toThrow(
      new TypeError("link 'pcap:a': pcap: is for 1 machine, and there are 2; switch: takes more"),
    );
    await expect(made({ machines: MACHINES, sed: 1 })).rejects.toThrow(/sed: a world .* seed/);
    await expect(made({ machines: MACHINES, link: 'wier:' })).rejects.toThrow(/wier:/);
    await expect(made({ machines: MACHINES, target: 'fast' })).rejects.toThrow(/target: 'fast'/);
  });
});
