/** Time on the wire, its two ends, and what is dropped. */

import { describe, expect, it } from 'vitest';
import type { Link, Port } from '../../host/link/link.js';
import { openWire } from '../../host/link/wire.js';
import type { WireOptions } from '../../host/link/wire.js';
import { Clock } from '../../host/machine/clock.js';
import { Recorder, batchOf, numbered, range, sendNumbers } from './recorder.js';

interface Setting {
  clock: Clock;
  wire: Link;
  a: Recorder;
  b: Recorder;
  fromA: Port;
  fromB: Port;
}

function set(options: Omit<WireOptions, 'clock'> = {}): Setting {
  const clock = new Clock();
  const wire = openWire({ clock, ...options });
  const [a, b] = [new Recorder(clock), new Recorder(clock)];
  return { clock, wire, a, b, fromA: wire.attach(a), fromB: wire.attach(b) };
}

describe('link/wire', () => {
  it('delivers a batch as one, after its octets and the latency', () => {
    const { clock, wire, a, b, fromA } = set();
    fromA.send(batchOf(numbered(1, 1514), numbered(2, 60)));
    expect(b.arrivals).toEqual([]);
    clock.runUntil(1e6);
    // 1514 + 24 and 60 + 24 octets of 8 ns each, then 5,000 ns.
    expect(b.times).toEqual([(1538 + 84) * 8 + 5000]);
    expect(b.frames).toEqual([numbered(1, 1514), numbered(2, 60)]);
    expect(a.arrivals).toEqual([]);
    expect(wire.stats).toEqual({ frames: 2, octets: 1574, dropped: {}, altered: {} });
  });

  it('is busy until a batch is sent, in each direction by itself', () => {
    const { clock, a, b, fromA, fromB } = set({ latencyNs: 100 });
    fromA.send(batchOf(numbered(1, 101)));
    fromA.send(batchOf(numbered(2, 101)));
    fromB.send(batchOf(numbered(3, 101)));
    clock.runUntil(1500);
    fromA.send(batchOf(numbered(4, 101)));
    clock.runUntil(100_000);
    fromA.send(batchOf(numbered(5, 101)));
    clock.runUntil(200_000);
    expect(b.times).toEqual([1100, 2100, 3100, 101_100]);
    expect(b.numbers).toEqual([1, 2, 4, 5]);
    expect(a.times).toEqual([1100]);
  });

  it('keeps its rate exactly, whatever the fraction of a nanosecond', () => {
    const { clock, b, fromA } = set({ latencyNs: 0, bitsPerSecond: 7_000_000_000 });
    for (let i = 0; i < 1000; i++) fromA.send(batchOf(numbered(i, 67)));
    clock.runUntil(1e9);
    expect(b.times.at(-1)).toBe(Math.ceil((1000 * 91 * 8) / 7));
  });

  it('with rate 0 takes the latency only, and keeps order', () => {
    const { clock, b, fromA } = set({ latencyNs: 300, bitsPerSecond: 0 });
    sendNumbers(fromA, 0, 999, 7);
    clock.runUntil(300);
    expect(new Set(b.times)).toEqual(new Set([300]));
    expect(b.numbers).toEqual(range(0, 999));
    expect(b.arrivals.length).toBeLessThan(20);
  });

  it('never calls a receiver from within send, not even without latency', () => {
    const { clock, b, fromA } = set({ latencyNs: 0, bitsPerSecond: 0 });
    fromA.send(batchOf(numbered(1)));
    expect(b.arrivals).toEqual([]);
    clock.runUntil(0);
    expect(b.numbers).toEqual([1]);
  });

  it('lets a receiver answer with the very batch it is given', () => {
    const clock = new Clock();
    const wire = openWire({ clock, latencyNs: 10, bitsPerSecond: 0 });
    const a = new Recorder(clock);
    const fromA = wire.attach(a);
    const fromB: Port = wire.attach({ receive: (batch) => fromB.send(batch) });
    sendNumbers(fromA, 0, 199);
    clock.runUntil(20);
    expect(a.numbers).toEqual(range(0, 199));
  });

  it('has two ends; a place that is free again may be taken', () => {
    const { clock, wire, fromA, fromB, b } = set();
    expect(() => wire.attach(new Recorder(clock))).toThrow('a wire has 2 ends');
    fromA.close();
    fromA.close();
    const again = new Recorder(clock);
    const fromAgain = wire.attach(again);
    fromB.send(batchOf(numbered(4)));
    fromAgain.send(batchOf(numbered(5)));
    fromA.send(batchOf(numbered(6), numbered(7)));
    clock.runUntil(1e6);
    expect([again.numbers, b.numbers]).toEqual([[4], [5]]);
    expect(wire.stats.dropped).toEqual({ closed: 2 });
  });

  it('counts what nobody hears: no other end, an end that left, a wire that was closed', () => {
    const clock = new Clock();
    const wire = openWire({ clock });
    const a = wire.attach(new Recorder(clock));
    a.send(batchOf(numbered(1)));
    expect(wire.stats.dropped).toEqual({ unconnected: 1 });
    const recorder = new Recorder(clock);
    const b = wire.attach(recorder);
    a.send(batchOf(numbered(2), numbered(3)));
    b.close();
    clock.runUntil(1e6);
    expect(wire.stats.dropped).toEqual({ unconnected: 1, closed: 2 });
    wire.attach(recorder);
    a.send(batchOf(numbered(4)));
    wire.close();
    a.send(batchOf(numbered(5)));
    expect(wire.stats.dropped).toEqual({ unconnected: 1, closed: 4 });
    expect(clock.pending).toBe(0);
    expect(recorder.frames).toEqual([]);
    expect(() => wire.attach(recorder)).toThrow('the wire is closed');
  });

  it('drops what may not wait, from the end of the queue', () => {
    const { clock, wire, b, fromA } = set({ queueFrames: 100 });
    sendNumbers(fromA, 0, 149);
    clock.runUntil(1e9);
    sendNumbers(fromA, 150, 160);
    clock.runUntil(2e9);
    expect(b.numbers).toEqual([...range(0, 99), ...range(150, 160)]);
    expect(wire.stats.dropped).toEqual({ queue: 50 });
  });

  it('ignores an empty batch', () => {
    const { clock, b, fromA } = set();
    fromA.send(batchOf());
    expect(clock.pending).toBe(0);
    expect(b.arrivals).toEqual([]);
  });

  it('names an option that is wrong', () => {
    const clock = new Clock();
    expect(() => openWire({ clock, latencyNs: -1 })).toThrow(/^latencyNs: -1/);
    expect(() => openWire({ clock, bitsPerSecond: 0.5 })).toThrow(/^bitsPerSecond: 0.5/);
    expect(() => openWire({ clock, queueFrames: 0 })).toThrow(/^queueFrames: 0/);
  });
});
