import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { readCapture } from '../../host/link/pcapread.js';
import { introduce } from '../../host/load/load.js';
import { readConversations } from '../../host/load/recording.js';
import type { Conversation, Step } from '../../host/load/recording.js';
import { createReplay } from '../../host/load/replay.js';
import { scriptOf } from '../../host/load/script.js';
import { SECOND, contextOf, it, perform } from './stage.js';

const CAPTURES = [
  'curl-smb', 'smbclient-lanman2', 'smbclient-nt1-139', 'smbclient-nt1-spnego',
] as const;

function recorded(name: typeof CAPTURES[number] = 'curl-smb'): readonly Conversation[] {
  const file = new URL(`../fixtures/${name}.pcapng`, import.meta.url);
  return readConversations(readCapture(new Uint8Array(readFileSync(file)))).conversations;
}

function octetsOf(conversations: readonly Conversation[]): number {
  return conversations.flatMap(({ steps }) => steps)
    .reduce((sum, step) => sum + step.octets.length, 0);
}

const text = (words: string): Uint8Array => new TextEncoder().encode(words);

function conversation(steps: Step[], more: Partial<Conversation> = {}): Conversation {
  return {
    client: { address: '192.0.2.1', port: 40_000 },
    server: { address: '192.0.2.2', port: 139 },
    startNs: 1000,
    endNs: SECOND,
    steps,
    closed: 'fin',
    closedBy: 'client',
    gaps: [],
    ...more,
  };
}

const TALK: Step[] = [
  { from: 'client', timeNs: 1000, octets: text('who are you') },
  { from: 'server', timeNs: 250_001_000, octets: text('a server') },
  { from: 'server', timeNs: 500_001_000, octets: text(' of files') },
  { from: 'client', timeNs: 500_002_000, octets: text('well then') },
];

describe('load/script', () => {
  it('gives each side its octets, and each turn what it needs of the other', () => {
    const script = scriptOf(conversation(TALK, { closedBy: 'server' }));
    expect(Buffer.from(script.client.octets).toString()).toBe('who are youwell then');
    expect(script.client.turns).toEqual([
      { timeNs: 0, end: 11, needs: 0 },
      { timeNs: 500_001_000, end: 20, needs: 17 },
    ]);
    expect(script.server.turns.map(({ needs }) => needs)).toEqual([11, 11]);
    expect(script).toMatchObject({ serverPort: 139, endsFirst: 'server', resets: false });
  });
});

describe('load/replay', () => {
  it('plays a recording of a real client and server, each octet as recorded', async ({ stage }) => {
    const conversations = recorded();
    expect(conversations.length).toBeGreaterThan(0);
    const world = await stage();
    const load = createReplay({ conversations, rounds: 2, times: 3 });
    await perform(world, load, 20 * SECOND);
    const played = 2 * 2 * 3 * conversations.length;
    expect(load.figures).toMatchObject({
      errors: 0, complaints: [], opened: played, replayed: played, closed: played, aborted: 0,
      verified: played / conversations.length * octetsOf(conversations),
    });
  });

  for (const target of ['free', 'checked'] as const) {
    it.for(CAPTURES)(`plays %s on ${target}, each octet as recorded`, async (name, { stage }) => {
      const conversations = recorded(name);
      const world = await stage({ target }, 1);
      const load = createReplay({ conversations, times: 1 });
      await perform(world, load, 20 * SECOND);
      const octets = octetsOf(conversations);
      expect(octets).toBeGreaterThan(100_000);
      expect(load.figures).toMatchObject({
        complaints: [], replayed: 1, closed: 1, failed: 0, held: 0, missing: 0,
        octets, verified: octets, differing: 0,
      });
    });
  }

  it('plays it over a link that loses, too', async ({ stage }) => {
    const world = await stage({ link: 'switch:?loss=5%25&delay=10ms' }, 1);
    const load = createReplay({ conversations: recorded(), times: 2 });
    await perform(world, load, 120 * SECOND);
    expect(load.figures).toMatchObject({ errors: 0, complaints: [], replayed: 2 });
  });

  it('keeps to the times of the recording, or so many times faster', async ({ stage }) => {
    for (const speed of [1, 10]) {
      const world = await stage({}, 1);
      const context = contextOf(world);
      const load = createReplay({ conversations: [conversation(TALK)], times: 1, speed });
      await introduce(world, context);
      const beganNs = world.clock.now;
      load.start(world, context);
      await world.runUntil(() => load.figures.replayed === 1, 10 * SECOND);
      const took = world.clock.now - beganNs;
      expect(took).toBeGreaterThan(SECOND / 2 / speed);
      expect(took).toBeLessThan(SECOND / 2 / speed + 20e6);
      load.abandon();
      await world.run(SECOND);
    }
  });

  it('plays what ended with a reset, what never ended, and what never began', async ({ stage }) => {
    const world = await stage({}, 1);
    const load = createReplay({
      conversations: [
        conversation(TALK, { closed: 'reset', closedBy: 'server' }),
        conversation(TALK, { closed: 'open', closedBy: null }),
        conversation([]),
        conversation(TALK.slice(0, 2), { closedBy: 'server', startNs: 0 }),
      ],
      times: 2,
    });
    await perform(world, load, 10 * SECOND);
    expect(load.figures).toMatchObject({
      errors: 0, complaints: [], replayed: 8, opened: 8, closed: 8, aborted: 0,
    });
  });

  it('complains of an octet that is not as recorded', async ({ stage }) => {
    const world = await stage({}, 1);
    const context = contextOf(world);
    const { raw } = context.server.user;
    const receive = raw.receive.bind(raw);
    raw.receive = (handle, block, octets) => {
      const count = receive(handle, block, octets);
      if (count === 9) block.view(count)[4] = 0;
      return count;
    };
    const load = createReplay({ conversations: [conversation(TALK)], times: 1 });
    await introduce(world, context);
    load.start(world, context);
    await world.run(2 * SECOND);
    expect(load.figures).toMatchObject({
      replayed: 0, failed: 1, errors: 1, differing: 1, verified: octetsOf([conversation(TALK)]) - 1,
      complaints: ['replay: server: server on port 139: octet 15 is not as recorded'],
    });
    load.abandon();
    await world.run(SECOND);
  });

  it('says what it cannot play', () => {
    expect(() => createReplay({ conversations: [] })).toThrow(/conversations: none/);
    expect(() => createReplay({ conversations: recorded(), speed: 0 })).toThrow(/speed: 0/);
  });
});
