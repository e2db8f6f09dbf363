/**
 * The end of a connection that asks: it connects, asks, ends, and begins again, for as long as its
 * load goes on. What it asks and what it makes of the answer is the load's own.
 */

import type { Clock, Event } from '../machine/clock.js';
import type { Machine } from '../machine/machine.js';
import type { RawSockets, SocketBlock, SocketHandler } from '../machine/usermode.js';
import { countFailure, isLost } from './load.js';
import type { LoadFigures } from './load.js';

/** Until a machine that gave no socket, or refused a connect at once, is asked again. */
export const RETRY_NS = 100_000_000;

/** What all ends on one machine share. */
export interface Desk {
  readonly machine: Machine;
  readonly raw: RawSockets;
  readonly outbox: SocketBlock;
  readonly inbox: SocketBlock;
}

/** A desk whose outbox holds `octets`; the inbox has as much room. */
export function openDesk(machine: Machine, octets: Uint8Array): Desk {
  const raw = machine.user.raw;
  const outbox = raw.allocate(octets.length);
  outbox.write(octets);
  return { machine, raw, outbox, inbox: raw.allocate(octets.length) };
}

/** What a client knows of its load. */
export interface ClientLoad {
  readonly figures: LoadFigures;
  /** Nothing more begins. */
  readonly stopping: boolean;
}

/** One connection after another, the next `pauseNs` after the last has ended or failed. */
export abstract class Client implements SocketHandler {
  handle = 0;
  private readonly next: Event;

  constructor(
    private readonly owner: ClientLoad,
    private readonly clock: Clock,
    protected readonly desk: Desk,
    private readonly pauseNs: number,
  ) {
    this.next = clock.event(() => this.begin());
  }

  /** Connects. */
  begin(): void {
    if (this.owner.stopping) return;
    const { raw, machine } = this.desk;
    const handle = raw.open('stream', this);
    if (handle === 0) {
      if (isLost(machine)) return;
      this.owner.figures.exhausted++;
      this.again(RETRY_NS);
      return;
    }
    this.handle = handle;
    const { address, port } = this.prepare();
    const status = raw.connect(handle, address, port);
    if (status >= 0) return;
    countFailure(this.owner.figures, machine, status);
    this.close(true);
    this.again(RETRY_NS);
  }

  onEvent(events: number, status: number): void {
    if (this.handle === 0) return;
    const { figures } = this.owner;
    const { CONNECTED, READABLE, CLOSED, ABORTED, FAILED } = this.desk.raw.events;
    if ((events & (FAILED | ABORTED)) !== 0) {
      if ((events & FAILED) !== 0) countFailure(figures, this.desk.machine, status);
      else figures.aborted++;
      this.close(true);
      this.again(this.pauseNs);
      return;
    }
    if ((events & CONNECTED) !== 0) {
      figures.opened++;
      this.ask();
    }
    if ((events & READABLE) !== 0) this.receive();
    if ((events & CLOSED) !== 0 && this.handle !== 0) this.ended();
  }

  /** Begins no other connection; the one under way, and a connect that waits, come to their end. */
  finish(): void {
    this.clock.cancel(this.next);
  }

  close(abort: boolean): void {
    this.clock.cancel(this.next);
    if (this.handle !== 0) this.desk.raw.close(this.handle, abort);
    this.handle = 0;
  }

  /** Where to; the socket is open, and the connection before it forgotten. */
  protected abstract prepare(): { readonly address: number; readonly port: number };

  /** The connection is there. */
  protected abstract ask(): void;

  /** Something came. */
  protected abstract receive(): void;

  /** The connection ends in order. */
  protected ended(): void {
    this.owner.figures.closed++;
    this.close(false);
    this.again(this.pauseNs);
  }

  private again(ns: number): void {
    if (this.owner.stopping) return;
    this.clock.schedule(this.next, this.clock.now + ns);
  }
}
