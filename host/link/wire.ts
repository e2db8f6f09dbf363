/** A wire: two ends, a latency, and a rate in each direction. */

import type { Clock } from '../machine/clock.js';
import { BatchPool } from './batch.js';
import type { FrameBatch } from './batch.js';
import { FLIGHT_FRAMES, Flight } from './flight.js';
import { count, emptyStats } from './link.js';
import type { Link, Port, Receiver } from './link.js';
import { mustBeTime, mustBeWhole } from './option.js';

/** What each frame takes on the wire besides its octets: preamble 8, check sequence 4, gap 12. */
export const FRAME_OVERHEAD_OCTETS = 24;

const HIGHEST_RATE = 1e13;

/** What a wire is like. */
export interface WireOptions {
  readonly clock: Clock;
  /** From the last bit's leaving to its arriving, in ns; 5,000 if not given. */
  readonly latencyNs?: number;
  /** Bits a second and direction; 1,000,000,000 if not given; 0: as many as there are. */
  readonly bitsPerSecond?: number;
  /** How many frames may wait or be on their way in one direction; 65,536 if not given. */
  readonly queueFrames?: number;
}

/**
 * A wire. All frames of one batch arrive together, when the last of them was sent and the latency
 * has passed; a direction is busy until then. Drops: `unconnected` (nobody at the other end),
 * `queue` (more than may wait), `closed`.
 * @throws TypeError naming the option that is wrong; its `attach` an Error for a third end.
 */
export function openWire(options: WireOptions): Link {
  return new Wire(
    options.clock,
    mustBeTime('latencyNs', options.latencyNs ?? 5_000),
    mustBeWhole('bitsPerSecond', options.bitsPerSecond ?? 1_000_000_000, 0, HIGHEST_RATE),
    mustBeWhole('queueFrames', options.queueFrames ?? FLIGHT_FRAMES, 1, 0x7fff_ffff),
  );
}

// What one end sends, on its way to the other: until when the direction is busy, and what is left
// over: a fraction of a ns, times the rate.
interface Direction {
  readonly flight: Flight;
  busyUntilNs: number;
  carry: number;
}

interface End {
  readonly receiver: Receiver;
  readonly port: Port;
}

class Wire implements Link {
  readonly stats = emptyStats();
  private readonly pool = new BatchPool();
  private readonly ends: (End | undefined)[] = [undefined, undefined];
  private readonly directions: readonly [Direction, Direction];
  private closed = false;

  constructor(
    private readonly clock: Clock,
    private readonly latencyNs: number,
    private readonly bitsPerSecond: number,
    private readonly queueFrames: number,
  ) {
    this.directions = [this.direction(1), this.direction(0)];
  }

  attach(receiver: Receiver): Port {
    if (this.closed) throw new Error('the wire is closed');
    const from = this.ends.indexOf(undefined);
    if (from !== 0 && from !== 1) throw new Error('a wire has 2 ends, both are taken');
    const port: Port = {
      send: (batch) => {
        if (this.ends[from] === end) this.leave(this.directions[from], 1 - from, batch);
        else count(this.stats.dropped, 'closed', batch.count);
      },
      close: () => {
        if (this.ends[from] === end) this.ends[from] = undefined;
      },
    };
    const end: End = { receiver, port };
    this.ends[from] = end;
    return port;
  }

  close(): void {
    this.closed = true;
    for (const end of this.ends) end?.port.close();
    for (const { flight } of this.directions) count(this.stats.dropped, 'closed', flight.clear());
  }

  private direction(to: number): Direction {
    const flight = new Flight(this.clock, this.pool, (batch) => this.arrive(to, batch));
    return { flight, busyUntilNs: 0, carry: 0 };
  }

  private leave(direction: Direction, to: number, batch: FrameBatch): void {
    if (this.ends[to] === undefined) {
      count(this.stats.dropped, 'unconnected', batch.count);
      return;
    }
    const frames = Math.min(batch.count, this.queueFrames - direction.flight.frames);
    count(this.stats.dropped, 'queue', batch.count - frames);
    if (frames <= 0) return;
    const copy = this.pool.take(frames);
    copy.copyFirst(batch, frames);
    const sentNs = this.sentNs(direction, copy.totalOctets() + frames * FRAME_OVERHEAD_OCTETS);
    direction.flight.push(copy, sentNs + this.latencyNs);
  }

  // When octets that are given now have been sent; they wait for those before. The fraction goes
  // to the next batch, so that the rate is exact; all products are whole and below 2^53.
  private sentNs(direction: Direction, octets: number): number {
    const nowNs = this.clock.now;
    if (nowNs > direction.busyUntilNs) {
      direction.busyUntilNs = nowNs;
      direction.carry = 0;
    }
    if (this.bitsPerSecond === 0) return nowNs;
    const product = octets * 8e9 + direction.carry;
    direction.carry = product % this.bitsPerSecond;
    direction.busyUntilNs += (product - direction.carry) / this.bitsPerSecond;
    return direction.busyUntilNs + (direction.carry > 0 ? 1 : 0);
  }

  private arrive(to: number, batch: FrameBatch): void {
    const end = this.ends[to];
    if (end === undefined) {
      count(this.stats.dropped, 'closed', batch.count);
      return;
    }
    this.stats.frames += batch.count;
    this.stats.octets += batch.totalOctets();
    end.receiver.receive(batch);
  }
}
