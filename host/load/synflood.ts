/**
 * A SYN flood (Q142641): thousands of SYNs a second from sources that never sent one, in the
 * server's network and beyond it. It comes through a station of its own on the link, which says
 * that it is the server's gateway, so that what the server answers has somewhere to go.
 */

import { FrameBatch } from '../link/batch.js';
import type { Port } from '../link/link.js';
import type { Clock, Event } from '../machine/clock.js';
import type { Stream } from '../machine/random.js';
import type { World } from '../machine/world.js';
import { arpReply, readArpRequest, synFrame } from './frame.js';
import type { StationAddress, SynFrame } from './frame.js';
import { Gate } from './gate.js';
import { emptyFigures } from './load.js';
import type { Load, LoadContext } from './load.js';

const PORT = 5021;
const BACKLOG = 200;
/** The attacker's station. */
const STATION: StationAddress = { high: 0x0200, low: 0xbad0_0001 };
/** One of so many sources is of the server's own network. */
const NEIGHBOURS = 16;
/** SYNs that leave at once. */
const BURST = 16;
const SECOND_NS = 1e9;

/** How much there is. */
export interface SynFloodOptions {
  /** SYNs a second of virtual time, from 1 to 1,000,000; 5,000 where not given. */
  readonly perSecond?: number;
}

/**
 * A SYN flood.
 * @throws TypeError for a rate that is none.
 */
export function createSynFlood(options: SynFloodOptions = {}): Load {
  const { perSecond = 5000 } = options;
  if (!(perSecond >= 1 && perSecond <= 1e6)) {
    throw new TypeError(`perSecond: ${perSecond} is no rate from 1 to 1000000`);
  }
  return new SynFlood(Math.round((BURST * SECOND_NS) / perSecond));
}

class SynFlood implements Load {
  readonly name = 'synflood';
  readonly figures = emptyFigures();
  private readonly batch = new FrameBatch(BURST);
  private readonly answers = new FrameBatch(1);
  private gate: Gate | undefined;
  private port: Port | undefined;
  private clock: Clock | undefined;
  private burst: Event | undefined;

  constructor(private readonly periodNs: number) {}

  get open(): number {
    return this.gate?.open === true ? 1 : 0;
  }

  start(world: World, context: LoadContext): void {
    const { server } = context;
    // Nobody comes through this gate: the third step of the handshake is never taken.
    this.gate = new Gate(server, PORT, BACKLOG, () => undefined);
    const { address, gateway, macHigh, macLow } = server.settings;
    this.port = world.link.attach({ receive: (batch) => this.hear(batch, gateway) });
    const chance = world.random.stream('load synflood');
    const aim: Aim = {
      chance,
      target: address,
      targetPort: this.gate.port,
      frame: synFrame(STATION, { high: macHigh, low: macLow }),
      source: sourcesOf(context, chance),
    };
    this.clock = world.clock;
    this.burst = world.clock.event(() => this.send(aim));
    world.clock.schedule(this.burst, world.clock.now);
  }

  stop(): void {
    if (this.burst !== undefined) this.clock?.cancel(this.burst);
    this.gate?.close();
  }

  abandon(): void {
    this.stop();
    this.port?.close();
    this.port = undefined;
  }

  private send(aim: Aim): void {
    const { chance, frame, target, targetPort } = aim;
    this.batch.clear();
    for (let i = 0; i < BURST; i++) {
      const ports = chance.next();
      const sourcePort = 1024 + (ports % 0xfc00);
      const identification = ports >>> 16;
      const sequence = chance.next();
      const source = aim.source();
      frame.write({ source, target, sourcePort, targetPort, sequence, identification });
      this.batch.push(frame.octets);
    }
    this.port?.send(this.batch);
    this.figures.injected += this.batch.count;
    if (this.clock === undefined || this.burst === undefined) return;
    this.clock.schedule(this.burst, this.clock.now + this.periodNs);
  }

  // Answers who asks for the gateway; all else that comes here goes nowhere.
  private hear(batch: FrameBatch, gateway: number): void {
    if (gateway === 0) return;
    for (let i = 0; i < batch.count; i++) {
      const request = readArpRequest(batch.frame(i));
      if (request?.wanted !== gateway) continue;
      this.answers.clear();
      this.answers.push(arpReply(STATION, gateway, request.station, request.sender));
      this.port?.send(this.answers);
    }
  }
}

/** What SYNs are made of. */
interface Aim {
  readonly chance: Stream;
  readonly target: number;
  readonly targetPort: number;
  readonly frame: SynFrame;
  readonly source: () => number;
}

// Addresses of the network that no machine has, and, where a gateway is, any from beyond it.
function sourcesOf(context: LoadContext, chance: Stream): () => number {
  const { first, last } = context.spare;
  const { gateway, address, mask } = context.server.settings;
  const neighbour = (): number => first + chance.below(last - first + 1);
  if (gateway === 0) return neighbour;
  return () => {
    if (chance.below(NEIGHBOURS) === 0) return neighbour();
    // Unicast, and none of the server's network: 11.0.0.0 to 126.255.255.255.
    const source = (11 + chance.below(116)) * 0x100_0000 + chance.below(0x100_0000);
    return ((source ^ address) & mask) === 0 ? neighbour() : source;
  };
}
