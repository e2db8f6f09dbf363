/** Are you there? Only where the client asks, and only after silence (RFC 9293, 3.8.4). */

import { describe, expect } from 'vitest';
import { ACK, PSH, RST } from '../../wireside/build.js';
import { BOTH, it } from '../../wireside/fixture.js';
import { pattern } from '../../wireside/octets.js';
import { Peer, arrive, reach, stateOf, welcome } from '../../wireside/peer.js';

const HOURS_MS = 3_600_000;

describe('tcpip/tcp/keepalive', () => {
  for (const release of BOTH) {
    it(`${release}: is off unless it is asked for (MUST-25)`, ({ bench }) => {
      const { machine, user } = bench({ release });
      const { peer, handle } = reach({ machine, user });
      user.send(handle, pattern(10));
      peer.listen('ack');
      machine.advance(24 * HOURS_MS);
      expect(peer.lines()).toEqual([]);
      expect(stateOf(machine, peer)).toBe('ESTABLISHED');
    });
  }

  for (const release of BOTH) {
    it(`${release}: asks after KeepAliveTime, 2 hours, before what was acknowledged`, ({
      bench,
    }) => {
      const { machine, user } = bench({ release });
      const { peer, handle } = reach({ machine, user });
      user.option(handle, 'KEEP_ALIVE', 1);
      user.send(handle, pattern(10));
      peer.listen('ack');
      machine.advance(2 * HOURS_MS - 10);
      expect(peer.lines()).toEqual([]);
      machine.advance(20);
      // SEG.SEQ = SND.NXT - 1: not acceptable, so a live peer answers.
      expect(peer.lines()).toEqual(['. 10(0) ack 1']);
      peer.say(ACK);
      machine.advance(2 * HOURS_MS - 100);
      expect(peer.lines()).toEqual([]);
      machine.advance(200);
      expect(peer.lines()).toEqual(['. 10(0) ack 1']);
    });
  }

  for (const release of BOTH) {
    it(`${release}: asks every KeepAliveInterval, 1 s, and gives up after 5 or 9 (nt-facts 2.1)`, ({
      bench,
    }) => {
      const { machine, user } = bench({ release });
      const { peer, handle } = reach({ machine, user });
      user.option(handle, 'KEEP_ALIVE', 1);
      user.send(handle, pattern(10));
      peer.listen('ack');
      machine.advance(2 * HOURS_MS + 20_000);
      const start = 2 * HOURS_MS;
      // NtstackKeepAliveProbes, in NT as many as TcpMaxDataRetransmissions.
      const times = Array.from({ length: release === 'modern' ? 9 : 5 }, (_, i) => i * 1000);
      expect(peer.heard().map(({ atMs }) => atMs - start)).toEqual(times);
      expect(stateOf(machine, peer)).toBe('CLOSED');
      expect(user.events(handle)).toEqual({ events: ['ABORTED'], status: 'IO_TIMEOUT' });
    });
  }

  it('asks on a connection that has never carried anything', ({ bench }) => {
    const { machine, user } = bench();
    const handle = user.socket();
    user.option(handle, 'KEEP_ALIVE', 1);
    const peer = welcome({ machine, user }, new Peer(machine, { port: 139 }), handle);
    machine.advance(2 * HOURS_MS + 100);
    expect(peer.lines()).toEqual(['. 0(0) ack 1']);
  });

  it('asks on a connection that was accepted and then set', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = arrive({ machine, user }, user.listen(80), 80);
    machine.advance(1000);
    expect(user.option(handle, 'KEEP_ALIVE', 1)).toBe('SUCCESS');
    machine.advance(2 * HOURS_MS - 20);
    expect(peer.lines()).toEqual([]);
    machine.advance(40);
    expect(peer.lines()).toEqual(['. 0(0) ack 1']);
  });

  for (const release of BOTH) {
    it(`${release}: asks only when nothing has come for that long (MUST-26)`, ({ bench }) => {
      const { machine, user } = bench({ release });
      const { peer, handle } = reach({ machine, user });
      user.option(handle, 'KEEP_ALIVE', 1);
      user.send(handle, pattern(10));
      peer.listen('ack');
      for (let hours = 0; hours < 10; hours++) {
        machine.advance(HOURS_MS);
        peer.say(ACK | PSH, { data: pattern(10) });
        machine.advance(1000);
        expect(peer.heard().every(({ sequence }) => sequence === peer.ack)).toBe(true);
        user.drain(handle);
      }
      machine.advance(2 * HOURS_MS - 2000);
      expect(peer.lines()).toEqual([]);
      machine.advance(2 * HOURS_MS + 2000);
      expect(peer.lines()).toContain('. 10(0) ack 101');
    });
  }

  for (const release of BOTH) {
    it(`${release}: does not ask while text is on its way (MUST-26)`, ({ bench }) => {
      // A silence of 100 ms is shorter than any time-out.
      const one = bench({ release, parameters: { KeepAliveTime: 100 } });
      const { peer, handle } = reach(one);
      one.user.option(handle, 'KEEP_ALIVE', 1);
      one.user.send(handle, pattern(10));
      one.machine.advance(30_000);
      const heard = peer.heard();
      expect(heard.length).toBeGreaterThan(3);
      expect(heard.filter(({ sequence, data }) =>
        sequence !== peer.ack || data.length !== 10)).toEqual([]);
      peer.ack += 10;
      peer.say(ACK);
      one.machine.advance(120);
      expect(peer.lines()).toEqual(['. 10(0) ack 1']);
      peer.say(RST);
    });
  }

  for (const release of BOTH) {
    it(`${release}: can be switched off again`, ({ bench }) => {
      const { machine, user } = bench({ release });
      const { peer, handle } = reach({ machine, user });
      user.option(handle, 'KEEP_ALIVE', 1);
      user.send(handle, pattern(10));
      peer.listen('ack');
      user.option(handle, 'KEEP_ALIVE', 0);
      machine.advance(10 * HOURS_MS);
      expect(peer.lines()).toEqual([]);
    });
  }

  it('waits 49 days where KeepAliveTime is the greatest', ({ bench }) => {
    const { machine, user } = bench({ parameters: { KeepAliveTime: 0xffff_ffff } });
    const { peer, handle } = reach({ machine, user });
    user.option(handle, 'KEEP_ALIVE', 1);
    machine.advance(49 * 24 * HOURS_MS);
    expect(peer.lines()).toEqual([]);
    machine.advance(24 * HOURS_MS);
    expect(peer.lines()[0]).toBe('. 0(0) ack 1');
  });

  it('is itself answered by the kernel: the octet before the window is not acceptable', ({
    bench,
  }) => {
    const { machine, user } = bench();
    const { peer } = reach({ machine, user });
    peer.say(ACK, { sequence: peer.next - 1 });
    expect(peer.lines()).toEqual(['. 1(0) ack 1']);
    peer.say(ACK, { sequence: peer.next - 1, data: pattern(1) });
    expect(peer.lines()).toEqual(['. 1(0) ack 1']);
    expect(user.everything().flatMap(({ events }) => events)).not.toContain('READABLE');
  });
});
