/**
 * A hub: many ends, each hears all others; with `learn` a switch, which knows who is where.
 *
 * Not done: ageing of addresses (802.1D, 7.9.2), because a card here does not move in silence:
 * closing a port forgets its addresses, and a frame from elsewhere moves them.
 */

import type { Clock } from '../machine/clock.js';
import { BatchPool, FRAME_OFFSET, FRAME_STRIDE } from './batch.js';
import type { FrameBatch } from './batch.js';
import { FLIGHT_FRAMES, Flight } from './flight.js';
import { count, emptyStats } from './link.js';
import type { Link, LinkStats, Port, Receiver } from './link.js';
import { mustBeTime, mustBeWhole } from './option.js';

/** How many addresses a switch remembers; the one learned first makes room. */
export const LEARNED_ADDRESSES = 8192;

const ADDRESS_OCTETS = 6;

/** What a hub is like. */
export interface HubOptions {
  readonly clock: Clock;
  /** From one end to the others, in ns; 5,000 if not given. */
  readonly latencyNs?: number;
  /** Whether it forwards to where the destination was last heard; false if not given. */
  readonly learn?: boolean;
  /** How many frames from one end may be on their way; 65,536 if not given. */
  readonly queueFrames?: number;
}

interface HubEnd {
  readonly receiver: Receiver;
  readonly port: Port;
  readonly flight: Flight;
}

/**
 * A hub or a switch. Drops: `unconnected` (nobody else there), `filtered` (a switch heard the
 * destination where the frame came from), `runt` (a switch found no addresses), `queue`, `closed`.
 * @throws TypeError naming the option that is wrong.
 */
export function openHub(options: HubOptions): Link {
  const clock = options.clock;
  const latencyNs = mustBeTime('latencyNs', options.latencyNs ?? 5_000);
  const queueFrames = mustBeWhole(
    'queueFrames', options.queueFrames ?? FLIGHT_FRAMES, 1, 0x7fff_ffff,
  );
  const stats = emptyStats();
  const pool = new BatchPool();
  const ends: HubEnd[] = [];
  const stations = options.learn === true ? new Stations(pool, hand, stats) : undefined;
  let closed = false;

  function hand(end: HubEnd, batch: FrameBatch): void {
    if (!ends.includes(end)) return;
    stats.frames += batch.count;
    stats.octets += batch.totalOctets();
    end.receiver.receive(batch);
  }

  function arrive(from: HubEnd, batch: FrameBatch): void {
    // A receiver may unplug others: who is gone by then does not hear the batch.
    const others = ends.filter((end) => end !== from);
    if (others.length === 0) count(stats.dropped, 'closed', batch.count);
    else if (stations !== undefined) stations.forward(from, others, batch);
    else for (const end of others) hand(end, batch);
  }

  function leave(from: HubEnd, batch: FrameBatch): void {
    if (ends.length < 2) {
      count(stats.dropped, 'unconnected', batch.count);
      return;
    }
    const frames = Math.min(batch.count, queueFrames - from.flight.frames);
    count(stats.dropped, 'queue', batch.count - frames);
    if (frames <= 0) return;
    const copy = pool.take(frames);
    copy.copyFirst(batch, frames);
    stations?.learn(from, copy);
    from.flight.push(copy, clock.now + latencyNs);
  }

  return {
    stats,
    attach(receiver) {
      if (closed) throw new Error('the hub is closed');
      const port: Port = {
        send(batch) {
          if (ends.includes(end)) leave(end, batch);
          else count(stats.dropped, 'closed', batch.count);
        },
        close() {
          const place = ends.indexOf(end);
          if (place >= 0) ends.splice(place, 1);
          stations?.forget(end);
        },
      };
      const flight = new Flight(clock, pool, (batch) => arrive(end, batch));
      const end: HubEnd = { receiver, port, flight };
      ends.push(end);
      return port;
    },
    close() {
      closed = true;
      while (ends[0] !== undefined) {
        count(stats.dropped, 'closed', ends[0].flight.clear());
        ends[0].port.close();
      }
    },
  };
}

// Who was last heard where, and the forwarding by it.
class Stations {
  private readonly heard = new Map<number, HubEnd>();

  constructor(
    private readonly pool: BatchPool,
    private readonly hand: (end: HubEnd, batch: FrameBatch) => void,
    private readonly stats: LinkStats,
  ) {}

  learn(from: HubEnd, batch: FrameBatch): void {
    for (let i = 0; i < batch.count; i++) {
      if (isRunt(batch, i)) continue;
      const address = addressAt(batch, i, ADDRESS_OCTETS);
      if (isGroup(batch, i, ADDRESS_OCTETS) || this.heard.get(address) === from) continue;
      this.heard.delete(address);
      this.heard.set(address, from);
      if (this.heard.size > LEARNED_ADDRESSES) {
        for (const first of this.heard.keys()) {
          this.heard.delete(first);
          break;
        }
      }
    }
  }

  forget(end: HubEnd): void {
    for (const [address, where] of this.heard) if (where === end) this.heard.delete(address);
  }

  // Each end hears its frames of the batch in their order, as one batch.
  forward(from: HubEnd, others: readonly HubEnd[], batch: FrameBatch): void {
    const targets: (HubEnd | undefined)[] = [];
    for (let i = 0; i < batch.count; i++) targets.push(this.target(from, batch, i));
    for (const end of others) {
      const mine = targets.filter((target) => target === undefined || target === end).length;
      if (mine === batch.count) {
        this.hand(end, batch);
      } else if (mine > 0) {
        const part = this.pool.take(mine);
        for (let i = 0; i < batch.count; i++) {
          if (targets[i] === undefined || targets[i] === end) part.copyFrom(batch, i);
        }
        this.hand(end, part);
        this.pool.put(part);
      }
    }
  }

  // Undefined: all of them. The end it came from: none.
  private target(from: HubEnd, batch: FrameBatch, i: number): HubEnd | undefined {
    if (isRunt(batch, i)) {
      count(this.stats.dropped, 'runt', 1);
      return from;
    }
    if (isGroup(batch, i, 0)) return undefined;
    const target = this.heard.get(addressAt(batch, i, 0));
    if (target === from) count(this.stats.dropped, 'filtered', 1);
    return target;
  }
}

function isRunt(batch: FrameBatch, i: number): boolean {
  return (batch.lengths[i] as number) < 2 * ADDRESS_OCTETS;
}

function isGroup(batch: FrameBatch, i: number, offset: number): boolean {
  return ((batch.octets[i * FRAME_STRIDE + FRAME_OFFSET + offset] as number) & 1) !== 0;
}

function addressAt(batch: FrameBatch, i: number, offset: number): number {
  const start = i * FRAME_STRIDE + FRAME_OFFSET + offset;
  let address = 0;
  for (let at = start; at < start + ADDRESS_OCTETS; at++) {
    address = address * 256 + (batch.octets[at] as number);
  }
  return address;
}
