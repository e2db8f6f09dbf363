/**
 * What the documents say of NT's TCP, in every release of it: each test quotes its source. Initial
 * sequence numbers by release are in initial.test.ts, dead gateways in ../gateway.test.ts.
 */

import { describe, expect } from 'vitest';
import { RELEASES, releaseOrder } from '../../../host/machine/release.js';
import type { ReleaseName } from '../../../host/machine/release.js';
import { ACK, FIN, PSH, RST, SYN } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import { pattern } from '../../wireside/octets.js';
import { SACK_PERMITTED, scale, stamps } from '../../wireside/option.js';
import { Peer, arrive, reach, stateOf } from '../../wireside/peer.js';

const NT = RELEASES.map(({ name }) => name).filter((name) => name !== 'modern');
const SECOND_MS = 1000;

function isSince(release: ReleaseName, first: ReleaseName): boolean {
  return releaseOrder(release) >= releaseOrder(first);
}

describe.each(NT)('tcpip/tcp/nt: %s', (release) => {
  // Nothing but what the documents speak of: the defects of a release are another matter.
  const plain = { release };

  it('"SYN at 0, 3, 9, 21 s; failure at 45 s" (nt-facts 3.3: Q142641, Q223450)', ({ bench }) => {
    const { machine, user } = bench(plain);
    const peer = new Peer(machine, { port: 139 });
    const handle = user.socket();
    user.connect(handle, 139);
    machine.advance(45 * SECOND_MS - 10);
    expect(user.events(handle).events).toEqual([]);
    machine.advance(20);
    expect(user.events(handle)).toEqual({ events: ['FAILED'], status: 'IO_TIMEOUT' });
    expect(peer.heard().map(({ atMs }) => atMs / SECOND_MS)).toEqual([0, 3, 9, 21]);
  });

  it('"re-sends SYN … up to the same maximum (3 extra), then reports refused" (Q175523)', ({
    bench,
  }) => {
    const { machine, user } = bench(plain);
    const peer = new Peer(machine, { port: 139 });
    const handle = user.socket();
    user.connect(handle, 139);
    const gaps: number[] = [];
    for (let sent = machine.nowMs; user.events(handle).events.length === 0;) {
      const syns = peer.heard();
      for (const { flags, atMs } of syns) {
        expect(flags).toBe(SYN);
        gaps.push(atMs - sent);
        sent = atMs;
        peer.say(RST | ACK, { sequence: 0, acknowledgment: (peer.kernels + 1) >>> 0 });
      }
      if (syns.length === 0) machine.advance(100);
    }
    expect(gaps).toHaveLength(4);
    // "at the undoubled base timeout": no gap is longer than the one before it.
    expect(new Set(gaps.slice(1)).size).toBe(1);
    expect(user.statusOf(handle, 'STATUS')).toBe('CONNECTION_REFUSED');
  });

  const fixed = isSince(release, 'nt40sp3');
  it(`"3, 6, 12, 24 and 48 s" between SYN-ACKs${fixed ? ', of which SP3 has three' : ''} (Q142641)`,
    ({ bench }) => {
      const { machine, user } = bench(plain);
      user.listen(80);
      const peer = new Peer(machine, { ours: 80 });
      peer.say(SYN);
      machine.advance(300 * SECOND_MS);
      const times = peer.heard().map(({ atMs }) => atMs / SECOND_MS);
      expect(times).toEqual(fixed ? [0, 3, 9, 21] : [0, 3, 9, 21, 45, 93]);
    });

  it('"every second segment", or "200 ms pass with no further" (nt-facts 3.5: white paper)', ({
    bench,
  }) => {
    const { machine, user } = bench(plain);
    const { peer } = reach({ machine, user });
    peer.say(ACK | PSH, { data: pattern(100) });
    peer.say(ACK | PSH, { data: pattern(100) });
    expect(peer.lines()).toEqual(['. 1(0) ack 201']);
    const sent = machine.nowMs;
    peer.say(ACK | PSH, { data: pattern(100) });
    machine.advance(SECOND_MS);
    const [late, ...more] = peer.heard();
    expect(more).toEqual([]);
    expect((late?.atMs ?? 0) - sent).toBeGreaterThanOrEqual(200);
    expect((late?.atMs ?? 0) - sent).toBeLessThanOrEqual(220);
  });

  it('"aborted after TcpMaxDataRetransmissions (5) unanswered" (nt-facts 3.2: Q170359)', ({
    bench,
  }) => {
    const { machine, user } = bench(plain);
    const { peer, handle } = reach({ machine, user });
    user.send(handle, pattern(100));
    machine.advance(300 * SECOND_MS);
    // "Initial RTO 3 s …; doubles at each retransmission".
    const times = peer.heard().map(({ atMs }) => atMs / SECOND_MS);
    expect(times).toEqual([0, 3, 9, 21, 45, 93]);
    expect(user.events(handle).events).toEqual(['ABORTED']);
  });

  it('"TIME_WAIT 240 s (TcpTimedWaitDelay)" (nt-facts 3.6: Q137984, Q149532)', ({ bench }) => {
    const { machine, user } = bench(plain);
    const { peer, handle } = arrive({ machine, user }, user.listen(80), 80);
    user.close(handle);
    peer.ack = (peer.ack + 1) >>> 0;
    peer.say(FIN | ACK);
    machine.advance(240 * SECOND_MS - 10);
    expect(stateOf(machine, peer)).toBe('TIME_WAIT');
    machine.advance(20);
    expect(stateOf(machine, peer)).toBe('CLOSED');
  });

  it('"Ethernet: 8760 (6*1460)", of "max(4*MSS, 8192 rounded up …)" (nt-facts 2.1: Q120642)', ({
    bench,
  }) => {
    const { machine, user } = bench(plain);
    user.connect(user.socket(), 139);
    expect(new Peer(machine, { port: 139 }).heard()[0]?.window).toBe(8760);
  });

  const duplicates = isSince(release, 'nt40sp2') ? 2 : 0;
  it(duplicates ? '"default: 2 duplicate ACKs, TcpMaxDupAcks 1..3", from SP2 on (Q170359)'
    : '"earlier: waits for timeout" (nt-facts 3.2: Q170359)', ({ bench }) => {
    const { machine, user } = bench({ ...plain, parameters: { NtstackInitialWindowSegments: 6 } });
    const { peer, handle } = reach({ machine, user });
    user.send(handle, pattern(6 * 1460));
    expect(peer.heard()).toHaveLength(6);
    const before = machine.count('TCP_RETRANS_SEGS');
    for (let i = 1; i <= 3; i++) {
      peer.say(ACK);
      const again = peer.heard().some(({ sequence }) => sequence === peer.ack);
      expect(again).toBe(i === duplicates);
    }
    expect(machine.count('TCP_RETRANS_SEGS') - before).toBe(duplicates ? 1 : 0);
  });

  it('"NT4 has no window scaling" (Q199947), nor RFC 1323 and 2018 (white paper: from 2000 on)', ({
    bench,
  }) => {
    const { machine, user } = bench(plain);
    const agrees = Uint8Array.of(...scale(2), ...SACK_PERMITTED, ...stamps(1));
    const asks = new Peer(machine, { ours: 80, agrees });
    user.listen(80);
    asks.say(SYN);
    user.connect(user.socket(), 139);
    const syns = [...asks.heard(), ...new Peer(machine, { port: 139 }).heard()];
    expect(syns).toHaveLength(2);
    for (const { options } of syns) expect([...options]).toEqual([2, 4, 1460 >> 8, 1460 & 255]);
  });
});
