/** Datagrams in pieces: in any order, and never past their bounds (RFC 791, 3.2; RFC 815). */

import { describe, expect } from 'vitest';
import {
  MORE_FRAGMENTS, TCP, THEM, UDP, US, SYN, ethernet, ipv4, mssOption, pieces, tcp, udp,
} from '../../wireside/build.js';
import type { Bench } from '../../wireside/fixture.js';
import { BOTH, it } from '../../wireside/fixture.js';
import { address, chance, difference, pattern } from '../../wireside/octets.js';

/** A bench with a socket on port 7 that takes datagrams of any size. */
function listening(bench: Bench): { bench: Bench; read: () => Uint8Array | string } {
  const socket = bench.user.socket('DATAGRAM');
  bench.user.bind(socket, 7);
  bench.user.option(socket, 'RECEIVE_BUFFER', 1 << 20);
  return { bench, read: () => bench.user.receive(socket) };
}

function message(length: number): Uint8Array {
  return udp(pattern(length), { source: 9, destination: 7 });
}

/** One piece of a UDP datagram, at `offset` octets. */
function piece(
  offset: number, octets: Uint8Array, more: boolean, identification = 5, source = THEM,
): Uint8Array {
  const fragment = (offset / 8) | (more ? MORE_FRAGMENTS : 0);
  return ethernet(ipv4(octets, { protocol: UDP, identification, fragment, source }));
}

function orders(count: number): number[][] {
  if (count === 0) return [[]];
  return orders(count - 1).flatMap((order) =>
    Array.from({ length: count }, (_, at) => order.toSpliced(at, 0, count - 1)));
}

