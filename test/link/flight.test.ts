/** First in, first out, on the clock. */

import { describe, expect, it } from 'vitest';
import { BatchPool } from '../../host/link/batch.js';
import type { FrameBatch } from '../../host/link/batch.js';
import { Flight } from '../../host/link/flight.js';
import { Clock } from '../../host/machine/clock.js';
import { Recorder, numbered, range } from './recorder.js';

function flightOf(): { clock: Clock; pool: BatchPool; recorder: Recorder; flight: Flight } {
  const clock = new Clock();
  const pool = new BatchPool();
  const recorder = new Recorder(clock);
  return { clock, pool, recorder, flight: new Flight(clock, pool, (b) => recorder.receive(b)) };
}

function filled(pool: BatchPool, first: number, frames: number): FrameBatch {
  const batch = pool.take(frames);
  for (let n = first; n < first + frames; n++) batch.push(numbered(n));
  return batch;
}

describe('link/flight', () => {
  it('delivers each batch when it is due, first in, first out', () => {
    const { clock, pool, recorder, flight } = flightOf();
    for (let n = 0; n < 5000; n++) flight.push(filled(pool, n, 1), 10 + 2 * n);
    expect([flight.frames, clock.pending]).toEqual([5000, 1]);
    clock.runUntil(20_000);
    expect(recorder.numbers).toEqual(range(0, 4999));
    expect(recorder.times).toEqual(range(0, 4999).map((n) => 10 + 2 * n));
    expect([flight.frames, clock.pending]).toEqual([0, 0]);
  });

  it('joins whole batches of one instant up to 64 frames', () => {
    const { clock, pool, recorder, flight } = flightOf();
    let n = 0;
    for (const frames of [30, 30, 5, 64, 1, 1]) {
      flight.push(filled(pool, n, frames), 100);
      n += frames;
    }
    flight.push(filled(pool, n, 2), 101);
    clock.runUntil(200);
    expect(recorder.arrivals.map((a) => [a.timeNs, a.frames.length])).toEqual([
      [100, 60], [100, 5], [100, 64], [100, 2], [101, 2],
    ]);
    expect(recorder.numbers).toEqual(range(0, n + 1));
  });

  it('takes more while it delivers', () => {
    const { clock, pool, recorder } = flightOf();
    const flight: Flight = new Flight(clock, pool, (batch) => {
      recorder.receive(batch);
      if (clock.now < 5) flight.push(filled(pool, clock.now + 1, 1), clock.now + 1);
    });
    flight.push(filled(pool, 0, 1), 0);
    clock.runUntil(10);
    expect(recorder.numbers).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('loses all that is on its way when cleared, and says how much', () => {
    const { clock, pool, recorder, flight } = flightOf();
    flight.push(filled(pool, 0, 3), 1);
    flight.push(filled(pool, 3, 2), 2);
    clock.runUntil(1);
    expect(flight.clear()).toBe(2);
    expect([flight.clear(), clock.pending]).toEqual([0, 0]);
    flight.push(filled(pool, 9, 1), 3);
    clock.runUntil(5);
    expect(recorder.numbers).toEqual([0, 1, 2, 9]);
  });

  it('gives batches back: a long run needs no more than are on their way at once', () => {
    const { clock, flight } = flightOf();
    const taken = new Set<FrameBatch>();
    const pool = new BatchPool();
    const steady = new Flight(clock, pool, () => undefined);
    for (let n = 0; n < 1000; n++) {
      const batch = filled(pool, n, 1);
      taken.add(batch);
      steady.push(batch, clock.now + 30);
      clock.runUntil(clock.now + 10);
    }
    expect(taken.size).toBeLessThanOrEqual(4);
    expect(flight.frames).toBe(0);
  });
});
