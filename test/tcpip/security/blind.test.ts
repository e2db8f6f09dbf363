/**
 * Blind attacks (RFC 5961): who sees nothing of a connection sends RST, SYN and text at each place
 * of the window and round the whole circle. Under NT they do what RFC 793 says, and so work.
 */

import { describe, expect } from 'vitest';
import { ACK, PSH, RST, SYN } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import { difference, pattern } from '../../wireside/octets.js';
import { stamps } from '../../wireside/option.js';
import { arrive, fieldOf, reach, stateOf } from '../../wireside/peer.js';
import type { Connected, Peer } from '../../wireside/peer.js';
import { Forger, flood, placesAround } from './forger.js';

const HALF = 2 ** 31;
const NT = { release: 'nt40sp6a-q297040', window: 8760 };
const MODERN = { release: 'modern', window: 65_700 };
/** What is heard of one who says where it is. */
const HERE = '. 1(0) ack 1';

/** What becomes of a forged segment: the connection's state, and what the peer hears. */
interface Outcome {
  readonly state: string;
  readonly heard: readonly string[];
}
const SILENT: Outcome = { state: 'ESTABLISHED', heard: [] };
const ANSWERED: Outcome = { state: 'ESTABLISHED', heard: [HERE] };
const RESET: Outcome = { state: 'CLOSED', heard: [] };
const RESET_SAYS: Outcome = { state: 'CLOSED', heard: ['R. 1(0) ack 1'] };

/** What is to become of a segment whose number is so far behind the next one. */
type Rule = (offset: number, window: number) => Outcome;

const ATTACKS: readonly [what: string, flags: number, nt: Rule, modern: Rule][] = [
  ['RST', RST,
    (offset, window) => offset < window ? RESET : SILENT,
    (offset, window) => offset === 0 ? RESET : offset < window ? ANSWERED : SILENT],
  ['RST with ACK', RST | ACK,
    (offset, window) => offset < window ? RESET : SILENT,
    (offset, window) => offset === 0 ? RESET : offset < window ? ANSWERED : SILENT],
  ['SYN', SYN,
    (offset, window) => offset < window ? RESET_SAYS : ANSWERED,
    () => ANSWERED],
  ['SYN with ACK', SYN | ACK,
    (offset, window) => offset < window ? RESET_SAYS : ANSWERED,
    () => ANSWERED],
];

/** Forges segments, one by one, on connections of one machine: a new one for each that ended. */
function attackEach(
  bench: Bench, flags: number, places: readonly number[], rule: (offset: number) => Outcome,
): Record<string, number> {
  const { machine, user } = bench;
  let port = 4000;
  const begin = (): Connected => reach(bench, { port: port++ });
  let { peer, handle } = begin();
  const seen: Record<string, number> = {};
  for (const offset of places) {
    const forger = new Forger(peer, flags);
    machine.receive(forger.at(peer.next + offset, peer.ack));
    const outcome = { state: stateOf(machine, peer), heard: peer.lines() };
    const expected = rule(offset);
    if (JSON.stringify(outcome) !== JSON.stringify(expected)) {
      expect(outcome, `${offset} behind the next number`).toEqual(expected);
    }
    const word = `${outcome.state} ${outcome.heard.length}`;
    seen[word] = (seen[word] ?? 0) + 1;
    // A second later all may be asked again.
    machine.advance(1000);
    if (outcome.state === 'ESTABLISHED') continue;
    user.close(handle);
    ({ peer, handle } = begin());
  }
  return seen;
}

