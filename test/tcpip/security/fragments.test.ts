/**
 * Datagrams in pieces that were made to break who joins them: Teardrop and what came of it
 * (Q154174, Q179129), pieces too small for a header, and pieces over one another (RFC 1858).
 */

import { describe, expect } from 'vitest';
import { viewOf } from '../../../host/wire/octets.js';
import {
  ACK, ICMP, MORE_FRAGMENTS, PSH, RST, SYN, TCP, THEM, UDP, US, echoRequest, ethernet, ipv4, pieces,
  tcp, udp,
} from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import { difference, pattern } from '../../wireside/octets.js';
import { Peer, arrive, stateOf } from '../../wireside/peer.js';

/** A piece: where it begins, its octets, whether it says that more follow. */
type Piece = readonly [offset: number, octets: number, more: boolean];

/** The attacks, as those who were hit described them; protocols as theirs. */
const ATTACKS: readonly [name: string, protocol: number, pieces: readonly Piece[]][] = [
  ['Teardrop: the second ends before the first does', UDP, [[0, 36, true], [24, 4, false]]],
  ['Teardrop with a first of a multiple of 8', UDP, [[0, 40, true], [24, 4, false]]],
  ['New Teardrop: the last within the first by less', UDP, [[0, 56, true], [48, 4, false]]],
  ['Syndrop: the same of TCP', TCP, [[0, 40, true], [24, 4, false]]],
  ['Bonk: one over a hole, and over what lies on both sides of it', UDP, [
    [0, 32, true], [56, 4, false], [24, 40, true],
  ]],
  ['Boink: the last before the first, which overlaps it', UDP, [[32, 4, false], [0, 40, true]]],
  ['Nestea: a third over the end of the second', UDP, [
    [0, 16, true], [48, 232, true], [8, 272, false],
  ]],
  ['Jolt: the end beyond 65,535', ICMP, [[0, 1480, true], [65_528, 380, false]]],
  ['Jolt 2: the same last piece, behind the end', ICMP, [[65_520, 9, false], [65_520, 9, false]]],
  ['Sesquipedalian: a first of no octets', UDP, [[0, 0, true], [8, 8, false]]],
  ['Rose: the two ends of a datagram of 64 KiB', UDP, [[0, 32, true], [64_800, 32, false]]],
  ['two ends', UDP, [[0, 24, true], [64, 8, false], [48, 8, false]]],
  ['an end that is said to be followed', UDP, [[64, 8, false], [64, 16, true]]],
];

let identification = 1000;

function framed([offset, octets, more]: Piece, protocol: number, id: number): Uint8Array {
  const fragment = (offset / 8) | (more ? MORE_FRAGMENTS : 0);
  return ethernet(ipv4(pattern(octets), { protocol, identification: id, fragment }));
}

/** The machine joins what is right, and answers. */
function mustBeWell({ machine }: Bench): void {
  machine.take();
  const whole = echoRequest(pattern(2000));
  machine.receive(...pieces(whole, 1000, { protocol: ICMP, identification: 7 }));
  expect(machine.take().filter(({ ip }) => ip?.protocol === ICMP).length).toBeGreaterThan(0);
}

