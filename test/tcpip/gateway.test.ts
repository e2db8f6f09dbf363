/** Dead gateway detection (RFC 1122, 3.3.1.4 and 4.2.3.5; nt-facts 3.7, of Q128978 and Q171564). */

import { describe, expect } from 'vitest';
import { ACK, SYN } from '../wireside/build.js';
import { it } from '../wireside/fixture.js';
import type { Bench } from '../wireside/fixture.js';
import type { MachineOptions } from '../wireside/machine.js';
import { address, pattern } from '../wireside/octets.js';
import { Peer, reach } from '../wireside/peer.js';
import type { Connected } from '../wireside/peer.js';

const GATEWAYS = [1, 2, 3].map((i) => address(`10.0.0.25${i}`));
const [FIRST = 0, SECOND = 0] = GATEWAYS;
const FAR = address('172.16.0.1');

/** What makes a machine with gateways, of which each has a station. */
function behind(options: MachineOptions = {}): MachineOptions {
  return { gateway: FIRST, gateways: [SECOND], ...options };
}

function letThemAnswer({ machine }: Bench): void {
  for (const [i, gateway] of GATEWAYS.entries()) {
    machine.stations.set(gateway, Uint8Array.of(2, 0, 0, 0, 0xfe, i + 1));
  }
}

/** Which gateways the segments went to: 1, 2 or 3; 0: a neighbour. */
function ways({ machine }: Bench): number[] {
  return machine.take().filter(({ tcp }) => tcp !== undefined)
    .map(({ octets }) => (octets[4] === 0xfe ? octets[5] ?? 0 : 0));
}

/** `count` connections to as many hosts beyond the gateway, each of which has been answered. */
function reachMany(one: Bench, count: number): Connected[] {
  return Array.from({ length: count }, (_, i) => reach(one, { address: FAR + i }));
}

/** A connection sends and is not heard, until the next gateway has been tried. */
function starve(one: Bench, { handle, peer }: Connected): number[] {
  peer.heard();
  one.user.send(handle, pattern(10));
  one.machine.advance(10_000);
  return ways(one);
}

/** Where the SYN of a new connection to `remote` goes. */
function newWay(one: Bench, remote: number): number | undefined {
  const handle = one.user.socket();
  one.user.connect(handle, 80, remote);
  const [way] = ways(one);
  one.user.close(handle, 'abort');
  return way;
}