describe('tcpip/security/blind', () => {
  for (const { release, window } of [NT, MODERN]) {
    for (const [what, flags, nt, modern] of ATTACKS) {
      it(`${release}: ${what} at each edge and all round: as foretold`, ({ bench }) => {
        const places = placesAround([0, window, HALF], 30, 499);
        const rule = release === 'modern' ? modern : nt;
        const seen = attackEach(bench({ release }), flags, places, (at) => rule(at, window));
        expect(places.length).toBeGreaterThan(600);
        // Neither rule is of one outcome alone.
        if (release !== 'modern') expect(seen['CLOSED 0'] ?? seen['CLOSED 1']).toBeGreaterThan(50);
        else expect(seen['ESTABLISHED 1']).toBeGreaterThan(50);
      });
    }
  }

  for (const [what, flags, hits, after] of [
    ['RST', RST, {}, 'TCP_NO_CONNECTION'],
    ['SYN', SYN, { TCP_UNEXPECTED: 1 }, 'TCP_NO_BACKLOG'],
  ] as const) {
    it(`NT: a ${what} in each window of the circle ends it where it meets its own`, ({ bench }) => {
      const { machine, user } = bench({ ...NT, parameters: { TcpWindowSize: 65_535 } });
      const { peer, handle } = reach({ machine, user });
      peer.say(ACK | PSH, { data: pattern(1) });
      machine.advance(1000);
      const { window = 0 } = peer.heard().at(-1) ?? {};
      const tries = Math.ceil(2 ** 32 / window);
      const start = 0x1234_5678;
      const hit = Math.ceil(((peer.next - start) >>> 0) / window);
      const forger = new Forger(peer, flags);
      machine.dropped();
      flood(machine, tries, (i) => forger.at(start + i * window));
      expect(window).toBeGreaterThan(64_000);
      expect(hit).toBeGreaterThan(10_000);
      expect(machine.dropped()).toEqual({
        ...hits, TCP_NOT_ACCEPTABLE: hit, [after]: tries - hit - 1,
      });
      expect(user.events(handle).status).toBe('CONNECTION_RESET');
    });
  }

  for (const [what, flags] of [['RST', RST], ['SYN', SYN], ['SYN with ACK', SYN | ACK]] as const) {
    it(`modern: survives a ${what} in each window of the circle, and asks seldom`, ({ bench }) => {
      const { machine, user } = bench(MODERN);
      const { peer, handle } = reach({ machine, user });
      const forger = new Forger(peer, flags);
      const tries = Math.ceil(2 ** 32 / MODERN.window);
      const before = machine.count('TCP_OUT_SEGS');
      flood(machine, tries, (i) => forger.at(0x1234_5678 + i * MODERN.window, i << 16));
      expect(stateOf(machine, peer)).toBe('ESTABLISHED');
      const challenges = machine.count('TCP_CHALLENGES');
      // One RST of all was in the window; a SYN is one wherever it is.
      expect(challenges).toBe(flags === RST ? 1 : 5);
      // Those of one interrupt are one segment.
      expect(machine.count('TCP_OUT_SEGS') - before).toBe(1);
      peer.say(ACK | PSH, { data: pattern(500) });
      expect(difference(user.drain(handle), pattern(500))).toBe('same');
    });
  }

  it('modern: survives a RST at each place of its window but the first', ({ bench }) => {
    const { machine, user } = bench(MODERN);
    const { peer } = reach({ machine, user });
    const forger = new Forger(peer, RST);
    const seconds = 4;
    const each = MODERN.window / seconds;
    for (let second = 0; second < seconds; second++) {
      machine.advance(1000);
      flood(machine, each, (i) => forger.at(peer.next + 1 + second * each + i));
    }
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
    expect(machine.count('TCP_CHALLENGES')).toBe(5 * seconds);
    machine.receive(forger.at(peer.next));
    expect(stateOf(machine, peer)).toBe('CLOSED');
  });
});

/** Places of an acknowledgment, counted from the first octet that the peer has not: all round. */
const ACKNOWLEDGMENTS = placesAround([0, HALF, -8760, -65_535], 20, 1499);

/** How many acknowledgments let a forged octet in, where its number is right. */
function letIn(bench: Bench, rule: (behind: number) => boolean): number {
  const { machine, user } = bench;
  const { peer, handle } = reach(bench);
  user.option(handle, 'SINK', 1);
  user.send(handle, pattern(1000));
  peer.heard();
  const forger = new Forger(peer, ACK | PSH, { data: Uint8Array.of(0x58) });
  let taken = 0;
  for (const [i, place] of ACKNOWLEDGMENTS.entries()) {
    const before = fieldOf(machine, peer, 'rcvNxt') >>> 0;
    // Counted back from the last of the 1000 octets that are on the way.
    machine.receive(forger.at(before, peer.ack + 1000 - place));
    const isTaken = fieldOf(machine, peer, 'rcvNxt') >>> 0 !== before;
    if (isTaken !== rule(place)) expect([place, isTaken]).toEqual([place, rule(place)]);
    if (isTaken) taken++;
    if (i % 64 === 0) peer.heard();
  }
  return taken;
}

