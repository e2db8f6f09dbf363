/**
 * A storm of connects: open, a hundred octets each way, close, and again; to a server that is
 * there, to a port of it where nobody listens, and to hosts that are not there. Each place of the
 * storm keeps to one of the three, so that those who wait for the absent do not slow the others.
 * A machine that has no port left (Q149532) is no error: it is counted, and asked again.
 */

import type { Clock } from '../machine/clock.js';
import type { Stream } from '../machine/random.js';
import type { World } from '../machine/world.js';
import { Client, openDesk } from './client.js';
import type { Desk } from './client.js';
import { Gate } from './gate.js';
import type { Guest } from './gate.js';
import { complain, emptyFigures } from './load.js';
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
const PAUSE_NS = 1_000_000;

/** How much there is. */
export interface ConnectStormOptions {
  /** Connections of each client under way at a time; 8 where not given. */
  readonly places?: number;
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
    const blank = new Uint8Array(OCTETS).fill(0x20);
    const server = openDesk(context.server, blank);
    const backlog = this.perClient * context.clients.length;
    this.gate = new Gate(context.server, PORT, backlog, () => this.answerer(server));
    const targets = { server: context.server.settings.address, spare: context.spare };
    for (const machine of context.clients) {
      const client = openDesk(machine, blank);
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

interface Targets {
  readonly server: number;
  readonly spare: LoadContext['spare'];
}

/** A place of the storm: one connection after another. */
class Place extends Client {
  private received = 0;
  private endsFirst = false;
  private readonly request = new Uint8Array(1);

  constructor(
    private readonly storm: ConnectStorm,
    world: World,
    desk: Desk,
    private readonly chance: Stream,
    private readonly kind: Kind,
    private readonly targets: Targets,
  ) {
    super(storm, world.clock, desk, PAUSE_NS);
  }

  protected prepare(): { address: number; port: number } {
    this.received = 0;
    const port = this.kind === 'nobody' ? PORT_OF_NOBODY : this.storm.port;
    return { address: this.target(), port };
  }

  private target(): number {
    if (this.kind !== 'absent') return this.targets.server;
    const { first, last } = this.targets.spare;
    return first + this.chance.below(last - first + 1);
  }

  protected ask(): void {
    this.endsFirst = this.chance.below(CLIENT_FIRST) === 0;
    this.request[0] = this.endsFirst ? WHO_ENDS.client : WHO_ENDS.server;
    this.desk.outbox.write(this.request);
    const taken = this.desk.raw.send(this.handle, this.desk.outbox, OCTETS);
    if (taken > 0) this.storm.figures.octets += taken;
  }

  protected receive(): void {
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

  protected override ended(): void {
    if (this.received !== OCTETS) {
      const where = `storm: ${this.desk.machine.name}`;
      complain(this.storm.figures, `${where}: ${this.received} of ${OCTETS} octets came`);
    }
    super.ended();
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