describe('tcpip/gateway', () => {
  it('is left at the third transmission: half of TcpMaxDataRetransmissions (nt-facts 3.7)', ({
    bench,
  }) => {
    const one = bench(behind({ parameters: { TcpMaxDataRetransmissions: 5 } }));
    letThemAnswer(one);
    const [connection] = reachMany(one, 8);
    expect(starve(one, connection as Connected)).toEqual([1, 1, 2]);
    expect(one.machine.traced('IP_GATEWAY_LEFT')).toBe(1);
  });

  it('is left for one destination, until 25 % of the connections have moved (Q171564)', ({
    bench,
  }) => {
    const one = bench(behind({ release: 'nt40sp4' }));
    letThemAnswer(one);
    const [first, second, ...others] = reachMany(one, 8);
    starve(one, first as Connected);
    expect(one.machine.traced('IP_GATEWAY_CHANGED')).toBe(0);
    expect(newWay(one, FAR + 100)).toBe(1);
    starve(one, second as Connected);
    expect(one.machine.traced('IP_GATEWAY_CHANGED')).toBe(1);
    expect(newWay(one, FAR + 101)).toBe(2);
    // Those that are answered stay.
    one.user.send((others[0] as Connected).handle, pattern(10));
    expect(ways(one)).toEqual([1]);
  });

  it('is left by all for one connection before SP4 (Q128978)', ({ bench }) => {
    const one = bench(behind({ release: 'nt40sp3' }));
    letThemAnswer(one);
    const [first] = reachMany(one, 8);
    starve(one, first as Connected);
    expect(newWay(one, FAR + 100)).toBe(2);
  });

  it('has the first one behind the last, and is not gone back to by itself', ({ bench }) => {
    const one = bench(behind({ release: 'nt40sp3', gateways: GATEWAYS.slice(1) }));
    letThemAnswer(one);
    for (const [i, expected] of [2, 3, 1].entries()) {
      const [connection] = [reach(one, { address: FAR + i })];
      const { peer, handle } = connection;
      peer.heard();
      one.user.send(handle, pattern(10));
      // To the third transmission, and no further.
      while (one.machine.traced('IP_GATEWAY_CHANGED') === i) one.machine.advance(10);
      one.user.close(handle, 'abort');
      one.machine.take();
      one.machine.advance(3_600_000);
      expect(newWay(one, FAR + 100 + i)).toBe(expected);
    }
  });

  it('is left by a SYN, too (MUST-22)', ({ bench }) => {
    const one = bench(behind());
    letThemAnswer(one);
    one.user.connect(one.user.socket(), 80, FAR);
    one.machine.advance(44_000);
    expect(ways(one)).toEqual([1, 1, 2, 2]);
  });

  it('is left by all that go to one destination, once for all of them', ({ bench }) => {
    const one = bench(behind({ gateways: GATEWAYS.slice(1) }));
    letThemAnswer(one);
    const ones = [reach(one, { address: FAR }), reach(one, { address: FAR, port: 140 })];
    for (const { peer, handle } of ones) {
      peer.heard();
      one.user.send(handle, pattern(10));
    }
    while (one.machine.traced('IP_GATEWAY_LEFT') === 0) one.machine.advance(10);
    one.machine.advance(500);
    expect(one.machine.traced('IP_GATEWAY_LEFT')).toBe(1);
  });

  it('is left after three retransmissions in modern, and again after each three (MUST-20)', ({
    bench,
  }) => {
    const one = bench(behind({ release: 'modern', gateways: GATEWAYS.slice(1) }));
    letThemAnswer(one);
    const { peer, handle } = reach(one, { address: FAR });
    peer.heard();
    one.user.send(handle, pattern(10));
    one.machine.advance(64_000);
    expect(ways(one).slice(0, 7)).toEqual([1, 1, 1, 2, 2, 2, 3]);
    peer.say(ACK, { acknowledgment: (peer.ack + 10) >>> 0 });
    one.user.send(handle, pattern(10));
    expect(ways(one)).toEqual([3]);
  });

  it('is none where the destination is a neighbour', ({ bench }) => {
    const one = bench(behind());
    letThemAnswer(one);
    const { peer, handle } = reach(one);
    peer.heard();
    one.user.send(handle, pattern(10));
    one.machine.advance(60_000);
    expect(new Set(ways(one))).toEqual(new Set([0]));
    expect(one.machine.traced('IP_GATEWAY_LEFT')).toBe(0);
  });

  it('is kept where EnableDeadGWDetect is 0, and where there is no other (Q120642)', ({
    bench,
  }) => {
    for (const options of [
      behind({ parameters: { EnableDeadGWDetect: 0 } }), behind({ gateways: [] }),
    ]) {
      const one = bench(options);
      letThemAnswer(one);
      const [connection] = reachMany(one, 1);
      expect(new Set(starve(one, connection as Connected))).toEqual(new Set([1]));
    }
  });

  it('is one of five at most', ({ bench }) => {
    const { machine } = bench(behind());
    const more = [3, 4, 5].map((i) => machine.call((raw) => raw.addGateway(0, FIRST + i)));
    expect(more).toEqual([0, 0, 0]);
    const sixth = machine.call((raw) => raw.addGateway(0, FIRST + 9));
    expect(machine.word('Status', sixth)).toBe('INSUFFICIENT_RESOURCES');
    const nowhere = machine.call((raw) => raw.addGateway(1, FIRST));
    expect(machine.word('Status', nowhere)).toBe('NO_SUCH_DEVICE');
  });

  it('is found to be dead by who listens, too', ({ bench }) => {
    const one = bench(behind());
    letThemAnswer(one);
    one.user.listen(80);
    const peer = new Peer(one.machine, { ours: 80, address: FAR });
    peer.say(SYN);
    one.machine.advance(20_000);
    expect(ways(one)).toEqual([1, 1, 2]);
  });
});
