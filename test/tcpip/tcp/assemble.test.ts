/** Segments out of order: whatever the order and the overlaps, the octets are those sent. */

import { describe, expect } from 'vitest';
import { ACK, FIN } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import { chance, difference, pattern } from '../../wireside/octets.js';
import { reach, stateOf } from '../../wireside/peer.js';

/** All orders of `count` things. */
function permutations(count: number): number[][] {
  if (count === 0) return [[]];
  return permutations(count - 1).flatMap((order) =>
    Array.from({ length: count }, (_, at) => order.toSpliced(at, 0, count - 1)));
}

/** Five runs of one stretch of 500 octets: where each begins and ends. */
const SHAPES: Record<string, readonly (readonly [number, number])[]> = {
  'beside one another': [[0, 100], [100, 200], [200, 300], [300, 400], [400, 500]],
  'that overlap by some': [[0, 130], [90, 210], [180, 320], [290, 410], [370, 500]],
  'one of which is inside another': [[0, 200], [50, 150], [150, 400], [200, 300], [390, 500]],
  'two of which are the same': [[0, 200], [200, 350], [200, 350], [340, 360], [350, 500]],
  'one of which is all of it': [[0, 100], [0, 500], [100, 250], [250, 499], [450, 500]],
  'that begin together': [[0, 50], [50, 100], [50, 300], [50, 200], [300, 500]],
};

