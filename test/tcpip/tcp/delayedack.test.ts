/** ACKs that may wait: 200 ms, or the second segment (nt-facts 3.5; RFC 9293, 3.8.6.3). */

import { describe, expect } from 'vitest';
import { ACK, PSH } from '../../wireside/build.js';
import { BOTH, it } from '../../wireside/fixture.js';
import { pattern } from '../../wireside/octets.js';
import { reach } from '../../wireside/peer.js';

describe('tcpip/tcp/delayedack', () => {
  it('acknowledges one segment after 200 ms, once', ({ bench }) => {
    const { machine, user } = bench();
    const { peer } = reach({ machine, user });
    machine.advance(1000);
    peer.say(ACK | PSH, { data: pattern(100) });
    machine.advance(190);
    expect(peer.lines()).toEqual([]);
    // A tick of 10 ms may begin before and end after.
    machine.advance(30);
    expect(peer.lines()).toEqual(['. 1(0) ack 101']);
    machine.advance(5000);
    expect(peer.lines()).toEqual([]);
    expect(machine.count('TCP_DELAYED_ACKS')).toBe(1);
  });

  for (const length of [1460, 100, 1]) {
    it(`acknowledges every second segment of ${length} octets at once`, ({ bench }) => {
      const { machine, user } = bench();
      const { peer } = reach({ machine, user });
      for (let i = 1; i <= 6; i++) {
        peer.say(ACK | PSH, { data: pattern(length) });
        expect(peer.lines()).toEqual(i % 2 ? [] : [`. 1(0) ack ${1 + i * length}`]);
      }
    });
  }

  for (const release of BOTH) {
    it(`${release}: acknowledges a batch once, at its end`, ({ bench }) => {
      const { machine, user } = bench({ release });
      const { peer } = reach({ machine, user });
      machine.receive(...Array.from({ length: 6 }, () => peer.frame(ACK, { data: pattern(1460) })));
      expect(peer.lines()).toEqual(['. 1(0) ack 8761']);
    });
  }

  it('is carried by text that goes out meanwhile (RFC 1122, 4.2.3.2)', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    peer.say(ACK | PSH, { data: pattern(100) });
    machine.advance(50);
    user.send(handle, pattern(5));
    expect(peer.lines()).toEqual(['P. 1(5) ack 101']);
    peer.ack += 5;
    peer.say(ACK);
    machine.advance(1000);
    expect(peer.lines()).toEqual([]);
  });

  for (const [ticks, leastMs, mostMs] of [[1, 100, 120], [5, 500, 520]] as const) {
    it(`waits ${leastMs} ms where TcpDelAckTicks is ${ticks}`, ({ bench }) => {
      const { machine, user } = bench({ parameters: { TcpDelAckTicks: ticks } });
      const { peer } = reach({ machine, user });
      peer.say(ACK | PSH, { data: pattern(100) });
      machine.advance(1000);
      const [answer] = peer.heard();
      expect(answer?.atMs).toBeGreaterThanOrEqual(leastMs);
      expect(answer?.atMs).toBeLessThanOrEqual(mostMs);
    });
  }

  for (const ticks of [1, 2, 3, 4, 5, 6]) {
    const most = ticks * 100;
    it(`waits ${most} ms also where another waits already`, ({ bench }) => {
      const { machine, user } = bench({ parameters: { TcpDelAckTicks: ticks } });
      const { peer } = reach({ machine, user });
      const { peer: other } = reach({ machine, user }, { port: 4001 });
      const begin = machine.nowMs;
      peer.say(ACK | PSH, { data: pattern(1) });
      machine.advance(most * 3 / 4);
      other.say(ACK | PSH, { data: pattern(1) });
      machine.advance(1000);
      const [first, second] = [peer, other].map((each) => (each.heard()[0]?.atMs ?? 0) - begin);
      expect(first).toBeGreaterThanOrEqual(most - 10);
      expect(first).toBeLessThanOrEqual(most + 20);
      expect(second).toBeGreaterThanOrEqual(most * 7 / 4 - 10);
      expect(second).toBeLessThanOrEqual(most * 7 / 4 + 20);
    });
  }

  it('waits 40 ms in modern (NtstackDelayedAckMs)', ({ bench }) => {
    const { machine, user } = bench({ release: 'modern' });
    const { peer } = reach({ machine, user });
    const before = machine.nowMs;
    peer.say(ACK | PSH, { data: pattern(10) });
    machine.advance(500);
    const [answer] = peer.heard();
    expect((answer?.atMs ?? 0) - before).toBeGreaterThan(30);
    expect((answer?.atMs ?? 0) - before).toBeLessThanOrEqual(50);
  });

  it('does not wait where TcpDelAckTicks is 0', ({ bench }) => {
    const { machine, user } = bench({ parameters: { TcpDelAckTicks: 0 } });
    const { peer } = reach({ machine, user });
    peer.say(ACK | PSH, { data: pattern(100) });
    expect(peer.lines()).toEqual(['. 1(0) ack 101']);
  });

  for (const release of BOTH) {
    it(`${release}: never waits half a second (SHLD-18, MUST-40), however segments come`, ({
      bench,
    }) => {
      const { machine, user } = bench({ release });
      const { peer, handle } = reach({ machine, user });
      user.option(handle, 'SINK', 1);
      let owedSinceMs: number | undefined;
      for (let i = 0; i < 400; i++) {
        peer.say(ACK | PSH, { data: pattern(1 + (i * 131) % 1460) });
        owedSinceMs ??= machine.nowMs;
        for (const { atMs, acknowledgment } of peer.heard()) {
          expect(atMs - (owedSinceMs ?? atMs)).toBeLessThanOrEqual(210);
          if (acknowledgment === peer.next) owedSinceMs = undefined;
        }
        machine.advance((i * 53) % 290);
        for (const { atMs } of peer.heard()) {
          expect(atMs - (owedSinceMs ?? atMs)).toBeLessThanOrEqual(210);
          owedSinceMs = undefined;
        }
      }
    });
  }
});
