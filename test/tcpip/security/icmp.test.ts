/**
 * ICMP against TCP (RFC 5927): errors that end connections, that make segments small, that slow a
 * sender down; told by who does not see the connection they quote, at each place of the circle.
 */

import { describe, expect } from 'vitest';
import { viewOf } from '../../../host/wire/octets.js';
import { ACK, ICMP, PSH, SYN, TCP, THEM, US, ethernet, icmp, ipv4 } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import { difference, pattern } from '../../wireside/octets.js';
import { Peer, fieldOf, reach, stateOf } from '../../wireside/peer.js';
import { placesAround } from './forger.js';

const RELEASES = ['nt40sp6a-q297040', 'modern'];
const ATTACKER = 0x0b00_0001;
const HALF = 2 ** 31;
const UNREACHABLE = 3;
const FRAGMENTATION_NEEDED = 4;
/** Codes that say that nothing of the kind will ever arrive, and those that prohibit. */
const HARD = [2, 3];
const PROHIBITED = [9, 10, 13];

/** An error that quotes a segment to `peer` with that number, of a full datagram. */
function error(
  peer: Peer, sequence: number, type: number, code: number, mtu = 0,
): Uint8Array {
  const quoted = new Uint8Array(8);
  const view = viewOf(quoted);
  view.setUint16(0, peer.ours);
  view.setUint16(2, peer.port);
  view.setUint32(4, sequence >>> 0);
  const quote = ipv4(quoted, {
    source: US, destination: peer.address, protocol: TCP, totalLength: 1500,
  });
  const between = { source: ATTACKER, destination: US, protocol: ICMP };
  return ethernet(ipv4(icmp(type, code, mtu, quote), between));
}

