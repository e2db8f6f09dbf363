/**
 * A storm of connects: open, a hundred octets each way, close, and again; to a server that is
 * there, to a port of it where nobody listens, and to hosts that are not there. Each place of the
 * storm keeps to one of the three, so that those who wait for the absent do not slow the others.
 * A machine that has no port left (Q149532) is no error: it is counted, and asked again.
 */

import type { Clock, Event } from '../machine/clock.js';
import type { Machine } from '../machine/machine.js';
import type { Stream } from '../machine/random.js';
import type { RawSockets, SocketBlock } from '../machine/usermode.js';
import type { World } from '../machine/world.js';
import { Gate } from './gate.js';
import type { Guest } from './gate.js';
import { complain, countFailure, emptyFigures, isLost } from './load.js';
import type { Load, LoadContext } from './load.js';

const PORT = 5080;
const PORT_OF_NOBODY = 5081;
/** Octets of a request, and of its answer. */
const OCTETS = 100;
/** Of so many places, the last but one asks at a port of nobody, the last for absent hosts. */
const PLACES = 8;
/** One of so many connections is ended by the client first, and stays in its TIME-WAIT. */
const CLIENT_FIRST = 16;
/** What a request begins with. */
const WHO_ENDS = { server: 1, client: 2 } as const;
const RETRY_NS = 100_000_000;
const PAUSE_NS = 1_000_000;

/** How much there is. */
export interface ConnectStormOptions {
  /** Connections of each client under way at a time; 8 where not given. */
  readonly places?: number;
}

/** What all ends on one machine share. */
interface Desk {
  readonly machine: Machine;
  readonly raw: RawSockets;
  readonly outbox: SocketBlock;
  readonly inbox: SocketBlock;
}

/** A storm of connects. */
export function createConnectStorm(options: ConnectStormOptions = {}): Load {
  return new ConnectStorm(options.places ?? PLACES);
}

class ConnectStorm implements Load {
  readonly name = 'storm';
  readonly figures = emptyFigures();
  stopping = false;
  private readonly places: Place[] = [];
  private readonly answerers: Answerer[] = [];
  private readonly idle: Answerer[] = [];
  private gate: Gate | undefined;
  private clock: Clock | undefined;

  constructor(private readonly perClient: number) {}

  get open(): number {
    const ends = [...this.places, ...this.answerers].filter((end) => end.handle !== 0);
    return ends.length + (this.gate?.open === true ? 1 : 0);
  }

  start(world: World, context: LoadContext): void {
    this.clock = world.clock;
    const server = deskOf(context.server);
    const backlog = this.perClient * context.clients.length;
    this.gate = new Gate(context.server, PORT, backlog, () => this.answerer(server));
    const targets = { server: context.server.settings.address, spare: context.spare };
    for (const machine of context.clients) {
      const client = deskOf(machine);
      for (let i = 0; i < this.perClient; i++) {
        const chance = world.random.stream(`load storm ${this.places.length}`);
        const kind = KINDS[i % PLACES] ?? 'there';
        const place = new Place(this, world, client, chance, kind, targets);
        this.places.push(place);
        place.begin();
      }
    }
  }

  stop(): void {
    this.stopping = true;
    if (this.clock !== undefined) this.gate?.closeSoon(this.clock);
    for (const place of this.places) place.finish();
  }

  abandon(): void {
    this.stopping = true;
    this.gate?.close();
    for (const end of [...this.places, ...this.answerers]) end.close(true);
  }

  /** The server's port, if it could have the one meant. */
  get port(): number {
    return this.gate?.port ?? PORT;
  }

  private answerer(server: Desk): Answerer {
    const found = this.idle.pop();
    if (found !== undefined) return found;
    const made = new Answerer(server, this.idle);
    this.answerers.push(made);
    return made;
  }
}

type Kind = 'there' | 'nobody' | 'absent';
const KINDS: Readonly<Record<number, Kind>> = { [PLACES - 2]: 'nobody', [PLACES - 1]: 'absent' };

function deskOf(machine: Machine): Desk {
  const raw = machine.user.raw;
  const outbox = raw.allocate(OCTETS);
  outbox.write(new Uint8Array(OCTETS).fill(0x20));
  return { machine, raw, outbox, inbox: raw.allocate(OCTETS) };
}

interface Targets {
  readonly server: number;
  readonly spare: LoadContext['spare'];
}

/** A place of the storm: one connection after another. */
class Place implements Guest {
  handle = 0;
  private connected = false;
  private received = 0;
  private endsFirst = false;
  private readonly next: Event;
  private readonly request = new Uint8Array(1);

  constructor(
    private readonly storm: ConnectStorm,
    private readonly world: World,
    private readonly desk: Desk,
    private readonly chance: Stream,
    private readonly kind: Kind,
    private readonly targets: Targets,
  ) {
    this.next = world.clock.event(() => this.begin());
  }

