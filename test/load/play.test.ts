/** Conversations at their time, that find no room, that fail, and that a reset ends. */

import { describe, expect } from 'vitest';
import type { World, WorldOptions } from '../../host/index.js';
import { valueOf } from '../../host/kernel/layout.js';
import { CaptureWriter } from '../../host/link/pcapngwrite.js';
import { readCapture } from '../../host/link/pcapread.js';
import type { GuestList } from '../../host/load/gate.js';
import { introduce } from '../../host/load/load.js';
import type { Load } from '../../host/load/load.js';
import { createMix } from '../../host/load/mix.js';
import { readConversations } from '../../host/load/recording.js';
import type { Conversation, Recording } from '../../host/load/recording.js';
import { createReplay } from '../../host/load/replay.js';
import { SECOND, contextOf, it, perform } from './stage.js';

const octets = new TextEncoder().encode('who are you');
const RETRIES_NS = 600 * SECOND;

function conversation(startNs: number, more: Partial<Conversation> = {}): Conversation {
  return {
    client: { address: '192.0.2.1', port: 40_000 },
    server: { address: '192.0.2.2', port: 139 },
    startNs,
    endNs: startNs + 40e6,
    steps: [
      { from: 'client', timeNs: startNs + 10e6, octets },
      { from: 'server', timeNs: startNs + 30e6, octets },
    ],
    closed: 'fin',
    closedBy: 'client',
    gaps: [],
    ...more,
  };
}

function many(count: number): Conversation[] {
  return Array.from({ length: count }, () => conversation(0));
}

function sum(world: World, counter: string): number {
  return world.machines.reduce((total, machine) => total + (machine.counters()[counter] ?? 0), 0);
}

function dropsOf(world: World): Record<string, number> {
  const drops = world.machines.flatMap((machine) => Object.entries(machine.drops()));
  return Object.fromEntries(drops.filter(([, count]) => count > 0));
}

/** Every connect of the client ends at once with a status; how many there were. */
function refuse(world: World, name: string): () => number {
  const { kernel, user } = world.machine('client1');
  let tries = 0;
  user.raw.connect = () => {
    tries++;
    return valueOf(kernel.layout, 'Status', name);
  };
  return () => tries;
}

async function begin(world: World, load: Load, ns: number): Promise<void> {
  const context = contextOf(world);
  await introduce(world, context);
  load.start(world, context);
  await world.run(ns);
}

/** What is on the wire while `conversations` are played once. */
async function recordedAgain(
  stage: (options: Partial<WorldOptions>, clients: number) => Promise<World>,
  conversations: readonly Conversation[],
): Promise<Recording> {
  const chunks: Uint8Array[] = [];
  const pcap = new CaptureWriter((chunk) => chunks.push(chunk));
  const world = await stage({ pcap }, 1);
  await perform(world, createReplay({ conversations, times: 1 }), 5 * SECOND);
  pcap.flush();
  return readConversations(readCapture(new Uint8Array(Buffer.concat(chunks))));
}

