/** Blind attacks (RFC 5961): RST, SYN and old acknowledgments, and how often the peer is asked. */

import { describe, expect } from 'vitest';
import { ACK, FIN, PSH, RST, SYN } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import { pattern } from '../../wireside/octets.js';
import { stamps } from '../../wireside/option.js';
import { Peer, arrive, reach, stateOf } from '../../wireside/peer.js';

const MODERN = { release: 'modern' };
const CHALLENGE = '. 1(0) ack 1';

describe('tcpip/tcp/challenge', () => {
  for (const [where, offset, answer] of [
    ['just inside the window', 1, [CHALLENGE]],
    ['at the last octet of what is kept for the client', 65_699, [CHALLENGE]],
    ['behind it', 65_700, []],
    ['before the window', -1, []],
    ['half the circle away', 0x8000_0000, []],
  ] as const) {
    it(`does not believe a RST ${where} (RFC 5961, 3.2)`, ({ bench }) => {
      const one = bench(MODERN);
      const { peer } = reach(one);
      peer.say(RST, { sequence: (peer.next + offset) >>> 0 });
      expect(stateOf(one.machine, peer)).toBe('ESTABLISHED');
      expect(peer.lines()).toEqual(answer);
    });
  }

  it('believes a RST at the left edge, with or without ACK (RFC 5961, 3.2)', ({ bench }) => {
    for (const flags of [RST, RST | ACK]) {
      const one = bench(MODERN);
      const { peer, handle } = reach(one);
      peer.say(flags);
      expect(stateOf(one.machine, peer)).toBe('CLOSED');
      expect(one.user.events(handle).status).toBe('CONNECTION_RESET');
    }
  });

  for (const [where, offset] of [
    ['in the window', 10], ['at the left edge', 0], ['before it', -1000], ['far away', 0x7fff_0000],
  ] as const) {
    it(`answers a SYN ${where}, and stays open (RFC 5961, 4.2)`, ({ bench }) => {
      const one = bench(MODERN);
      const { peer, handle } = reach(one);
      for (const flags of [SYN, SYN | ACK]) {
        peer.say(flags, { sequence: (peer.next + offset) >>> 0 });
        expect(peer.lines()).toEqual([CHALLENGE]);
      }
      expect(stateOf(one.machine, peer)).toBe('ESTABLISHED');
      peer.say(ACK | PSH, { data: pattern(10) });
      expect(one.user.drain(handle).length).toBe(10);
    });
  }

  it('takes no text with an ACK that is too old, or not yet due (RFC 5961, 5.2)', ({ bench }) => {
    const one = bench(MODERN);
    const { peer, handle } = reach(one, { window: 1000 });
    one.machine.dropped();
    const data = pattern(10);
    peer.say(ACK | PSH, { data, sequence: peer.next, acknowledgment: peer.ack - 1001 });
    expect(one.machine.dropped()).toEqual({ TCP_OLD_ACK: 1 });
    expect(peer.lines()).toEqual([CHALLENGE]);
    peer.say(ACK | PSH, { data, sequence: peer.next, acknowledgment: peer.ack + 1 });
    expect(one.machine.dropped()).toEqual({ TCP_UNSENT_ACKNOWLEDGED: 1 });
    expect(one.user.drain(handle).length).toBe(0);
    peer.say(ACK | PSH, { data, acknowledgment: peer.ack - 1000 });
    expect(one.user.drain(handle).length).toBe(10);
  });

  it('finds an ACK too old by the largest window there was (MAX.SND.WND; 5.2)', ({ bench }) => {
    const one = bench(MODERN);
    const { peer, handle } = reach(one, { window: 1000 });
    peer.say(ACK, { window: 5000 });
    peer.say(ACK, { window: 2000 });
    one.machine.dropped();
    const data = pattern(10);
    peer.say(ACK | PSH, { data, sequence: peer.next, acknowledgment: peer.ack - 5001 });
    expect(one.machine.dropped()).toEqual({ TCP_OLD_ACK: 1 });
    peer.say(ACK | PSH, { data, acknowledgment: peer.ack - 5000 });
    expect(one.user.drain(handle).length).toBe(10);
    expect(one.machine.dropped()).toEqual({});
  });

  it('asks a peer five times a second at most (RFC 5961, 7)', ({ bench }) => {
    const one = bench(MODERN);
    const { peer } = reach(one);
    for (let i = 0; i < 20; i++) peer.say(RST, { sequence: peer.next + 1 });
    expect(peer.lines()).toHaveLength(5);
    expect(one.machine.dropped()).toMatchObject({ TCP_NO_CHALLENGE: 15 });
    one.machine.advance(1000);
    for (let i = 0; i < 20; i++) peer.say(SYN, { sequence: peer.next });
    expect(peer.lines()).toHaveLength(5);
  });

  it('asks all peers so often a second that nobody can count on it (RFC 5961, 7)', ({ bench }) => {
    const most = 40;
    const one = bench({
      ...MODERN,
      parameters: { NtstackChallengeAcksPerSecond: most, NtstackChallengeAcks: 255 },
    });
    const listener = one.user.listen(80, 200);
    const { peer } = arrive(one, listener, 80);
    const asked = Array.from({ length: 12 }, () => {
      one.machine.advance(1000);
      for (let i = 0; i < 2 * most; i++) peer.say(RST, { sequence: peer.next + 1 });
      return peer.lines().length;
    });
    for (const times of asked) {
      expect(times).toBeGreaterThanOrEqual(most / 2);
      expect(times).toBeLessThanOrEqual(most);
    }
    expect(new Set(asked).size).toBeGreaterThan(3);
  });

  it('Protect5961 0: a RST or SYN in the window is believed (RFC 793, 3.4 and 3.9)', ({
    bench,
  }) => {
    for (const [flags, heard] of [[RST, []], [SYN, ['R. 1(0) ack 1']]] as const) {
      const one = bench({ ...MODERN, parameters: { Protect5961: 0 } });
      const { peer, handle } = reach(one);
      peer.say(flags, { sequence: peer.next + 100 });
      expect(stateOf(one.machine, peer)).toBe('CLOSED');
      expect(peer.lines()).toEqual(heard);
      expect(one.user.events(handle).status).toBe('CONNECTION_RESET');
    }
  });

  it('does not believe a RST in TIME-WAIT (RFC 1337, F1)', ({ bench }) => {
    const one = bench(MODERN);
    const { peer, handle } = reach(one);
    one.user.shutdown(handle);
    peer.ack++;
    peer.say(FIN | ACK);
    peer.heard();
    peer.say(RST);
    peer.say(RST, { sequence: peer.next + 1 });
    expect(stateOf(one.machine, peer)).toBe('TIME_WAIT');
    expect(peer.lines()).toEqual([]);
  });

  it('opens a connection out of TIME-WAIT for a newer timestamp (RFC 6191, 2)', ({ bench }) => {
    const one = bench(MODERN);
    const listener = one.user.listen(80);
    const carries = stamps(1000);
    const { peer, handle } = arrive(one, listener, 80, { agrees: carries, carries });
    one.user.shutdown(handle);
    peer.heard();
    peer.ack++;
    peer.say(FIN | ACK);
    peer.heard();
    expect(stateOf(one.machine, peer)).toBe('TIME_WAIT');
    // Its numbers are older than the old connection's, its timestamps newer.
    const again = new Peer(one.machine, {
      ours: 80, sequence: peer.own - 1_000_000, agrees: stamps(1001),
    });
    again.say(SYN);
    expect(again.lines()).toEqual(['S. 0(0) ack 1']);
    expect(stateOf(one.machine, again)).toBe('CLOSED');
    again.ack = (again.kernels + 1) >>> 0;
    again.say(ACK, { options: stamps(1002) });
    expect(stateOf(one.machine, again)).toBe('ESTABLISHED');
  });
});