describe('tcpip/security/fragments', () => {
  for (const release of ['nt40sp6a-q297040', 'modern']) {
    for (const [name, protocol, parts] of ATTACKS) {
      it(`${release}: takes no harm of ${name}`, ({ bench }) => {
        const one = bench({ release });
        const { machine } = one;
        machine.meet();
        mustBeWell(one);
        const { IP_REASM_OKS: joined = 0, IP_IN_DELIVERS: delivered = 0 } = machine.counters();
        const blocks = machine.raw.poolBlocks();
        for (const order of [parts, parts.toReversed()]) {
          for (let again = 0; again < 3; again++) {
            const id = identification++;
            machine.receive(...order.map((part) => framed(part, protocol, id)));
            // And each in a batch of its own.
            for (const part of order) machine.receive(framed(part, protocol, id));
          }
        }
        expect(machine.count('IP_REASM_OKS')).toBe(joined);
        expect(machine.count('IP_IN_DELIVERS')).toBe(delivered);
        machine.advance(62_000);
        expect(machine.raw.poolBlocks()).toBe(blocks);
        mustBeWell(one);
      });
    }
  }

  it('joins three pieces where they are a whole, in any order, and else never', ({ bench }) => {
    const { machine, user } = bench();
    const socket = user.socket('DATAGRAM');
    user.bind(socket, 7);
    user.option(socket, 'RECEIVE_BUFFER', 1 << 20);
    const shapes = [0, 8, 16, 24].flatMap((offset) => [8, 16, 12].flatMap((octets) =>
      [true, false].map((more): Piece => [offset, octets, more])))
      // That one is not a piece.
      .filter(([offset, , more]) => offset !== 0 || more);
    let joined = 0;
    for (const a of shapes) {
      for (const b of shapes) {
        const wanted: string[] = [];
        for (const c of shapes) {
          const whole = wholeOf([a, b, c]);
          if (whole !== undefined) wanted.push(whole.slice(8).join());
          sendThree(machine, [a, b, c]);
        }
        const came: string[] = [];
        for (let data = user.receive(socket); data.length > 0; data = user.receive(socket)) {
          came.push([...data].join());
        }
        // Each is what its pieces say, octet for octet.
        expect(came).toEqual(wanted);
        joined += came.length;
        machine.advance(62_000);
      }
    }
    expect(joined).toBeGreaterThan(100);
  });

  it('never puts two pieces over one another into one header (RFC 1858, 4)', ({ bench }) => {
    for (const release of ['nt40sp6a-q297040', 'modern']) {
      const one = bench({ release });
      const { machine, user } = one;
      machine.meet();
      const { peer } = arrive(one, user.listen(80), 80);
      const between = { source: THEM, destination: US };
      const numbers = { sourcePort: peer.port, destinationPort: 80, sequence: peer.next };
      // What a filter lets pass, and what is to stand from its octet 8 on.
      const harmless = tcp({
        ...numbers, acknowledgment: peer.ack, flags: ACK | PSH, data: pattern(24),
      }, between);
      const reset = tcp({ ...numbers, flags: RST, data: pattern(24) }, between).subarray(8);
      for (const length of [8, 16, reset.length]) {
        for (const order of [[0, 1, 2], [1, 0, 2], [2, 1, 0], [1, 2, 0]]) {
          const part = (octets: Uint8Array, fragment: number): Uint8Array => ethernet(ipv4(octets, {
            ...between, protocol: TCP, identification, fragment,
          }));
          identification++;
          const parts = [
            part(harmless.subarray(0, 40), MORE_FRAGMENTS),
            part(reset.subarray(0, length), 1 | (length === reset.length ? 0 : MORE_FRAGMENTS)),
            part(harmless.subarray(40), 5),
          ];
          machine.receive(...order.map((i) => parts[i] ?? new Uint8Array(0)));
        }
      }
      expect(stateOf(machine, peer)).toBe('ESTABLISHED');
      expect(machine.count('IP_REASM_OKS')).toBe(0);
      expect(machine.dropped()['IP_FRAGMENT_OVERLAP']).toBeGreaterThanOrEqual(12);
    }
  });

  it('takes a SYN of which no piece has ports and flags (RFC 1858, 3)', ({ bench }) => {
    const { machine, user } = bench();
    machine.meet();
    user.listen(80);
    const syn = tcp(
      { sourcePort: 4000, destinationPort: 80, sequence: 9, flags: SYN },
      { source: THEM, destination: US },
    );
    // It is for filters to drop; a host joins what is whole, and then looks at it.
    machine.receive(...pieces(syn, 8, { protocol: TCP, identification: identification++ }));
    const peer = new Peer(machine, { ours: 80, sequence: 9 });
    expect(peer.lines()).toEqual(['S. 0(0) ack 1']);
    for (let octets = 1; octets < 8; octets++) {
      machine.receive(ethernet(ipv4(syn.subarray(0, octets), {
        protocol: TCP, identification: identification++, fragment: MORE_FRAGMENTS,
      })));
    }
    expect(machine.dropped()).toEqual({ IP_FRAGMENT_LENGTH: 7 });
  });

  it('keeps no more than it may of 100,000 datagrams without an end', ({ bench }) => {
    const { machine } = bench({ release: 'modern' });
    const one = framed([0, 64, true], UDP, 0);
    const before = machine.raw.memory.buffer.byteLength;
    for (let i = 0; i < 100_000; i += 50) {
      machine.receive(...Array.from({ length: 50 }, (_, at) => numbered(one, i + at)));
    }
    const { IP_FRAGMENT_LIMIT: refused = 0 } = machine.dropped();
    expect(refused).toBe(100_000 - 256);
    expect(machine.raw.memory.buffer.byteLength).toBe(before);
    // None of them keeps out who has an end.
    const whole = udp(pattern(2000), { source: 9, destination: 8 });
    machine.receive(...pieces(whole, 1000, { protocol: UDP, identification: 1 }));
    expect(machine.count('IP_REASM_OKS')).toBe(1);
    const quoted = machine.take().at(-1)?.icmp?.data.subarray(20, 28) ?? '';
    expect(difference(quoted, whole.subarray(0, 8))).toBe('same');
  });

  it('gives up a datagram of more pieces than links make, and what waits longest first', ({
    bench,
  }) => {
    const { machine } = bench({ parameters: { NtstackReassemblyOctets: 65_535 } });
    const most = Math.ceil((65_535 - 20) / 48);
    for (let i = 0; i < most; i++) machine.receive(framed([8 * (i + 1), 8, true], UDP, 1));
    expect(machine.dropped()).toEqual({});
    machine.receive(framed([0, 8, true], UDP, 1));
    expect(machine.dropped()).toEqual({ IP_FRAGMENT_LIMIT: 1 });
    // There is nothing of it: it can begin again.
    machine.receive(framed([8, 16, true], UDP, 1));
    expect(machine.dropped()).toEqual({});
    // 44 fill the room; each that comes then takes the place of the first.
    for (let id = 2; id < 60; id++) machine.receive(framed([0, 1480, true], UDP, id));
    expect(machine.dropped()).toEqual({ IP_FRAGMENT_LIMIT: 15 });
    for (let id = 16; id < 60; id++) machine.receive(framed([1480, 8, false], UDP, id));
    expect(machine.count('IP_REASM_OKS')).toBe(44);
  });
});

