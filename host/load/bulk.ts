/**
 * Bulk transfer: several streams on each client, to the server, from it, and both ways at once.
 * Of every eighth stream both ends keep a running digest, compared at each piece; the others are
 * counted by the kernel and thrown away there.
 */

import type { Machine } from '../machine/machine.js';
import type { Clock, Event } from '../machine/clock.js';
import type { RawSockets, SocketBlock } from '../machine/usermode.js';
import type { World } from '../machine/world.js';
import { StreamDigest } from './digest.js';
import { Gate, GuestList } from './gate.js';
import type { Guest } from './gate.js';
import { complain, countFailure, emptyFigures, isLost } from './load.js';
import type { Load, LoadContext } from './load.js';

/** Octets of a piece: what a send offers at once, and what a digest is compared at. */
export const PIECE_OCTETS = 16_384;
const PORT = 5001;
/** Two pieces, so that one waits behind the other; and little enough for the cache. */
const SEND_BUFFER_OCTETS = 2 * PIECE_OCTETS;
/** Room for the digests of pieces on their way: buffers and windows hold twelve at most. */
const MARKS = 64;
/** A stream ends after so many pieces, and a new one begins: from the least to twice as many. */
const LEAST_PIECES = 256;
/** Every so many streams are verified. */
const VERIFIED_EVERY = 8;
const RETRY_NS = 100_000_000;

/** How much there is. */
export interface BulkOptions {
  /** Streams of each client at a time; 8 where not given. */
  readonly streams?: number;
  /** Pieces after which a stream ends; from 256 to 512 where not given. */
  readonly pieces?: number;
}

/** What all ends on one machine share. */
interface Desk {
  readonly machine: Machine;
  readonly raw: RawSockets;
  /** What streams that are not verified send. */
  readonly filler: SocketBlock;
  readonly inbox: SocketBlock;
}

/** Bulk transfer. */
export function createBulk(options: BulkOptions = {}): Load {
  return new Bulk(options.streams ?? 8, options.pieces);
}

class Bulk implements Load {
  readonly name = 'bulk';
  readonly figures = emptyFigures();
  readonly guests = new GuestList();
  stopping = false;
  private readonly streams: BulkStream[] = [];
  private gate: Gate | undefined;
  private clock: Clock | undefined;

  constructor(private readonly perClient: number, readonly pieces: number | undefined) {}

  get open(): number {
    const sockets = this.streams.reduce((sum, stream) => sum + stream.open, 0);
    return sockets + (this.gate?.open === true ? 1 : 0);
  }

  start(world: World, context: LoadContext): void {
    this.clock = world.clock;
    const pattern = new Uint8Array(PIECE_OCTETS);
    world.random.stream('load bulk pattern').fillOctets(pattern);
    const server = deskOf(context.server, pattern);
    const backlog = this.perClient * context.clients.length;
    this.gate = new Gate(context.server, PORT, backlog, (address, port) => {
      return this.guests.take(address, port);
    });
    for (const machine of context.clients) {
      const client = deskOf(machine, pattern);
      for (let i = 0; i < this.perClient; i++) {
        const number = this.streams.length;
        const stream = new BulkStream(this, world, number, client, server, this.gate.port, pattern);
        this.streams.push(stream);
        stream.begin();
      }
    }
  }

  stop(): void {
    this.stopping = true;
    if (this.clock !== undefined) this.gate?.closeSoon(this.clock);
    for (const stream of this.streams) stream.finish();
  }

  abandon(): void {
    this.stopping = true;
    this.gate?.close();
    for (const stream of this.streams) stream.abandon();
  }
}

function deskOf(machine: Machine, pattern: Uint8Array): Desk {
  const raw = machine.user.raw;
  const filler = raw.allocate(PIECE_OCTETS);
  filler.write(pattern);
  return { machine, raw, filler, inbox: raw.allocate(PIECE_OCTETS) };
}

/** One stream: connections one after another, with the same ends. */
class BulkStream {
  readonly verified: boolean;
  private readonly clientEnd: BulkEnd;
  private readonly serverEnd: BulkEnd;
  private readonly chance;
  private readonly retry: Event;
  private expected = -1;

