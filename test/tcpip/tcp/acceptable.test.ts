/** Is a segment in the window? The table of RFC 9293, 3.10.7.4, row by row, and what is trimmed. */

import { describe, expect } from 'vitest';
import { ACK, FIN, PSH, RST } from '../../wireside/build.js';
import { BOTH, it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import { difference, pattern } from '../../wireside/octets.js';
import { fieldOf, reach, stateOf } from '../../wireside/peer.js';
import type { Connected } from '../../wireside/peer.js';

const WINDOW = 8760;

/** A connection whose client reads nothing, with the window closed. */
function closedWindow(bench: Bench, window = WINDOW): Connected {
  const one = reach(bench);
  bench.user.option(one.handle, 'RECEIVE_BUFFER', 0);
  for (let sent = 0; sent < window; sent += 1460) {
    one.peer.say(ACK | PSH, { data: pattern(1460, sent) });
  }
  bench.machine.advance(500);
  expect(one.peer.heard().at(-1)?.window).toBe(0);
  bench.machine.dropped();
  return one;
}

describe('tcpip/tcp/acceptable', () => {
  for (const [what, offset, length, taken] of [
    ['begins at the left edge', 0, 100, true],
    ['ends at the right edge', WINDOW - 100, 100, true],
    ['is empty at the left edge', 0, 0, true],
    ['is empty on the last octet', WINDOW - 1, 0, true],
    ['is empty at the right edge', WINDOW, 0, false],
    ['begins at the right edge', WINDOW, 10, false],
    ['ends before the left edge', -100, 100, false],
    ['is empty before the left edge', -1, 0, false],
    ['is half the circle away', 0x8000_0000, 100, false],
  ] as const) {
    it(`${taken ? 'accepts' : 'does not accept'} what ${what}`, ({ bench }) => {
      const { machine, user } = bench();
      const { peer } = reach({ machine, user });
      peer.say(ACK, { sequence: (peer.next + offset) >>> 0, data: pattern(length) });
      expect(machine.dropped()).toEqual(taken ? {} : { TCP_NOT_ACCEPTABLE: 1 });
      // What is not acceptable is answered with where we are; so is text before its turn.
      const answered = !taken || offset > 0 && length > 0;
      expect(peer.lines()).toEqual(answered ? ['. 1(0) ack 1'] : []);
    });
  }

  it('trims what it has already, and acknowledges at once', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    peer.say(ACK, { data: pattern(100) });
    peer.say(ACK, { sequence: peer.next - 60, data: pattern(160, 40) });
    expect(machine.dropped()).toEqual({ TCP_DUPLICATE: 1 });
    expect(peer.lines()).toEqual(['. 1(0) ack 201']);
    expect(difference(user.drain(handle), pattern(200))).toBe('same');
  });

  it('trims what is beyond the window, and the FIN behind it', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    user.option(handle, 'RECEIVE_BUFFER', 0);
    for (let sent = 0; sent < WINDOW - 1460; sent += 1460) {
      peer.say(ACK | PSH, { data: pattern(1460, sent) });
    }
    peer.say(ACK | PSH, { data: pattern(1000, WINDOW - 1460) });
    peer.heard();
    expect(machine.dropped()).toEqual({});
    peer.say(ACK | FIN, { data: pattern(1000, WINDOW - 460), sequence: peer.next });
    expect(machine.dropped()).toEqual({ TCP_OUT_OF_WINDOW: 1 });
    expect(peer.heard().at(-1)).toMatchObject({ window: 0, acknowledgment: peer.own + 1 + WINDOW });
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
    user.option(handle, 'RECEIVE_BUFFER', 65_536);
    expect(difference(user.drain(handle), pattern(WINDOW))).toBe('same');
  });

  it('takes no text into a closed window, and says where it is', ({ bench }) => {
    const one = bench();
    const { peer } = closedWindow(one);
    peer.say(ACK | PSH, { sequence: peer.next, data: pattern(1) });
    expect(one.machine.dropped()).toEqual({ TCP_NOT_ACCEPTABLE: 1 });
    expect(peer.heard()).toMatchObject([{ flags: ACK, window: 0, acknowledgment: peer.next }]);
  });

  it('hears acknowledgments behind a closed window (MUST-66)', ({ bench }) => {
    const one = bench();
    const { peer, handle } = closedWindow(one);
    one.user.send(handle, pattern(100));
    expect(peer.lines()).toHaveLength(1);
    const una = fieldOf(one.machine, peer, 'sndUna');
    peer.ack += 100;
    // The acknowledgment rides on text that does not fit.
    peer.say(ACK | PSH, { sequence: peer.next, data: pattern(10) });
    expect(fieldOf(one.machine, peer, 'sndUna') - una).toBe(100);
  });

  for (const release of BOTH) {
    it(`${release}: hears a RST behind a closed window (MUST-66)`, ({ bench }) => {
      const one = bench({ release });
      const { peer } = closedWindow(one, release === 'modern' ? 65_700 : WINDOW);
      peer.say(RST);
      expect(stateOf(one.machine, peer)).toBe('CLOSED');
    });
  }

  it('drops what has no ACK (RFC 9293, 3.10.7.4, fifth)', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    peer.say(PSH, { sequence: peer.next, data: pattern(10) });
    peer.say(FIN, { sequence: peer.next });
    expect(machine.dropped()).toEqual({ TCP_NO_ACK: 2 });
    expect(difference(user.receive(handle), new Uint8Array(0))).toBe('same');
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
  });
});
