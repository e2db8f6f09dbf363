/** Some frames are overtaken, by as many as told. */

import { describe, expect, it } from 'vitest';
import { withReordering } from '../../host/link/reorder.js';
import type { ReorderOptions } from '../../host/link/reorder.js';
import { openWire } from '../../host/link/wire.js';
import { Clock } from '../../host/machine/clock.js';
import { Random } from '../../host/machine/random.js';
import { Recorder, range, sendNumbers } from './recorder.js';

function set(options: Omit<ReorderOptions, 'clock' | 'random'>, seed = 1) {
  const clock = new Clock();
  const wire = openWire({ clock, latencyNs: 0, bitsPerSecond: 0 });
  const link = withReordering(wire, { clock, random: new Random(seed), ...options });
  const [a, b] = [new Recorder(clock), new Recorder(clock)];
  return { clock, link, a, b, fromA: link.attach(a), fromB: link.attach(b) };
}

describe('link/reorder', () => {
  it('lets as many overtake a frame as it is told, and loses none', () => {
    const { clock, link, b, fromA } = set({ probability: 0.01, overtakenBy: 5 }, 41);
    sendNumbers(fromA, 0, 19_999);
    clock.runUntil(1e9);
    const seen = b.numbers;
    expect([...seen].sort((x, y) => x - y)).toEqual(range(0, 19_999));
    // The frames that come after a greater number; each was held, and counted.
    let greatest = -1;
    let overtaken = 0;
    for (const [place, number] of seen.entries()) {
      if (number < greatest) {
        overtaken++;
        const before = seen.slice(Math.max(0, place - 40), place).filter((n) => n > number).length;
        expect(before).toBeGreaterThanOrEqual(5);
        expect(before).toBeLessThanOrEqual(8);
      }
      greatest = Math.max(greatest, number);
    }
    expect(link.stats.altered).toEqual({ reorder: overtaken });
    expect(Math.abs(overtaken - 200)).toBeLessThan(60);
  });

  it('lets a frame go after the hold time when nothing overtakes it', () => {
    const { clock, b, fromA } = set({ probability: 1, holdNs: 700 });
    sendNumbers(fromA, 0, 9);
    clock.runUntil(100);
    sendNumbers(fromA, 10, 11);
    clock.runUntil(699);
    expect(b.arrivals).toEqual([]);
    clock.runUntil(10_000);
    expect(b.times).toEqual([700, 800]);
    expect(b.numbers).toEqual(range(0, 11));
    expect(clock.pending).toBe(0);
  });

  it('holds 64 at a time, and lets all others pass', () => {
    const { clock, b, fromA } = set({ probability: 1, overtakenBy: 1000, holdNs: 50 });
    sendNumbers(fromA, 0, 99);
    clock.runUntil(100);
    expect(b.numbers).toEqual([...range(64, 99), ...range(0, 63)]);
    expect(b.times.at(-1)).toBe(50);
  });

  it('changes nothing at 0, and has no event then', () => {
    const { clock, b, fromA } = set({ probability: 0 });
    sendNumbers(fromA, 0, 500);
    clock.runUntil(0);
    expect(b.numbers).toEqual(range(0, 500));
    expect(clock.pending).toBe(0);
  });

  it('does the same for the same seed, for each direction by itself', () => {
    const orders = (seed: number) => {
      const { clock, a, b, fromA, fromB } = set({ probability: 0.1 }, seed);
      sendNumbers(fromA, 0, 999);
      sendNumbers(fromB, 0, 999);
      clock.runUntil(1e9);
      return [a.numbers, b.numbers];
    };
    const once = orders(42);
    expect(orders(42)).toEqual(once);
    expect(once[0]).not.toEqual(once[1]);
    expect(orders(43)).not.toEqual(once);
  });

  it('loses what it holds when it is closed', () => {
    const { clock, link, b, fromA } = set({ probability: 1 });
    sendNumbers(fromA, 0, 9);
    link.close();
    sendNumbers(fromA, 10, 10);
    clock.runUntil(1e9);
    expect(b.frames).toEqual([]);
    expect(link.stats.dropped).toEqual({ closed: 11 });
    expect(clock.pending).toBe(0);
  });

  it('names an option that is wrong', () => {
    expect(() => set({ probability: 1.01 })).toThrow(/^probability: 1.01/);
    expect(() => set({ probability: 0, overtakenBy: 0 })).toThrow(/^overtakenBy: 0/);
    expect(() => set({ probability: 0, holdNs: -5 })).toThrow(/^holdNs: -5/);
  });
});
