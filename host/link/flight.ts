/** Batches on their way in one direction: first in, first out, each due at its time. */

import type { Clock, Event } from '../machine/clock.js';
import { BATCH_FRAMES } from './batch.js';
import type { BatchPool, FrameBatch } from './batch.js';

/** Frames that may be on their way in one direction, unless an option says otherwise. */
export const FLIGHT_FRAMES = 65_536;

// As many places before the first batch are tolerated before the queue is moved together.
const SLACK = 1024;

/** A queue on the clock. One event serves it, whatever its length. */
export class Flight {
  /** How many frames are on their way. */
  frames = 0;
  private readonly batches: (FrameBatch | undefined)[] = [];
  private readonly dues: number[] = [];
  private head = 0;
  private readonly event: Event;

  /** `deliver` may read the batch during the call; it goes back to the pool afterwards. */
  constructor(
    private readonly clock: Clock,
    private readonly pool: BatchPool,
    private readonly deliver: (batch: FrameBatch) => void,
  ) {
    this.event = clock.event(() => this.land());
  }

  /** Sends a batch of the pool on its way; due no earlier than the one before. */
  push(batch: FrameBatch, dueNs: number): void {
    this.batches.push(batch);
    this.dues.push(dueNs);
    this.frames += batch.count;
    if (this.event.position < 0) this.clock.schedule(this.event, dueNs);
  }

  /** Loses all that is on its way, and returns how many frames that was. */
  clear(): number {
    const lost = this.frames;
    for (let i = this.head; i < this.batches.length; i++) {
      this.pool.put(this.batches[i] as FrameBatch);
    }
    this.batches.length = 0;
    this.dues.length = 0;
    this.head = 0;
    this.frames = 0;
    this.clock.cancel(this.event);
    return lost;
  }

  // Takes the first batch off, and as many whole batches of the same instant as one batch holds:
  // the receiver pays for a batch, not for a frame. What remains is due in an event of its own.
  private land(): void {
    const dueNs = this.dues[this.head] as number;
    let batch = this.takeFirst();
    if (this.dues[this.head] === dueNs && this.fits(batch)) {
      const joined = this.pool.take();
      this.join(joined, batch);
      while (this.dues[this.head] === dueNs && this.fits(joined)) {
        this.join(joined, this.takeFirst());
      }
      batch = joined;
    }
    const next = this.dues[this.head];
    if (next !== undefined) this.clock.schedule(this.event, next);
    this.deliver(batch);
    this.pool.put(batch);
  }

  private fits(batch: FrameBatch): boolean {
    return batch.count + (this.batches[this.head]?.count ?? BATCH_FRAMES) <= BATCH_FRAMES;
  }

  private join(joined: FrameBatch, batch: FrameBatch): void {
    joined.copyFirst(batch, batch.count);
    this.pool.put(batch);
  }

  private takeFirst(): FrameBatch {
    const batch = this.batches[this.head] as FrameBatch;
    this.batches[this.head] = undefined;
    this.head++;
    this.frames -= batch.count;
    if (this.head === this.batches.length) {
      this.batches.length = 0;
      this.dues.length = 0;
      this.head = 0;
    } else if (this.head > SLACK && this.head * 2 > this.batches.length) {
      this.batches.splice(0, this.head);
      this.dues.splice(0, this.head);
      this.head = 0;
    }
    return batch;
  }
}
