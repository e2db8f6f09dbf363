/** Some frames twice, none lost. */

import { describe, expect, it } from 'vitest';
import { withDuplicates } from '../../host/link/duplicate.js';
import { openWire } from '../../host/link/wire.js';
import { Clock } from '../../host/machine/clock.js';
import { Random } from '../../host/machine/random.js';
import { Recorder, range, sendNumbers } from './recorder.js';

const FRAMES = 20_000;

function run(probability: number, seed: number, inBatch = 64) {
  const clock = new Clock();
  const wire = openWire({ clock });
  const link = withDuplicates(wire, { probability, random: new Random(seed) });
  const b = new Recorder(clock);
  const from = link.attach(new Recorder(clock));
  link.attach(b);
  sendNumbers(from, 0, FRAMES - 1, inBatch);
  clock.runUntil(1e12);
  return { b, numbers: b.numbers, stats: link.stats };
}

describe('link/duplicate', () => {
  it('sends as many twice as the probability says, the second right after the first', () => {
    const { numbers, stats } = run(0.02, 21);
    const twice = numbers.length - FRAMES;
    expect(stats.altered).toEqual({ duplicate: twice });
    expect(Math.abs(twice - 400)).toBeLessThan(80);
    expect([...new Set(numbers)]).toEqual(range(0, FRAMES - 1));
    const again = numbers.filter((number, i) => number === numbers[i - 1]);
    expect(again).toHaveLength(twice);
    expect(stats.dropped).toEqual({});
  });

  it('sends none twice at 0, and all at 1, also when they no longer fit into a batch', () => {
    expect(run(0, 1).numbers).toEqual(range(0, FRAMES - 1));
    const all = run(1, 1);
    expect(all.numbers).toEqual(range(0, FRAMES - 1).flatMap((n) => [n, n]));
    expect(Math.max(...all.b.arrivals.map((arrival) => arrival.frames.length))).toBe(64);
  });

  it('copies octet for octet', () => {
    const { b } = run(1, 2);
    expect(b.frames[1]).toEqual(b.frames[0]);
    expect(b.frames[0]).toHaveLength(60);
  });

  it('does the same for the same seed', () => {
    const once = run(0.1, 22).numbers;
    expect(run(0.1, 22, 5).numbers).toEqual(once);
    expect(run(0.1, 23).numbers).not.toEqual(once);
  });

  it('names a probability that is wrong', () => {
    const wire = openWire({ clock: new Clock() });
    expect(() => withDuplicates(wire, { probability: 2, random: new Random(1) }))
      .toThrow('probability: 2');
  });
});