describe('tcpip/security/blind: text', () => {
  it('NT: half of all acknowledgments let text in', ({ bench }) => {
    const taken = letIn(bench(NT), (behind) => behind < HALF);
    expect(taken).toBeGreaterThan(ACKNOWLEDGMENTS.length / 2 - 50);
  });

  it('modern: only those of what is on the way or was, a window back (RFC 5961, 5.2)', ({
    bench,
  }) => {
    let una = 1000;
    const taken = letIn(bench(MODERN), (behind) => {
      // The first that acknowledges the 1000 octets leaves none on the way.
      if (behind < una && una === 1000) una = behind;
      return behind <= una + 8760;
    });
    expect(taken).toBeGreaterThan(20);
    expect(taken).toBeLessThan(100);
  });

  for (const [release, expected] of [
    [NT.release, [...pattern(10), ...new Uint8Array(10).fill(0x58), ...pattern(10, 20)]],
    ['modern', [...pattern(30)]],
  ] as const) {
    it(`${release}: ${release === 'modern' ? 'does not put' : 'puts'} forged text before the `
      + 'peer\'s own', ({ bench }) => {
      const one = bench({ release });
      const { peer, handle } = reach(one);
      const forged = new Forger(peer, ACK | PSH, { data: new Uint8Array(10).fill(0x58) });
      // Of two acknowledgments that are half the circle apart, RFC 793 takes one.
      for (const guess of [0, HALF]) one.machine.receive(forged.at(peer.next + 10, guess + 7));
      peer.say(ACK | PSH, { data: pattern(10) });
      peer.say(ACK | PSH, { data: pattern(20, 10) });
      expect([...one.user.drain(handle)]).toEqual(expected);
    });
  }

  it('a circle of windows: NT keeps text of one place, modern of none', ({ bench }) => {
    for (const { release, window } of [NT, MODERN]) {
      const { machine, user } = bench({ release });
      const { peer, handle } = reach({ machine, user });
      const forger = new Forger(peer, ACK | PSH, { data: Uint8Array.of(0x58) });
      // In one second of the attacker's: every eighth window of NT's, and always the right one.
      const stride = window * (release === 'modern' ? 1 : 8);
      const tries = Math.floor(2 ** 32 / stride);
      flood(machine, tries, (i) => forger.at(peer.next + 5 + i * stride, HALF + 1 + peer.ack));
      const { TCP_NOT_ACCEPTABLE: outside, TCP_OLD_ACK: old } = machine.drops();
      expect(outside).toBe(tries - 1);
      expect(old).toBe(release === 'modern' ? 1 : 0);
      peer.say(ACK | PSH, { data: pattern(5) });
      expect(user.drain(handle).length).toBe(release === 'modern' ? 5 : 6);
    }
  });
});

describe('tcpip/security/blind: timestamps', () => {
  const agreed = (bench: Bench): Connected & { peer: Peer } => {
    const carries = stamps(1000);
    return arrive(bench, bench.user.listen(80), 80, { agrees: carries, carries });
  };
  const FAR = stamps(1000 + HALF - 1);

  for (const [what, data, back] of [
    ['at the left edge', pattern(20), 0],
    ['that reaches over it', pattern(1460), 1459],
    ['that ends before it', pattern(1460), 1460],
    ['of no octets', new Uint8Array(0), 0],
  ] as const) {
    it(`do not make the peer's too old by a forged segment ${what}`, ({ bench }) => {
      const one = bench(MODERN);
      const { peer, handle } = agreed(one);
      const forger = new Forger(peer, ACK | PSH, { data, options: FAR });
      for (const guess of [0, HALF]) {
        one.machine.receive(forger.at(peer.next - back, peer.ack + guess + 100_000));
        one.machine.receive(forger.at(peer.next - back, peer.ack + guess - 100_000));
      }
      one.machine.dropped();
      peer.say(ACK | PSH, { data: pattern(40, 5), options: stamps(1001) });
      expect(one.machine.dropped()).toEqual({});
      expect(difference(one.user.drain(handle), pattern(40, 5))).toBe('same');
    });
  }
});
