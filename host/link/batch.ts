/**
 * Frames travel in batches: up to 64 Ethernet frames in one piece of memory, and a pool of them.
 *
 * Frame i lies at octet i * FRAME_STRIDE + FRAME_OFFSET: 14 octets of Ethernet header later, the
 * IP header is aligned to four octets, and each frame begins a new line of the cache.
 */

/** From one frame of a batch to the next, in octets. */
export const FRAME_STRIDE = 1536;

/** From the start of a frame's place to the frame, in octets. */
export const FRAME_OFFSET = 2;

/** The longest frame, in octets, without its check sequence: 14 of header, 1500 of payload. */
export const FRAME_OCTETS = 1514;

/** The most frames in a batch. */
export const BATCH_FRAMES = 64;

const CLASSES = [1, 4, 16, BATCH_FRAMES] as const;
// What a pool keeps, for each class: the rest of a burst goes back to the garbage collector.
const KEPT_FRAMES = 4096;

/** Up to `capacity` frames. Who receives a batch may read it during the call, and not write. */
export class FrameBatch {
  /** The most frames it holds. */
  readonly capacity: number;
  /** The frames, in places of `FRAME_STRIDE` octets. */
  readonly octets: Uint8Array;
  /** The same memory. */
  readonly words: Uint32Array;
  /** The length of each frame, in octets. */
  readonly lengths: Uint16Array;
  /** How many frames it holds. */
  count = 0;
  private readonly places: Uint8Array[] = [];

  constructor(capacity = BATCH_FRAMES) {
    this.capacity = capacity;
    const memory = new ArrayBuffer(capacity * FRAME_STRIDE);
    this.octets = new Uint8Array(memory);
    this.words = new Uint32Array(memory);
    this.lengths = new Uint16Array(capacity);
  }

  /** A view of a frame. It is of the batch's memory: copy what must outlive the batch. */
  frame(i: number): Uint8Array {
    const length = this.lengths[this.mustHold(i)] as number;
    const start = i * FRAME_STRIDE + FRAME_OFFSET;
    return this.octets.subarray(start, start + length);
  }

  /**
   * Appends a copy of a frame; false when the batch is full.
   * @throws RangeError if the frame is longer than 1514 octets.
   */
  push(frame: Uint8Array): boolean {
    if (frame.length > FRAME_OCTETS) {
      throw new RangeError(`a frame of ${frame.length} octets: at most ${FRAME_OCTETS} fit`);
    }
    if (this.count >= this.capacity) return false;
    this.octets.set(frame, this.count * FRAME_STRIDE + FRAME_OFFSET);
    this.lengths[this.count] = frame.length;
    this.count++;
    return true;
  }

  /**
   * Appends a copy of another batch's frame; false when this one is full.
   * @throws RangeError if the other has no such frame.
   */
  copyFrom(batch: FrameBatch, i: number): boolean {
    const length = batch.lengths[batch.mustHold(i)] as number;
    if (this.count >= this.capacity) return false;
    // The whole place at once: one move of memory costs less than making views of the length.
    this.place(this.count).set(batch.place(i));
    this.lengths[this.count] = length;
    this.count++;
    return true;
  }

  /** Appends copies of another batch's first frames, as many as asked and as fit. */
  copyFirst(batch: FrameBatch, frames: number): void {
    for (let i = 0; i < frames && this.copyFrom(batch, i); i++);
  }

  /** The sum of the lengths of its frames. */
  totalOctets(): number {
    let total = 0;
    for (let i = 0; i < this.count; i++) total += this.lengths[i] as number;
    return total;
  }

  /** Forgets its frames. */
  clear(): void {
    this.count = 0;
  }

  // Views are made once, when first needed, because making one costs more than the copy.
  private place(i: number): Uint8Array {
    return (this.places[i] ??= this.octets.subarray(i * FRAME_STRIDE, (i + 1) * FRAME_STRIDE));
  }

  private mustHold(i: number): number {
    if (i >= 0 && i < this.count) return i;
    throw new RangeError(`frame ${i} of a batch of ${this.count}`);
  }
}

/** Batches that are not in use, so that a link in its stride allocates nothing. */
export class BatchPool {
  private readonly free: FrameBatch[][] = CLASSES.map(() => []);

  /** An empty batch for so many frames (1 to 64); it may hold more. */
  take(frames = BATCH_FRAMES): FrameBatch {
    let rank = 0;
    while (rank < CLASSES.length - 1 && (CLASSES[rank] as number) < frames) rank++;
    return this.free[rank]?.pop() ?? new FrameBatch(CLASSES[rank] as number);
  }

  /** Gives a batch back; who gives it must not touch it again. */
  put(batch: FrameBatch): void {
    batch.clear();
    const rank = CLASSES.indexOf(batch.capacity as (typeof CLASSES)[number]);
    const free = this.free[rank];
    if (free !== undefined && free.length * batch.capacity < KEPT_FRAMES) free.push(batch);
  }
}
