/** Recovery by blocks and by time (RFC 6675, RFC 6937, RFC 8985), and what goes with it. */

import { describe, expect } from 'vitest';
import { join } from '../../../host/wire/octets.js';
import { ACK } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import { difference, pattern } from '../../wireside/octets.js';
import { SACK_PERMITTED, sack, scale } from '../../wireside/option.js';
import { arrive, fieldOf } from '../../wireside/peer.js';
import type { Connected, Peer } from '../../wireside/peer.js';

const MSS = 1460;
const PLAIN = { Tcp1323Opts: 1 };

/** A connection with SACK to a peer with a large window; 60,000 octets are to be sent. */
function sending(one: Bench): Connected {
  const agrees = join(SACK_PERMITTED, scale(4));
  const connected = arrive(one, one.user.listen(80), 80, { agrees, window: 60_000 });
  expect(one.user.send(connected.handle, pattern(60_000))).toBe(60_000);
  return connected;
}

/** A connection with SACK whose first segment has come, with a round trip of `ms`. */
function tail(one: Bench, ms: number): Connected {
  const agrees = SACK_PERMITTED;
  const connected = arrive(one, one.user.listen(80), 80, { agrees, window: 60_000 });
  one.user.send(connected.handle, pattern(MSS));
  numbers(connected.peer);
  one.machine.advance(ms);
  acknowledge(connected.peer, 1);
  have(connected.peer);
  return connected;
}

/** The peer has the segments of these numbers, behind what it acknowledges; it says so. */
function have(peer: Peer, ...ranges: readonly (readonly [from: number, to: number])[]): void {
  const base = peer.kernels + 1;
  const blocks = ranges.map(([from, to]) => [base + from * MSS, base + to * MSS] as const);
  peer.say(ACK, blocks.length > 0 ? { options: sack(...blocks) } : {});
}

/** Acknowledges the first `segments` segments. */
function acknowledge(peer: Peer, segments: number): void {
  peer.ack = (peer.kernels + 1 + segments * MSS) >>> 0;
}

/** The numbers of the segments that came. */
function numbers(peer: Peer): number[] {
  return peer.heard().map(({ sequence }) => ((sequence - peer.kernels - 1) >>> 0) / MSS);
}

