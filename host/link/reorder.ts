/** Frames that are overtaken by others. */

import type { Clock, Event } from '../machine/clock.js';
import type { Random, Stream } from '../machine/random.js';
import { BATCH_FRAMES, FrameBatch } from './batch.js';
import { count, wrapLink } from './link.js';
import type { Link, Port } from './link.js';
import { mustBeProbability, mustBeTime, mustBeWhole } from './option.js';

/** How many are overtaken, and by how many. */
export interface ReorderOptions {
  readonly clock: Clock;
  /** Of each frame, from 0 to 1. */
  readonly probability: number;
  /** So many later frames go first (1 to 65,535); 3 if not given. */
  readonly overtakenBy?: number;
  /** It goes after this time in any case, in ns; 10,000,000 if not given. */
  readonly holdNs?: number;
  /** Its streams `reorder/0`, `reorder/1` … decide, one for each end that sends. */
  readonly random: Random;
}

/**
 * A link that holds some frames back until others have overtaken them; counts `reorder` in
 * `altered`. At most 64 of one end are held at a time: while they are, all others pass.
 * Drops: `closed`. TypeError naming the option that is wrong.
 */
export function withReordering(link: Link, options: ReorderOptions): Link {
  const how: Overtaking = {
    probability: mustBeProbability('probability', options.probability),
    overtakenBy: mustBeWhole('overtakenBy', options.overtakenBy ?? 3, 1, 0xffff),
    holdNs: mustBeTime('holdNs', options.holdNs ?? 10_000_000),
  };
  return wrapLink(link, (port, end) => {
    const stream = options.random.stream(`reorder/${end}`);
    return new ReorderPort(link, port, options.clock, stream, how);
  });
}

interface Overtaking {
  readonly probability: number;
  readonly overtakenBy: number;
  readonly holdNs: number;
}

// A frame that is held: its copy, how many frames go before it, and when it goes anyway.
interface Held {
  readonly frame: FrameBatch;
  before: number;
  dueNs: number;
}

class ReorderPort implements Port {
  private readonly event: Event;
  private readonly out = new FrameBatch();
  // Those that are held, in the order they came, which is the order they are due; and free ones.
  private readonly held: Held[] = [];
  private readonly free: Held[] = [];
  private closed = false;

  constructor(
    private readonly link: Link,
    private readonly port: Port,
    private readonly clock: Clock,
    private readonly stream: Stream,
    private readonly how: Overtaking,
  ) {
    this.event = clock.event(() => this.onDue());
  }

  send(batch: FrameBatch): void {
    if (this.closed) {
      count(this.link.stats.dropped, 'closed', batch.count);
      return;
    }
    for (let i = 0; i < batch.count; i++) {
      if (this.stream.chance(this.how.probability) && this.held.length < BATCH_FRAMES) {
        this.hold(batch, i);
      } else {
        this.pass(batch, i);
        if (this.held.length > 0) this.noteOvertaken();
      }
    }
    this.flush();
    this.arm();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    count(this.link.stats.dropped, 'closed', this.held.length);
    this.held.length = 0;
    this.clock.cancel(this.event);
    this.port.close();
  }

  private hold(batch: FrameBatch, i: number): void {
    const held = this.free.pop() ?? { frame: new FrameBatch(1), before: 0, dueNs: 0 };
    held.frame.copyFrom(batch, i);
    held.before = this.how.overtakenBy;
    held.dueNs = this.clock.now + this.how.holdNs;
    this.held.push(held);
    count(this.link.stats.altered, 'reorder', 1);
  }

  private pass(batch: FrameBatch, i: number): void {
    if (this.out.copyFrom(batch, i)) return;
    this.flush();
    this.out.copyFrom(batch, i);
  }

  private flush(): void {
    if (this.out.count > 0) this.port.send(this.out);
    this.out.clear();
  }

  private noteOvertaken(): void {
    for (const held of this.held) held.before--;
    // All wait for the same number, so the first to come is the first to go.
    while ((this.held[0]?.before ?? 1) <= 0) this.release();
  }

  private onDue(): void {
    while ((this.held[0]?.dueNs ?? Infinity) <= this.clock.now) this.release();
    this.flush();
    this.arm();
  }

  private release(): void {
    const held = this.held.shift() as Held;
    this.pass(held.frame, 0);
    held.frame.clear();
    this.free.push(held);
  }

  private arm(): void {
    const first = this.held[0];
    if (first === undefined) this.clock.cancel(this.event);
    else if (this.event.position < 0 || this.event.timeNs !== first.dueNs) {
      this.clock.schedule(this.event, first.dueNs);
    }
  }
}
