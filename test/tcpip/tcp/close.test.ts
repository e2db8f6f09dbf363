/** Both ends of a close in every order, TIME-WAIT, and the end by force (RFC 9293, 3.6). */

import { describe, expect } from 'vitest';
import { ACK, FIN, PSH, SYN } from '../../wireside/build.js';
import { BOTH, it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import { difference, pattern } from '../../wireside/octets.js';
import { Peer, arrive, reach, stateOf } from '../../wireside/peer.js';
import type { Connected } from '../../wireside/peer.js';

const TIME_WAIT_MS = 240_000;

/** A connection that the kernel accepted. */
function accepted(bench: Bench): Connected & { listener: number } {
  const listener = bench.user.listen(80);
  return { ...arrive(bench, listener, 80), listener };
}

/** A connection of which the kernel has closed its side, and the peer has acknowledged that. */
function finWait2(bench: Bench): Connected {
  const one = reach(bench);
  bench.user.shutdown(one.handle);
  expect(one.peer.lines()).toEqual(['F. 1(0) ack 1']);
  one.peer.ack++;
  one.peer.say(ACK);
  expect(stateOf(bench.machine, one.peer)).toBe('FIN_WAIT_2');
  return one;
}

/** A connection in TIME-WAIT, whose socket is closed. */
function timeWait(bench: Bench): Connected {
  const one = finWait2(bench);
  bench.user.close(one.handle);
  one.peer.say(FIN | ACK);
  expect(one.peer.lines()).toEqual(['. 2(0) ack 2']);
  expect(stateOf(bench.machine, one.peer)).toBe('TIME_WAIT');
  return one;
}

describe('tcpip/tcp/close', () => {
  it('closes first: FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT, and 240 s later nothing', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    expect(user.shutdown(handle)).toBe('SUCCESS');
    expect(peer.lines()).toEqual(['F. 1(0) ack 1']);
    expect(stateOf(machine, peer)).toBe('FIN_WAIT_1');
    peer.ack++;
    peer.say(ACK);
    expect(stateOf(machine, peer)).toBe('FIN_WAIT_2');
    peer.say(FIN | ACK);
    expect(peer.lines()).toEqual(['. 2(0) ack 2']);
    expect(stateOf(machine, peer)).toBe('TIME_WAIT');
    expect(user.events(handle).events).toEqual(['CLOSED']);
    expect(user.receive(handle)).toBe('GRACEFUL_DISCONNECT');
    machine.advance(TIME_WAIT_MS - 10);
    expect(stateOf(machine, peer)).toBe('TIME_WAIT');
    machine.advance(20);
    expect(stateOf(machine, peer)).toBe('CLOSED');
    expect(machine.count('TCP_CLOSED')).toBe(1);
  });

  for (const release of BOTH) {
    it(`${release}: closes second: CLOSE-WAIT, LAST-ACK, and at the ACK nothing`, ({ bench }) => {
      const { machine, user } = bench({ release });
      const { peer, handle } = accepted({ machine, user });
      peer.say(FIN | ACK);
      expect(peer.lines()).toEqual(['. 1(0) ack 2']);
      expect(stateOf(machine, peer)).toBe('CLOSE_WAIT');
      expect(user.events(handle).events).toEqual(['CLOSED']);
      user.close(handle);
      expect(peer.lines()).toEqual(['F. 1(0) ack 2']);
      expect(stateOf(machine, peer)).toBe('LAST_ACK');
      peer.ack++;
      peer.say(ACK);
      expect(stateOf(machine, peer)).toBe('CLOSED');
      expect(peer.lines()).toEqual([]);
    });
  }

  it('sends its FIN once more where both cross, and hears the peer\'s once more, in modern', ({
    bench,
  }) => {
    const one = bench({ release: 'modern' });
    const { peer, handle } = reach(one);
    one.user.shutdown(handle);
    expect(peer.lines()).toEqual(['F. 1(0) ack 1']);
    const sequence = peer.next;
    peer.say(FIN | ACK);
    expect(peer.lines()).toEqual(['F. 1(0) ack 2']);
    expect(stateOf(one.machine, peer)).toBe('CLOSING');
    peer.say(FIN | ACK, { sequence, acknowledgment: peer.ack + 1 });
    expect(stateOf(one.machine, peer)).toBe('TIME_WAIT');
  });

  it('closes at once with the peer: CLOSING, then TIME-WAIT (figure 13)', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    user.shutdown(handle);
    peer.heard();
    peer.say(FIN | ACK);
    expect(stateOf(machine, peer)).toBe('CLOSING');
    expect(peer.lines()).toEqual(['. 2(0) ack 2']);
    peer.ack++;
    peer.say(ACK);
    expect(stateOf(machine, peer)).toBe('TIME_WAIT');
    expect(user.events(handle).events).toEqual(['CLOSED']);
  });

  it('goes from FIN-WAIT-1 to TIME-WAIT when ACK and FIN come as one', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    user.shutdown(handle);
    peer.heard();
    peer.ack++;
    peer.say(FIN | ACK);
    expect(stateOf(machine, peer)).toBe('TIME_WAIT');
    expect(peer.lines()).toEqual(['. 2(0) ack 2']);
  });

  it('receives after it has closed its side', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = finWait2({ machine, user });
    peer.say(ACK | PSH, { data: pattern(2000, 0).subarray(0, 1000) });
    peer.say(ACK | PSH | FIN, { data: pattern(1000, 1000) });
    expect(difference(user.drain(handle), pattern(2000))).toBe('same');
    expect(user.receive(handle)).toBe('GRACEFUL_DISCONNECT');
    expect(stateOf(machine, peer)).toBe('TIME_WAIT');
  });

  it('sends after the peer has closed its side', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = accepted({ machine, user });
    peer.say(FIN | ACK);
    peer.heard();
    expect(user.send(handle, pattern(3000))).toBe(3000);
    peer.listen('ack');
    peer.listen('ack');
    user.close(handle);
    peer.listen('ack');
    expect(difference(Uint8Array.from(peer.text), pattern(3000))).toBe('same');
    expect(stateOf(machine, peer)).toBe('CLOSED');
  });

  it('sends FIN behind all that was sent before the close', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    user.send(handle, pattern(20_000));
    user.close(handle);
    let fin = false;
    for (let i = 0; i < 50 && !fin; i++) {
      fin = peer.listen('ack').some(({ flags }) => flags & FIN);
    }
    expect(difference(Uint8Array.from(peer.text), pattern(20_000))).toBe('same');
    expect(fin).toBe(true);
    expect(stateOf(machine, peer)).toBe('FIN_WAIT_2');
  });

  it('sends a lost FIN again, and gives up after 5 (Q254930)', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    user.close(handle);
    machine.advance(3000 * (1 + 2 + 4 + 8 + 16 + 32) - 10);
    expect(peer.fullLines()).toEqual(
      [0, 3, 9, 21, 45, 93].map((s) => `${s * 1000} F. 1(0) ack 1 win 8760`),
    );
    expect(stateOf(machine, peer)).toBe('FIN_WAIT_1');
    machine.advance(20);
    expect(stateOf(machine, peer)).toBe('CLOSED');
  });

  it('sends a lost FIN again from LAST-ACK, and gives up too', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = accepted({ machine, user });
    peer.say(FIN | ACK);
    peer.heard();
    user.close(handle);
    machine.advance(3000 * 63 + 10);
    expect(peer.lines()).toHaveLength(6);
    expect(stateOf(machine, peer)).toBe('CLOSED');
  });

  it('acknowledges a FIN that comes again, and waits anew (RFC 9293, 3.10.7.4)', ({ bench }) => {
    const { machine, user } = bench();
    const { peer } = timeWait({ machine, user });
    machine.advance(TIME_WAIT_MS - 1000);
    peer.say(FIN | ACK, { sequence: peer.next - 1 });
    expect(peer.lines()).toEqual(['. 2(0) ack 2']);
    machine.advance(TIME_WAIT_MS - 10);
    expect(stateOf(machine, peer)).toBe('TIME_WAIT');
    machine.advance(20);
    expect(stateOf(machine, peer)).toBe('CLOSED');
  });

  it('is reopened from TIME-WAIT by a newer SYN, not by an old one (MAY-2)', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle, listener } = accepted({ machine, user });
    user.close(handle);
    peer.heard();
    peer.ack++;
    peer.say(FIN | ACK);
    peer.heard();
    expect(stateOf(machine, peer)).toBe('TIME_WAIT');
    machine.advance(1000);
    const old = new Peer(machine, { ours: 80, sequence: peer.own - 500 });
    old.say(SYN);
    expect(peer.lines()).toEqual(['. 2(0) ack 2']);
    expect(stateOf(machine, peer)).toBe('TIME_WAIT');
    const again = arrive({ machine, user }, listener, 80, { sequence: peer.next + 64_000 });
    expect(machine.raw.tableCount()).toBe(1);
    expect(stateOf(machine, again.peer)).toBe('ESTABLISHED');
    expect(again.peer.kernels - peer.ack).toBeGreaterThan(0);
  });

  it('is not reopened where its new number would not be beyond the old (MAY-2)', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle, listener } = accepted({ machine, user });
    user.send(handle, pattern(60_000));
    user.close(handle);
    for (let i = 0; i < 30; i++) peer.listen('ack');
    peer.say(FIN | ACK);
    expect(stateOf(machine, peer)).toBe('TIME_WAIT');
    peer.heard();
    const again = new Peer(machine, { ours: 80, sequence: peer.next + 64_000 });
    // 60,000 octets in no time: the clock of sequence numbers has not come so far.
    again.say(SYN);
    expect(peer.heard().map(({ flags }) => flags)).toEqual([ACK]);
    machine.advance(1000);
    arrive({ machine, user }, listener, 80, { sequence: peer.next + 64_000 });
  });

  it('resets when octets are unread at the close (SHLD-3)', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = accepted({ machine, user });
    peer.say(ACK | PSH, { data: pattern(100) });
    user.close(handle);
    expect(peer.lines()).toEqual(['R. 1(0) ack 101']);
    expect(stateOf(machine, peer)).toBe('CLOSED');
  });

  it('resets when text comes after the close (nt-facts 3.6)', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = finWait2({ machine, user });
    user.close(handle);
    peer.say(ACK | PSH, { data: pattern(100) });
    expect(peer.heard().map(({ flags }) => flags & 4)).toEqual([4]);
    expect(stateOf(machine, peer)).toBe('CLOSED');
    expect(machine.dropped()).toMatchObject({ TCP_AFTER_CLOSE: 1 });
  });

  it('resets at once when it is aborted, and forgets what was to be sent', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    user.send(handle, pattern(30_000));
    peer.heard();
    user.close(handle, 'abort');
    expect(peer.lines()).toEqual(['R. 2921(0) ack 1']);
    expect(stateOf(machine, peer)).toBe('CLOSED');
    expect(machine.raw.irpsInUse()).toBe(0);
  });

  it('waits for a FIN until what is before it has come', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = accepted({ machine, user });
    const gap = pattern(100);
    const fin = peer.frame(ACK | FIN, { data: pattern(50, 100), sequence: peer.next + 100 });
    machine.receive(fin);
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
    expect(peer.lines()).toEqual(['. 1(0) ack 1']);
    peer.say(ACK, { data: gap });
    expect(stateOf(machine, peer)).toBe('CLOSE_WAIT');
    expect(peer.lines()).toEqual(['. 1(0) ack 152']);
    expect(difference(user.drain(handle), pattern(150))).toBe('same');
    expect(user.receive(handle)).toBe('GRACEFUL_DISCONNECT');
  });

  it('lets nothing be sent after shutdown, which may come twice', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    expect([user.shutdown(handle), user.shutdown(handle)]).toEqual(['SUCCESS', 'SUCCESS']);
    expect(user.send(handle, pattern(10))).toBe('CONNECTION_INVALID');
    expect(peer.lines()).toEqual(['F. 1(0) ack 1']);
    expect(stateOf(machine, peer)).toBe('FIN_WAIT_1');
  });

  it('does not wait for ever for the FIN of a peer whose connection nobody has', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = finWait2({ machine, user });
    machine.advance(3_600_000);
    expect(stateOf(machine, peer)).toBe('FIN_WAIT_2');
    user.close(handle);
    machine.advance(TIME_WAIT_MS + 10);
    expect(stateOf(machine, peer)).toBe('CLOSED');
  });

  it('answers text after the peer\'s own FIN with an ACK, and takes none of it', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = accepted({ machine, user });
    peer.say(FIN | ACK);
    peer.heard();
    peer.say(ACK | PSH, { data: pattern(10) });
    expect(peer.lines()).toEqual(['. 1(0) ack 2']);
    expect(user.receive(handle)).toBe('GRACEFUL_DISCONNECT');
    expect(machine.dropped()).toEqual({ TCP_AFTER_CLOSE: 1 });
  });
});
