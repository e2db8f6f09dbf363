/** SynAttackProtect 0, 1 and 2: when it engages, and what is different then (Q142641). */

import { describe, expect } from 'vitest';
import { ACK, PSH, RST, SYN } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import type { MachineOptions } from '../../wireside/machine.js';
import { difference, pattern } from '../../wireside/octets.js';
import { Peer, stateOf } from '../../wireside/peer.js';

/** More than 4 half open and more than 2 of them retried, or more than 3 refused. */
function protectedBy(mode: number): MachineOptions {
  return {
    parameters: {
      SynAttackProtect: mode,
      TcpMaxHalfOpen: 4,
      TcpMaxHalfOpenRetried: 2,
      TcpMaxPortsExhausted: 3,
      TcpMaxConnectResponseRetransmissions: 3,
    },
  };
}

/** A flood: a SYN from each of `count` ports, from 5000 + `first` on, none of which goes on. */
function flood({ machine }: Bench, count: number, first = 0): Peer[] {
  return Array.from({ length: count }, (_, i) => {
    const peer = new Peer(machine, { port: 5000 + first + i, ours: 80 });
    peer.say(SYN);
    peer.heard();
    return peer;
  });
}

/** Half open beyond both thresholds: 5, of which all have been answered twice. */
function engage(bench: Bench): Peer[] {
  const peers = flood(bench, 5);
  bench.machine.advance(3000);
  for (const peer of peers) expect(peer.lines()).toEqual(['S. 0(0) ack 1']);
  return peers;
}

/** When the SYN-ACKs of one more connection come, in milliseconds after its SYN. */
function answerTimes({ machine }: Bench, port: number): number[] {
  const startMs = machine.nowMs;
  const peer = new Peer(machine, { port, ours: 80 });
  peer.say(SYN);
  machine.advance(60_000);
  return peer.heard().map(({ atMs }) => atMs - startMs);
}

const UNPROTECTED = [0, 3000, 9000, 21_000];

