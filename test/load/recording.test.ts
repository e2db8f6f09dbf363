/** Conversations out of captures: real ones, whose streams tshark read the same, and made ones. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readCapture } from '../../host/link/pcapread.js';
import { mostAtOnce, readConversations, summarize } from '../../host/load/recording.js';
import type { Conversation, Recording, SideName } from '../../host/load/recording.js';
import {
  ACK, CLIENT, FIN, HANDSHAKE, RST, SERVER, SYN, ethernet, framesOf, made, read, seeded, streamOf,
} from './frames.js';

const FIXTURES = new URL('../fixtures/', import.meta.url);

/** Length and SHA-256 of what each side sent, as `tshark -q -z follow,tcp,raw,0` has them. */
const FOLLOWED: Record<string, {
  port: number; changes: number; client: string; server: string;
}> = {
  'curl-smb.pcapng': {
    port: 445,
    changes: 19,
    client: '708 494199caf9a7394af5c526fbea51565131b32c9ed0cb9e42ffbde266d265cce8',
    server: '100689 5dedf81f81ad39b4f1b80ecb0fb9c6d7b19c32d2516fc830fc3b6842301e16a1',
  },
  'smbclient-lanman2.pcapng': {
    port: 139,
    changes: 57,
    client: '102861 aa59c89a2dee37cad5ea6e31ad547450bac1f0c64df00396d450299d00e0f1b6',
    server: '102967 0d0fdfb9bc4c1a5a0793c69946060a8ad303f14a42b0d8099f7e37616a35b04c',
  },
  'smbclient-nt1-139.pcapng': {
    port: 139,
    changes: 61,
    client: '102597 92414921197fded0b63b8501cc93e4161a389460bf2e927a6f3b5660d34bf6e6',
    server: '103492 953a0452fe83b596c080fcaa689b0fd5a7061810aa0083f719d7aa1bd240192e',
  },
  'smbclient-nt1-spnego.pcapng': {
    port: 139,
    changes: 63,
    client: '102901 f84cad8c6e47117acb3b16f2ee5e7f0a59e43bd8fe1f0bda181804c4f07699da',
    server: '103856 2f7892dd325ca735c40c8f40a164b2eced8b945cbb797f79cc3bea85907b34d2',
  },
};

function expectFollowed(name: string, file: URL): void {
  const expected = FOLLOWED[name];
  const recording = readConversations(readCapture(readFileSync(file)));
  expect(recording.malformed).toEqual({});
  expect(recording.conversations).toHaveLength(1);
  const [conversation] = recording.conversations;
  for (const side of ['client', 'server'] as const) {
    const stream = streamOf(conversation, side);
    const digest = createHash('sha256').update(stream).digest('hex');
    expect(`${stream.length} ${digest}`, side).toBe(expected?.[side]);
  }
  const steps = conversation?.steps ?? [];
  const changes = steps.filter((step, at) => at > 0 && steps[at - 1]?.from !== step.from).length;
  expect(changes).toBe(expected?.changes);
  expect(conversation?.server).toEqual({ address: '10.77.0.1', port: expected?.port });
  expect([conversation?.closed, conversation?.closedBy]).toEqual(['fin', 'client']);
  expect(conversation?.gaps).toEqual([]);
}

describe('load/recording of real captures', () => {
  for (const name of Object.keys(FOLLOWED)) {
    it(`reads test/fixtures/${name} as tshark follows it`, () => {
      expectFollowed(name, new URL(name, FIXTURES));
    });
  }

  it('sums up what it read', () => {
    const file = readFileSync(new URL('curl-smb.pcapng', FIXTURES));
    const { conversations } = readConversations(readCapture(file));
    expect(summarize(conversations)).toEqual({
      conversations: 1,
      steps: 20,
      octets: { client: 708, server: 100_689 },
      closed: { fin: 1, reset: 0, open: 0 },
      gaps: { count: 0, octets: 0 },
      durationNs: 15_499_940,
      ports: [{ port: 445, conversations: 1 }],
    });
    expect(summarize([])).toMatchObject({ conversations: 0, durationNs: 0, ports: [] });
  });
});

