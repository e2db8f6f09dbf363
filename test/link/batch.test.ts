/** The layout of a batch, its copies, and the pool. */

import { describe, expect, it } from 'vitest';
import {
  BATCH_FRAMES, BatchPool, FRAME_OCTETS, FRAME_OFFSET, FRAME_STRIDE, FrameBatch,
} from '../../host/link/batch.js';
import { batchOf, numberOf, numbered } from './recorder.js';

describe('link/batch', () => {
  it('puts frame i at i * 1536 + 2, with its length beside', () => {
    const batch = batchOf(numbered(1, 60), numbered(2, 1514), numbered(3, 61));
    expect([FRAME_STRIDE, FRAME_OFFSET, FRAME_OCTETS, BATCH_FRAMES]).toEqual([1536, 2, 1514, 64]);
    expect(batch.count).toBe(3);
    expect([...batch.lengths.subarray(0, 3)]).toEqual([60, 1514, 61]);
    expect(batch.octets.slice(1538, 1538 + 1514)).toEqual(numbered(2, 1514));
    expect(batch.frame(2)).toEqual(numbered(3, 61));
    expect(batch.words.buffer).toBe(batch.octets.buffer);
    expect(batch.totalOctets()).toBe(60 + 1514 + 61);
  });

  it('takes 64 frames of up to 1514 octets and no more', () => {
    const batch = new FrameBatch();
    expect(() => batch.push(new Uint8Array(1515))).toThrow(RangeError);
    expect(() => batch.push(new Uint8Array(1515))).toThrow('1515 octets');
    for (let i = 0; i < 64; i++) expect(batch.push(numbered(i, 1514))).toBe(true);
    expect(batch.push(numbered(64))).toBe(false);
    expect(batch.copyFrom(batchOf(numbered(64)), 0)).toBe(false);
    expect(batch.count).toBe(64);
    for (let i = 0; i < 64; i++) expect(numberOf(batch.frame(i))).toBe(i);
    batch.clear();
    expect(batch.push(new Uint8Array(0))).toBe(true);
    expect(batch.frame(0)).toHaveLength(0);
  });

  it('copies frames of every length octet for octet', () => {
    const target = new FrameBatch(1);
    for (let length = 18; length <= 1514; length++) {
      const frame = numbered(length, length);
      frame[length - 1] = 0x77;
      target.clear();
      expect(target.copyFrom(batchOf(numbered(0), frame), 1)).toBe(true);
      if (Buffer.compare(target.frame(0), frame) !== 0) expect(target.frame(0)).toEqual(frame);
    }
  });

  it('copies the first frames of another, as many as fit', () => {
    const source = batchOf(...[0, 1, 2, 3, 4, 5].map((n) => numbered(n)));
    const target = new FrameBatch(4);
    target.copyFirst(source, 3);
    expect(target.count).toBe(3);
    target.copyFirst(source, 6);
    expect([0, 1, 2, 3].map((i) => numberOf(target.frame(i)))).toEqual([0, 1, 2, 0]);
  });

  it('refuses the number of a frame it does not hold', () => {
    const batch = batchOf(numbered(1));
    for (const i of [-1, 1, NaN]) {
      expect(() => batch.frame(i)).toThrow(RangeError);
      expect(() => new FrameBatch().copyFrom(batch, i)).toThrow(RangeError);
    }
  });

  it('pools batches of 1, 4, 16 and 64 frames, and gives the same ones again, empty', () => {
    const pool = new BatchPool();
    const sizes = [[1, 1], [2, 4], [4, 4], [5, 16], [17, 64], [64, 64]] as const;
    for (const [asked, capacity] of sizes) {
      const batch = pool.take(asked);
      expect(batch.capacity).toBe(capacity);
      batch.push(numbered(1));
      pool.put(batch);
      expect(pool.take(asked)).toBe(batch);
      expect(batch.count).toBe(0);
    }
    expect(pool.take().capacity).toBe(64);
  });

  it('keeps no more than 4,096 frames of a kind in the pool', () => {
    const pool = new BatchPool();
    const batches = Array.from({ length: 100 }, () => new FrameBatch());
    for (const batch of batches) pool.put(batch);
    const kept = new Set(batches.map(() => pool.take()).filter((batch) => batches.includes(batch)));
    expect(kept.size).toBe(64);
  });
});