describe('tcpip/tcp/assemble', () => {
  for (const [what, runs] of Object.entries(SHAPES)) {
    it(`delivers five segments ${what} in every order`, ({ bench }) => {
      const { machine, user } = bench();
      const { peer, handle } = reach({ machine, user });
      let from = 0;
      for (const order of permutations(5)) {
        const base = peer.next;
        for (const index of order) {
          const [start, end] = runs[index] ?? [0, 0];
          const sequence = (base + start) >>> 0;
          peer.say(ACK, { sequence, data: pattern(end - start, from + start) });
        }
        peer.next = (base + 500) >>> 0;
        expect(difference(user.drain(handle), pattern(500, from)), order.join()).toBe('same');
        machine.advance(210);
        expect(peer.heard().at(-1)?.acknowledgment, order.join()).toBe(peer.next);
        from += 500;
      }
      expect(from).toBe(60_000);
    });
  }

  it('delivers five segments that come in one batch in every order', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    const runs = SHAPES['that overlap by some'] ?? [];
    for (const order of permutations(5)) {
      const base = peer.next;
      machine.receive(...order.map((index) => {
        const [start, end] = runs[index] ?? [0, 0];
        const sequence = (base + start) >>> 0;
        return peer.frame(ACK, { sequence, data: pattern(end - start, start) });
      }));
      peer.next = (base + 500) >>> 0;
      expect(difference(user.drain(handle), pattern(500)), order.join()).toBe('same');
    }
  });

  it('answers each segment before its turn at once, so that the sender can count (SHLD-31)', ({
    bench,
  }) => {
    const { machine, user } = bench();
    const { peer } = reach({ machine, user });
    const base = peer.next;
    for (let i = 1; i <= 3; i++) {
      peer.say(ACK, { sequence: base + i * 100, data: pattern(100, i * 100) });
      expect(peer.lines()).toEqual(['. 1(0) ack 1']);
    }
    peer.say(ACK, { sequence: base, data: pattern(100) });
    expect(peer.lines()).toEqual(['. 1(0) ack 401']);
    expect(machine.count('TCP_OUT_OF_ORDER')).toBe(3);
  });

  for (const release of ['nt40sp6a', 'modern']) {
    it(`${release}: answers what fills all gaps at once, also alone (RFC 5681, 4.2)`, ({
      bench,
    }) => {
      const { peer, handle, user } = ((one) => ({ ...one, ...reach(one) }))(bench({ release }));
      const base = peer.next;
      for (const from of [100, 300, 500]) {
        peer.say(ACK, { sequence: base + from, data: pattern(100, from) });
      }
      peer.heard();
      peer.say(ACK, { sequence: base, data: pattern(600) });
      expect(peer.lines()).toEqual(['. 1(0) ack 601']);
      expect(difference(user.drain(handle), pattern(600))).toBe('same');
    });
  }

  it('answers each of a batch that is before its turn with its own ACK (RFC 5681, 4.2)', ({
    bench,
  }) => {
    const { machine, user } = bench();
    const { peer } = reach({ machine, user });
    const base = peer.next;
    machine.receive(...[1, 2, 3].map((i) =>
      peer.frame(ACK, { sequence: base + i * 100, data: pattern(100, i * 100) })));
    expect(peer.lines()).toEqual(['. 1(0) ack 1', '. 1(0) ack 1', '. 1(0) ack 1']);
  });

  it('keeps no more than the window, nor many runs, however small the pieces', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    const base = peer.next;
    for (let at = 1; at < 8760; at += 2) {
      peer.say(ACK, { sequence: base + at, data: pattern(1, at) });
    }
    peer.say(ACK, { sequence: base + 8760, data: pattern(1, 8760) });
    // 4,380 runs came; more than 1,024 are not kept, whatever the window.
    expect(machine.dropped()).toEqual({ TCP_NOT_ACCEPTABLE: 1, TCP_OUT_OF_WINDOW: 4380 - 1024 });
    for (let at = 0; at < 8760; at += 1460) {
      peer.say(ACK, { sequence: base + at, data: pattern(1460, at) });
    }
    expect(difference(user.drain(handle), pattern(8760))).toBe('same');
  });

  it('forgets what waits when the connection ends', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    for (let i = 1; i < 6; i++) {
      peer.say(ACK, { sequence: peer.next + i * 200, data: pattern(100) });
    }
    user.close(handle, 'abort');
    expect(stateOf(machine, peer)).toBe('CLOSED');
  });

  it('delivers a stretch cut and mixed by chance, with its FIN', ({ bench }) => {
    for (let seed = 1; seed <= 30; seed++) {
      const below = chance(seed);
      const { machine, user } = bench();
      const { peer, handle } = reach({ machine, user });
      const base = peer.next;
      const total = 4000 + below(4000);
      const frames: Uint8Array[] = [];
      const add = (start: number, end: number): void => {
        const flags = end === total ? ACK | FIN : ACK;
        const sequence = (base + start) >>> 0;
        frames.push(peer.frame(flags, { sequence, data: pattern(end - start, start) }));
      };
      for (let at = 0; at < total;) {
        const end = Math.min(total, at + 1 + below(1200));
        add(at, end);
        if (below(3) === 0) add(Math.max(0, at - below(300)), Math.min(total, end + below(200)));
        at = end;
      }
      for (let i = frames.length - 1; i > 0; i--) {
        const j = below(i + 1);
        [frames[i], frames[j]] = [frames[j] ?? new Uint8Array(0), frames[i] ?? new Uint8Array(0)];
      }
      for (let at = 0; at < frames.length;) {
        const batch = frames.slice(at, at + 1 + below(5));
        machine.receive(...batch);
        at += batch.length;
      }
      expect(difference(user.drain(handle), pattern(total)), `seed ${seed}`).toBe('same');
      expect(user.receive(handle), `seed ${seed}`).toBe('GRACEFUL_DISCONNECT');
    }
  });

  it('keeps a bounded number of runs, also where each octet has a gap behind it', ({ bench }) => {
    const { machine, user } = bench();
    const { peer } = reach({ machine, user });
    const before = machine.raw.poolBlocks();
    for (let i = 0; i < 1500; i++) {
      peer.say(ACK, { sequence: (peer.next + 1 + 2 * i) >>> 0, data: pattern(1) });
      machine.take();
    }
    expect(machine.raw.poolBlocks() - before).toBe(1024);
    expect(machine.dropped()).toMatchObject({ TCP_OUT_OF_WINDOW: 1500 - 1024 });
  });
});
