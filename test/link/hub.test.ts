/** All others hear it; a switch learns who needs to. */

import { describe, expect, it } from 'vitest';
import { FrameBatch } from '../../host/link/batch.js';
import { LEARNED_ADDRESSES, openHub } from '../../host/link/hub.js';
import type { HubOptions } from '../../host/link/hub.js';
import type { Link, Port } from '../../host/link/link.js';
import { Clock } from '../../host/machine/clock.js';
import { Recorder, batchOf, nth, numbered, range, sendNumbers } from './recorder.js';

interface Setting {
  clock: Clock;
  hub: Link;
  ends: Recorder[];
  ports: Port[];
}

function set(count: number, options: Omit<HubOptions, 'clock'> = {}): Setting {
  const clock = new Clock();
  const hub = openHub({ clock, ...options });
  const ends = Array.from({ length: count }, () => new Recorder(clock));
  return { clock, hub, ends, ports: ends.map((end) => hub.attach(end)) };
}

const BROADCAST = -1;

/** A frame from one station to another (station n has the address 02:00:00:00:nn:nn). */
function between(from: number, to: number, number: number): Uint8Array {
  const frame = numbered(number);
  const view = new DataView(frame.buffer);
  frame.set([2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0]);
  view.setUint16(4, to);
  view.setUint16(10, from);
  if (to === BROADCAST) frame.fill(0xff, 0, 6);
  return frame;
}

describe('link/hub', () => {
  it('brings every batch to all others, whole, after the latency', () => {
    const { clock, hub, ends, ports } = set(4);
    sendNumbers(nth(ports, 1), 0, 63);
    clock.runUntil(1e6);
    for (const i of [0, 2, 3]) {
      expect(nth(ends, i).times).toEqual([5000]);
      expect(nth(ends, i).numbers).toEqual(range(0, 63));
    }
    expect(nth(ends, 1).arrivals).toEqual([]);
    expect(hub.stats.frames).toBe(3 * 64);
    expect(hub.stats.octets).toBe(3 * 64 * 60);
  });

  it('keeps the order of each sender', () => {
    const { clock, ends, ports } = set(3, { latencyNs: 10 });
    for (let i = 0; i < 50; i++) {
      nth(ports, 0).send(batchOf(numbered(i)));
      nth(ports, 1).send(batchOf(numbered(1000 + i)));
      clock.runUntil(clock.now + 3);
    }
    clock.runUntil(clock.now + 10);
    const seen = nth(ends, 2).numbers;
    expect(seen.filter((n) => n < 1000)).toEqual(range(0, 49));
    expect(seen.filter((n) => n >= 1000)).toEqual(range(1000, 1049));
  });

  it('counts what nobody hears, and forgets an end that left', () => {
    const { clock, hub, ends, ports } = set(2);
    nth(ports, 1).close();
    nth(ports, 1).close();
    nth(ports, 0).send(batchOf(numbered(1)));
    nth(ports, 1).send(batchOf(numbered(2)));
    expect(hub.stats.dropped).toEqual({ unconnected: 1, closed: 1 });
    const late = new Recorder(clock);
    const port = hub.attach(late);
    nth(ports, 0).send(batchOf(numbered(3)));
    clock.runUntil(1e6);
    expect(late.numbers).toEqual([3]);
    nth(ports, 0).send(batchOf(numbered(4)));
    port.close();
    clock.runUntil(2e6);
    expect(hub.stats.dropped).toEqual({ unconnected: 1, closed: 2 });
    hub.attach(late);
    nth(ports, 0).send(batchOf(numbered(5)));
    hub.close();
    expect(hub.stats.dropped).toEqual({ unconnected: 1, closed: 3 });
    expect(clock.pending).toBe(0);
    expect(() => hub.attach(late)).toThrow('the hub is closed');
    expect(nth(ends, 1).frames).toEqual([]);
  });

  it('does not call an end that another receiver unplugged for the same batch', () => {
    const clock = new Clock();
    const hub = openHub({ clock });
    const last = new Recorder(clock);
    const from = hub.attach(new Recorder(clock));
    hub.attach({ receive: () => victim.close() });
    const victim = hub.attach(last);
    from.send(batchOf(numbered(1)));
    clock.runUntil(1e6);
    expect(last.frames).toEqual([]);
  });

  it('drops what may not wait', () => {
    const { clock, hub, ends, ports } = set(2, { queueFrames: 10 });
    sendNumbers(nth(ports, 0), 0, 14);
    clock.runUntil(1e6);
    expect(nth(ends, 1).numbers).toEqual(range(0, 9));
    expect(hub.stats.dropped).toEqual({ queue: 5 });
  });

  it('names an option that is wrong', () => {
    expect(() => openHub({ clock: new Clock(), latencyNs: 0.1 })).toThrow(/^latencyNs: 0.1/);
  });
});

