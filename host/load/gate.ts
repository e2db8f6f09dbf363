/** A socket that listens for a load, and seats who comes. */

import type { Clock } from '../machine/clock.js';
import type { Machine } from '../machine/machine.js';
import type { RawSockets, SocketHandler } from '../machine/usermode.js';

/** Longer than the third step of a handshake takes over any link that is not bad. */
const KNOCKING_NS = 1e9;

/** The server's end of a connection. */
export interface Guest extends SocketHandler {
  /** The connection is accepted: this is its socket. */
  arrive(handle: number): void;
}

/** Hears for a guest, who is known only after the accept. */
interface Seat extends SocketHandler {
  guest: Guest | undefined;
}

function newSeat(): Seat {
  return {
    guest: undefined,
    onEvent(events, status, handle) {
      this.guest?.onEvent(events, status, handle);
    },
  };
}

/** Accepts as long as it is open; whoever is not expected is reset. */
export class Gate implements SocketHandler {
  /** The port it listens on. */
  readonly port: number;
  private readonly raw: RawSockets;
  private handle: number;
  private seat = newSeat();

  /**
   * `expect` names the guest for who comes from an address and a port. Where the port is taken,
   * it listens on another: `port` tells.
   * @throws Error where there is no socket to listen with.
   */
  constructor(
    machine: Machine,
    port: number,
    backlog: number,
    private readonly expect: (address: number, port: number) => Guest | undefined,
  ) {
    const raw = machine.user.raw;
    this.raw = raw;
    this.handle = raw.open('stream', this);
    if (this.handle !== 0 && raw.bind(this.handle, 0, port) < 0) raw.bind(this.handle, 0, 0);
    if (this.handle === 0 || raw.listen(this.handle, backlog) < 0) {
      throw new Error(`${machine.name} gives no socket to listen with on port ${port}`);
    }
    this.port = raw.query(this.handle, 'LOCAL_PORT');
  }

  /** Whether it listens. */
  get open(): boolean {
    return this.handle !== 0;
  }

  onEvent(events: number): void {
    const { raw } = this;
    if ((events & raw.events.ACCEPT) === 0) return;
    while (this.handle !== 0) {
      const handle = raw.accept(this.handle, this.seat);
      if (handle === 0) return;
      const address = raw.query(handle, 'REMOTE_ADDRESS');
      const guest = this.expect(address, raw.query(handle, 'REMOTE_PORT'));
      if (guest === undefined) {
        raw.close(handle, true);
        continue;
      }
      this.seat.guest = guest;
      this.seat = newSeat();
      guest.arrive(handle);
    }
  }

  /** Listens no more once those who knocked by now are in. */
  closeSoon(clock: Clock): void {
    clock.after(KNOCKING_NS, () => this.close());
  }

  /** Listens no more; what waits in its backlog is reset. */
  close(): void {
    if (this.handle !== 0) this.raw.close(this.handle, false);
    this.handle = 0;
  }
}

/** Guests who are expected, by the address and port they come from. */
export class GuestList {
  private readonly guests = new Map<number, Guest>();

  /** Expects a guest from the port that a socket of a machine has just been bound to. */
  add(machine: Machine, handle: number, guest: Guest): number {
    const port = machine.user.raw.query(handle, 'LOCAL_PORT');
    const key = keyOf(machine.settings.address, port);
    this.guests.set(key, guest);
    return key;
  }

  /** The guest from an address and a port, who is not expected again. */
  take(address: number, port: number): Guest | undefined {
    const key = keyOf(address, port);
    const guest = this.guests.get(key);
    this.guests.delete(key);
    return guest;
  }

  /** No longer expects the guest of a key that `add` gave. */
  remove(key: number): void {
    this.guests.delete(key);
  }
}

function keyOf(address: number, port: number): number {
  return address * 0x1_0000 + port;
}
