/**
 * Floods of options: every length of every kind that means something, and of some that do not, at
 * the beginning and at the end of a header, of TCP and of IP (RFC 9293, MUST-7; RFC 791, 3.1).
 */

import { describe, expect } from 'vitest';
import {
  ACK, ICMP, PSH, RST, SYN, TCP, THEM, US, echoRequest, ethernet, ipv4, tcp,
} from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import { difference, pattern } from '../../wireside/octets.js';
import { Peer, arrive, stateOf } from '../../wireside/peer.js';

const RELEASES = ['nt40sp6a-q297040', 'modern'];
/** The options of a header, octets at most. */
const MOST = 40;
/** Those that IANA lists, and some of no meaning. */
const KINDS = [...Array.from({ length: 35 }, (_, i) => i), 69, 128, 253, 254, 255];
const LENGTHS = [...Array.from({ length: MOST + 3 }, (_, i) => i), 127, 128, 255];

/** A field of options in which one of `kind` and `length` begins at `at`; NOPs before and after. */
function fieldWith(kind: number, length: number, at: number): Uint8Array {
  const field = new Uint8Array(MOST).fill(1);
  field[at] = kind;
  if (at + 1 < MOST) field[at + 1] = length;
  return field;
}

/** Whether the field can be read to its end (RFC 9293, 3.1). */
function isLegal(kind: number, length: number, at: number): boolean {
  return kind < 2 || (at + 1 < MOST && length >= 2 && at + length <= MOST);
}

/** Every option of the tables at each place. */
function* fields(places: readonly number[]): Generator<[Uint8Array, boolean]> {
  for (const kind of KINDS) {
    for (const length of LENGTHS) {
      for (const at of places) {
        // NOP and END have no length: the octet is the next option.
        if (kind < 2 && length !== 1) continue;
        yield [fieldWith(kind, length, at), isLegal(kind, length, at)];
      }
    }
  }
}

describe('tcpip/security/options', () => {
  for (const release of RELEASES) {
    it(`${release}: a SYN is answered where its options end in the header, else not`, ({
      bench,
    }) => {
      const { machine, user } = bench({ release });
      machine.meet();
      user.listen(80, 100);
      let [legal, illegal] = [0, 0];
      for (const [options, isRight] of fields([0, 3, 36, 37, 38, 39])) {
        const port = 2000 + (legal + illegal) % 60_000;
        const peer = new Peer(machine, { port, ours: 80 });
        peer.say(SYN, { options });
        const answers = peer.heard().length;
        if (answers !== (isRight ? 1 : 0)) expect([...options, answers]).toEqual(isRight ? 1 : 0);
        if (isRight) legal++;
        else illegal++;
        peer.say(RST, { sequence: peer.next });
      }
      expect(machine.dropped()).toEqual({ TCP_OPTION: illegal, TCP_NO_CONNECTION: illegal });
      expect(legal).toBeGreaterThan(1000);
      expect(illegal).toBeGreaterThan(1000);
      expect(machine.raw.tableCount() + machine.raw.cachedHalves()).toBe(0);
    });

    it(`${release}: text behind them is taken, whatever they say, in its order`, ({ bench }) => {
      const one = bench({ release });
      const { machine, user } = one;
      const { peer, handle } = arrive(one, user.listen(80), 80);
      machine.dropped();
      let sent = 0;
      for (const [options] of fields([0, 37, 38, 39])) {
        peer.say(ACK | PSH, { data: pattern(5, sent), options });
        sent += 5;
        if (sent % 1000 === 0) {
          const from = sent - 1000;
          expect(difference(user.drain(handle), pattern(1000, from))).toBe('same');
          peer.heard();
        }
      }
      expect(difference(user.drain(handle), pattern(sent % 1000, sent - sent % 1000))).toBe('same');
      expect(machine.dropped()).toEqual({});
      expect(stateOf(machine, peer)).toBe('ESTABLISHED');
    });

    it(`${release}: options of IP change nothing, and none come back`, ({ bench }) => {
      const { machine } = bench({ release });
      machine.meet();
      let asked = 0;
      for (const kind of [0, 1, 7, 68, 130, 131, 136, 137, 148, 151, 255]) {
        for (const length of LENGTHS) {
          for (const at of [0, 36, 39]) {
            const options = fieldWith(kind, length, at);
            // A pointer, of those that have one: source routes lead back to who lies (RFC 1122).
            if (at + 2 < MOST) options[at + 2] = 4;
            const datagram = ipv4(echoRequest(pattern(8), asked & 0xffff), {
              protocol: ICMP, options,
            });
            machine.receive(ethernet(datagram));
            asked++;
            const [reply, ...more] = machine.take();
            if (reply?.icmp?.type !== 0 || reply.octets[14] !== 0x45 || more.length > 0) {
              expect([...options, reply?.icmp?.type, reply?.octets[14]]).toEqual([0, 0x45]);
            }
          }
        }
      }
      expect(machine.dropped()).toEqual({});
      expect(machine.count('ICMP_OUT_ECHO_REPS')).toBe(asked);
    });
  }

  it('20,000 segments of 40 octets of NOPs cost no memory, and their text comes', ({ bench }) => {
    const one = bench({ release: 'modern' });
    const { machine, user } = one;
    const { peer, handle } = arrive(one, user.listen(80), 80);
    user.option(handle, 'SINK', 1);
    const before = machine.raw.memory.buffer.byteLength;
    const options = new Uint8Array(MOST).fill(1);
    for (let sent = 0; sent < 20_000; sent += 50) {
      const frames = Array.from({ length: 50 }, () =>
        peer.frame(ACK | PSH, { data: pattern(10), options }));
      machine.receive(...frames);
      machine.take();
    }
    expect(user.query(handle, 'RECEIVED')).toBe(200_000);
    expect(machine.raw.memory.buffer.byteLength).toBe(before);
  });

  it('reads no option beyond the segment, of whatever length the header says', ({ bench }) => {
    const { machine, user } = bench({ release: 'modern' });
    machine.meet();
    user.listen(80, 100);
    for (let words = 0; words < 16; words++) {
      for (let octets = 0; octets <= 44; octets += 4) {
        const between = { source: THEM, destination: US };
        const segment = tcp({
          sourcePort: 3000 + words * 100 + octets, destinationPort: 80, sequence: 1, flags: SYN,
          headerLength: words * 4, options: new Uint8Array(octets).fill(2),
        }, between);
        machine.receive(ethernet(ipv4(segment, { ...between, protocol: TCP })));
      }
    }
    const { TCP_OFFSET: offset = 0, TCP_OPTION: option = 0 } = machine.dropped();
    // Shorter than 20 octets, or longer than what came; the others have options of length 2.
    expect(offset).toBe(5 * 12 + (10 * 11) / 2);
    expect(offset + option + machine.raw.cachedHalves()).toBe(16 * 12);
  });
});