describe('load/play', () => {
  it('begins each conversation at its time, and keeps the gaps in it', async ({ stage }) => {
    const starts = [0, 3e6, 3e6, 250e6, 1e9];
    const again = await recordedAgain(stage, starts.map((ns) => conversation(ns)));
    const firstNs = again.conversations[0]?.startNs ?? NaN;
    expect(again.conversations.map(({ startNs }) => startNs - firstNs)).toEqual(starts);
    for (const { startNs, steps } of again.conversations) {
      expect(steps.map(({ from, timeNs }) => [from, timeNs - startNs])).toEqual([
        ['client', 10e6], ['server', 30e6],
      ]);
    }
  });

  it('plays what it has recorded of its own as well', async ({ stage }) => {
    const once = await recordedAgain(stage, [...many(20), conversation(7e6)]);
    expect(once.conversations).toHaveLength(21);
    const world = await stage({}, 1);
    const load = createReplay({ conversations: once.conversations, times: 2 });
    await perform(world, load, 5 * SECOND);
    expect(load.figures).toMatchObject({
      replayed: 42, failed: 0, held: 0, complaints: [], verified: 42 * 2 * octets.length,
    });
  });

  it('holds back what the backlog has no room for: no SYN is refused', async ({ stage }) => {
    const world = await stage({}, 2);
    const load = createReplay({ conversations: many(500), times: 1 });
    await perform(world, load, 5 * SECOND);
    expect(load.figures).toMatchObject({
      replayed: 1000, closed: 1000, held: 800, failed: 0, refused: 0, complaints: [],
    });
    expect(dropsOf(world)).toEqual({});
  });

  it('waits for connections that the machine has in use', async ({ stage }) => {
    const parameters = { TcpNumConnections: 20, TcpTimedWaitDelay: 30 };
    const world = await stage({ parameters }, 1);
    const load = createReplay({ conversations: many(50), times: 1 });
    await begin(world, load, SECOND);
    expect(load.figures).toMatchObject({ replayed: 20, held: 30, failed: 0 });
    await world.run(RETRIES_NS);
    expect(load.figures).toMatchObject({
      replayed: 50, held: 30, failed: 0, exhausted: 0, complaints: [],
    });
    load.abandon();
  });

  it('tries a bounded number of times, and then says why it failed', async ({ stage }) => {
    const world = await stage({}, 1);
    const tries = refuse(world, 'ADDRESS_ALREADY_EXISTS');
    const load = createReplay({ conversations: many(3), times: 1 });
    await begin(world, load, RETRIES_NS);
    expect(tries()).toBe(60);
    expect(load.figures).toMatchObject({
      failed: 3, held: 3, exhausted: 3, opened: 0, replayed: 0,
      complaints: [
        'replay: 3 conversations failed: the connect ended with ADDRESS_ALREADY_EXISTS ' +
          '(the first: client1 to port 139)',
      ],
    });
    load.abandon();
  });

  it('tries as often in each round', async ({ stage }) => {
    const world = await stage({}, 1);
    const tries = refuse(world, 'ADDRESS_ALREADY_EXISTS');
    const load = createReplay({ conversations: many(1), times: 3 });
    await begin(world, load, 3 * RETRIES_NS);
    expect(tries()).toBe(60);
    expect(load.figures).toMatchObject({ failed: 3, held: 3 });
    load.abandon();
  });

  it('begins nothing that waits outside when it stops', async ({ stage }) => {
    const world = await stage({}, 1);
    const load = createReplay({ conversations: many(300), times: 1 });
    await begin(world, load, 1e6);
    expect(load.figures).toMatchObject({ held: 100, failed: 0 });
    load.stop();
    await world.run(5 * SECOND);
    // As many as the backlog has places; none of those who waited for one.
    expect(load.figures).toMatchObject({ opened: 200, replayed: 200, closed: 200, failed: 0 });
    expect(load.open).toBe(0);
    load.abandon();
  });

  it('asks no machine for a socket that can run no program', async ({ stage }) => {
    const world = await stage({}, 1);
    const load = createReplay({ conversations: [conversation(0), conversation(SECOND)], times: 1 });
    await begin(world, load, SECOND / 2);
    expect(load.figures).toMatchObject({ replayed: 1, closed: 1 });
    world.machine('client1').stop();
    await world.run(RETRIES_NS);
    expect(load.figures).toMatchObject({
      replayed: 1, opened: 1, failed: 0, held: 0, exhausted: 0, complaints: [],
    });
    load.abandon();
  });

  it('does not try again what has nothing to do with room', async ({ stage }) => {
    const world = await stage({}, 1);
    const tries = refuse(world, 'NETWORK_UNREACHABLE');
    const load = createReplay({ conversations: many(1), times: 1 });
    await begin(world, load, RETRIES_NS);
    expect(tries()).toBe(1);
    expect(load.figures).toMatchObject({
      failed: 1, held: 0, unreachable: 1,
      complaints: [
        'replay: 1 conversation failed: the connect ended with NETWORK_UNREACHABLE ' +
          '(the first: client1 to port 139)',
      ],
    });
    load.abandon();
  });

  it('counts, and says no more, where the link loses', async ({ stage }) => {
    const world = await stage({ link: 'switch:?loss=100%25' }, 1);
    const load = createReplay({ conversations: many(2), times: 1 });
    await begin(world, load, 60 * SECOND);
    expect(load.figures).toMatchObject({ failed: 2, unreachable: 2, complaints: [] });
    load.abandon();
  });

  it('expects nobody whose connect came to nothing', async ({ stage }) => {
    const world = await stage({ link: 'switch:?loss=100%25' }, 1);
    const load = createReplay({ conversations: many(2), times: 1 });
    const { guests } = load as unknown as { guests: GuestList };
    const keys: number[] = [];
    const add = guests.add.bind(guests);
    guests.add = (...guest) => {
      const key = add(...guest);
      keys.push(key);
      return key;
    };
    await begin(world, load, 60 * SECOND);
    expect(load.figures).toMatchObject({ failed: 2, unreachable: 2 });
    expect(keys).toHaveLength(2);
    const left = keys.filter((key) => guests.take(Math.floor(key / 2 ** 16), key % 2 ** 16));
    expect(left).toEqual([]);
    load.abandon();
  });

  it('says that a connection was cut off', async ({ stage }) => {
    const world = await stage({}, 1);
    const load = createReplay({ conversations: many(1), times: 1 });
    await begin(world, load, 20e6);
    expect(load.figures).toMatchObject({ opened: 1, failed: 0 });
    const { raw } = world.machine('server').user;
    const close = raw.close.bind(raw);
    let closed = 0;
    raw.send = (handle) => {
      closed = handle;
      close(handle, true);
      return 0;
    };
    raw.close = (handle, abort) => {
      if (handle !== closed) close(handle, abort);
    };
    await world.run(SECOND);
    expect(load.figures).toMatchObject({ failed: 1, aborted: 1, replayed: 0, closed: 0 });
    expect(load.figures.complaints).toEqual([
      'replay: 1 conversation failed: the client was cut off (the first: client1 to port 139)',
    ]);
    load.abandon();
  });

  it('ends with one reset, which meets no later connection', async ({ stage }) => {
    const reset = { closed: 'reset', closedBy: 'server' } as const;
    const world = await stage({}, 1);
    const load = createReplay({ conversations: [conversation(0, reset)], times: 5 });
    await perform(world, load, 2 * SECOND);
    expect(load.figures).toMatchObject({ replayed: 5, closed: 5, failed: 0, complaints: [] });
    expect(sum(world, 'TCP_OUT_RSTS')).toBe(5);
    expect(dropsOf(world)).toEqual({});
  });

  it('waits no longer for a reset that has come', async ({ stage }) => {
    const reset = { closed: 'reset', closedBy: 'server' } as const;
    const world = await stage({}, 1);
    const load = createReplay({ conversations: [conversation(0, reset)], times: 1 });
    await begin(world, load, 12 * SECOND);
    expect(load.figures).toMatchObject({ replayed: 1, closed: 1, failed: 0, complaints: [] });
    load.abandon();
  });

  it('gives a reset up that was lost', async ({ stage }) => {
    const reset = { closed: 'reset', closedBy: 'server' } as const;
    const world = await stage({}, 1);
    const load = createReplay({ conversations: [conversation(0, reset)], times: 1 });
    const { raw } = world.machine('server').user;
    const close = raw.close.bind(raw);
    const unheard: number[] = [];
    raw.close = (handle) => unheard.push(handle);
    await begin(world, load, SECOND);
    expect(load.figures).toMatchObject({ replayed: 1, closed: 0 });
    expect(load.open).toBe(2); // the gate, and the client's
    await world.run(10 * SECOND);
    expect(load.figures).toMatchObject({ replayed: 1, closed: 1, failed: 0 });
    raw.close = close;
    for (const handle of unheard) close(handle, true);
    load.abandon();
  });

  it('says how many octets the recording lacks', () => {
    const lacking = conversation(0, {
      gaps: [{ from: 'server', offset: 3, octets: 7 }, { from: 'client', offset: 0, octets: 2 }],
    });
    expect(createReplay({ conversations: [lacking, ...many(1)] }).figures.missing).toBe(9);
  });

  it('is as many rounds as make the connections that its weight asks for', async ({ stage }) => {
    for (const [count, opened] of [[1, 32], [8, 32], [100, 100]] as const) {
      const world = await stage({}, 1);
      const load = createMix({ replay: 1 }, many(count));
      await begin(world, load, 35e6);
      expect(load.figures.opened).toBe(opened);
      load.abandon();
    }
  });
});