/** The same frame with another identification and source. */
function numbered(frame: Uint8Array, i: number): Uint8Array {
  const copy = frame.slice();
  const view = viewOf(copy);
  let sum = ~view.getUint16(24) & 0xffff;
  for (const [at, value] of [[18, i & 0xffff], [28, 0x0b00 + (i >>> 16)]] as const) {
    sum += value + (~view.getUint16(at) & 0xffff);
    view.setUint16(at, value);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(24, ~sum & 0xffff);
  return copy;
}

/** What a piece says: octets that name it, but for the UDP header where it is the first. */
function octetsOf([offset, octets]: Piece, which: number, total: number): Uint8Array {
  const own = new Uint8Array(octets).map((_, i) => which * 64 + offset + i);
  if (offset !== 0) return own;
  const view = viewOf(own);
  view.setUint16(0, 9);
  view.setUint16(2, 7);
  view.setUint16(4, total);
  view.setUint16(6, 0);
  return own;
}

function sendThree(machine: Bench['machine'], three: readonly Piece[]): void {
  identification++;
  const total = wholeOf(three)?.length ?? 8;
  machine.receive(...three.map((piece, which) => {
    const fragment = (piece[0] / 8) | (piece[2] ? MORE_FRAGMENTS : 0);
    return ethernet(ipv4(octetsOf(piece, which, total), {
      protocol: UDP, identification: identification & 0xffff, fragment,
    }));
  }));
}

/**
 * The datagram that is to come of three pieces: of those that lie side by side from 0 to the one
 * end, and before which nothing came that is against them. What comes twice is as if it came once.
 */
function wholeOf(three: readonly Piece[]): Uint8Array | undefined {
  let kept: { piece: Piece; which: number }[] = [];
  for (const [which, piece] of three.entries()) {
    const [offset, octets, more] = piece;
    const end = offset + octets;
    if (more && octets % 8 !== 0) continue;
    if (kept.some(({ piece: [at, length] }) => at === offset && length === octets)) continue;
    const against = kept.some(({ piece: [at, length, goesOn] }) =>
      (offset < at + length && at < end) || (!goesOn && (!more || end > at + length))
      || (!more && at + length > end));
    kept = against ? [] : [...kept, { piece, which }];
    const last = kept.find(({ piece: [, , goesOn] }) => !goesOn)?.piece;
    const gathered = kept.reduce((sum, { piece: [, length] }) => sum + length, 0);
    if (last === undefined || gathered !== last[0] + last[1]) continue;
    const whole = new Uint8Array(gathered);
    for (const one of kept) whole.set(octetsOf(one.piece, one.which, gathered), one.piece[0]);
    return whole;
  }
  return undefined;
}
