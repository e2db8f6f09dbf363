/** What the tests of links share: frames with numbers in them, and a receiver that writes down. */

import { FrameBatch } from '../../host/link/batch.js';
import type { Port, Receiver } from '../../host/link/link.js';
import type { Clock } from '../../host/machine/clock.js';

/** One batch as it arrived. */
export interface Arrival {
  readonly timeNs: number;
  readonly frames: Uint8Array[];
}

/** A receiver that keeps copies of all it gets. */
export class Recorder implements Receiver {
  readonly arrivals: Arrival[] = [];

  constructor(private readonly clock: Clock) {}

  receive(batch: FrameBatch): void {
    const frames = [];
    for (let i = 0; i < batch.count; i++) frames.push(batch.frame(i).slice());
    this.arrivals.push({ timeNs: this.clock.now, frames });
  }

  get frames(): Uint8Array[] {
    return this.arrivals.flatMap((arrival) => arrival.frames);
  }

  /** The numbers `numbered` put into the frames. */
  get numbers(): number[] {
    return this.frames.map(numberOf);
  }

  get times(): number[] {
    return this.arrivals.map((arrival) => arrival.timeNs);
  }
}

/** A frame of some length with a number in octets 14 to 17. */
export function numbered(number: number, length = 60): Uint8Array {
  const frame = new Uint8Array(length).fill(0xa5);
  new DataView(frame.buffer).setUint32(14, number);
  return frame;
}

export function numberOf(frame: Uint8Array): number {
  return new DataView(frame.buffer, frame.byteOffset).getUint32(14);
}

export function batchOf(...frames: Uint8Array[]): FrameBatch {
  const batch = new FrameBatch();
  for (const frame of frames) batch.push(frame);
  return batch;
}

/** Sends frames with the numbers from `first` to `last`, so many in a batch, all at once. */
export function sendNumbers(port: Port, first: number, last: number, inBatch = 64): void {
  const batch = new FrameBatch(Math.min(inBatch, last - first + 1));
  for (let from = first; from <= last; from += inBatch) {
    batch.clear();
    for (let n = from; n < from + inBatch && n <= last; n++) batch.push(numbered(n));
    port.send(batch);
    // Whatever a link kept must be a copy.
    batch.octets.fill(0xee);
  }
}

export function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** The i-th of a list, which must have one. */
export function nth<T>(list: ArrayLike<T>, i: number): T {
  const found = list[i];
  if (found === undefined) throw new Error(`no ${i} in a list of ${list.length}`);
  return found;
}
