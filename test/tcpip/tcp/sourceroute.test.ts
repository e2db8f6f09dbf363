/** Source routes of connections (RFC 9293, 3.9.2.1; RFC 1122, 3.2.1.8 and 4.2.3.8). */

import { describe, expect } from 'vitest';
import { ACK, PSH, SYN, THEM, ethernet, icmp, ipv4 } from '../../wireside/build.js';
import { BOTH, it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import { address, pattern } from '../../wireside/octets.js';
import { Peer, arrive, stateOf, welcome } from '../../wireside/peer.js';
import type { Heard } from '../../../host/wire/read.js';

const LOOSE = 131;
const STRICT = 137;
const FAR = address('172.16.0.1');
const HOPS = [251, 252, 253].map((last) => address(`10.0.0.${last}`));
const [FIRST = 0, SECOND = 0, THIRD = 0] = HOPS;

/** An option with a route; its pointer is at the hop of that number, or behind the last. */
function route(hops: readonly number[], at = hops.length, kind = LOOSE): Uint8Array {
  const octets = new Uint8Array(Math.ceil((3 + 4 * hops.length) / 4) * 4);
  const view = new DataView(octets.buffer);
  octets.set([kind, 3 + 4 * hops.length, 4 + 4 * at]);
  for (const [i, hop] of hops.entries()) view.setUint32(3 + 4 * i, hop);
  return octets;
}

/** Each hop answers ARP. */
function letThemAnswer({ machine }: Bench): void {
  for (const hop of HOPS) machine.stations.set(hop, Uint8Array.of(2, 0, 0, 0, 1, hop & 255));
}

/** The way of a segment that went out: its first hop, and its options. */
function wayOf({ ip }: Heard): unknown {
  return { to: ip?.destination, options: [...ip?.options ?? []] };
}

/** The way by `hops` to `target`. */
function way(hops: readonly number[], target: number, kind = LOOSE): unknown {
  return { to: hops[0], options: [...route([...hops.slice(1), target], 0, kind)] };
}

/** The ways of the segments that went out. */
function ways({ machine }: Bench): unknown[] {
  return machine.take().filter(({ tcp }) => tcp !== undefined).map(wayOf);
}

/** A socket that connects to `peer` by `hops`, and is answered. */
function goBy(one: Bench, hops: readonly number[], peer: Peer): number {
  letThemAnswer(one);
  const handle = one.user.socket();
  for (const hop of hops) expect(one.user.option(handle, 'LOOSE_HOP', hop)).toBe('SUCCESS');
  welcome(one, peer, handle);
  return handle;
}

describe('tcpip/tcp/sourceroute', () => {
  for (const release of BOTH) {
    it(`${release}: is what the client gives to a connect, in each segment (MUST-51)`, ({
      bench,
    }) => {
      const one = bench({ release });
      letThemAnswer(one);
      const handle = one.user.socket();
      one.user.option(handle, 'LOOSE_HOP', FIRST);
      one.user.option(handle, 'LOOSE_HOP', SECOND);
      const peer = new Peer(one.machine, { port: 139, address: FAR });
      one.user.connect(handle, 139, FAR);
      const expected = way([FIRST, SECOND], FAR);
      const [syn] = one.machine.take();
      expect(syn === undefined ? undefined : wayOf(syn)).toEqual(expected);
      peer.ours = syn?.tcp?.sourcePort ?? 0;
      peer.ack = ((syn?.tcp?.sequence ?? 0) + 1) >>> 0;
      peer.say(SYN | ACK);
      expect(one.user.events(handle).events).toEqual(['CONNECTED']);
      one.user.send(handle, pattern(4000));
      one.user.close(handle);
      one.machine.advance(10_000);
      const seen = ways(one);
      expect(seen.length).toBeGreaterThan(4);
      for (const each of seen) expect(each).toEqual(expected);
    });
  }

  it('leaves no more room for text than there is (MUST-16)', ({ bench }) => {
    const one = bench();
    const peer = new Peer(one.machine, { port: 139, address: FAR });
    const handle = goBy(one, [FIRST, SECOND], peer);
    one.user.send(handle, pattern(4000));
    const [segment] = one.machine.take();
    expect(segment?.octets.length).toBe(14 + 1500);
    expect(segment?.tcp?.data.length).toBe(1460 - 12);
  });

  for (const release of BOTH) {
    it(`${release}: of the client is not replaced by one that comes (MUST-52)`, ({ bench }) => {
      const one = bench({ release });
      const peer = new Peer(one.machine, { port: 139, address: FAR });
      const handle = goBy(one, [FIRST], peer);
      peer.came = route([SECOND]);
      peer.say(ACK | PSH, { data: pattern(100) });
      expect(one.user.receive(handle)).toEqual(pattern(100));
      one.user.send(handle, pattern(10));
      expect(new Set(ways(one).map((each) => JSON.stringify(each))))
        .toEqual(new Set([JSON.stringify(way([FIRST], FAR))]));
    });
  }

  for (const release of ['nt40sp6a', 'modern']) {
    it(`${release}: goes back by the hops that the SYN came by (MUST-53)`, ({ bench }) => {
      const one = bench({ release });
      letThemAnswer(one);
      const listener = one.user.listen(80);
      const peer = new Peer(one.machine, { ours: 80, came: route([FIRST, SECOND, THIRD]) });
      peer.say(SYN);
      const expected = way([THIRD, SECOND, FIRST], THEM);
      one.machine.advance(20_000);
      const [synAck, again, ...others] = one.machine.take();
      for (const each of [synAck, again, ...others]) {
        expect(each === undefined ? undefined : wayOf(each)).toEqual(expected);
      }
      peer.ack = ((synAck?.tcp?.sequence ?? 0) + 1) >>> 0;
      peer.say(ACK);
      const handle = one.user.accept(listener);
      peer.say(ACK | PSH, { data: pattern(100) });
      one.user.send(handle, pattern(3000));
      one.user.close(handle);
      one.machine.advance(10_000);
      const seen = ways(one);
      expect(seen.length).toBeGreaterThan(2);
      for (const each of seen) expect(each).toEqual(expected);
    });
  }

  it('is strict where that which came is', ({ bench }) => {
    const one = bench();
    letThemAnswer(one);
    one.user.listen(80);
    const peer = new Peer(one.machine, { ours: 80, came: route([FIRST, SECOND], 2, STRICT) });
    peer.say(SYN);
    expect(ways(one)).toEqual([way([SECOND, FIRST], THEM, STRICT)]);
  });

  it('does not lead by who began it, where that is recorded (RFC 1122, 3.2.1.8c)', ({ bench }) => {
    const one = bench();
    letThemAnswer(one);
    one.user.listen(80);
    new Peer(one.machine, { ours: 80, came: route([THEM, FIRST]) }).say(SYN);
    expect(ways(one)).toEqual([way([FIRST], THEM)]);
    // Nobody but the peer itself: then it needs no route.
    new Peer(one.machine, { ours: 80, port: 4001, came: route([THEM]) }).say(SYN);
    expect(ways(one)).toEqual([{ to: THEM, options: [] }]);
  });

  for (const release of BOTH) {
    it(`${release}: is replaced by one that comes later (SHLD-24)`, ({ bench }) => {
      const one = bench({ release });
      letThemAnswer(one);
      const { peer, handle } = arrive(one, one.user.listen(80), 80);
      one.user.option(handle, 'NO_DELAY', 1);
      const say = (came: Uint8Array, expected: unknown): void => {
        peer.came = came;
        peer.say(ACK | PSH, { data: pattern(10) });
        expect(one.user.receive(handle)).toEqual(pattern(10));
        one.user.send(handle, pattern(2000));
        const segments = one.machine.take();
        for (const segment of segments) {
          expect(wayOf(segment)).toEqual(expected);
          expect(segment.octets.length).toBeLessThanOrEqual(1514);
        }
        peer.ack = (peer.ack + 2000) >>> 0;
        peer.say(ACK);
        one.machine.take();
      };
      say(new Uint8Array(0), { to: THEM, options: [] });
      say(route([FIRST, SECOND]), way([SECOND, FIRST], THEM));
      say(route([THIRD]), way([THIRD], THEM));
      const blocks = one.machine.raw.poolBlocks();
      say(route([FIRST, SECOND]), way([SECOND, FIRST], THEM));
      say(route([FIRST, SECOND]), way([SECOND, FIRST], THEM));
      say(route([THIRD]), way([THIRD], THEM));
      expect(one.machine.raw.poolBlocks()).toBe(blocks);
      // One that comes by none leaves it.
      say(new Uint8Array(0), way([THIRD], THEM));
      // Nor does what the window has no room for.
      peer.came = route([FIRST]);
      peer.say(ACK | PSH, { sequence: peer.next + 0x100_0000, data: pattern(10) });
      expect(ways(one)).toEqual([way([THIRD], THEM)]);
    });
  }

  it('that goes on is not for us, and one that cannot be is none', ({ bench }) => {
    const one = bench();
    letThemAnswer(one);
    one.user.listen(80, 100);
    const say = (came: Uint8Array, port: number): unknown[] => {
      new Peer(one.machine, { ours: 80, port, came }).say(SYN);
      return ways(one);
    };
    expect(say(route([FIRST, SECOND], 1), 4000)).toEqual([]);
    expect(one.machine.dropped()).toEqual({ IP_OPTION: 1 });
    const straight = [{ to: THEM, options: [] }];
    const whole = route([FIRST]);
    for (const [i, octets] of [
      // Shorter than its head, with half an address, behind the header, with a pointer to its head.
      [LOOSE, 2, 4, 0], [LOOSE, 5, 8, 1, 2, 0, 0, 0], [LOOSE, 11, 12, 10, 0, 0, 1, 0],
      [LOOSE, 3, 4, 0], [LOOSE, 7, 3, ...whole.subarray(3)], [0, ...whole.subarray(0, 7)],
      [7, 1, 4, 0], [1, 1, 1, LOOSE],
    ].entries()) {
      expect(say(Uint8Array.from(octets), 4100 + i), String(octets)).toEqual(straight);
    }
    expect(say(Uint8Array.of(1, ...whole.subarray(0, 7)), 4200)).toEqual([way([FIRST], THEM)]);
    expect(say(Uint8Array.of(7, 4, 4, 0, ...whole), 4201)).toEqual([way([FIRST], THEM)]);
    for (const [i, hop] of ['127.0.0.1', '224.0.0.1', '0.0.0.1', '255.255.255.255'].entries()) {
      expect(say(route([FIRST, address(hop)]), 4300 + i)).toEqual(straight);
    }
  });

  it('is not heard where DisableIPSourceRouting is 2', ({ bench }) => {
    const one = bench({ parameters: { DisableIPSourceRouting: 2 } });
    one.user.listen(80);
    new Peer(one.machine, { ours: 80, came: route([FIRST]) }).say(SYN);
    expect(ways(one)).toEqual([]);
    expect(one.machine.dropped()).toEqual({ IP_OPTION: 1 });
  });

  it('does not keep an error from its connection (MUST-54)', ({ bench }) => {
    const one = bench();
    const peer = new Peer(one.machine, { port: 139, address: FAR });
    const handle = goBy(one, [FIRST], peer);
    one.user.option(handle, 'SOFT_ERRORS', 1);
    one.user.send(handle, pattern(4000));
    const [sent] = one.machine.take();
    const quote = sent?.octets.subarray(14, 14 + 28 + 8) ?? new Uint8Array(0);
    const error = (code: number, mtu: number): void => {
      one.machine.receive(ethernet(ipv4(icmp(3, code, mtu, quote), { protocol: 1 })));
    };
    error(5, 0);
    expect(one.user.events(handle).events).toEqual(['SOFT_ERROR']);
    error(4, 1000);
    const [smaller] = one.machine.take();
    expect(smaller?.octets.length).toBe(14 + 1000);
    expect(smaller === undefined ? undefined : wayOf(smaller)).toEqual(way([FIRST], FAR));
    expect(stateOf(one.machine, peer)).toBe('ESTABLISHED');
  });

  it('has nine hops at most, each of which is somebody, all strict or none', ({ bench }) => {
    const one = bench();
    letThemAnswer(one);
    const { user } = one;
    const full = user.socket();
    for (let i = 0; i < 9; i++) expect(user.option(full, 'STRICT_HOP', FIRST)).toBe('SUCCESS');
    expect(user.option(full, 'STRICT_HOP', FIRST)).toBe('INVALID_PARAMETER');
    expect(user.connect(full, 139, FAR)).toBe('PENDING');
    const [syn] = one.machine.take();
    expect(syn === undefined ? undefined : wayOf(syn))
      .toEqual(way(Array.from({ length: 9 }, () => FIRST), FAR, STRICT));
    const mixed = user.socket();
    user.option(mixed, 'LOOSE_HOP', FIRST);
    expect(user.option(mixed, 'STRICT_HOP', FIRST)).toBe('INVALID_PARAMETER');
    const nobody = user.socket();
    user.option(nobody, 'LOOSE_HOP', address('127.0.0.1'));
    expect(user.connect(nobody, 139, FAR)).toBe('INVALID_ADDRESS');
    const beyond = user.socket();
    user.option(beyond, 'STRICT_HOP', FAR);
    expect(user.connect(beyond, 139, FAR + 1)).toBe('NETWORK_UNREACHABLE');
    expect(user.option(user.socket('DATAGRAM'), 'LOOSE_HOP', FIRST)).toBe('INVALID_PARAMETER');
  });

  it('strict: its first hop is a neighbour, not one beyond a gateway', ({ bench }) => {
    const one = bench({ gateway: FIRST });
    letThemAnswer(one);
    const handle = one.user.socket();
    one.user.option(handle, 'STRICT_HOP', FAR);
    expect(one.user.connect(handle, 139, FAR + 1)).toBe('NETWORK_UNREACHABLE');
    const loose = one.user.socket();
    one.user.option(loose, 'LOOSE_HOP', FAR);
    expect(one.user.connect(loose, 139, FAR + 1)).toBe('PENDING');
    expect(ways(one)).toEqual([way([FAR], FAR + 1)]);
  });

  it('opens no more connections than TcpMaxHalfOpen, which the SYN cache does not keep', ({
    bench,
  }) => {
    const one = bench({ release: 'modern', parameters: { TcpMaxHalfOpen: 100 } });
    letThemAnswer(one);
    one.user.listen(80, 1000);
    for (let i = 0; i < 150; i++) {
      new Peer(one.machine, { ours: 80, port: 4000 + i, came: route([FIRST]) }).say(SYN);
    }
    expect(one.machine.take().length).toBe(100);
    expect(one.machine.dropped()).toEqual({ TCP_NO_BACKLOG: 50 });
  });
});
