/** What was not acknowledged is sent again, less and less often, and given up in the end. */

import { describe, expect } from 'vitest';
import { ACK, PSH } from '../../wireside/build.js';
import { BOTH, it } from '../../wireside/fixture.js';
import { difference, pattern } from '../../wireside/octets.js';
import { fieldOf, reach, stateOf } from '../../wireside/peer.js';
import type { Connected } from '../../wireside/peer.js';
import type { Bench } from '../../wireside/fixture.js';

/** A connection on which one round trip of `ms` has been measured. */
function measured(bench: Bench, ms: number): Connected {
  const one = reach(bench);
  bench.user.send(one.handle, pattern(100));
  bench.machine.advance(ms);
  one.peer.listen('ack');
  one.peer.heard();
  return one;
}

describe('tcpip/tcp/retransmit', () => {
  it('doubles 3 s five times before it gives up (nt-facts 3.2; TcpMaxDataRetransmissions 5)', ({
    bench,
  }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    user.send(handle, pattern(100));
    machine.advance(3000 * 63 - 10);
    expect(peer.heard().map(({ atMs }) => atMs / 1000)).toEqual([0, 3, 9, 21, 45, 93]);
    expect(user.events(handle).events).toEqual([]);
    machine.advance(20);
    expect(stateOf(machine, peer)).toBe('CLOSED');
    expect(user.events(handle).events).toEqual(['ABORTED']);
    expect(machine.traced('TCP_GIVE_UP')).toBe(1);
    expect(machine.raw.irpsInUse()).toBe(0);
  });

  it('begins at the measured round trip, and no sooner than 300 ms', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = measured({ machine, user }, 20);
    expect(fieldOf(machine, peer, 'rto')).toBe(300);
    const startMs = machine.nowMs;
    user.send(handle, pattern(100, 100));
    machine.advance(300 * 63 + 10);
    expect(peer.heard().map(({ atMs }) => atMs - startMs)).toEqual([0, 300, 900, 2100, 4500, 9300]);
    expect(stateOf(machine, peer)).toBe('CLOSED');
  });

  for (const release of BOTH) {
    it(`${release}: computes RTO as RFC 6298, 2 says: SRTT + 4 * RTTVAR`, ({ bench }) => {
      const { machine, user } = bench({ release });
      const { peer, handle } = measured({ machine, user }, 400);
      // R = 400: SRTT 400, RTTVAR 200.
      expect(Math.abs(fieldOf(machine, peer, 'rto') - 1200)).toBeLessThanOrEqual(1);
      user.send(handle, pattern(100, 100));
      machine.advance(800);
      peer.listen('ack');
      // R' = 800: RTTVAR 3/4 * 200 + 1/4 * 400 = 250, SRTT 7/8 * 400 + 1/8 * 800 = 450.
      expect(Math.abs(fieldOf(machine, peer, 'rto') - 1450)).toBeLessThanOrEqual(2);
    });
  }

  for (const release of BOTH) {
    it(`${release}: takes no sample from what was sent twice: Karn (MUST-18)`, ({ bench }) => {
      const { machine, user } = bench({ release });
      const { peer, handle } = measured({ machine, user }, 20);
      const least = release === 'modern' ? 200 : 300;
      user.send(handle, pattern(100, 100));
      machine.advance(3 * least);
      expect(peer.heard()).toHaveLength(3);
      machine.advance(700);
      // A second and more after it was sent first: neither that nor the time since the last copy
      // is a sample.
      peer.ack += 100;
      peer.say(ACK);
      user.send(handle, pattern(100, 200));
      machine.advance(20);
      peer.ack += 100;
      peer.say(ACK);
      expect(fieldOf(machine, peer, 'rto')).toBe(least);
    });
  }

  it('keeps the backed-off RTO until there is a sample (Karn; RFC 6298, 5)', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = measured({ machine, user }, 20);
    user.send(handle, pattern(100, 100));
    machine.advance(900);
    peer.heard();
    peer.ack += 100;
    peer.say(ACK);
    expect(fieldOf(machine, peer, 'rto')).toBe(1200);
    const startMs = machine.nowMs;
    user.send(handle, pattern(100, 200));
    machine.advance(1200);
    expect(peer.heard().map(({ atMs }) => atMs - startMs)).toEqual([0, 1200]);
  });

  it('goes no further than NtstackMaximumRto', ({ bench }) => {
    const { machine, user } = bench({
      parameters: { NtstackMaximumRto: 5000, TcpMaxDataRetransmissions: 4 },
    });
    const { peer, handle } = reach({ machine, user });
    user.send(handle, pattern(100));
    machine.advance(60_000);
    expect(peer.heard().map(({ atMs }) => atMs / 1000)).toEqual([0, 3, 8, 13, 18]);
    expect(stateOf(machine, peer)).toBe('CLOSED');
  });

  it('never gives up where TcpMaxDataRetransmissions is the greatest', ({ bench }) => {
    const { machine, user } = bench({
      parameters: { TcpMaxDataRetransmissions: 0xffff_ffff, NtstackMaximumRto: 1000 },
    });
    const { peer, handle } = reach({ machine, user });
    user.send(handle, pattern(100));
    machine.advance(600_000);
    expect(peer.heard().length).toBeGreaterThan(500);
    peer.window = 0;
    peer.ack += 100;
    peer.say(ACK);
    user.send(handle, pattern(100));
    machine.advance(600_000);
    expect(peer.heard().length).toBeGreaterThan(500);
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
  });

  it('is no sooner than 100 s in modern (SHLD-11)', ({ bench }) => {
    const { machine, user } = bench({ release: 'modern' });
    const { peer, handle } = reach({ machine, user });
    user.send(handle, pattern(100));
    machine.advance(100_000);
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
    expect(peer.heard().length).toBeGreaterThan(3);
    machine.advance(3_600_000);
    // Nobody answered: that is no reset.
    expect(user.events(handle)).toEqual({ events: ['ABORTED'], status: 'IO_TIMEOUT' });
  });

  it('begins to count anew when something is acknowledged', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    user.send(handle, pattern(2920));
    machine.advance(100_000);
    peer.heard();
    peer.ack += 1460;
    peer.say(ACK);
    machine.advance(100_000);
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
  });

  it('sends again from the first octet missing, one segment, then as they are acknowledged', ({
    bench,
  }) => {
    const { machine, user } = bench({ parameters: { NtstackInitialWindowSegments: 4 } });
    const { peer, handle } = reach({ machine, user });
    user.send(handle, pattern(5840));
    peer.heard();
    machine.advance(3000);
    expect(peer.lines()).toEqual(['. 1(1460) ack 1']);
    peer.ack += 1460;
    peer.say(ACK);
    expect(peer.lines()).toEqual(['. 1461(1460) ack 1', '. 2921(1460) ack 1']);
    // The peer had the rest: nothing more is sent.
    peer.ack += 4380;
    peer.say(ACK);
    machine.advance(60_000);
    expect(peer.lines()).toEqual([]);
  });

  it('packs what was sent in small segments into a large one when it sends again', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    user.option(handle, 'NO_DELAY', 1);
    for (let i = 0; i < 5; i++) user.send(handle, pattern(100, i * 100));
    expect(peer.heard()).toHaveLength(5);
    machine.advance(3000);
    const [again] = peer.heard();
    expect(difference(again?.data ?? '', pattern(500))).toBe('same');
  });

  it('carries the newest acknowledgment and window when it sends again', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    user.send(handle, pattern(100));
    peer.say(ACK | PSH, { data: pattern(50) });
    machine.advance(1000);
    peer.heard();
    machine.advance(2000);
    expect(peer.lines()).toEqual(['P. 1(100) ack 51']);
  });

  it('aborts a connect-transfer whose peer vanishes, with nothing left', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = measured({ machine, user }, 10);
    user.send(handle, pattern(60_000));
    user.shutdown(handle);
    machine.advance(30_000);
    expect(stateOf(machine, peer)).toBe('CLOSED');
    expect(user.events(handle).events).toEqual(['ABORTED']);
    expect(machine.raw.runningTimers()).toBeLessThanOrEqual(1);
    expect(machine.raw.irpsInUse()).toBe(0);
  });
});