  begin(): void {
    if (this.storm.stopping) return;
    const { raw, machine } = this.desk;
    this.connected = false;
    this.received = 0;
    const handle = raw.open('stream', this);
    if (handle === 0) {
      if (isLost(machine)) return;
      this.storm.figures.exhausted++;
      this.again(RETRY_NS);
      return;
    }
    this.arrive(handle);
    const port = this.kind === 'nobody' ? PORT_OF_NOBODY : this.storm.port;
    const status = raw.connect(handle, this.target(), port);
    if (status >= 0) return;
    countFailure(this.storm.figures, machine, status);
    this.close(true);
    this.again(RETRY_NS);
  }

  arrive(handle: number): void {
    this.handle = handle;
  }

  onEvent(events: number, status: number): void {
    if (this.handle === 0) return;
    const { figures } = this.storm;
    const { CONNECTED, READABLE, CLOSED, ABORTED, FAILED } = this.desk.raw.events;
    if ((events & (FAILED | ABORTED)) !== 0) {
      if ((events & FAILED) !== 0) countFailure(figures, this.desk.machine, status);
      else figures.aborted++;
      this.close(true);
      this.again(PAUSE_NS);
      return;
    }
    if ((events & CONNECTED) !== 0) {
      this.connected = true;
      figures.opened++;
      this.ask();
    }
    if ((events & READABLE) !== 0) this.receive();
    if ((events & CLOSED) !== 0 && this.handle !== 0) this.ended();
  }

  /** A connect that waits is given up; what is connected ends by itself. */
  finish(): void {
    this.world.clock.cancel(this.next);
    if (this.handle !== 0 && !this.connected) this.close(true);
  }

  close(abort: boolean): void {
    this.world.clock.cancel(this.next);
    if (this.handle !== 0) this.desk.raw.close(this.handle, abort);
    this.handle = 0;
    this.connected = false;
  }

  private target(): number {
    if (this.kind !== 'absent') return this.targets.server;
    const { first, last } = this.targets.spare;
    return first + this.chance.below(last - first + 1);
  }

  private ask(): void {
    this.endsFirst = this.chance.below(CLIENT_FIRST) === 0;
    this.request[0] = this.endsFirst ? WHO_ENDS.client : WHO_ENDS.server;
    this.desk.outbox.write(this.request);
    const taken = this.desk.raw.send(this.handle, this.desk.outbox, OCTETS);
    if (taken > 0) this.storm.figures.octets += taken;
  }

  private receive(): void {
    const { raw, inbox } = this.desk;
    for (;;) {
      const count = raw.receive(this.handle, inbox);
      if (count <= 0) break;
      this.received += count;
      this.storm.figures.octets += count;
    }
    if (this.received < OCTETS) return;
    this.storm.figures.exchanges++;
    if (this.endsFirst) this.ended();
  }

  private ended(): void {
    const { figures } = this.storm;
    if (this.received !== OCTETS) {
      const where = `storm: ${this.desk.machine.name}`;
      complain(figures, `${where}: ${this.received} of ${OCTETS} octets came`);
    }
    figures.closed++;
    this.close(false);
    this.again(PAUSE_NS);
  }

  private again(ns: number): void {
    if (this.storm.stopping) return;
    this.world.clock.schedule(this.next, this.world.clock.now + ns);
  }
}

/** The end that answers. */
class Answerer implements Guest {
  handle = 0;
  private received = 0;
  private endsFirst = false;

  constructor(private readonly desk: Desk, private readonly idle: Answerer[]) {}

  arrive(handle: number): void {
    this.handle = handle;
    this.received = 0;
    this.endsFirst = false;
  }

  onEvent(events: number): void {
    if (this.handle === 0) return;
    const { READABLE, CLOSED, ABORTED } = this.desk.raw.events;
    if ((events & READABLE) !== 0) this.receive();
    if (this.handle === 0) return;
    if ((events & ABORTED) !== 0) this.close(true);
    else if ((events & CLOSED) !== 0) this.close(false);
  }

  close(abort: boolean): void {
    if (this.handle === 0) return;
    this.desk.raw.close(this.handle, abort);
    this.handle = 0;
    this.idle.push(this);
  }

  private receive(): void {
    const { raw, inbox, outbox } = this.desk;
    for (;;) {
      const count = raw.receive(this.handle, inbox);
      if (count <= 0) break;
      if (this.received === 0) this.endsFirst = inbox.view(1)[0] === WHO_ENDS.server;
      this.received += count;
    }
    if (this.received < OCTETS) return;
    this.received = -OCTETS;
    raw.send(this.handle, outbox, OCTETS);
    if (this.endsFirst) this.close(false);
  }
}