describe('tcpip/tcp/synattack', () => {
  it('changes nothing where it is 0', ({ bench }) => {
    const one = bench(protectedBy(0));
    one.user.listen(80, 20);
    engage(one);
    expect(answerTimes(one, 4000)).toEqual(UNPROTECTED);
    expect(one.machine.traced('TCP_SYN_ATTACK_DETECTED')).toBe(0);
  });

  for (const mode of [1, 2]) {
    it(`${mode}: does not engage while only one threshold is exceeded`, ({ bench }) => {
      const one = bench(protectedBy(mode));
      one.user.listen(80, 50);
      // Many, none retried.
      flood(one, 5);
      expect(answerTimes(one, 4000)).toEqual(UNPROTECTED);
      one.machine.advance(60_000);
      // Retried, but not more than four.
      flood(one, 4, 100);
      one.machine.advance(3000);
      expect(answerTimes(one, 4001)).toEqual(UNPROTECTED);
      expect(one.machine.traced('TCP_SYN_ATTACK_DETECTED')).toBe(0);
    });

    it(`${mode}: sends fewer SYN-ACKs once both are exceeded, until they are not`, ({ bench }) => {
      const one = bench(protectedBy(mode));
      one.user.listen(80, 50);
      engage(one);
      expect(answerTimes(one, 4000)).toEqual([0, 3000]);
      expect(one.machine.traced('TCP_SYN_ATTACK_DETECTED')).toBe(1);
      one.machine.advance(60_000);
      expect(one.machine.raw.tableCount()).toBe(0);
      expect(answerTimes(one, 4001)).toEqual(UNPROTECTED);
      expect(one.machine.traced('TCP_SYN_ATTACK_OVER')).toBe(1);
    });

    it(`${mode}: engages after more than TcpMaxPortsExhausted refusals`, ({ bench }) => {
      const one = bench(protectedBy(mode));
      one.user.listen(80, 1);
      flood(one, 1);
      for (let i = 0; i < 4; i++) {
        const refused = new Peer(one.machine, { port: 6000 + i, ours: 80 });
        refused.say(SYN);
        expect(refused.lines()).toEqual(['R. 0(0) ack 1']);
      }
      expect(one.machine.traced('TCP_SYN_ATTACK_DETECTED')).toBe(0);
      const after = new Peer(one.machine, { port: 6100, ours: 80 });
      after.say(SYN);
      // Only under 2 is the client asked late, so that the backlog does not matter yet.
      expect(after.lines()).toEqual([mode === 2 ? 'S. 0(0) ack 1' : 'R. 0(0) ack 1']);
      if (mode === 2) expect(one.machine.traced('TCP_SYN_ATTACK_DETECTED')).toBe(1);
    });
  }

  it('1: still asks the client at the SYN: beyond the backlog comes RST', ({ bench }) => {
    const one = bench(protectedBy(1));
    one.user.listen(80, 6);
    engage(one);
    flood(one, 1, 50);
    const peer = new Peer(one.machine, { port: 4000, ours: 80 });
    peer.say(SYN);
    expect(peer.lines()).toEqual(['R. 0(0) ack 1']);
  });

  it('2: asks the client only when the handshake is over; a flood takes no backlog', ({
    bench,
  }) => {
    const one = bench(protectedBy(2));
    const { machine, user } = one;
    const listener = user.listen(80, 6);
    engage(one);
    flood(one, 40, 100);
    const peer = new Peer(machine, { port: 4000, ours: 80 });
    peer.say(SYN);
    expect(peer.lines()).toEqual(['S. 0(0) ack 1']);
    expect(user.events(listener).events).toEqual([]);
    peer.ack = peer.kernels + 1;
    peer.say(ACK | PSH, { data: pattern(50) });
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
    expect(user.events(listener).events).toEqual(['ACCEPT']);
    const handle = user.accept(listener);
    expect(difference(user.receive(handle), pattern(50))).toBe('same');
    user.send(handle, pattern(10));
    expect(peer.lines()).toEqual(['P. 1(10) ack 51']);
  });

  it('2: resets a handshake that is over when the backlog has no place', ({ bench }) => {
    const one = bench(protectedBy(2));
    const { machine, user } = one;
    user.listen(80, 5);
    engage(one);
    machine.dropped();
    const peer = new Peer(machine, { port: 4000, ours: 80 });
    peer.say(SYN);
    peer.ack = (peer.heard()[0]?.sequence ?? 0) + 1;
    peer.say(ACK);
    expect(peer.lines()).toEqual(['R 1(0)']);
    expect(stateOf(machine, peer)).toBe('CLOSED');
    expect(machine.dropped()).toEqual({ TCP_NO_BACKLOG: 1 });
    expect(machine.raw.tableCount()).toBe(5);
  });

  it('2: forgets a late connection that is reset, or whose listener is gone', ({ bench }) => {
    const one = bench(protectedBy(2));
    const { machine, user } = one;
    const listener = user.listen(80, 6);
    engage(one);
    const [reset, orphan] = [4000, 4001].map((port) => {
      const peer = new Peer(machine, { port, ours: 80 });
      peer.say(SYN);
      peer.ack = (peer.heard()[0]?.sequence ?? 0) + 1;
      return peer;
    });
    reset?.say(RST);
    user.close(listener);
    machine.take();
    orphan?.say(ACK);
    expect(orphan?.lines()).toEqual(['R 1(0)']);
    expect(machine.raw.tableCount()).toBe(0);
  });

  it('2: answers the same SYN again without a second connection', ({ bench }) => {
    const one = bench(protectedBy(2));
    one.user.listen(80, 6);
    engage(one);
    const peer = new Peer(one.machine, { port: 4000, ours: 80 });
    peer.say(SYN);
    peer.say(SYN, { sequence: peer.own });
    expect(peer.lines()).toEqual(['S. 0(0) ack 1', '. 1(0) ack 1']);
    expect(one.machine.raw.tableCount()).toBe(6);
  });

  it('engages at the documented 100 half open and 80 retried', ({ bench }) => {
    const one = bench({ parameters: { SynAttackProtect: 2 } });
    const { machine, user } = one;
    user.listen(80, 200);
    flood(one, 100);
    machine.advance(3000);
    const probe = (port: number): number => {
      const peer = new Peer(machine, { port, ours: 80 });
      peer.say(SYN);
      return machine.traced('TCP_SYN_ATTACK_DETECTED');
    };
    // 100 do not exceed 100; the first that comes on top is the 101st.
    expect(probe(4000)).toBe(0);
    expect(probe(4001)).toBe(1);
  });

  it('counts what the SYN cache holds, and asks such a peer less often too', ({ bench }) => {
    const one = bench({ release: 'modern', ...protectedBy(1) });
    const { machine, user } = one;
    user.listen(80, 20);
    const spared = [0, 1000, 3000, 7000];
    const attackers = flood(one, 5);
    machine.advance(1000);
    for (const peer of attackers) expect(peer.lines()).toEqual(['S. 0(0) ack 1']);
    expect(answerTimes(one, 4000)).toEqual([0, 1000]);
    expect(machine.traced('TCP_SYN_ATTACK_DETECTED')).toBe(1);
    // All of them have been given up meanwhile.
    expect(answerTimes(one, 4001)).toEqual(spared);
    expect(machine.traced('TCP_SYN_ATTACK_OVER')).toBe(1);
    // Who goes on is half open no more.
    const clients = flood(one, 5, 100);
    machine.advance(1000);
    for (const peer of clients) {
      peer.ack = (peer.kernels + 1) >>> 0;
      peer.heard();
      peer.say(ACK);
      expect(stateOf(machine, peer)).toBe('ESTABLISHED');
    }
    expect(answerTimes(one, 4002)).toEqual(spared);
  });

  it('counts one that was asked 300 times as one', ({ bench }) => {
    const one = bench({
      release: 'modern',
      parameters: {
        ...protectedBy(1).parameters, TcpMaxHalfOpen: 0, TcpMaxHalfOpenRetried: 0,
        TcpMaxConnectResponseRetransmissions: 1000, NtstackMaximumRto: 1000,
      },
    });
    const { machine, user } = one;
    user.listen(80, 20);
    const [peer] = flood(one, 1);
    machine.advance(300_000);
    expect(peer?.heard()).toHaveLength(300);
    peer?.say(RST);
    expect(machine.raw.cachedHalves()).toBe(0);
    flood(one, 1, 50);
    expect(answerTimes(one, 4000).length).toBeGreaterThan(50);
    expect(machine.traced('TCP_SYN_ATTACK_DETECTED')).toBe(0);
  });
});
