/**
 * One conversation of a recording, between two players: it begins at its time, or as soon after as
 * there is room for it, and it is played to its end or fails for a reason.
 */

import { statusName } from '../kernel/status.js';
import type { Clock, Event } from '../machine/clock.js';
import type { Caller, Door } from './door.js';
import type { GuestList } from './gate.js';
import { complain, countFailure, isLost } from './load.js';
import type { LoadFigures } from './load.js';
import { Player } from './player.js';
import type { Desk, Stage } from './player.js';
import type { Script } from './script.js';

/** What all plays of a replay share. */
export interface Production {
  readonly figures: LoadFigures;
  readonly guests: GuestList;
  /** How many times faster than recorded. */
  readonly speed: number;
  /** Nothing more begins. */
  readonly stopping: boolean;
  /** A conversation has failed; `where` tells which it was. */
  failed(reason: string, where: string): void;
}

/** What a connect says that found no room: there may be some later. */
const NO_ROOM = new Set([
  'INSUFFICIENT_RESOURCES', 'ADDRESS_ALREADY_EXISTS', 'CONNECTION_REFUSED',
]);
/** Until a connect that found no room is tried again; twice as long each time. */
const AGAIN_NS = 1_000_000;
/** Over 500 s in all: after TcpTimedWaitDelay, 300 s at most, a port is free again. */
const TRIES = 20;
/** A RST that has not come by then is lost. */
const RESET_NS = 10e9;

/** A conversation that is played, as often as it is `set`. */
export class Play implements Stage, Caller {
  readonly figures: LoadFigures;
  private readonly clock: Clock;
  private readonly client: Player;
  private readonly server: Player;
  private readonly start: Event;
  private readonly end: Event;
  private isOn = false;
  private hasPlace = false;
  private isHeld = false;
  private isWrong = false;
  private tries = 0;
  private expected = -1;
  private completed = 0;

  /** `over` is called each time it has ended, however it did. */
  constructor(
    private readonly production: Production,
    readonly script: Script,
    private readonly door: Door,
    desks: { readonly client: Desk; readonly server: Desk },
    private readonly over: () => void,
  ) {
    const { client, server } = script;
    this.figures = production.figures;
    this.clock = desks.client.clock;
    this.client = new Player(this, desks.client, client, server, production.speed);
    this.server = new Player(this, desks.server, server, client, production.speed);
    this.start = this.clock.event(() => this.knock());
    this.end = this.clock.event(() => this.close());
  }

  /** Sockets that it has open. */
  get open(): number {
    return (this.client.handle === 0 ? 0 : 1) + (this.server.handle === 0 ? 0 : 1);
  }

  /** To begin so many ns from now. */
  set(ns: number): void {
    this.isOn = true;
    this.isHeld = false;
    this.tries = 0;
    this.clock.schedule(this.start, this.clock.now + ns);
  }

  /** Plays on to its end, if it has begun. */
  finish(): void {
    this.clock.cancel(this.start);
    this.door.forget(this);
  }

  abandon(): void {
    this.finish();
    this.clock.cancel(this.end);
    this.client.close(true);
    this.server.close(true);
  }

  admitted(): void {
    this.hasPlace = true;
    this.connect();
  }

  connected(status: number): void {
    if (status >= 0) {
      this.figures.opened++;
      return;
    }
    const { machine } = this.client.desk;
    const name = statusName(machine.kernel.layout, status);
    if (this.triesAgain(NO_ROOM.has(name))) return;
    countFailure(this.figures, machine, status);
    this.fail(`the connect ended with ${name}`);
  }

  arrived(player: Player): void {
    if (player === this.server) this.leave();
  }

  complete(): void {
    this.completed++;
    if (this.completed < 2) return;
    const { endsFirst, resets } = this.script;
    if (!this.isWrong) this.figures.replayed++;
    const player = endsFirst === 'client' ? this.client : this.server;
    if (!resets) {
      player.desk.raw.shutdown(player.handle);
      return;
    }
    // The other side hears of it by the RST alone: a RST of its own would cross that one, which
    // could then meet the next connection of the same ports.
    player.close(true);
    this.clock.schedule(this.end, this.clock.now + RESET_NS);
  }

  broken(player: Player): void {
    if (this.completed === 2) {
      this.close();
      return;
    }
    this.figures.aborted++;
    this.fail(`${player.part.side === 'client' ? 'the client' : 'the server'} was cut off`);
  }

  ended(player: Player, missing: number): void {
    if (missing > 0) {
      this.complain(player, `${missing} octets of the recording did not come`);
      this.isWrong = true;
      this.finale();
      return;
    }
    // A side that has more to send goes on; it is closed when the other has all of it.
    if (this.completed < 2) return;
    player.close(false);
    if (this.open === 0) this.close();
  }

  differs(player: Player, at: number): void {
    this.isWrong = true;
    this.complain(player, `octet ${at} is not as recorded`);
  }

  private knock(): void {
    if (this.door.enter(this)) this.admitted();
    else this.hold();
  }

  private connect(): void {
    const { raw, machine, clock } = this.client.desk;
    this.completed = 0;
    this.isWrong = false;
    this.client.renew(clock.now);
    this.server.renew(clock.now);
    const handle = raw.open('stream', this.client);
    if (handle === 0) {
      if (isLost(machine)) return;
      if (this.triesAgain(true)) return;
      this.figures.exhausted++;
      this.fail('there was no memory for a socket');
      return;
    }
    this.client.arrive(handle);
    const address = this.server.desk.machine.settings.address;
    const status = raw.connect(handle, address, this.door.gate.port);
    if (status < 0) this.connected(status);
    else this.expected = this.production.guests.add(machine, handle, this.server);
  }

  /** After a connect that came to nothing: false where it is not to be tried again. */
  private triesAgain(hasReason: boolean): boolean {
    if (!hasReason || this.production.stopping || ++this.tries >= TRIES) return false;
    this.retreat();
    this.hold();
    this.clock.schedule(this.start, this.clock.now + AGAIN_NS * 2 ** (this.tries - 1));
    return true;
  }

  private hold(): void {
    if (!this.isHeld) this.figures.held++;
    this.isHeld = true;
  }

  private leave(): void {
    if (!this.hasPlace) return;
    this.hasPlace = false;
    this.door.leave();
  }

  private complain(player: Player, sentence: string): void {
    const { part: { side }, desk: { machine } } = player;
    const where = `replay: ${machine.name}: ${side} on port ${this.script.serverPort}`;
    complain(this.figures, `${where}: ${sentence}`);
  }

  private fail(reason: string): void {
    const { machine } = this.client.desk;
    this.isWrong = true;
    this.production.failed(reason, `${machine.name} to port ${this.script.serverPort}`);
    this.finale();
  }

  /** It was opened, and ends as it should. */
  private close(): void {
    this.figures.closed++;
    this.finale();
  }

  private finale(): void {
    if (!this.isOn) return;
    this.isOn = false;
    if (this.isWrong) this.figures.failed++;
    this.clock.cancel(this.end);
    this.retreat();
    this.over();
  }

  /** Neither side has a socket, or is expected to have one. */
  private retreat(): void {
    this.production.guests.remove(this.expected);
    this.expected = -1;
    this.client.close(true);
    this.server.close(true);
    this.leave();
  }
}
