/**
 * Small messages: requests of 64 to 512 octets and answers of 64 to 512, one after the other on
 * each connection, sent at once (NO_DELAY). A message begins with its length, the length wanted of
 * the answer, and its number; each answer's beginning is checked, of some all octets.
 */

import type { Clock } from '../machine/clock.js';
import type { Stream } from '../machine/random.js';
import type { World } from '../machine/world.js';
import { Client, RETRY_NS, openDesk } from './client.js';
import type { Desk } from './client.js';
import { Gate } from './gate.js';
import type { Guest } from './gate.js';
import { complain, emptyFigures } from './load.js';
import type { Load, LoadContext } from './load.js';

/** Octets of the shortest message, and of the longest. */
export const MESSAGE_OCTETS = { least: 64, most: 512 } as const;
const PORT = 5007;
const HEADER_OCTETS = 8;
/** A connection ends after so many exchanges, and a new one begins. */
const EXCHANGES = 256;
/** Of every so many answers all octets are compared. */
const VERIFIED_EVERY = 16;

/** How much there is. */
export interface MessagesOptions {
  /** Connections of each client at a time; 8 where not given. */
  readonly connections?: number;
  /** Exchanges after which a connection ends; 256 where not given. */
  readonly exchanges?: number;
}

/** Small messages. */
export function createMessages(options: MessagesOptions = {}): Load {
  return new Messages(options.connections ?? 8, options.exchanges ?? EXCHANGES);
}

class Messages implements Load {
  readonly name = 'messages';
  readonly figures = emptyFigures();
  readonly pattern = new Uint8Array(MESSAGE_OCTETS.most);
  stopping = false;
  private readonly callers: Caller[] = [];
  private readonly answerers: Answerer[] = [];
  private gate: Gate | undefined;
  private clock: Clock | undefined;

  constructor(private readonly perClient: number, readonly exchanges: number) {}

  get open(): number {
    const ends = [...this.callers, ...this.answerers].filter((end) => end.handle !== 0);
    return ends.length + (this.gate?.open === true ? 1 : 0);
  }

  start(world: World, context: LoadContext): void {
    this.clock = world.clock;
    world.random.stream('load messages pattern').fillOctets(this.pattern);
    const server = openDesk(context.server, this.pattern);
    const backlog = this.perClient * context.clients.length;
    this.gate = new Gate(context.server, PORT, backlog, () => this.answerer(server));
    for (const machine of context.clients) {
      const client = openDesk(machine, this.pattern);
      for (let i = 0; i < this.perClient; i++) {
        const chance = world.random.stream(`load messages ${this.callers.length}`);
        const target = context.server.settings.address;
        const caller = new Caller(this, world, client, chance, target, this.gate.port);
        this.callers.push(caller);
        caller.begin();
      }
    }
  }

  stop(): void {
    this.stopping = true;
    if (this.clock !== undefined) this.gate?.closeSoon(this.clock);
    for (const caller of this.callers) caller.finish();
  }

  abandon(): void {
    this.stopping = true;
    this.gate?.close();
    for (const end of [...this.callers, ...this.answerers]) end.close(true);
  }

  private answerer(server: Desk): Answerer {
    let free = this.answerers.find((each) => each.handle === 0);
    if (free === undefined) this.answerers.push((free = new Answerer(server)));
    return free;
  }
}

/** The messages that come on one connection, whatever segments they come in. */
class Letter {
  readonly header = new Uint16Array(HEADER_OCTETS / 2);
  readonly octets = new Uint8Array(this.header.buffer);
  /** Octets of the current message that came. */
  count = 0;

  /** How many octets the message still lacks; until its header is here, of that. */
  get missing(): number {
    const whole = this.count < HEADER_OCTETS ? HEADER_OCTETS : this.length;
    return whole - this.count;
  }

  get length(): number {
    return Math.max(HEADER_OCTETS, Math.min(this.header[0] as number, MESSAGE_OCTETS.most));
  }

  /** Takes what came, no more than is missing; true when the message is whole. */
  take(octets: Uint8Array): boolean {
    for (let i = 0; i < octets.length && this.count + i < HEADER_OCTETS; i++) {
      this.octets[this.count + i] = octets[i] as number;
    }
    this.count += octets.length;
    return this.count >= HEADER_OCTETS && this.count >= this.length;
  }
}

