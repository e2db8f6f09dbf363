/**
 * Plays one side of a recorded conversation through a socket: sends its octets in order, each turn
 * at its time and not before what came before it; and compares all that comes with the recording.
 */

import type { Clock, Event } from '../machine/clock.js';
import type { Machine } from '../machine/machine.js';
import type { RawSockets, SocketBlock } from '../machine/usermode.js';
import type { Guest } from './gate.js';
import type { LoadFigures } from './load.js';
import type { Part } from './script.js';

/** What all players on one machine share. */
export interface Desk {
  readonly machine: Machine;
  readonly raw: RawSockets;
  readonly clock: Clock;
  readonly outbox: SocketBlock;
  readonly inbox: SocketBlock;
}

/** Octets of each block. */
export const DESK_OCTETS = 16_384;

/** The desk of a machine. */
export function deskOf(machine: Machine): Desk {
  const raw = machine.user.raw;
  const outbox = raw.allocate(DESK_OCTETS);
  return { machine, raw, clock: machine.clock, outbox, inbox: raw.allocate(DESK_OCTETS) };
}

/** Who is told how a side fares. */
export interface Stage {
  /** Counts the octets: those taken, those as recorded, those that differ. */
  readonly figures: LoadFigures;
  /** A side has its socket: the client to connect with, the server from its accept. */
  arrived(player: Player): void;
  /** The client's connect has ended: `status` is negative where it failed. */
  connected(status: number): void;
  /** A side has sent and received all that was recorded. */
  complete(): void;
  /** The connection was reset, or timed out. */
  broken(player: Player): void;
  /** The other side ended; `missing` octets of the recording did not come. */
  ended(player: Player, missing: number): void;
  /** This octet, the first of them, is not what was recorded; the play goes on. */
  differs(player: Player, at: number): void;
}

/** One side of a conversation. */
export class Player implements Guest {
  handle = 0;
  private sent = 0;
  private received = 0;
  private turn = 0;
  private startNs = 0;
  private readonly due: Event;
  private told = false;
  private differed = false;

  /** `speed`: how many times faster than recorded. */
  constructor(
    private readonly stage: Stage,
    readonly desk: Desk,
    readonly part: Part,
    private readonly peer: Part,
    private readonly speed: number,
  ) {
    this.due = desk.clock.event(() => this.advance());
  }

  /** Whether all that was recorded is sent and has come. */
  get done(): boolean {
    return this.sent === this.part.octets.length && this.received >= this.peer.octets.length;
  }

  /** Ready for a new connection, whose time begins at an instant. */
  renew(startNs: number): void {
    this.sent = 0;
    this.received = 0;
    this.turn = 0;
    this.startNs = startNs;
    this.told = false;
    this.differed = false;
  }

  arrive(handle: number): void {
    this.handle = handle;
    this.desk.raw.option(handle, 'NO_DELAY', 1);
    this.stage.arrived(this);
    if (this.part.side === 'server') this.advance();
  }

  onEvent(events: number, status: number): void {
    if (this.handle === 0) return;
    const { CONNECTED, READABLE, WRITABLE, CLOSED, ABORTED, FAILED } = this.desk.raw.events;
    if ((events & FAILED) !== 0) {
      this.stage.connected(status);
      return;
    }
    if ((events & CONNECTED) !== 0) this.stage.connected(0);
    if ((events & (READABLE | CLOSED)) !== 0) this.receive();
    if (this.handle !== 0 && (events & (CONNECTED | READABLE | WRITABLE | CLOSED)) !== 0) {
      this.advance();
    }
    if (this.handle === 0) return;
    if ((events & ABORTED) !== 0) this.stage.broken(this);
    else if ((events & CLOSED) !== 0) {
      this.stage.ended(this, this.peer.octets.length - this.received);
    }
  }

  close(abort: boolean): void {
    this.desk.clock.cancel(this.due);
    if (this.handle !== 0) this.desk.raw.close(this.handle, abort);
    this.handle = 0;
  }

  /** Sends what may be sent now; sets an event where only the time has not come. */
  private advance(): void {
    const { turns, octets } = this.part;
    for (; ; this.turn++) {
      const turn = turns[this.turn];
      if (this.handle === 0 || turn === undefined || this.received < turn.needs) break;
      const dueNs = this.startNs + Math.round(turn.timeNs / this.speed);
      if (this.desk.clock.now < dueNs) {
        this.desk.clock.schedule(this.due, dueNs);
        return;
      }
      if (!this.send(octets, turn.end)) return;
    }
    if (this.told || !this.done) return;
    this.told = true;
    this.stage.complete();
  }

  /** Sends up to `end`; false where there is no room for all of it now. */
  private send(octets: Uint8Array, end: number): boolean {
    const { raw, outbox } = this.desk;
    while (this.sent < end) {
      const count = Math.min(end - this.sent, DESK_OCTETS);
      outbox.write(octets, this.sent, this.sent + count);
      const taken = raw.send(this.handle, outbox, count);
      if (taken <= 0) return false;
      this.sent += taken;
      this.stage.figures.octets += taken;
    }
    return true;
  }

  private receive(): void {
    const { raw, inbox } = this.desk;
    while (this.handle !== 0) {
      const count = raw.receive(this.handle, inbox);
      if (count <= 0) return;
      const { equal, first } = compare(inbox.view(count), this.peer.octets, this.received);
      const { figures } = this.stage;
      figures.verified += equal;
      figures.differing += count - equal;
      if (equal < count && !this.differed) {
        this.differed = true;
        this.stage.differs(this, this.received + first);
      }
      this.received += count;
    }
  }
}

/** How many octets are as expected, and where the first stands that is not. */
function compare(
  octets: Uint8Array, expected: Uint8Array, from: number,
): { equal: number; first: number } {
  let equal = 0;
  let first = -1;
  for (let i = 0; i < octets.length; i++) {
    if (octets[i] === expected[from + i]) equal++;
    else if (first < 0) first = i;
  }
  return { equal, first };
}