describe('tcpip/security/icmp', () => {
  for (const release of RELEASES) {
    it(`${release}: no error but one ends or slows what is open, quoting what is on its way`, ({
      bench,
    }) => {
      const one = bench({ release });
      const { machine, user } = one;
      const { peer, handle } = reach(one);
      user.send(handle, pattern(4000));
      const sent = peer.listen();
      const facts = (): unknown[] => [
        stateOf(machine, peer), ...['cwnd', 'mss', 'sndNxt', 'sndUna', 'rto', 'sndWnd']
          .map((field) => fieldOf(machine, peer, field)),
      ];
      const before = facts();
      for (let type = 0; type < 44; type++) {
        for (let code = 0; code < 18; code++) {
          // What asks for an answer, and the one that has a test of its own.
          if (type === 8 || (type === UNREACHABLE && code === FRAGMENTATION_NEEDED)) continue;
          machine.receive(error(peer, sent[0]?.sequence ?? 0, type, code));
        }
      }
      expect(facts()).toEqual(before);
      expect(machine.take()).toEqual([]);
      expect(user.events(handle).events).not.toContain('ABORTED');
      peer.say(ACK);
      peer.listen('ack');
      expect(difference(Uint8Array.from(peer.text), pattern(4000))).toBe('same');
    });

    it(`${release}: a connect ends only for a hard error that quotes its own number`, ({
      bench,
    }) => {
      const { machine, user } = bench({ release });
      const hard = release === 'modern' ? [...HARD, ...PROHIBITED] : HARD;
      let ends = 0;
      for (let code = 0; code < 16; code++) {
        if (code === FRAGMENTATION_NEEDED) continue;
        const peer = new Peer(machine, { port: 5000 + code });
        const handle = user.socket();
        user.connect(handle, peer.port);
        const [syn] = peer.heard();
        const own = syn?.sequence ?? 0;
        for (const place of placesAround([0, HALF], 3, 97)) {
          if (place === 0) continue;
          machine.receive(error(peer, own + place, UNREACHABLE, code));
        }
        expect(stateOf(machine, peer)).toBe('SYN_SENT');
        machine.receive(error(peer, own, UNREACHABLE, code));
        const isOver = stateOf(machine, peer) === 'CLOSED';
        expect([code, isOver]).toEqual([code, hard.includes(code)]);
        if (isOver) ends++;
        user.close(handle, 'abort');
      }
      expect(ends).toBe(hard.length);
    });

    it(`${release}: a path is narrowed only by who quotes what is on the way`, ({ bench }) => {
      const one = bench({ release, parameters: { Tcp1323Opts: 0 } });
      const { machine, user } = one;
      const { peer, handle } = reach(one, { window: 60_000 });
      const idle = fieldOf(machine, peer, 'mss');
      for (const place of placesAround([0, HALF], 20, 997)) {
        machine.receive(error(peer, peer.ack + place, UNREACHABLE, FRAGMENTATION_NEEDED, 600));
      }
      expect(fieldOf(machine, peer, 'mss')).toBe(idle);
      user.send(handle, pattern(1460));
      machine.take();
      let [hits, mss] = [0, idle];
      for (const place of placesAround([0, 1460, HALF], 20, 997)) {
        const mtu = 1400 - hits;
        machine.receive(error(peer, peer.ack + place, UNREACHABLE, FRAGMENTATION_NEEDED, mtu));
        const now = fieldOf(machine, peer, 'mss');
        if ((now !== mss) !== (place < 1460)) expect([place, now]).toEqual([place, mss]);
        if (now === mss) continue;
        hits++;
        mss = now;
      }
      expect(hits).toBe(41);
      machine.take();
    });

    it(`${release}: who sees it can make segments of 28 octets, and for ten minutes only`, ({
      bench,
    }) => {
      const one = bench({ release, parameters: { Tcp1323Opts: 0 } });
      const { machine, user } = one;
      const { peer, handle } = reach(one, { window: 60_000 });
      user.send(handle, pattern(1400));
      for (let i = 0; i < 1000; i++) {
        const mtu = i % 70;
        machine.receive(error(peer, peer.ack, UNREACHABLE, FRAGMENTATION_NEEDED, mtu));
      }
      expect(fieldOf(machine, peer, 'mss')).toBe(28);
      let segments = 0;
      for (let round = 0; round < 80 && peer.text.length < 1400; round++) {
        const heard = peer.listen('ack');
        segments += heard.length;
        if (heard.length === 0) machine.advance(500);
      }
      expect(difference(Uint8Array.from(peer.text), pattern(1400))).toBe('same');
      // What was on its way when it was told of, once for each size, and then the smallest.
      expect(segments).toBeLessThan(1400 / 28 + 200);
      machine.advance(601_000);
      user.send(handle, pattern(10));
      peer.listen('ack');
      expect(fieldOf(machine, peer, 'mss')).toBe(1460);
    });
  }

  it('modern: what is half open ends only for its own number; NT does not hear of it', ({
    bench,
  }) => {
    for (const release of RELEASES) {
      const { machine, user } = bench({ release });
      machine.meet();
      user.listen(80, 50);
      for (const [i, code] of [...HARD, ...PROHIBITED].entries()) {
        const peer = new Peer(machine, { ours: 80, port: 4000 + i });
        peer.say(SYN);
        const own = peer.heard()[0]?.sequence ?? 0;
        peer.ack = (own + 1) >>> 0;
        for (const place of placesAround([0, HALF], 3, 97)) {
          if (place !== 0) machine.receive(error(peer, own + place, UNREACHABLE, code));
        }
        expect(machine.traced('TCP_HALF_OPEN_ENDED')).toBe(release === 'modern' ? i : 0);
        machine.receive(error(peer, own, UNREACHABLE, code));
        peer.say(ACK | PSH, { data: pattern(4) });
        expect(stateOf(machine, peer)).toBe(release === 'modern' ? 'CLOSED' : 'ESTABLISHED');
        peer.heard();
      }
    }
  });

  it('answers no error with an error, of 20,000 that quote what never was', ({ bench }) => {
    const { machine } = bench({ release: 'modern' });
    machine.meet();
    const peer = new Peer(machine, { address: THEM, ours: 80 });
    const before = [machine.raw.poolBlocks(), machine.raw.runningTimers()];
    for (let i = 0; i < 20_000; i += 50) {
      machine.receive(...Array.from({ length: 50 }, (_, at) =>
        error(peer, (i + at) * 0x12345, [3, 4, 5, 11, 12][at % 5] ?? 3, at % 16, i)));
    }
    expect(machine.take()).toEqual([]);
    expect([machine.raw.poolBlocks(), machine.raw.runningTimers()]).toEqual(before);
  });
});
