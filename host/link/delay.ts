/** Frames that come late, and in order. */

import type { Clock } from '../machine/clock.js';
import type { Random } from '../machine/random.js';
import { BATCH_FRAMES, BatchPool } from './batch.js';
import type { FrameBatch } from './batch.js';
import { FLIGHT_FRAMES, Flight } from './flight.js';
import { count, wrapLink } from './link.js';
import type { Link, Port } from './link.js';
import { mustBeTime, mustBeWhole } from './option.js';

/** How late. */
export interface DelayOptions {
  readonly clock: Clock;
  /** Each frame, in ns. */
  readonly delayNs: number;
  /** Each frame besides, in ns: from 0 to this, evenly; 0 if not given. */
  readonly jitterNs?: number;
  /** Its streams `delay/0`, `delay/1` … decide on the jitter, one for each end that sends. */
  readonly random: Random;
  /** How many frames of one end may wait; 65,536 if not given. */
  readonly queueFrames?: number;
}

/**
 * A link that holds frames back. None overtakes another: a frame that would, goes with the one
 * before it. Drops: `queue`, `closed`. TypeError naming the option that is wrong.
 */
export function withDelay(link: Link, options: DelayOptions): Link {
  const delayNs = mustBeTime('delayNs', options.delayNs);
  const jitterNs = mustBeTime('jitterNs', options.jitterNs ?? 0);
  const queueFrames = mustBeWhole(
    'queueFrames', options.queueFrames ?? FLIGHT_FRAMES, 1, 0x7fff_ffff,
  );
  const pool = new BatchPool();
  return wrapLink(link, (port, end) => {
    const stream = options.random.stream(`delay/${end}`);
    const draw = (): number => Math.floor(stream.uniform() * (jitterNs + 1));
    const late = jitterNs === 0 ? () => delayNs : () => delayNs + draw();
    return new DelayPort(link, port, options.clock, pool, late, queueFrames);
  });
}

class DelayPort implements Port {
  private readonly flight: Flight;
  private readonly dues = new Float64Array(BATCH_FRAMES);
  private lastDueNs = 0;
  private closed = false;

  constructor(
    private readonly link: Link,
    private readonly port: Port,
    private readonly clock: Clock,
    private readonly pool: BatchPool,
    private readonly late: () => number,
    private readonly queueFrames: number,
  ) {
    this.flight = new Flight(clock, pool, (batch) => port.send(batch));
  }

  send(batch: FrameBatch): void {
    if (this.closed) {
      count(this.link.stats.dropped, 'closed', batch.count);
      return;
    }
    const frames = Math.min(batch.count, this.queueFrames - this.flight.frames);
    count(this.link.stats.dropped, 'queue', batch.count - frames);
    for (let i = 0; i < frames; i++) {
      this.lastDueNs = Math.max(this.lastDueNs, this.clock.now + this.late());
      this.dues[i] = this.lastDueNs;
    }
    // Frames that are due at the same instant stay together.
    for (let first = 0, next = 0; first < frames; first = next) {
      while (next < frames && this.dues[next] === this.dues[first]) next++;
      const part = this.pool.take(next - first);
      for (let i = first; i < next; i++) part.copyFrom(batch, i);
      this.flight.push(part, this.dues[first] as number);
    }
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    count(this.link.stats.dropped, 'closed', this.flight.clear());
    this.port.close();
  }
}
