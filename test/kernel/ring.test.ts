import { describe, expect, it } from 'vitest';
import { LinearMemory } from '../../host/kernel/memory.js';
import { ReceiveRing, TransmitRing } from '../../host/kernel/ring.js';
import { FrameBatch, FRAME_STRIDE } from '../../host/link/batch.js';

const SLOTS = 16;
const RING = 64;
const DESCRIPTORS = 256;
const BUFFERS = 4096;

function frame(length: number, salt: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 13 + salt * 101 + 1) & 0xff);
}

function memoryWithRing(counted = 0): { memory: LinearMemory; raw: WebAssembly.Memory } {
  const raw = new WebAssembly.Memory({ initial: 4 });
  const memory = new LinearMemory(raw);
  [counted, counted, SLOTS, DESCRIPTORS, BUFFERS].forEach((word, i) => {
    memory.setWord(RING + 4 * i, word);
  });
  return { memory, raw };
}

function batchOf(frames: readonly Uint8Array[]): FrameBatch {
  const batch = new FrameBatch();
  for (const each of frames) batch.push(each);
  return batch;
}

/** What lies in a slot of the receive ring. */
function slotOf(memory: LinearMemory, slot: number): Uint8Array {
  const word = memory.word(DESCRIPTORS + slot * 8 + 4);
  expect(word >>> 16, 'flags').toBe(0);
  const at = BUFFERS + slot * FRAME_STRIDE + 2;
  return memory.octets.slice(at, at + (word & 0xffff));
}

/** Puts a frame where the transmit ring's `count`-th descriptor says it is. */
function transmit(memory: LinearMemory, count: number, address: number, octets: Uint8Array): void {
  const at = DESCRIPTORS + (count % SLOTS) * 8;
  memory.octets.set(octets, address);
  memory.setWord(at, address);
  memory.setWord(at + 4, octets.length);
}

const LENGTHS = { small: [60, 14, 61, 62, 63, 64], large: [1514, 1513, 1200, 1514, 900, 1511] };

describe('kernel/ring', () => {
  it.each(Object.entries(LENGTHS))('puts %s frames, round its end', (_name, lengths) => {
    const start = 0xffff_fffe - SLOTS + 13; // the counts wrap, and so does the slot
    const { memory } = memoryWithRing(start);
    const frames = lengths.map(frame);
    const ring = new ReceiveRing(memory, RING);
    expect(ring.put(batchOf(frames))).toBe(frames.length);
    expect(ring.octets).toBe(lengths.reduce((sum, length) => sum + length, 0));
    expect(memory.word(RING)).toBe((start + frames.length) >>> 0);
    frames.forEach((each, i) => {
      expect(slotOf(memory, (start + i) % SLOTS)).toEqual(each);
    });
  });

  it('takes no more than there is room for', () => {
    const { memory } = memoryWithRing(5);
    memory.setWord(RING + 4, 5 - SLOTS + 2); // all slots but two are in use
    const ring = new ReceiveRing(memory, RING);
    const frames = [frame(60, 1), frame(61, 2), frame(62, 3)];
    expect(ring.put(batchOf(frames))).toBe(2);
    expect(ring.put(batchOf(frames))).toBe(0);
    expect([slotOf(memory, 5), slotOf(memory, 6)]).toEqual(frames.slice(0, 2));
  });

  it.each(Object.entries(LENGTHS))('takes %s frames that lie in order', (_name, lengths) => {
    const { memory } = memoryWithRing(13);
    const frames = lengths.map(frame);
    frames.forEach((each, i) => {
      transmit(memory, 13 + i, BUFFERS + i * FRAME_STRIDE + 2, each);
    });
    memory.setWord(RING, 13 + frames.length);
    const ring = new TransmitRing(memory, RING);
    const batch = new FrameBatch();
    expect(ring.waits).toBe(true);
    ring.take(batch);
    expect(ring.waits).toBe(false);
    expect(memory.word(RING + 4)).toBe(13 + frames.length);
    expect(frames.map((_, i) => batch.frame(i).slice())).toEqual(frames);
    expect(ring.octets).toBe(batch.totalOctets());
  });

  it.each(Object.entries(LENGTHS))('takes %s frames that lie anyhow', (_name, lengths) => {
    const { memory } = memoryWithRing();
    const frames = lengths.map(frame);
    const places = [7, 8, 2, 11, 10, 4].map((place) => BUFFERS + place * FRAME_STRIDE);
    const addresses = places.map((place, i) => place + (i === 4 ? 7 : 2)); // one not aligned
    frames.forEach((each, i) => transmit(memory, i, addresses[i] as number, each));
    memory.setWord(RING, frames.length);
    const batch = new FrameBatch();
    new TransmitRing(memory, RING).take(batch);
    expect(frames.map((_, i) => batch.frame(i).slice())).toEqual(frames);
  });

  it('takes as many as a batch holds, then the rest', () => {
    const { memory } = memoryWithRing();
    const frames = [0, 1, 2, 3, 4].map((salt) => frame(60, salt));
    frames.forEach((each, i) => transmit(memory, i, BUFFERS + i * FRAME_STRIDE + 2, each));
    memory.setWord(RING, 5);
    const ring = new TransmitRing(memory, RING);
    const batch = new FrameBatch(4);
    ring.take(batch);
    expect(batch.count).toBe(4);
    ring.take(batch);
    expect([batch.count, ring.waits]).toEqual([1, false]);
    expect(batch.frame(0).slice()).toEqual(frames[4]);
  });

  it('goes on when memory has grown', () => {
    const { memory, raw } = memoryWithRing();
    const ring = new ReceiveRing(memory, RING);
    ring.put(batchOf([frame(60, 1)]));
    raw.grow(1);
    expect(ring.put(batchOf([frame(1500, 2)]))).toBe(1);
    expect([slotOf(memory, 0), slotOf(memory, 1)]).toEqual([frame(60, 1), frame(1500, 2)]);
    expect(memory.octets.length).toBe(5 * 65_536);
  });
});
