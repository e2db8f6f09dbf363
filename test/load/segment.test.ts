/** TCP segments out of frames of every link layer, and out of frames that are none. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readCapture } from '../../host/link/pcapread.js';
import { readConversations, summarize } from '../../host/load/recording.js';
import {
  CLIENT, FIN, HANDSHAKE, RST, SYN, ethernet, framesOf, linkLayers, made, read, seeded, streamOf,
} from './frames.js';

const FIXTURE = new URL('../fixtures/curl-smb.pcapng', import.meta.url);

describe('load/segment', () => {
  const segments = [...HANDSHAKE, made('client', 1001, 'hello', { acknowledgment: 5001 })];

  for (const [name, { linkType, wrap }] of Object.entries(linkLayers)) {
    it(`finds IPv4 in ${name}`, () => {
      const recording = readConversations(
        segments.map((octets, at) => ({ timeNs: at, octets: wrap(octets), linkType })),
      );
      expect(recording.malformed).toEqual({});
      expect(recording.ignored).toEqual({});
      expect(streamOf(recording.conversations[0], 'client').toString()).toBe('hello');
      expect(recording.conversations[0]?.client).toEqual(CLIENT);
    });
  }

  it('counts what is sound but something else', () => {
    const other = (linkType: number, octets: number[]) => (
      { timeNs: 0, linkType, octets: Uint8Array.from(octets) }
    );
    const header = Array(12).fill(0) as number[];
    const udp = made('client', 0, '');
    udp[9] = 17;
    const recording = readConversations([
      other(1, [...header, 8, 6, ...header]),
      other(1, [...header, 0x86, 0xdd, ...header]),
      other(1, [...header, 0, 3, 0x42, 0x42, 3]),
      other(101, [0x60, 0, 0]),
      other(0, [10, 0, 0, 0, 1]),
      other(147, [1]),
      other(1, [...ethernet(udp)]),
    ]);
    expect(recording.ignored).toEqual({
      ARP: 1, IPv6: 2, '802.2 without SNAP': 1, 'another address family': 1, 'link type 147': 1,
      UDP: 1,
    });
    expect(recording).toMatchObject({ frames: 7, segments: 0, conversations: [], malformed: {} });
  });

  it('drops a frame cut anywhere in its headers, by reason, and keeps what is left of data', () => {
    const whole = ethernet(made('client', 1001, 'hello'));
    for (let length = 0; length < whole.length; length += 1) {
      const cut = { timeNs: 0, octets: whole.subarray(0, length), linkType: 1 };
      const { malformed, conversations } = readConversations([cut]);
      const expected = length < 14 ? 'link header incomplete'
        : length < 34 ? 'IPv4 header incomplete'
          : length < 54 ? 'TCP header incomplete' : 'data cut short by the capture';
      expect(malformed, `${length} octets`).toEqual({ [expected]: 1 });
      expect(conversations).toHaveLength(length < 54 ? 0 : 1);
    }
    const cut = framesOf([...HANDSHAKE, made('client', 1001, 'hello'), made('client', 1006, '!')]);
    const frame = cut[3];
    if (frame !== undefined) cut[3] = { ...frame, octets: frame.octets.subarray(0, 56) };
    const [conversation] = readConversations(cut).conversations;
    expect(streamOf(conversation, 'client').toString()).toBe('he!');
    expect(conversation?.gaps).toEqual([{ from: 'client', offset: 2, octets: 3 }]);
  });

  it('counts headers that cannot be, by reason', () => {
    const change = (at: number, ...octets: number[]) => {
      const segment = made('client', 1001, 'x');
      segment.set(octets, at);
      return segment;
    };
    const { recording } = read([
      change(0, 0x55), change(0, 0x44), change(2, 0, 19), change(32, 0x40), change(32, 0xf0),
      change(33, SYN | FIN), change(33, SYN | RST), change(33, 0), change(20, 0, 0),
      made('client', 1, '', { target: CLIENT }),
    ]);
    expect(recording.malformed).toEqual({
      'not IP version 4': 1, 'IPv4 lengths': 2, 'TCP data offset': 2, 'TCP flags': 3,
      'TCP port 0': 1, 'source is target': 1,
    });
    expect(recording.segments).toBe(0);
  });

  it('takes a total length of 0 for all there is, as a card that segments leaves it', () => {
    const segment = made('client', 1001, 'hello');
    segment.set([0, 0], 2);
    expect(read([...HANDSHAKE, segment]).client).toBe('hello');
  });

  it('leaves out the padding of short frames', () => {
    const padded = new Uint8Array(60);
    padded.set(ethernet(made('client', 1001, 'hi')));
    const frames = [...framesOf(HANDSHAKE), { timeNs: 9e6, octets: padded, linkType: 1 }];
    const [conversation] = readConversations(frames).conversations;
    expect(streamOf(conversation, 'client').toString()).toBe('hi');
  });

  it('survives 20,000 mutated frames, and accounts for each', () => {
    const frames = [...readCapture(readFileSync(FIXTURE))];
    for (let seed = 1; seed <= 200; seed += 1) {
      const random = seeded(seed);
      const below = (limit: number) => Math.floor(random() * limit);
      const mutated = Array.from({ length: 100 }, () => {
        const original = frames[below(frames.length)] ?? { octets: new Uint8Array(0) };
        const end = random() < 0.2 ? below(80) : undefined;
        const octets = Uint8Array.from(original.octets.subarray(0, end));
        for (let changes = below(4); changes > 0; changes -= 1) {
          octets[below(Math.min(octets.length, 60))] = below(256);
        }
        return { timeNs: below(1e9), octets, linkType: random() < 0.9 ? 1 : below(300) };
      });
      for (const frame of mutated) {
        const { segments, ignored, malformed } = readConversations([frame]);
        const reasons = [...Object.keys(ignored), ...Object.keys(malformed)];
        expect(segments + reasons.length, `seed ${seed}`).toBeGreaterThanOrEqual(1);
      }
      const recording = readConversations(mutated);
      expect(recording.frames).toBe(100);
      const held = summarize(recording.conversations).octets;
      expect(held.client + held.server + recording.repeatedOctets)
        .toBeLessThanOrEqual(mutated.reduce((sum, { octets }) => sum + octets.length, 0));
    }
  });
});
