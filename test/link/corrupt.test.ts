/** One bit of some frames, and nothing else. */

import { describe, expect, it } from 'vitest';
import { withCorruption } from '../../host/link/corrupt.js';
import { openWire } from '../../host/link/wire.js';
import { Clock } from '../../host/machine/clock.js';
import { Random } from '../../host/machine/random.js';
import { Recorder, batchOf, nth, numbered } from './recorder.js';

function run(probability: number, seed: number, frames: Uint8Array[]) {
  const clock = new Clock();
  const wire = openWire({ clock });
  const link = withCorruption(wire, { probability, random: new Random(seed) });
  const b = new Recorder(clock);
  const from = link.attach(new Recorder(clock));
  link.attach(b);
  for (let i = 0; i < frames.length; i += 50) {
    const batch = batchOf(...frames.slice(i, i + 50));
    const before = batch.octets.slice();
    from.send(batch);
    if (Buffer.compare(before, batch.octets) !== 0) throw new Error('the sender\'s batch changed');
  }
  clock.runUntil(1e12);
  return { got: b.frames, stats: link.stats };
}

function flippedBits(one: Uint8Array, other: Uint8Array): number[] {
  const bits = [];
  for (const [at, octet] of one.entries()) {
    for (let bit = 0, rest = octet ^ nth(other, at); rest !== 0; bit++, rest >>= 1) {
      if (rest & 1) bits.push(8 * at + bit);
    }
  }
  return bits;
}

describe('link/corrupt', () => {
  it('flips exactly one bit of as many frames as the probability says', () => {
    const sent = Array.from({ length: 10_000 }, (_, i) => numbered(i, 60 + (i % 9)));
    const { got, stats } = run(0.03, 31, sent);
    expect(got).toHaveLength(10_000);
    expect(got.map((frame) => frame.length)).toEqual(sent.map((frame) => frame.length));
    const flips = got.map((frame, i) => flippedBits(frame, nth(sent, i)).length);
    expect(Math.max(...flips)).toBe(1);
    const changed = flips.reduce((sum, each) => sum + each, 0);
    expect(Math.abs(changed - 300)).toBeLessThan(70);
    expect(stats.altered).toEqual({ corrupt: changed });
  });

  it('may flip any bit, the first and the last too', () => {
    const frame = new Uint8Array(20);
    const { got } = run(1, 32, Array.from({ length: 3000 }, () => frame));
    const seen = new Set(got.flatMap((each) => flippedBits(each, frame)));
    expect(seen.size).toBe(160);
  });

  it('leaves frames alone at 0, and those without octets at 1', () => {
    const sent = [numbered(1), numbered(2)];
    expect(run(0, 33, sent).got).toEqual(sent);
    expect(run(1, 33, [new Uint8Array(0)]).stats.altered).toEqual({});
  });

  it('does the same for the same seed', () => {
    const sent = Array.from({ length: 500 }, (_, i) => numbered(i));
    expect(run(0.5, 34, sent).got).toEqual(run(0.5, 34, sent).got);
    expect(run(0.5, 34, sent).got).not.toEqual(run(0.5, 35, sent).got);
  });

  it('names a probability that is wrong', () => {
    const wire = openWire({ clock: new Clock() });
    expect(() => withCorruption(wire, { probability: -1, random: new Random(1) }))
      .toThrow('probability: -1');
  });
});