/** Sends `letter`'s header and what the pattern has after it; false where it was not taken. */
function sendMessage(desk: Desk, handle: number, octets: Uint8Array, length: number): boolean {
  desk.outbox.write(octets);
  return desk.raw.send(handle, desk.outbox, length) === length;
}

/** The end that asks. */
class Caller extends Client {
  private readonly letter = new Letter();
  private readonly header = new Uint16Array(HEADER_OCTETS / 2);
  private readonly octets = new Uint8Array(this.header.buffer);
  private number = 0;
  private wanted = 0;
  private exact = true;

  constructor(
    private readonly load: Messages,
    world: World,
    desk: Desk,
    private readonly chance: Stream,
    private readonly address: number,
    private readonly port: number,
  ) {
    super(load, world.clock, desk, RETRY_NS);
  }

  protected prepare(): { address: number; port: number } {
    this.number = 0;
    this.letter.count = 0;
    this.desk.raw.option(this.handle, 'NO_DELAY', 1);
    return { address: this.address, port: this.port };
  }

  protected ask(): void {
    const { least, most } = MESSAGE_OCTETS;
    const length = least + this.chance.below(most - least + 1);
    this.wanted = least + this.chance.below(most - least + 1);
    this.number++;
    this.header[0] = length;
    this.header[1] = this.wanted;
    this.header[2] = this.number;
    this.header[3] = this.number >>> 16;
    this.exact = true;
    if (sendMessage(this.desk, this.handle, this.octets, length)) {
      this.load.figures.octets += length;
    }
  }

  protected receive(): void {
    const { raw, inbox } = this.desk;
    const { letter } = this;
    while (this.handle !== 0) {
      const before = letter.count;
      const count = raw.receive(this.handle, inbox, letter.missing);
      if (count <= 0) return;
      const octets = inbox.view(count);
      if (this.number % VERIFIED_EVERY === 0) this.compare(octets, before);
      if (letter.take(octets)) this.answered();
    }
  }

  private compare(octets: Uint8Array, at: number): void {
    const { pattern } = this.load;
    for (let i = Math.max(0, HEADER_OCTETS - at); i < octets.length; i++) {
      if (octets[i] !== pattern[at + i]) this.exact = false;
    }
    this.load.figures.verified += octets.length;
  }

  private answered(): void {
    const { letter, load } = this;
    const number = (letter.header[2] as number) + (letter.header[3] as number) * 0x1_0000;
    if (letter.count !== this.wanted || number !== this.number || !this.exact) {
      const what = `${letter.count} octets, number ${number}`;
      const wanted = `of ${this.wanted}, number ${this.number}${this.exact ? '' : ', changed'}`;
      complain(load.figures, `messages: ${this.desk.machine.name}: ${what}, in place ${wanted}`);
    }
    load.figures.exchanges++;
    load.figures.octets += letter.count;
    letter.count = 0;
    if (load.stopping || this.number >= load.exchanges) this.ended();
    else this.ask();
  }
}

/** The end that answers. */
class Answerer implements Guest {
  handle = 0;
  private readonly letter = new Letter();

  constructor(private readonly desk: Desk) {}

  arrive(handle: number): void {
    this.handle = handle;
    this.letter.count = 0;
    this.desk.raw.option(handle, 'NO_DELAY', 1);
  }

  onEvent(events: number): void {
    if (this.handle === 0) return;
    const { READABLE, CLOSED, ABORTED } = this.desk.raw.events;
    if ((events & READABLE) !== 0) this.receive();
    if ((events & ABORTED) !== 0) this.close(true);
    else if ((events & CLOSED) !== 0) this.close(false);
  }

  close(abort: boolean): void {
    if (this.handle !== 0) this.desk.raw.close(this.handle, abort);
    this.handle = 0;
  }

  private receive(): void {
    const { raw, inbox } = this.desk;
    const { letter } = this;
    for (;;) {
      const count = raw.receive(this.handle, inbox, letter.missing);
      if (count <= 0) return;
      if (!letter.take(inbox.view(count))) continue;
      letter.header[0] = letter.header[1] as number;
      sendMessage(this.desk, this.handle, letter.octets, letter.length);
      letter.count = 0;
    }
  }
}
