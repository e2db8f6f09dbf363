/** Urgent data (RFC 9293, 3.8.5): what is said of it, what is told, and which octet it is. */

import { describe, expect } from 'vitest';
import { ACK, FIN, PSH, RST, URG } from '../../wireside/build.js';
import { BOTH, it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import { pattern } from '../../wireside/octets.js';
import { arrive, fieldOf, reach, stateOf } from '../../wireside/peer.js';
import type { Connected, Peer } from '../../wireside/peer.js';

const NONE = 0xffff_ffff;
const NOTHING = new Uint8Array(0);

/** Octets of the letters of `text`. */
function octets(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

function words(received: Uint8Array | string): string {
  return typeof received === 'string' ? received : String.fromCharCode(...received);
}

/** Says `text`, with a pointer that counts from its first octet. */
function press(peer: Peer, text: string, urgent: number): void {
  peer.say(ACK | PSH | URG, { data: octets(text), urgent });
}

function joined({ machine, user }: Bench): Connected {
  return arrive({ machine, user }, user.listen(80), 80);
}

describe('tcpip/tcp/urgent', () => {
  for (const release of BOTH) {
    it(`${release}: gives the octet before the pointer apart from the others (MUST-30, MUST-62)`, ({
      bench,
    }) => {
      const one = bench({ release });
      const { peer, handle } = joined(one);
      press(peer, 'abcXdef', 4);
      expect(one.user.events(handle).events).toEqual(['READABLE', 'URGENT']);
      expect(one.user.query(handle, 'URGENT_LEFT')).toBe(3);
      expect(words(one.user.receiveUrgent(handle))).toBe('X');
      expect(one.user.receiveUrgent(handle)).toBe('INVALID_PARAMETER');
      expect(words(one.user.receive(handle))).toBe('abc');
      expect(one.user.query(handle, 'URGENT_LEFT')).toBe(0);
      expect(words(one.user.receive(handle))).toBe('def');
      expect(one.user.query(handle, 'URGENT_LEFT')).toBe(NONE);
      one.machine.advance(1000);
      expect(peer.lines()).toEqual(['. 1(0) ack 8']);
    });
  }

  it('gives the octet behind it where TcpUseRFC1122UrgentPointer is 1 (RFC 1122, 4.2.2.4)', ({
    bench,
  }) => {
    const one = bench({ parameters: { TcpUseRFC1122UrgentPointer: 1 } });
    const { peer, handle } = joined(one);
    press(peer, 'abcdXef', 4);
    expect(words(one.user.receiveUrgent(handle))).toBe('X');
    expect(words(one.user.drain(handle))).toBe('abcdef');
    one.user.send(handle, octets('ab'), 'urgent');
    expect(peer.heard().map(({ urgent }) => urgent)).toEqual([1]);
  });

  for (const release of BOTH) {
    it(`${release}: leaves it in line where the client wants it there, and stops before it`, ({
      bench,
    }) => {
      const one = bench({ release });
      const { peer, handle } = joined(one);
      expect(one.user.option(handle, 'OOB_INLINE', 1)).toBe('SUCCESS');
      press(peer, 'abcXdef', 4);
      expect(one.user.events(handle).events).toEqual(['READABLE', 'URGENT']);
      expect(one.user.receiveUrgent(handle)).toBe('INVALID_PARAMETER');
      expect(words(one.user.receive(handle))).toBe('abc');
      expect(one.user.query(handle, 'URGENT_LEFT')).toBe(0);
      expect(words(one.user.receive(handle))).toBe('Xdef');
    });
  }

  for (const release of BOTH) {
    it(`${release}: tells of a stretch of any length when it becomes known (MUST-31 to MUST-33)`, ({
      bench,
    }) => {
      const one = bench({ release });
      const { peer, handle } = joined(one);
      press(peer, 'ab', 5000);
      expect(one.user.events(handle).events).toEqual(['READABLE', 'URGENT']);
      expect(one.user.query(handle, 'URGENT_LEFT')).toBe(4999);
      // Announced, and not here yet.
      expect(one.user.receiveUrgent(handle)).toEqual(NOTHING);
      for (let sent = 2; sent < 5000; sent += 1000) {
        peer.say(ACK, { data: pattern(Math.min(1000, 5000 - sent)) });
      }
      expect(one.user.events(handle).events).toEqual(['READABLE', 'URGENT']);
      expect(one.user.receiveUrgent(handle)).toEqual(pattern(998).slice(-1));
      expect(one.user.drain(handle).length).toBe(4999);
    });
  }

  for (const release of BOTH) {
    it(`${release}: tells again when the pointer moves on, and of nothing that it knows`, ({
      bench,
    }) => {
      const one = bench({ release });
      const { peer, handle } = joined(one);
      const told = (urgent: number): boolean => {
        peer.say(ACK | URG, { urgent });
        return one.user.events(handle).events.includes('URGENT');
      };
      expect([told(10), told(10), told(5), told(20), told(0)]).toEqual([
        true, false, false, true, false,
      ]);
      expect(one.user.query(handle, 'URGENT_LEFT')).toBe(19);
    });
  }

  for (const release of BOTH) {
    it(`${release}: hears of it behind a closed window (MUST-66)`, ({ bench }) => {
      const one = bench({ release });
      const { peer, handle } = joined(one);
      one.user.option(handle, 'RECEIVE_BUFFER', 0);
      const window = release === 'modern' ? 65_700 : 8760;
      for (let i = 0; i < window / 1460; i++) peer.say(ACK, { data: pattern(1460) });
      one.machine.advance(500);
      expect(peer.heard().at(-1)?.window).toBe(0);
      one.user.events(handle);
      peer.say(ACK | URG, { data: octets('X'), urgent: 1, sequence: peer.next });
      expect(one.user.events(handle).events).toEqual(['URGENT']);
      expect(one.user.query(handle, 'URGENT_LEFT')).toBe(window);
      expect(one.user.receiveUrgent(handle)).toEqual(NOTHING);
    });
  }

  it('takes an urgent octet with nothing behind it, or before it (Q143478)', ({ bench }) => {
    const one = bench();
    const { peer, handle } = joined(one);
    press(peer, 'X', 1);
    expect(words(one.user.receiveUrgent(handle))).toBe('X');
    expect(one.user.receive(handle)).toEqual(NOTHING);
    press(peer, 'abY', 3);
    expect(words(one.user.receiveUrgent(handle))).toBe('Y');
    expect(words(one.user.receive(handle))).toBe('ab');
    peer.say(ACK | URG | FIN, { data: octets('Z'), urgent: 1 });
    expect(words(one.user.receiveUrgent(handle))).toBe('Z');
    expect(one.user.receive(handle)).toBe('GRACEFUL_DISCONNECT');
    expect(stateOf(one.machine, peer)).toBe('CLOSE_WAIT');
  });

  it('finds it in segments that come late, twice, and over one another (Q242009)', ({ bench }) => {
    const text = 'abcdefghXijklmnop';
    const begin = 8;
    for (const order of [[0, 1, 2], [2, 1, 0], [1, 0, 2], [2, 0, 1], [1, 1, 0, 0, 2]]) {
      const one = bench();
      const { peer, handle } = joined(one);
      const first = peer.next;
      const cuts = [[0, 7], [5, 12], [10, 17]] as const;
      for (const piece of order) {
        const [from, to] = cuts[piece] ?? [0, 0];
        const urgent = Math.max(begin + 1 - from, 0);
        peer.say(urgent > 0 ? ACK | URG : ACK, {
          data: octets(text.slice(from, to)), sequence: first + from, urgent,
        });
      }
      expect(words(one.user.receiveUrgent(handle)), `${order}`).toBe('X');
      expect(words(one.user.drain(handle)), `${order}`).toBe('abcdefghijklmnop');
      expect(fieldOf(one.machine, peer, 'rcvNxt')).toBe(first + text.length);
    }
  });

  it('keeps one octet, however many come and nobody asks (Q293841)', ({ bench }) => {
    const one = bench();
    const { peer, handle } = joined(one);
    for (let i = 0; i < 1000; i++) press(peer, 'ab', 1);
    const used = one.machine.raw.poolBlocks();
    expect(words(one.user.receiveUrgent(handle))).toBe('a');
    expect(one.machine.raw.poolBlocks()).toBe(used);
    expect(words(one.user.drain(handle))).toBe('b'.repeat(1000));
  });

  it('is predicted again once the urgent octet has come', ({ bench }) => {
    const one = bench();
    const { peer, handle } = joined(one);
    press(peer, 'ab', 1000);
    const before = one.machine.count('TCP_PREDICTED');
    peer.say(ACK, { data: pattern(100) });
    expect(one.machine.count('TCP_PREDICTED')).toBe(before);
    peer.say(ACK, { data: pattern(1000) });
    peer.say(ACK, { data: pattern(100) });
    expect(one.machine.count('TCP_PREDICTED')).toBe(before + 1);
    expect(one.user.drain(handle).length).toBe(1201);
  });

  for (const release of BOTH) {
    it(`${release}: sends it with URG until it is acknowledged, whatever Nagle says (MUST-62)`, ({
      bench,
    }) => {
      const one = bench({ release });
      const { peer, handle } = reach(one);
      one.user.send(handle, octets('abc'));
      expect(peer.heard().map(({ flags, urgent }) => [flags, urgent])).toEqual([[ACK | PSH, 0]]);
      one.user.send(handle, octets('deX'), 'urgent');
      one.user.send(handle, octets('f'));
      const [urgent, ...rest] = peer.heard();
      expect([urgent?.flags, urgent?.urgent, urgent?.data.length]).toEqual([ACK | PSH | URG, 3, 3]);
      expect(rest).toEqual([]);
      one.machine.advance(3500);
      const again = peer.heard()[0];
      expect([again?.flags, again?.urgent]).toEqual([ACK | PSH | URG, 6]);
      peer.ack += 7;
      peer.say(ACK);
      one.user.send(handle, octets('g'));
      expect(peer.heard().map(({ flags }) => flags)).toEqual([ACK | PSH]);
    });
  }

  for (const release of BOTH) {
    it(`${release}: says so at once where the window is closed, and points as far as it can`, ({
      bench,
    }) => {
      const one = bench({ release });
      const { peer, handle } = reach(one, { window: 0 });
      one.user.option(handle, 'SEND_BUFFER', 200_000);
      one.user.send(handle, pattern(60_000));
      one.user.send(handle, pattern(60_000), 'urgent');
      const said = peer.heard();
      expect(said.map(({ flags, data, urgent }) => [flags, data.length, urgent])).toEqual([
        [ACK | URG, 0, 0xffff],
      ]);
      peer.say(RST);
    });
  }

  it('forgets it with its connection', ({ bench }) => {
    const one = bench();
    const { peer, handle } = joined(one);
    press(peer, 'ab', 1000);
    peer.say(RST);
    expect(one.user.receiveUrgent(handle)).toBe('CONNECTION_INVALID');
    expect(one.user.query(handle, 'URGENT_LEFT')).toBe(NONE);
  });

  it('is thrown away by a sink', ({ bench }) => {
    const one = bench();
    const { peer, handle } = joined(one);
    one.user.option(handle, 'SINK', 1);
    press(peer, 'abc', 2);
    expect(one.user.receiveUrgent(handle)).toBe('INVALID_PARAMETER');
    expect(one.user.query(handle, 'RECEIVED')).toBe(2);
  });
});