describe('tcpip/tcp/recovery', () => {
  it('sends ten segments at first (RFC 6928, 2)', ({ bench }) => {
    const { peer } = sending(bench({ release: 'modern', parameters: PLAIN }));
    expect(numbers(peer)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('sends a new segment for each of the first blocks (RFC 3042, RFC 6675, 5)', ({ bench }) => {
    const { peer } = sending(bench({ release: 'modern', parameters: PLAIN }));
    numbers(peer);
    have(peer, [1, 2]);
    expect(numbers(peer)).toEqual([10]);
    have(peer, [1, 3]);
    expect(numbers(peer)).toEqual([11]);
  });

  for (const rack of [0, 1]) {
    it(`sends what is lost again, and only that (EnableRack ${rack})`, ({ bench }) => {
      const one = bench({ release: 'modern', parameters: { ...PLAIN, EnableRack: rack } });
      const { peer } = sending(one);
      numbers(peer);
      one.machine.advance(20);
      // 0 and 3 are lost.
      have(peer, [1, 2]);
      have(peer, [1, 3]);
      numbers(peer);
      have(peer, [4, 5], [1, 3]);
      expect(numbers(peer)[0]).toBe(0);
      expect(one.machine.count('TCP_FAST_RETRANSMITS')).toBe(1);
      const sent: number[] = [];
      for (const to of [6, 7, 8, 9, 10, 11, 12]) {
        have(peer, [4, to], [1, 3]);
        sent.push(...numbers(peer));
      }
      expect(sent.filter((each) => each < 12)).toEqual([3]);
      // Proportional: about 7 for 10 that left (PRR with CUBIC's 0.7).
      expect(sent.length).toBeLessThanOrEqual(8);
      expect(sent.length).toBeGreaterThanOrEqual(4);
      expect(one.machine.count('TCP_TIMEOUTS')).toBe(0);
    });
  }

  it('ends recovery with ssthresh, 0.7 of what was on the way (RFC 9438, 4.6)', ({ bench }) => {
    const one = bench({ release: 'modern', parameters: PLAIN });
    const { peer } = sending(one);
    numbers(peer);
    one.machine.advance(20);
    for (const to of [2, 3, 4]) have(peer, [1, to]);
    numbers(peer);
    acknowledge(peer, 12);
    have(peer);
    expect(fieldOf(one.machine, peer, 'cwnd')).toBe(Math.floor(12 * MSS * 0.7));
  });

  it('CongestionAlgorithm 0: half of it (RFC 5681, 3.1)', ({ bench }) => {
    const one = bench({ release: 'modern', parameters: { ...PLAIN, CongestionAlgorithm: 0 } });
    const { peer } = sending(one);
    numbers(peer);
    one.machine.advance(20);
    for (const to of [2, 3, 4]) have(peer, [1, to]);
    numbers(peer);
    acknowledge(peer, 12);
    have(peer);
    expect(fieldOf(one.machine, peer, 'cwnd')).toBe(6 * MSS);
  });

  it('sends a retransmission again that is lost itself, by its time (RFC 8985, 6.2)', ({
    bench,
  }) => {
    const one = bench({ release: 'modern', parameters: PLAIN });
    const { peer } = sending(one);
    numbers(peer);
    one.machine.advance(20);
    for (const to of [2, 3, 4]) have(peer, [1, to]);
    expect(numbers(peer)).toContain(0);
    one.machine.advance(20);
    have(peer, [1, 10]);
    const fresh = Math.max(...numbers(peer));
    one.machine.advance(20);
    // What was sent a round trip after the retransmission has come.
    have(peer, [fresh, fresh + 1], [1, 10]);
    expect(numbers(peer)).toContain(0);
    expect(one.machine.count('TCP_TIMEOUTS')).toBe(0);
  });

  it('takes an acknowledgment that is too early for the second copy for the first one\'s (6.2)', ({
    bench,
  }) => {
    const one = bench({ release: 'modern', parameters: PLAIN });
    const { peer } = sending(one);
    expect(numbers(peer)).toHaveLength(10);
    one.machine.advance(100);
    have(peer, [1, 4]);
    expect(numbers(peer)[0]).toBe(0);
    one.machine.advance(20);
    // Segment 0 was only late: its acknowledgment comes 20 ms after the second copy has gone, a
    // fifth of a round trip, and says nothing of what has gone in the meantime.
    acknowledge(peer, 4);
    have(peer, [5, 6]);
    const sent = numbers(peer);
    expect(sent).not.toContain(6);
    expect(sent).not.toContain(7);
    expect(one.machine.count('TCP_TIMEOUTS')).toBe(0);
  });

  it('waits a quarter of a round trip for what may only be late (RFC 8985, 6.2)', ({ bench }) => {
    const one = bench({ release: 'modern', parameters: PLAIN });
    const { peer } = sending(one);
    numbers(peer);
    one.machine.advance(100);
    acknowledge(peer, 1);
    have(peer);
    numbers(peer);
    have(peer, [2, 3]);
    expect(numbers(peer)).not.toContain(1);
    one.machine.advance(40);
    expect(numbers(peer)).toContain(1);
    expect(one.machine.count('TCP_TIMEOUTS')).toBe(0);
  });

  it('probes the tail after two round trips (RFC 8985, 7)', ({ bench }) => {
    const one = bench({ release: 'modern', parameters: PLAIN });
    const { peer, handle } = tail(one, 40);
    one.user.send(handle, pattern(3 * MSS));
    expect(numbers(peer)).toEqual([1, 2, 3]);
    one.machine.advance(100);
    expect(numbers(peer)).toEqual([3]);
    expect(one.machine.count('TCP_TAIL_PROBES')).toBe(1);
    one.machine.advance(40);
    // The probe has come, and what it tells is enough to find what was lost before it.
    have(peer, [3, 4]);
    one.machine.advance(20);
    expect(numbers(peer)).toEqual([1, 2]);
    expect(one.machine.count('TCP_TIMEOUTS')).toBe(0);
  });

  for (const twice of [false, true]) {
    const what = twice ? 'came twice is no loss' : 'has repaired a loss is answered as one';
    it(`a tail probe that ${what} (RFC 8985, 7.4.2)`, ({ bench }) => {
      const one = bench({ release: 'modern', parameters: PLAIN });
      const { peer, handle } = tail(one, 400);
      one.user.send(handle, pattern(10 * MSS));
      expect(numbers(peer)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      one.machine.advance(850);
      expect(numbers(peer)).toEqual([10]);
      expect(one.machine.count('TCP_TAIL_PROBES')).toBe(1);
      const before = fieldOf(one.machine, peer, 'cwnd');
      acknowledge(peer, 11);
      // The block of what came twice lies below the acknowledgment.
      peer.say(ACK, twice ? { options: sack([peer.ack - MSS, peer.ack]) } : {});
      const cwnd = fieldOf(one.machine, peer, 'cwnd');
      if (twice) expect(cwnd).toBeGreaterThan(before);
      else {
        // 0.7 of the ten that were on their way, and what this acknowledgment adds.
        expect(cwnd).toBeGreaterThanOrEqual(7 * MSS);
        expect(cwnd).toBeLessThan(before);
      }
    });
  }

  it('probes one segment only when its ACK may not be delayed any more (RFC 8985, 7.2)', ({
    bench,
  }) => {
    const one = bench({ release: 'modern', parameters: PLAIN });
    const { peer, handle } = tail(one, 400);
    one.user.send(handle, pattern(MSS));
    expect(numbers(peer)).toEqual([1]);
    // Two round trips, and 200 ms.
    one.machine.advance(980);
    expect(numbers(peer)).toEqual([]);
    one.machine.advance(40);
    expect(numbers(peer)).toEqual([1]);
    expect(one.machine.count('TCP_TAIL_PROBES')).toBe(1);
  });

  it('goes on after a tail probe of what the peer has already', ({ bench }) => {
    const one = bench({ release: 'modern', parameters: PLAIN });
    const { peer, handle } = tail(one, 40);
    one.user.send(handle, pattern(7 * MSS));
    one.machine.advance(40);
    expect(numbers(peer)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    have(peer, [2, 8]);
    // What it sends now is lost again. The probe is the last segment, which the peer has.
    const sent: number[] = [];
    for (let i = 0; i < 40; i++) {
      one.machine.advance(50);
      sent.push(...numbers(peer));
    }
    expect(sent).toContain(7);
    expect(sent.slice(sent.lastIndexOf(7))).toContain(1);
    acknowledge(peer, 8);
    have(peer);
    one.user.send(handle, pattern(2 * MSS));
    expect(numbers(peer)).toEqual([8, 9]);
  });

  it('sends all again after a timeout, but what the peer has (RFC 6675, 5.1)', ({ bench }) => {
    const one = bench({ release: 'modern', parameters: { ...PLAIN, EnableRack: 0 } });
    const { peer } = sending(one);
    numbers(peer);
    have(peer, [1, 2]);
    have(peer, [3, 4], [1, 2]);
    numbers(peer);
    one.machine.advance(1000);
    expect(numbers(peer)).toEqual([0]);
    expect(fieldOf(one.machine, peer, 'cwnd')).toBe(MSS);
    acknowledge(peer, 2);
    have(peer, [3, 4]);
    expect(numbers(peer)).toEqual([2, 4]);
    acknowledge(peer, 5);
    have(peer);
    expect(numbers(peer)).toEqual([5, 6, 7]);
  });

  it('forgets blocks that the peer has thrown away (RFC 2018, 8)', ({ bench }) => {
    const one = bench({ release: 'modern', parameters: { ...PLAIN, EnableRack: 0 } });
    const { peer } = sending(one);
    numbers(peer);
    have(peer, [1, 10]);
    numbers(peer);
    acknowledge(peer, 1);
    have(peer);
    numbers(peer);
    one.machine.advance(3000);
    expect(numbers(peer)[0]).toBe(1);
  });

  it('takes no block that nobody can have sent', ({ bench }) => {
    const one = bench({ release: 'modern', parameters: PLAIN });
    const { peer } = sending(one);
    numbers(peer);
    for (const [from, to] of [[5, 5], [6, 5], [20, 30], [0x10_0000, 0x10_0001]] as const) {
      have(peer, [from, to]);
    }
    expect(numbers(peer)).toEqual([]);
    expect(one.machine.count('TCP_FAST_RETRANSMITS')).toBe(0);
  });

  for (const blocks of [true, false]) {
    const manner = blocks ? 'tells of blocks' : 'has none to tell of';
    it(`delivers all when every seventh segment is lost, to a peer that ${manner}`, ({ bench }) => {
      const one = bench({ release: 'modern', parameters: PLAIN });
      const { peer } = sending(one);
      const came = new Set<number>();
      let count = 0;
      let text = 0;
      for (let turns = 0; turns < 2000 && text < 60_000; turns++) {
        const frames = peer.heard();
        if (frames.length === 0) one.machine.advance(50);
        for (const { sequence, data } of frames) {
          if (++count % 7 === 0 || data.length === 0) continue;
          const at = (sequence - peer.kernels - 1) >>> 0;
          expect(difference(data, pattern(data.length, at))).toBe('same');
          for (let i = 0; i < data.length; i++) came.add(at + i);
          while (came.has(text)) text++;
          peer.ack = (peer.kernels + 1 + text) >>> 0;
          peer.say(ACK, blocks ? { options: blocksOf(came, text, peer) } : {});
        }
      }
      expect(text).toBe(60_000);
    });
  }
});

/** The first three runs above `from`, as blocks. */
function blocksOf(came: ReadonlySet<number>, from: number, peer: Peer): Uint8Array {
  const blocks: [number, number][] = [];
  const base = peer.kernels + 1;
  for (let at = from; at < 60_000 && blocks.length < 3; at++) {
    if (!came.has(at)) continue;
    const left = at;
    while (came.has(at)) at++;
    blocks.push([base + left, base + at]);
  }
  return blocks.length > 0 ? sack(...blocks) : new Uint8Array(0);
}