  constructor(
    readonly bulk: Bulk,
    private readonly world: World,
    readonly number: number,
    private readonly client: Desk,
    private readonly server: Desk,
    private readonly port: number,
    pattern: Uint8Array,
  ) {
    this.verified = number % VERIFIED_EVERY === 0;
    this.chance = world.random.stream(`load bulk ${number}`);
    this.retry = world.clock.event(() => this.begin());
    // Up, down, both: by turns, so that each of them is verified too.
    const way = Math.floor(number / VERIFIED_EVERY + number) % 3;
    this.clientEnd = new BulkEnd(this, this.client, pattern, way !== 1, true);
    this.serverEnd = new BulkEnd(this, this.server, pattern, way !== 0, false);
    this.clientEnd.peer = this.serverEnd;
    this.serverEnd.peer = this.clientEnd;
  }

  get open(): number {
    return (this.clientEnd.handle !== 0 ? 1 : 0) + (this.serverEnd.handle !== 0 ? 1 : 0);
  }

  /** Connects. */
  begin(): void {
    if (this.bulk.stopping) return;
    const { raw, machine } = this.client;
    const pieces = this.bulk.pieces ?? LEAST_PIECES + this.chance.below(LEAST_PIECES + 1);
    this.clientEnd.renew(pieces);
    this.serverEnd.renew(pieces);
    const handle = raw.open('stream', this.clientEnd);
    if (handle === 0) {
      if (isLost(machine)) return;
      this.bulk.figures.exhausted++;
      this.again();
      return;
    }
    this.clientEnd.handle = handle;
    const status = raw.connect(handle, this.server.machine.settings.address, this.port);
    if (status < 0) this.failed(status);
    else this.expected = this.bulk.guests.add(machine, handle, this.serverEnd);
  }

  /** The connect came to nothing. */
  failed(status: number): void {
    countFailure(this.bulk.figures, this.client.machine, status);
    this.bulk.guests.remove(this.expected);
    this.clientEnd.close(true);
    this.again();
  }

  /** An end is closed: a new connection when both are. */
  ended(): void {
    if (this.open !== 0) return;
    this.bulk.figures.closed++;
    this.again();
  }

  /** The connection broke. */
  broken(): void {
    this.bulk.figures.aborted++;
    this.bulk.guests.remove(this.expected);
    this.clientEnd.close(true);
    this.serverEnd.close(true);
    this.again();
  }

  /** Ends in order what is open; a connect that waits comes to its end first. */
  finish(): void {
    this.world.clock.cancel(this.retry);
    if (!this.clientEnd.connected) return;
    this.clientEnd.sendNoMore();
    this.serverEnd.sendNoMore();
  }

  abandon(): void {
    this.world.clock.cancel(this.retry);
    this.clientEnd.close(true);
    this.serverEnd.close(true);
  }

  private again(): void {
    if (this.bulk.stopping) return;
    this.world.clock.schedule(this.retry, this.world.clock.now + RETRY_NS);
  }
}

/** One end of a stream. */
class BulkEnd implements Guest {
  handle = 0;
  connected = false;
  /** The other end; set once, when both are there. */
  peer: BulkEnd = this;
  /** Octets that its socket took. */
  sent = 0;
  private pieces = 0;
  /** It sends no more. */
  private ended = false;
  /** The peer sends no more, and all of it is here. */
  private peerEnded = false;
  private received = 0;
  private readonly out = new StreamDigest();
  private readonly in = new StreamDigest();
  private readonly marks = new Int32Array(MARKS);
  private readonly piece: Uint8Array;
  private readonly block: SocketBlock;
  private readonly stamp = new Uint32Array(1);
  private readonly stampOctets = new Uint8Array(this.stamp.buffer);

  constructor(
    private readonly stream: BulkStream,
    private readonly desk: Desk,
    pattern: Uint8Array,
    private readonly sends: boolean,
    private readonly asks: boolean,
  ) {
    const own = stream.verified && sends;
    this.piece = own ? pattern.slice() : pattern;
    this.block = own ? desk.raw.allocate(PIECE_OCTETS) : desk.filler;
    if (own) this.block.write(this.piece);
  }

  /** Ready for a new connection. */
  renew(pieces: number): void {
    this.pieces = this.sends ? pieces : 0;
    this.sent = 0;
    this.received = 0;
    this.ended = false;
    this.peerEnded = false;
    this.connected = false;
    this.out.reset();
    this.in.reset();
  }

  arrive(handle: number): void {
    this.handle = handle;
    this.begin();
  }

