/** IPv4 datagrams in pieces: in any order, too few, too late, and impossible ones. */

import { describe, expect, it } from 'vitest';
import { CLIENT, HANDSHAKE, SERVER, fragmentsOf, ipv4, made, read, seeded } from './frames.js';

describe('load/fragments', () => {
  const text = 'fragments of one datagram, '.repeat(20);
  const pieces = fragmentsOf(made('client', 1001, text), 64);

  it('puts a datagram together from pieces in any order, repeated and overlapping', () => {
    const random = seeded(7);
    const wider = fragmentsOf(made('client', 1001, text), 96);
    for (let round = 0; round < 20; round += 1) {
      const shuffled = [...pieces, ...wider].map((piece) => ({ piece, rank: random() }))
        .sort((a, b) => a.rank - b.rank).map(({ piece }) => piece);
      const { client, recording } = read([...HANDSHAKE, ...shuffled]);
      expect(client).toBe(text);
      expect(Object.keys(recording.malformed)).toEqual(
        recording.malformed['datagram with fragments missing'] === undefined
          ? [] : ['datagram with fragments missing'],
      );
    }
  });

  it('counts a datagram that lacks a piece', () => {
    for (let missing = 0; missing < pieces.length; missing += 1) {
      const { recording, client } = read(pieces.filter((_, at) => at !== missing));
      expect(recording.malformed).toEqual({ 'datagram with fragments missing': 1 });
      expect(client).toBe('');
    }
  });

  it('refuses pieces that cannot be, and gives up what is too old or too much', () => {
    const impossible = ipv4(CLIENT.address, SERVER.address, new Uint8Array(100), 0x1fff, 1);
    const odd = ipv4(CLIENT.address, SERVER.address, new Uint8Array(13), 0x2000, 2);
    expect(read([impossible, odd]).recording.malformed)
      .toEqual({ 'fragment of an impossible length': 2 });
    const last = ipv4(CLIENT.address, SERVER.address, new Uint8Array(8), 2, 3);
    const beyond = ipv4(CLIENT.address, SERVER.address, new Uint8Array(16), 0x2000 | 4, 3);
    for (const order of [[last, beyond], [beyond, last]]) {
      expect(read(order).recording.malformed).toEqual({
        'fragments disagree on the length': 1, 'datagram with fragments missing': 1,
      });
    }
    const late = pieces.map((_, at) => (at === 0 ? 0 : 61e9));
    expect(read(pieces, late).recording.malformed)
      .toEqual({ 'datagram with fragments missing': 2 });
    const eight = (fragment: number, id: number) => (
      ipv4(CLIENT.address, SERVER.address, new Uint8Array(8), fragment, id)
    );
    const many = Array.from({ length: 300 }, (_, id) => eight(0x2000, id));
    // Of these 300, the latest can still be completed; the first begins anew.
    expect(read([...many, eight(1, 299), eight(1, 0)]).recording.malformed).toEqual({
      'TCP header incomplete': 1, 'datagram with fragments missing': 300,
    });
  });
});