describe('link/hub, learning', () => {
  it('floods until it has heard the destination, then forwards to it alone', () => {
    const { clock, ends, ports } = set(3, { learn: true });
    nth(ports, 0).send(batchOf(between(0, 1, 1)));
    clock.runUntil(1e5);
    expect(ends.map((end) => end.numbers)).toEqual([[], [1], [1]]);
    nth(ports, 1).send(batchOf(between(1, 0, 2)));
    clock.runUntil(2e5);
    nth(ports, 0).send(batchOf(between(0, 1, 3)));
    clock.runUntil(3e5);
    expect(ends.map((end) => end.numbers)).toEqual([[2], [1, 3], [1]]);
  });

  it('parts a batch by destination, each part in order and as one batch', () => {
    const { clock, ends, ports } = set(4, { learn: true });
    for (const i of [1, 2, 3]) nth(ports, i).send(batchOf(between(i, BROADCAST, 90 + i)));
    clock.runUntil(1e5);
    for (const end of ends) end.arrivals.length = 0;
    nth(ports, 0).send(batchOf(
      between(0, 1, 1), between(0, 2, 2), between(0, 1, 3), between(0, BROADCAST, 4),
      between(0, 2, 5), between(0, 9, 6),
    ));
    clock.runUntil(2e5);
    expect(ends.map((end) => end.numbers)).toEqual([[], [1, 3, 4, 6], [2, 4, 5, 6], [4, 6]]);
    expect(ends.map((end) => end.arrivals.length)).toEqual([0, 1, 1, 1]);
  });

  it('drops what is for where it came from, and what has no addresses', () => {
    const { clock, hub, ends, ports } = set(2, { learn: true });
    nth(ports, 0).send(batchOf(between(7, BROADCAST, 1)));
    clock.runUntil(1e5);
    nth(ports, 0).send(batchOf(between(0, 7, 2), new Uint8Array(11), between(0, 1, 3)));
    clock.runUntil(2e5);
    expect(nth(ends, 1).numbers).toEqual([1, 3]);
    expect(hub.stats.dropped).toEqual({ filtered: 1, runt: 1 });
  });

  it('follows a station that moves, and forgets those of an end that left', () => {
    const { clock, ends, ports } = set(4, { learn: true });
    nth(ports, 1).send(batchOf(between(5, BROADCAST, 1)));
    nth(ports, 2).send(batchOf(between(5, BROADCAST, 2)));
    clock.runUntil(1e5);
    for (const end of ends) end.arrivals.length = 0;
    nth(ports, 0).send(batchOf(between(0, 5, 3)));
    clock.runUntil(2e5);
    expect(ends.map((end) => end.numbers)).toEqual([[], [], [3], []]);
    nth(ports, 2).close();
    nth(ports, 0).send(batchOf(between(0, 5, 4)));
    clock.runUntil(3e5);
    expect(ends.map((end) => end.numbers)).toEqual([[], [4], [3], [4]]);
  });

  it('remembers a bounded number of stations: the first learned makes room', () => {
    const { clock, ends, ports } = set(3, { learn: true });
    const batch = new FrameBatch();
    for (const station of range(0, LEARNED_ADDRESSES)) {
      if (!batch.push(between(station, BROADCAST, station))) throw new Error('batch full');
      if (batch.count === 64 || station === LEARNED_ADDRESSES) {
        nth(ports, 1).send(batch);
        batch.clear();
      }
    }
    clock.runUntil(1e5);
    for (const end of ends) end.arrivals.length = 0;
    // The sender is one that is known, and moves: it needs no room.
    const sender = LEARNED_ADDRESSES;
    nth(ports, 0).send(batchOf(between(sender, 0, 1), between(sender, 1, 2)));
    clock.runUntil(2e5);
    expect(ends.map((end) => end.numbers)).toEqual([[], [1, 2], [1]]);
  });

  it('learns no group address as a sender', () => {
    const { clock, ends, ports } = set(3, { learn: true });
    const odd = between(3, BROADCAST, 1);
    odd[6] = 3;
    nth(ports, 1).send(batchOf(odd));
    clock.runUntil(1e5);
    const back = between(0, 3, 2);
    back[0] = 3;
    nth(ports, 0).send(batchOf(back));
    clock.runUntil(2e5);
    expect(nth(ends, 2).numbers).toEqual([1, 2]);
  });
});
