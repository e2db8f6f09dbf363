/** Events in order, time that never goes back. */

import { describe, expect, it } from 'vitest';
import { Clock } from '../../host/machine/clock.js';
import { Random } from '../../host/machine/random.js';
import { nth } from '../link/recorder.js';

describe('machine/clock', () => {
  it('runs events earliest first, those of one instant in the order they were set', () => {
    const clock = new Clock();
    const seen: string[] = [];
    for (const [time, name] of [[5, 'c'], [1, 'a'], [5, 'd'], [3, 'b'], [5, 'e']] as const) {
      clock.at(time, () => seen.push(`${name}${clock.now}`));
    }
    expect(clock.next()).toBe(1);
    while (clock.step());
    expect(seen).toEqual(['a1', 'b3', 'c5', 'd5', 'e5']);
    expect(clock.next()).toBeUndefined();
    expect(clock.now).toBe(5);
  });

  it('agrees with a sorted list over 3,000 seeded settings, moves and cancellations', () => {
    const stream = new Random(7).stream('clock');
    const clock = new Clock();
    const seen: number[] = [];
    const expected: { time: number; order: number; id: number }[] = [];
    const events = [];
    let order = 0;
    for (let id = 0; id < 3000; id++) {
      const time = stream.below(500);
      events.push(clock.at(time, () => seen.push(id)));
      expected.push({ time, order: order++, id });
      const other = stream.below(id + 1);
      const at = expected.findIndex((each) => each.id === other);
      const choice = stream.below(5);
      if (choice === 0) {
        expect(clock.cancel(nth(events, other))).toBe(at >= 0);
        if (at >= 0) expected.splice(at, 1);
      } else if (choice === 1) {
        const moved = stream.below(500);
        clock.schedule(nth(events, other), moved);
        if (at >= 0) expected.splice(at, 1);
        expected.push({ time: moved, order: order++, id: other });
      }
    }
    expect(clock.pending).toBe(expected.length);
    while (clock.step());
    expected.sort((a, b) => a.time - b.time || a.order - b.order);
    expect(seen).toEqual(expected.map((each) => each.id));
  });

  it('runs until a time, that time included, and stays there', () => {
    const clock = new Clock();
    const seen: number[] = [];
    for (const time of [10, 20, 30]) clock.at(time, () => seen.push(time));
    expect(clock.runUntil(20)).toBe(2);
    expect(seen).toEqual([10, 20]);
    expect(clock.runUntil(25)).toBe(0);
    expect(clock.now).toBe(25);
    clock.after(5, () => seen.push(31));
    expect(clock.runUntil(40)).toBe(2);
    expect(seen).toEqual([10, 20, 30, 31]);
  });

  it('stops at the time of the last event when it has run as many as it may', () => {
    const clock = new Clock();
    const event = clock.event(() => clock.schedule(event, clock.now + 1));
    clock.schedule(event, 1);
    expect(clock.runUntil(1000, 3)).toBe(3);
    expect(clock.now).toBe(3);
    expect(clock.next()).toBe(4);
  });

  it('stops with an error when time cannot move on', () => {
    const clock = new Clock(100);
    let runs = 0;
    const event = clock.event(() => {
      runs++;
      clock.schedule(event, clock.now);
    });
    clock.schedule(event, 8);
    expect(() => clock.runUntil(9)).toThrow('time stands still at 8 ns: 100 events');
    expect(runs).toBe(100);
  });

  it('counts events of one instant afresh at each instant', () => {
    const clock = new Clock(2);
    for (const time of [0, 0, 1, 1, 2, 2]) clock.at(time, () => undefined);
    expect(clock.runUntil(2)).toBe(6);
  });

  it('moves an event that is set, and sets it again after it ran', () => {
    const clock = new Clock();
    const seen: number[] = [];
    const event = clock.event(() => seen.push(clock.now));
    clock.schedule(event, 10);
    clock.schedule(event, 4);
    clock.runUntil(20);
    clock.schedule(event, 30);
    clock.runUntil(40);
    expect(seen).toEqual([4, 30]);
    expect(clock.cancel(event)).toBe(false);
  });

  it('leaves itself usable when a callback throws', () => {
    const clock = new Clock();
    let later = 0;
    clock.at(1, () => {
      throw new Error('stop');
    });
    clock.at(2, () => later++);
    expect(() => clock.step()).toThrow('stop');
    expect(clock.step()).toBe(true);
    expect([later, clock.now]).toEqual([1, 2]);
  });

  it('refuses times that are past or no whole number, and events of another clock', () => {
    const clock = new Clock();
    clock.runUntil(10);
    for (const time of [9, 10.5, NaN, Infinity]) {
      expect(() => clock.at(time, () => undefined)).toThrow(RangeError);
      expect(() => clock.runUntil(time)).toThrow(RangeError);
    }
    expect(() => clock.at(9, () => undefined)).toThrow('from 10 on');
    const foreign = new Clock().at(20, () => undefined);
    expect(() => clock.cancel(foreign)).toThrow('another clock');
    expect(clock.pending).toBe(0);
  });
});