describe('tcpip/ip/reassemble', () => {
  it('joins five pieces in every order', ({ bench }) => {
    const { bench: { machine }, read } = listening(bench());
    const whole = message(4000);
    let identification = 0;
    for (const order of orders(5)) {
      const parts = pieces(whole, 808, { protocol: UDP, identification: ++identification });
      machine.receive(...order.map((index) => parts[index] ?? new Uint8Array(0)));
      expect(difference(read(), pattern(4000)), order.join()).toBe('same');
    }
    expect(machine.counters()).toMatchObject({ IP_REASM_REQDS: 600, IP_REASM_OKS: 120 });
    expect(machine.dropped()).toEqual({});
  });

  for (const release of BOTH) {
    it(`${release}: joins the largest datagram of all, from pieces of 8 octets too`, ({
      bench,
    }) => {
      const { bench: { machine }, read } = listening(bench({ release }));
      const whole = message(65_507);
      for (const frame of pieces(whole, 1480, { protocol: UDP })) machine.receive(frame);
      expect(difference(read(), pattern(65_507))).toBe('same');
      for (const frame of pieces(message(3000), 8, { protocol: UDP, identification: 2 })) {
        machine.receive(frame);
      }
      expect(difference(read(), pattern(3000))).toBe('same');
    });
  }

  it('keeps datagrams apart that differ in identification, source or protocol', ({ bench }) => {
    const { bench: { machine }, read } = listening(bench());
    const a = message(100);
    const b = udp(pattern(100, 777), { source: 9, destination: 7 });
    const other = address('10.0.0.3');
    const c = udp(pattern(100, 999), { source: 9, destination: 7 }, { source: other });
    const foreign = { protocol: 99, identification: 1, fragment: MORE_FRAGMENTS };
    machine.receive(
      piece(0, a.subarray(0, 56), true, 1), piece(0, b.subarray(0, 56), true, 2),
      piece(0, c.subarray(0, 56), true, 1, other),
      ethernet(ipv4(a.subarray(0, 56), foreign)),
      piece(56, c.subarray(56), false, 1, other), piece(56, b.subarray(56), false, 2),
      piece(56, a.subarray(56), false, 1),
    );
    expect(difference(read(), pattern(100, 999))).toBe('same');
    expect(difference(read(), pattern(100, 777))).toBe('same');
    expect(difference(read(), pattern(100))).toBe('same');
  });

  it('has the header of the first piece, whichever came last (RFC 791, 3.2)', ({ bench }) => {
    const whole = udp(pattern(100), { source: 9, destination: 8 });
    const first = ipv4(whole.subarray(0, 56), { protocol: UDP, fragment: MORE_FRAGMENTS, ttl: 77 });
    const last = ipv4(whole.subarray(56), { protocol: UDP, fragment: 56 / 8, ttl: 33 });
    for (const order of [[first, last], [last, first]]) {
      const { machine } = bench();
      machine.receive(...order.map((datagram) => ethernet(datagram)));
      // Nobody listens: the error quotes the header.
      expect(machine.take()[0]?.icmp?.data[8]).toBe(77);
    }
  });

  it('ends a datagram whose pieces overlap: Teardrop (Q154174)', ({ bench }) => {
    const { bench: { machine }, read } = listening(bench());
    const whole = message(200);
    // The second piece lies inside the first.
    const inside = piece(24, whole.subarray(24, 28), false);
    machine.receive(piece(0, whole.subarray(0, 64), true), inside);
    expect(machine.dropped()).toEqual({ IP_FRAGMENT_OVERLAP: 1 });
    machine.receive(piece(64, whole.subarray(64), false));
    expect(read()).toHaveLength(0);
    expect(machine.count('IP_REASM_FAILS')).toBe(1);
  });

  it('ends a datagram whose pieces overlap by a little: modified Teardrop (Q179129)', ({
    bench,
  }) => {
    for (const [start, end, more] of [
      [0, 72, true], [56, 120, true], [8, 16, true], [120, 208, false],
    ] as const) {
      const { bench: { machine }, read } = listening(bench());
      const whole = message(200);
      machine.receive(piece(0, whole.subarray(0, 64), true));
      machine.receive(piece(64, whole.subarray(64, 128), true));
      machine.receive(piece(start, whole.subarray(start, end), more));
      expect(machine.dropped()).toEqual({ IP_FRAGMENT_OVERLAP: 1 });
      machine.receive(piece(128, whole.subarray(128), false));
      expect(read()).toHaveLength(0);
    }
  });

  it('ends a datagram that has two ends, or something behind its end', ({ bench }) => {
    for (const second of [
      piece(128, message(200).subarray(128, 160), true),
      piece(128, message(200).subarray(128, 140), false),
      piece(32, message(200).subarray(32, 64), false),
    ]) {
      const { bench: { machine } } = listening(bench());
      machine.receive(piece(64, message(200).subarray(64, 128), false), second);
      expect(machine.dropped()).toEqual({ IP_FRAGMENT_OVERLAP: 1 });
    }
  });

  it('lets a piece come twice, as networks do (RFC 791, 3.2)', ({ bench }) => {
    const { bench: { machine }, read } = listening(bench());
    const parts = pieces(message(2000), 1000, { protocol: UDP, identification: 3 });
    const [first, second, third] = parts;
    if (!first || !second || !third) throw new Error('three pieces');
    machine.receive(first, first, second, second, first, third);
    expect(difference(read(), pattern(2000))).toBe('same');
  });

  it('drops a piece that reaches past 65,535 octets: the ping of death', ({ bench }) => {
    const { bench: { machine }, read } = listening(bench());
    machine.receive(piece(0, pattern(1480), true));
    machine.receive(piece(65_528, pattern(8), false), piece(65_512, pattern(1480), false));
    machine.receive(piece(65_512, pattern(8), true));
    expect(machine.dropped()).toEqual({ IP_FRAGMENT_LENGTH: 3 });
    expect(read()).toHaveLength(0);
  });

  it('drops pieces of no octets, and pieces before the last that are no multiple of 8', ({
    bench,
  }) => {
    const { bench: { machine } } = listening(bench());
    machine.receive(
      piece(8, new Uint8Array(0), true), piece(8, new Uint8Array(0), false),
      piece(0, pattern(12), true), piece(80, pattern(7), true),
    );
    expect(machine.dropped()).toEqual({ IP_FRAGMENT_LENGTH: 4 });
    expect(machine.raw.runningTimers()).toBe(0);
  });

  it('forgets after 60 seconds what is not whole (RFC 1122, 3.3.2)', ({ bench }) => {
    const { bench: { machine }, read } = listening(bench());
    const parts = pieces(message(2000), 1000, { protocol: UDP });
    const blocks = machine.raw.poolBlocks();
    machine.receive(parts[0] ?? new Uint8Array(0));
    machine.advance(59_000);
    expect(machine.dropped()).toEqual({});
    machine.advance(2000);
    expect(machine.dropped()).toEqual({ IP_FRAGMENT_EXPIRED: 1 });
    expect(machine.raw.poolBlocks()).toBe(blocks);
    machine.receive(...parts.slice(1));
    expect(read()).toHaveLength(0);
    machine.advance(62_000);
    expect(machine.raw.runningTimers()).toBe(0);
  });

  it('holds no more octets than NtstackReassemblyOctets, whoever sends', ({ bench }) => {
    const { bench: { machine } } = listening(
      bench({ parameters: { NtstackReassemblyOctets: 65_535 } }),
    );
    for (let i = 0; i < 100; i++) machine.receive(piece(0, pattern(1480), true, i));
    const { IP_FRAGMENT_LIMIT: givenUp } = machine.dropped();
    expect(givenUp).toBe(100 - Math.floor(65_535 / 1480));
    expect(machine.count('IP_REASM_FAILS')).toBe(givenUp);
  });

  it('gives up no pieces for others of their own datagram', ({ bench }) => {
    const { bench: { machine } } = listening(
      bench({ parameters: { NtstackReassemblyOctets: 65_535 } }),
    );
    machine.receive(piece(0, pattern(1480), true, 1));
    for (let i = 0; i < 44; i++) machine.receive(piece(1480 * i, pattern(1480), true, 2));
    expect(machine.dropped()).toEqual({ IP_FRAGMENT_LIMIT: 1 });
    // The largest datagram has all the room. What is in it is no UDP.
    machine.receive(piece(1480 * 44, pattern(392), false, 2));
    expect(machine.dropped()).toEqual({ UDP_CHECKSUM: 1 });
    expect(machine.counters()).toMatchObject({ IP_REASM_FAILS: 1, IP_REASM_OKS: 1 });
  });

  it('holds no more than 256 datagrams at a time, and gives up the oldest for another', ({
    bench,
  }) => {
    const { bench: { machine }, read } = listening(bench());
    for (let i = 0; i < 300; i++) machine.receive(piece(0, pattern(8), true, i));
    expect(machine.dropped()).toEqual({ IP_FRAGMENT_LIMIT: 44 });
    const [first, ...others] = pieces(message(2000), 1000, { protocol: UDP, identification: 999 });
    machine.receive(first ?? new Uint8Array(0));
    for (let i = 300; i < 555; i++) machine.receive(piece(0, pattern(8), true, i));
    machine.receive(...others);
    expect(difference(read(), pattern(2000))).toBe('same');
    expect(machine.dropped()).toEqual({ IP_FRAGMENT_LIMIT: 256 });
  });

  it('counts as failed what there is no memory to put together', ({ bench }) => {
    const { bench: { machine } } = listening(bench());
    const [first, ...others] = pieces(message(2000), 1000, { protocol: UDP });
    machine.receive(first ?? new Uint8Array(0));
    machine.raw.failAllocation(3, 1);
    machine.receive(...others);
    machine.raw.failAllocation(0, 0);
    expect(machine.dropped()).toEqual({ NO_MEMORY: 1 });
    expect(machine.count('IP_REASM_FAILS')).toBe(1);
  });

  it('survives any pieces at all', ({ bench }) => {
    const below = chance(11);
    const { bench: { machine } } = listening(bench());
    for (let i = 0; i < 4000; i++) {
      const offset = below(4) === 0 ? below(8192) : below(6);
      const octets = pattern(below(3) === 0 ? below(100) : below(8) * 8);
      machine.receive(piece(offset * 8, octets, below(3) > 0, below(20)));
      if (i % 500 === 0) machine.advance(5000);
    }
    const { IP_REASM_REQDS: all, IP_IN_RECEIVES: frames } = machine.counters();
    expect(frames).toBe(4000);
    expect(all).toBeGreaterThan(3500);
  });

  it('joins a TCP segment in pieces as well', ({ bench }) => {
    const one = bench();
    one.user.listen(80);
    const syn = tcp({
      sourcePort: 4000, destinationPort: 80, sequence: 1, flags: SYN, options: mssOption(700),
    }, { source: THEM, destination: US });
    one.machine.receive(...pieces(syn, 8, { protocol: TCP }));
    expect(one.machine.take()[0]?.tcp).toMatchObject({ acknowledgment: 2 });
  });
});
