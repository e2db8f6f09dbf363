/** As many are lost as the probability says. */

import { describe, expect, it } from 'vitest';
import { withLoss } from '../../host/link/loss.js';
import { openWire } from '../../host/link/wire.js';
import { Clock } from '../../host/machine/clock.js';
import { Random } from '../../host/machine/random.js';
import type { Seed } from '../../host/machine/random.js';
import { Recorder, range, sendNumbers } from './recorder.js';

const FRAMES = 20_000;

function run(probability: number, seed: Seed, inBatch = 64, back = 0) {
  const clock = new Clock();
  const link = withLoss(openWire({ clock }), { probability, random: new Random(seed) });
  const [a, b] = [new Recorder(clock), new Recorder(clock)];
  const [fromA, fromB] = [link.attach(a), link.attach(b)];
  sendNumbers(fromA, 0, FRAMES - 1, inBatch);
  if (back > 0) sendNumbers(fromB, 0, back - 1, inBatch);
  clock.runUntil(1e12);
  return { a, b, stats: link.stats };
}

describe('link/loss', () => {
  it('loses as many as the probability says, counts them, and keeps the order of the rest', () => {
    for (const probability of [0.01, 0.05, 0.5]) {
      const { b, stats } = run(probability, 11);
      const lost = FRAMES - b.frames.length;
      expect(stats.dropped).toEqual({ loss: lost });
      expect(stats.frames).toBe(b.frames.length);
      const deviation = Math.sqrt(FRAMES * probability * (1 - probability));
      expect(Math.abs(lost - FRAMES * probability)).toBeLessThan(4 * deviation);
      expect(b.numbers).toEqual([...b.numbers].sort((x, y) => x - y));
    }
  });

  it('loses none at 0 and all at 1', () => {
    expect(run(0, 1).b.numbers).toEqual(range(0, FRAMES - 1));
    const all = run(1, 1);
    expect(all.b.frames).toEqual([]);
    expect(all.stats.dropped).toEqual({ loss: FRAMES });
  });

  it('loses the same frames for the same seed, however they are put into batches', () => {
    const once = run(0.05, 12).b.numbers;
    expect(run(0.05, 12).b.numbers).toEqual(once);
    expect(run(0.05, 12, 7).b.numbers).toEqual(once);
    expect(run(0.05, 13).b.numbers).not.toEqual(once);
  });

  it('decides for each direction by itself', () => {
    const both = run(0.05, 12, 64, FRAMES);
    expect(both.b.numbers).toEqual(run(0.05, 12).b.numbers);
    expect(both.a.numbers).not.toEqual(both.b.numbers);
    expect(both.a.frames.length).toBeLessThan(FRAMES);
  });

  it('names a probability that is wrong', () => {
    const wire = openWire({ clock: new Clock() });
    for (const probability of [-0.1, 1.5, NaN]) {
      expect(() => withLoss(wire, { probability, random: new Random(1) }))
        .toThrow(`probability: ${probability}`);
    }
  });
});
