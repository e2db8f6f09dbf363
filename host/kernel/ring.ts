/** Descriptor rings (assembly/miniport/ring.ts): frames between linear memory and a batch. */

import { FRAME_OFFSET, FRAME_STRIDE } from './layout.js';
import type { LinearMemory } from './memory.js';

/** Frames as a batch of a link has them: frame i at i * FRAME_STRIDE + FRAME_OFFSET. */
export interface FrameBlock {
  readonly capacity: number;
  readonly octets: Uint8Array;
  readonly words: Uint32Array;
  readonly lengths: Uint16Array;
  count: number;
}

const STRIDE_WORDS = FRAME_STRIDE / 4;

// Words of a ring, from its address.
const PRODUCED = 0;
const CONSUMED = 1;
const SLOTS = 2;
const DESCRIPTORS = 3;
const BUFFERS = 4;

/** The ring that the host fills. */
export class ReceiveRing {
  /** Octets of the frames that the last `put` took. */
  octets = 0;
  private readonly ring: number;

  /** `address`: where the ring lies. */
  constructor(private readonly memory: LinearMemory, address: number) {
    this.ring = address >>> 2;
  }

  /** Copies frames into free slots, the first ones of the batch; how many that were. */
  put(batch: FrameBlock): number {
    const words = this.memory.words;
    const ring = this.ring;
    const slots = words[ring + SLOTS] as number;
    const produced = words[ring + PRODUCED] as number;
    const used = (produced - (words[ring + CONSUMED] as number)) >>> 0;
    const count = Math.min(batch.count, slots - used);
    const buffers = words[ring + BUFFERS] as number;
    const descriptors = (words[ring + DESCRIPTORS] as number) >>> 2;
    let octets = 0;
    for (let i = 0; i < count; i++) {
      const length = batch.lengths[i] as number;
      octets += length;
      // Length below, flags above: nobody has verified the checksums.
      words[descriptors + ((produced + i) & (slots - 1)) * 2 + 1] = length;
    }
    this.octets = octets;
    const bulk = isBulk(octets, count);
    let done = 0;
    while (done < count) {
      const slot = (produced + done) & (slots - 1);
      const run = Math.min(count - done, slots - slot);
      this.putRun(batch, done, run, buffers + slot * FRAME_STRIDE, bulk);
      done += run;
    }
    words[ring + PRODUCED] = produced + count;
    return count;
  }

  // Frames into slots that lie beside one another.
  private putRun(batch: FrameBlock, first: number, run: number, to: number, bulk: boolean): void {
    if (bulk) {
      const from = first * FRAME_STRIDE;
      this.memory.octets.set(batch.octets.subarray(from, from + run * FRAME_STRIDE), to);
      return;
    }
    const words = this.memory.words;
    for (let i = 0; i < run; i++) {
      const length = batch.lengths[first + i] as number;
      const target = (to >>> 2) + i * STRIDE_WORDS;
      copyWords(batch.words, (first + i) * STRIDE_WORDS, words, target, length);
    }
  }
}

/** Copies of the frames that wait in a receive ring, oldest first. */
export function pendingFrames(memory: LinearMemory, address: number): Uint8Array[] {
  const { words, octets } = memory;
  const ring = address >>> 2;
  const mask = (words[ring + SLOTS] as number) - 1;
  const buffers = words[ring + BUFFERS] as number;
  const descriptors = (words[ring + DESCRIPTORS] as number) >>> 2;
  const frames: Uint8Array[] = [];
  const produced = words[ring + PRODUCED] as number;
  for (let i = words[ring + CONSUMED] as number; i !== produced; i = (i + 1) >>> 0) {
    const from = buffers + (i & mask) * FRAME_STRIDE + FRAME_OFFSET;
    const length = (words[descriptors + (i & mask) * 2 + 1] as number) & 0xffff;
    frames.push(octets.slice(from, from + length));
  }
  return frames;
}

/** The ring that the kernel fills. */
export class TransmitRing {
  /** Octets of the frames that the last `take` gave. */
  octets = 0;
  private readonly ring: number;

  /** `address`: where the ring lies. */
  constructor(private readonly memory: LinearMemory, address: number) {
    this.ring = address >>> 2;
  }

  /** Whether frames wait. */
  get waits(): boolean {
    const words = this.memory.words;
    return words[this.ring + PRODUCED] !== words[this.ring + CONSUMED];
  }

  /** Copies frames into an empty batch, as many as it holds, and gives their slots back. */
  take(batch: FrameBlock): void {
    const words = this.memory.words;
    const ring = this.ring;
    const mask = (words[ring + SLOTS] as number) - 1;
    const consumed = words[ring + CONSUMED] as number;
    const waiting = ((words[ring + PRODUCED] as number) - consumed) >>> 0;
    const count = Math.min(waiting, batch.capacity);
    const descriptors = (words[ring + DESCRIPTORS] as number) >>> 2;
    let octets = 0;
    for (let i = 0; i < count; i++) {
      const length = (words[descriptors + ((consumed + i) & mask) * 2 + 1] as number) & 0xffff;
      batch.lengths[i] = length;
      octets += length;
    }
    this.octets = octets;
    const bulk = isBulk(octets, count);
    let done = 0;
    while (done < count) {
      const frame = words[descriptors + ((consumed + done) & mask) * 2] as number;
      let end = done + 1;
      let next = frame + FRAME_STRIDE;
      while (end < count && words[descriptors + ((consumed + end) & mask) * 2] === next) {
        next += FRAME_STRIDE;
        end++;
      }
      if (bulk || (frame & 3) !== FRAME_OFFSET) this.takeRun(batch, done, end, frame);
      else {
        for (let from = frame >>> 2; done < end; done++, from += STRIDE_WORDS) {
          const length = batch.lengths[done] as number;
          copyWords(words, from, batch.words, done * STRIDE_WORDS, length);
        }
      }
      done = end;
    }
    batch.count = count;
    words[ring + CONSUMED] = consumed + count;
  }

  // Frames that lie at the stride, in one copy: from the first octet to the last frame's end.
  private takeRun(batch: FrameBlock, first: number, end: number, frame: number): void {
    const last = batch.lengths[end - 1] as number;
    const length = (end - 1 - first) * FRAME_STRIDE + last;
    const octets = this.memory.octets.subarray(frame, frame + length);
    batch.octets.set(octets, first * FRAME_STRIDE + FRAME_OFFSET);
  }
}

/** Whether copying whole places costs less than copying frame by frame. */
function isBulk(octets: number, frames: number): boolean {
  return octets * 2 > frames * FRAME_STRIDE;
}

/** Copies a frame and the two octets before it; both places are aligned to words. */
function copyWords(
  from: Uint32Array, source: number, to: Uint32Array, target: number, length: number,
): void {
  const count = (FRAME_OFFSET + length + 3) >>> 2;
  for (let i = 0; i < count; i++) to[target + i] = from[source + i] as number;
}