  onEvent(events: number, status: number): void {
    if (this.handle === 0) return;
    const { CONNECTED, READABLE, WRITABLE, CLOSED, ABORTED, FAILED } = this.desk.raw.events;
    if ((events & FAILED) !== 0) {
      this.stream.failed(status);
      return;
    }
    if ((events & ABORTED) !== 0) {
      this.stream.broken();
      return;
    }
    if ((events & CONNECTED) !== 0) {
      this.stream.bulk.figures.opened++;
      this.begin();
    }
    if ((events & WRITABLE) !== 0) this.sendMore();
    if ((events & (READABLE | CLOSED)) !== 0 && this.stream.verified) this.receiveAll();
    if ((events & CLOSED) !== 0) this.noteEnd();
  }

  /** Ends its direction behind what was taken. */
  sendNoMore(): void {
    if (this.handle === 0 || this.ended) return;
    this.ended = true;
    this.desk.raw.shutdown(this.handle);
    this.closeEnded();
  }

  close(abort: boolean): void {
    if (this.handle !== 0) this.desk.raw.close(this.handle, abort);
    this.handle = 0;
    this.connected = false;
  }

  private begin(): void {
    this.connected = true;
    this.desk.raw.option(this.handle, 'SEND_BUFFER', SEND_BUFFER_OCTETS);
    if (!this.stream.verified) {
      this.desk.raw.option(this.handle, 'SINK', 1);
      this.throwAway();
    }
    if (this.stream.bulk.stopping) this.sendNoMore();
    else this.sendMore();
  }

  // What came before the socket was told to throw it away itself.
  private throwAway(): void {
    const { raw, inbox } = this.desk;
    while (raw.receive(this.handle, inbox) > 0);
  }

  private sendMore(): void {
    const { raw } = this.desk;
    const total = this.pieces * PIECE_OCTETS;
    while (this.sent < total && !this.ended) {
      const offset = this.sent % PIECE_OCTETS;
      if (this.stream.verified && offset === 0) this.stampPiece();
      const taken = raw.send(this.handle, this.block, PIECE_OCTETS - offset, offset);
      if (taken <= 0) return;
      this.sent += taken;
      this.stream.bulk.figures.octets += taken;
      if (!this.stream.verified) continue;
      this.out.add(this.piece, offset, offset + taken);
      if (offset + taken === PIECE_OCTETS) {
        this.marks[(this.sent / PIECE_OCTETS - 1) % MARKS] = this.out.value;
      }
    }
    this.sendNoMore();
  }

  // No two pieces of all streams are alike.
  private stampPiece(): void {
    const end = this.stream.number * 2 + (this.asks ? 1 : 0);
    this.stamp[0] = (this.sent / PIECE_OCTETS) * 4096 + end;
    this.piece.set(this.stampOctets);
    this.block.write(this.stampOctets);
  }

  private receiveAll(): void {
    const { raw, inbox } = this.desk;
    for (;;) {
      const left = PIECE_OCTETS - (this.received % PIECE_OCTETS);
      const count = raw.receive(this.handle, inbox, left);
      if (count <= 0) return;
      this.in.add(inbox.view(count));
      this.received += count;
      this.stream.bulk.figures.verified += count;
      if (count === left) this.compare();
    }
  }

  private compare(): void {
    const piece = this.received / PIECE_OCTETS - 1;
    if (this.peer.marks[piece % MARKS] === this.in.value) return;
    const where = `${this.desk.machine.name}: stream ${this.stream.number}`;
    complain(this.stream.bulk.figures, `bulk: ${where}: octets of piece ${piece} are not as sent`);
  }

  // The peer has sent all: it must have come. An end that does not send has nothing to wait for.
  private noteEnd(): void {
    if (this.peerEnded) return;
    this.peerEnded = true;
    const { raw, machine } = this.desk;
    const { verified, number, bulk } = this.stream;
    const came = verified ? this.received : raw.query(this.handle, 'RECEIVED');
    const where = `bulk: ${machine.name}: stream ${number}`;
    if (came !== this.peer.sent) {
      complain(bulk.figures, `${where}: ${came} of ${this.peer.sent} octets came`);
    } else if (verified && this.peer.out.value !== this.in.value) {
      complain(bulk.figures, `${where}: the last octets are not as sent`);
    }
    if (!this.sends) this.sendNoMore();
    this.closeEnded();
  }

  private closeEnded(): void {
    if (this.handle === 0 || !this.ended || !this.peerEnded) return;
    this.close(false);
    this.stream.ended();
  }
}
