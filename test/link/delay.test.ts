/** Frames are late, within bounds, and in order. */

import { describe, expect, it } from 'vitest';
import { withDelay } from '../../host/link/delay.js';
import type { DelayOptions } from '../../host/link/delay.js';
import { openWire } from '../../host/link/wire.js';
import { Clock } from '../../host/machine/clock.js';
import { Random } from '../../host/machine/random.js';
import { Recorder, nth, range, sendNumbers } from './recorder.js';

function set(options: Omit<DelayOptions, 'clock' | 'random'>, seed = 1) {
  const clock = new Clock();
  const wire = openWire({ clock, latencyNs: 0, bitsPerSecond: 0 });
  const link = withDelay(wire, { clock, random: new Random(seed), ...options });
  const [a, b] = [new Recorder(clock), new Recorder(clock)];
  return { clock, link, a, b, fromA: link.attach(a), fromB: link.attach(b) };
}

describe('link/delay', () => {
  it('holds a batch back as a whole', () => {
    const { clock, link, a, b, fromA, fromB } = set({ delayNs: 20_000_000 });
    sendNumbers(fromA, 0, 63);
    clock.runUntil(500);
    sendNumbers(fromA, 64, 70);
    sendNumbers(fromB, 80, 81);
    clock.runUntil(1e9);
    expect(b.times).toEqual([20_000_000, 20_000_500]);
    expect(nth(b.arrivals, 0).frames).toHaveLength(64);
    expect(b.numbers).toEqual(range(0, 70));
    expect(a.times).toEqual([20_000_500]);
    expect(link.stats.dropped).toEqual({});
  });

  it('with jitter delays each frame within the bounds, spread, and never out of order', () => {
    const { clock, b, fromA } = set({ delayNs: 1000, jitterNs: 500 });
    // So far apart that no frame meets the one before.
    for (let i = 0; i < 2000; i++) {
      sendNumbers(fromA, i, i);
      clock.runUntil(clock.now + 10_000);
    }
    const late = b.times.map((time, i) => time - i * 10_000);
    expect([Math.min(...late), Math.max(...late)]).toEqual([1000, 1500]);
    const mean = late.reduce((sum, each) => sum + each, 0) / late.length;
    expect(Math.abs(mean - 1250)).toBeLessThan(20);
    expect(b.numbers).toEqual(range(0, 1999));
  });

  it('keeps order under jitter, and frames due at one instant together', () => {
    const { clock, b, fromA } = set({ delayNs: 0, jitterNs: 1_000_000 });
    for (let i = 0; i < 5000; i++) {
      sendNumbers(fromA, i, i);
      clock.runUntil(clock.now + 100);
    }
    clock.runUntil(1e9);
    expect(b.numbers).toEqual(range(0, 4999));
    expect(b.times).toEqual([...b.times].sort((x, y) => x - y));
    expect(b.arrivals.length).toBeLessThan(1000);
  });

  it('parts a batch by the instants its frames are due', () => {
    const { clock, b, fromA } = set({ delayNs: 100, jitterNs: 1000 });
    sendNumbers(fromA, 0, 63);
    clock.runUntil(5000);
    expect(b.numbers).toEqual(range(0, 63));
    expect(b.arrivals.length).toBeGreaterThan(1);
    expect(new Set(b.times).size).toBe(b.arrivals.length);
  });

  it('does the same for the same seed', () => {
    const times = (seed: number): number[] => {
      const { clock, b, fromA } = set({ delayNs: 5, jitterNs: 1_000_000 }, seed);
      sendNumbers(fromA, 0, 300);
      clock.runUntil(1e9);
      return b.times;
    };
    expect(times(4)).toEqual(times(4));
    expect(times(4)).not.toEqual(times(5));
  });

  it('drops what may not wait, and what waits when it is closed', () => {
    const { clock, link, b, fromA } = set({ delayNs: 1000, queueFrames: 10 });
    sendNumbers(fromA, 0, 14);
    clock.runUntil(1000);
    expect(b.numbers).toEqual(range(0, 9));
    expect(link.stats.dropped).toEqual({ queue: 5 });
    sendNumbers(fromA, 20, 22);
    fromA.close();
    fromA.close();
    sendNumbers(fromA, 30, 30);
    clock.runUntil(5000);
    expect(link.stats.dropped).toEqual({ queue: 5, closed: 4 });
    expect(b.numbers).toEqual(range(0, 9));
    expect(clock.pending).toBe(0);
  });

  it('names an option that is wrong', () => {
    expect(() => set({ delayNs: -1 })).toThrow(/^delayNs: -1/);
    expect(() => set({ delayNs: 0, jitterNs: 0.5 })).toThrow(/^jitterNs: 0.5/);
    expect(() => set({ delayNs: 0, queueFrames: 0 })).toThrow(/^queueFrames: 0/);
  });
});