describe('load/recording', () => {
  it('restores streams from any segmentation, order, repetition, across the wrap', () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const random = seeded(seed);
      const below = (limit: number) => Math.floor(random() * limit);
      const start = seed % 2 === 0 ? 0xffffff00 : below(2 ** 32);
      const stream = Buffer.from(Array.from({ length: 3000 }, () => below(256)));
      const segments: { rank: number; octets: Uint8Array }[] = [];
      for (let at = 0; at < stream.length;) {
        const length = Math.min(1 + below(120), stream.length - at);
        for (let copies = 1 + below(2); copies > 0; copies -= 1) {
          const from = Math.max(0, at - (copies > 1 ? below(60) : 0));
          const data = stream.subarray(from, at + length);
          const rank = at + below(400);
          segments.push({ rank, octets: made('client', start + 1 + from, '', { data }) });
        }
        at += length;
      }
      segments.sort((a, b) => a.rank - b.rank);
      const { recording, first } = read([
        made('client', start, '', { flags: SYN }),
        made('server', 5000, '', { flags: SYN | ACK, acknowledgment: (start + 1) >>> 0 }),
        ...segments.map((segment) => segment.octets),
      ]);
      expect(streamOf(first, 'client').equals(stream), `seed ${seed}`).toBe(true);
      expect(first?.gaps).toEqual([]);
      const sent = segments.reduce((sum, { octets }) => sum + octets.length - 40, 0);
      expect(recording.repeatedOctets).toBe(sent - stream.length);
    }
  });

  it('keeps the order between the sides, and times that never go back', () => {
    const { first } = read([
      ...HANDSHAKE,
      made('client', 1001, 'ask'),
      made('server', 5004, 'two', { acknowledgment: 1004 }),
      made('server', 5001, 'one', { acknowledgment: 1004 }),
      made('client', 1004, 'more', { acknowledgment: 5007 }),
      made('server', 5007, 'three', { acknowledgment: 1008 }),
    ], [0, 1e6, 2e6, 3e6, 7e6, 8e6, 8e6 - 300, 9e6]);
    expect(first?.steps.map(({ from, timeNs, octets }) => (
      [from, timeNs, Buffer.from(octets).toString()]
    ))).toEqual([
      ['client', 3e6, 'ask'],
      ['server', 8e6, 'onetwo'],
      ['client', 8e6, 'more'],
      ['server', 9e6, 'three'],
    ]);
    expect([first?.startNs, first?.endNs]).toEqual([0, 9e6]);
    const since1970 = HANDSHAKE.map((octets, at) => (
      { timeNs: 1_795_176_513_000_000_001n + BigInt(at), octets: ethernet(octets), linkType: 1 }
    ));
    const [dated] = readConversations(since1970).conversations;
    expect([dated?.startNs, dated?.endNs]).toEqual([0, 2]);
  });

  it('joins what one side sends within mergeNs of the first, and refuses a wrong one', () => {
    const segments = [0, 1, 2, 3, 4].map((at) => made('client', 1001 + at, String(at)));
    const frames = framesOf([...HANDSHAKE, ...segments], [0, 0, 0, 10, 11, 12, 13, 14]);
    const texts = (mergeNs: number) => readConversations(frames, { mergeNs }).conversations[0]
      ?.steps.map((step) => `${step.timeNs} ${Buffer.from(step.octets).toString()}`);
    expect(texts(0)).toEqual(['10 0', '11 1', '12 2', '13 3', '14 4']);
    expect(texts(2)).toEqual(['10 012', '13 34']);
    expect(texts(Infinity)).toEqual(['10 01234']);
    for (const mergeNs of [-1, NaN]) {
      expect(() => readConversations([], { mergeNs })).toThrow(/^mergeNs: /);
    }
  });

  it('joins a conversation whose beginning was not captured', () => {
    const { first, client, server } = read([
      made('server', 0xfffffffe, 'answer', { acknowledgment: 700 }),
      made('client', 703, 'b', { acknowledgment: 4 }),
      made('client', 700, 'aaa', { acknowledgment: 4 }),
    ]);
    expect([client, server]).toEqual(['aaab', 'answer']);
    expect(first).toMatchObject({ client: CLIENT, server: SERVER, closed: 'open', closedBy: null });
    expect(first?.gaps).toEqual([]);
  });

  it('begins another conversation when the ports are used again', () => {
    const again = (flags: number, from: SideName, sequence: number, acknowledgment = 0) => (
      made(from, sequence, '', { flags, acknowledgment })
    );
    const { recording } = read([
      ...HANDSHAKE,
      made('client', 1001, 'first', { flags: ACK | FIN }),
      made('server', 5001, '', { flags: ACK | FIN, acknowledgment: 1007 }),
      again(SYN, 'client', 1000),
      again(SYN | ACK, 'server', 5000, 1001),
      made('client', 1001, 'second'),
      again(SYN, 'client', 99_000),
      again(SYN | ACK, 'server', 88_000, 99_001),
      made('client', 99_001, 'third'),
    ]);
    expect(recording.conversations.map((conversation) => (
      [streamOf(conversation, 'client').toString(), conversation.closed]
    ))).toEqual([['first', 'fin'], ['second', 'open'], ['third', 'open']]);
  });

  it('tells a late SYN from another conversation\'s', () => {
    const [syn, answer, acknowledgment] = HANDSHAKE;
    const data = made('server', 5001, 'data', { acknowledgment: 1001 });
    const segments = (...all: (Uint8Array | undefined)[]) => all.filter((one) => one !== undefined);
    const late = read(segments(syn, acknowledgment, data, answer));
    expect(late.recording.conversations).toHaveLength(1);
    expect([late.server, late.first?.client]).toEqual(['data', CLIENT]);
    const other = made('client', 99_000, '', { flags: SYN });
    const both = ({ conversations, attempts }: Recording) => conversations.length + attempts.length;
    expect(both(read(segments(data, other)).recording)).toBe(2);
    const answered = made('server', 99_000, '', { flags: SYN | ACK, acknowledgment: 4444 });
    expect(both(read(segments(data, answered)).recording)).toBe(2);
  });

  it('takes the first to send a SYN for the client when both do', () => {
    const { recording, first, client, server } = read([
      made('client', 1000, '', { flags: SYN }),
      made('server', 5000, '', { flags: SYN }),
      made('server', 5000, '', { flags: SYN | ACK, acknowledgment: 1001 }),
      made('client', 1000, '', { flags: SYN | ACK, acknowledgment: 5001 }),
      made('client', 1001, 'mine', { acknowledgment: 5001 }),
      made('server', 5001, 'yours', { acknowledgment: 1005 }),
    ]);
    expect(recording.conversations).toHaveLength(1);
    expect([first?.client, client, server]).toEqual([CLIENT, 'mine', 'yours']);
  });

  it('takes data that a SYN brings, and of two that differ the first', () => {
    const { client, recording } = read([
      made('client', 1000, 'early', { flags: SYN }),
      made('client', 1009, 'kept'),
      made('client', 1009, 'lost'),
      made('client', 1006, '<->'),
      made('client', 1006, '???'),
    ]);
    expect([client, recording.repeatedOctets]).toEqual(['early<->kept', 7]);
  });

  it('counts a SYN that is refused and repeated as one attempt', () => {
    const syn = made('client', 1000, '', { flags: SYN });
    const refusal = made('server', 0, '', { flags: RST | ACK, acknowledgment: 1001 });
    const { recording } = read([syn, refusal, syn, refusal, syn, refusal]);
    expect(recording.conversations).toEqual([]);
    expect(recording.attempts).toMatchObject([{ closed: 'reset', closedBy: 'server', steps: [] }]);
    const met = read([syn, refusal, ...HANDSHAKE, made('client', 1001, 'in')]);
    expect([met.recording.conversations.length, met.recording.attempts.length]).toEqual([1, 0]);
    expect([met.client, met.first?.closed, met.first?.closedBy]).toEqual(['in', 'open', null]);
    const ended = read([
      syn, refusal, ...HANDSHAKE,
      made('client', 1001, '', { flags: FIN | ACK }),
      made('server', 5001, '', { flags: FIN | ACK }),
    ]);
    expect(ended.first).toMatchObject({ closed: 'fin', closedBy: 'client' });
    const other = read([syn, refusal, made('client', 2000, '', { flags: SYN })]);
    expect(other.recording.attempts).toHaveLength(2);
  });

  it('takes a handshake that was never ended, as of a flood, for an attempt', () => {
    const [syn, answer, acknowledgment] = HANDSHAKE.slice(0, 3) as [Buffer, Buffer, Buffer];
    const reset = made('client', 1001, '', { flags: RST });
    for (const segments of [[syn], [syn, answer], [syn, answer, answer, reset]]) {
      const { recording } = read(segments);
      expect([recording.conversations.length, recording.attempts.length]).toEqual([0, 1]);
    }
    const { recording } = read([syn, answer, acknowledgment, reset]);
    expect([recording.conversations.length, recording.attempts.length]).toEqual([1, 0]);
  });

  it('tells how many conversations went on at a time', () => {
    const at = (startNs: number, endNs: number) => ({ startNs, endNs }) as Conversation;
    expect(mostAtOnce([])).toBe(0);
    expect(mostAtOnce([at(0, 10), at(11, 20), at(21, 30)])).toBe(1);
    expect(mostAtOnce([at(5, 10), at(0, 5), at(2, 3), at(4, 4), at(9, 30)])).toBe(2);
    expect(mostAtOnce([at(0, 100), at(1, 100), at(2, 3), at(4, 5)])).toBe(3);
  });

  it('tells how a conversation ended, and who ended it', () => {
    const closings: [Uint8Array[], string, SideName | null][] = [
      [[], 'open', null],
      [[made('server', 5001, '', { flags: FIN | ACK })], 'open', null],
      [[made('client', 1001, '', { flags: RST })], 'reset', 'client'],
      [[made('server', 5001, '', { flags: FIN | ACK }),
        made('client', 1001, '', { flags: RST })], 'reset', 'client'],
      [[made('server', 5001, '', { flags: FIN | ACK }),
        made('client', 1001, '', { flags: FIN | ACK }),
        made('client', 1002, '', { flags: RST })], 'fin', 'server'],
    ];
    for (const [segments, closed, closedBy] of closings) {
      expect(read([...HANDSHAKE, ...segments]).first).toMatchObject({ closed, closedBy });
    }
  });

  it('names octets that the capture lacks', () => {
    const hole = read([
      ...HANDSHAKE,
      made('server', 5001, 'ab', { acknowledgment: 1001 }),
      made('server', 5010, 'cd', { acknowledgment: 1001 }),
      made('client', 1001, 'ok', { acknowledgment: 5012 }),
    ]);
    expect(hole.server).toBe('abcd');
    expect(hole.first?.gaps).toEqual([{ from: 'server', offset: 2, octets: 7 }]);
    expect(hole.first?.steps.map((step) => step.from)).toEqual(['server', 'client']);
    const tail = read([...HANDSHAKE, made('client', 1001, '', { acknowledgment: 5021 })]);
    expect(tail.first?.gaps).toEqual([{ from: 'server', offset: 0, octets: 20 }]);
    const fin = read([...HANDSHAKE, made('client', 1001, '', { acknowledgment: 5002 })]);
    expect(fin.first?.gaps).toEqual([]);
    expect(summarize([...hole.recording.conversations, ...tail.recording.conversations]).gaps)
      .toEqual({ count: 2, octets: 27 });
  });

  it('refuses data after a FIN and sequence numbers far from any window', () => {
    const { recording, client } = read([
      ...HANDSHAKE,
      made('client', 1001, 'end', { flags: FIN | ACK }),
      made('client', 1005, 'after'),
      made('client', 1012, '', { flags: FIN | ACK }),
      made('client', 1001 + 2 ** 30 + 4, 'far', { acknowledgment: 5021 }),
      made('client', 1004, '', { acknowledgment: 5001 + 2 ** 30 + 1 }),
      made('client', 1001 - 2 ** 31, 'farthest'),
    ]);
    expect(client).toBe('end');
    expect(recording.conversations[0]?.gaps).toEqual([]);
    expect(recording.malformed).toEqual({
      'data after FIN': 1, 'sequence number far from any window': 2,
    });
  });

  it('keeps what comes early within bounds', () => {
    const early = Array.from({ length: 20_000 }, (_, at) => made('client', 1011 + at, 'x'));
    const { client, first } = read([...HANDSHAKE, ...early, made('client', 1001, 'too late!')]);
    expect(client).toBe('x'.repeat(20_000));
    expect(first?.gaps).toEqual([{ from: 'client', offset: 0, octets: 10 }]);
  });
});
