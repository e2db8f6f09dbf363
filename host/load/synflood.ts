/**
 * A SYN flood (Q142641): thousands of SYNs a second from sources that never sent one, in the
 * server's network and beyond it. It comes through a station of its own on the link, which says
 * that it is the server's gateway, so that what the server answers has somewhere to go.
 */

import { FrameBatch } from '../link/batch.js';
import type { Port } from '../link/link.js';
import type { Event } from '../machine/clock.js';
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
  private burst: Event | undefined;

  constructor(private readonly periodNs: number) {}

  get open(): number {
    return this.gate?.open === true ? 1 : 0;
  }

  start(world: World, context: LoadContext): void {
    const { server } = context;
    // Nobody comes through this gate: the third step of the handshake is never taken.
    this.gate = new Gate(server, PORT, BACKLOG, () => undefined);
    const { gateway } = server.settings;
    this.port = world.link.attach({ receive: (batch) => this.hear(batch, gateway) });
    const { macHigh: high, macLow: low } = server.settings;
    const frame = synFrame(STATION, { high, low });
    const chance = world.random.stream('load synflood');
    const sources = sourcesOf(context, () => chance.next());
    const { address } = server.settings;
    const port = this.gate.port;
    this.burst = world.clock.event(() => {
      this.fill(frame, address, port, sources, () => chance.next());
      this.port?.send(this.batch);
      this.figures.injected += this.batch.count;
      if (this.burst !== undefined) world.clock.schedule(this.burst, world.clock.now + this.periodNs);
    });
    world.clock.schedule(this.burst, world.clock.now);
    this.cancel = () => {
      if (this.burst !== undefined) world.clock.cancel(this.burst);
      this.burst = undefined;
    };
  }

  stop(): void {
    this.cancel();
    this.gate?.close();
  }

  abandon(): void {
    this.stop();
    this.port?.close();
    this.port = undefined;
  }

  private cancel: () => void = () => {};

  private fill(
    frame: SynFrame, target: number, targetPort: number, source: () => number, word: () => number,
  ): void {
    this.batch.clear();
    for (let i = 0; i < BURST; i++) {
      const ports = word();
      frame.write({
        source: source(),
        target,
        sourcePort: 1024 + (ports % 0xfc00),
        targetPort,
        sequence: word(),
        identification: ports >>> 16,
      });
      this.batch.push(frame.octets);
    }
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

// Addresses of the network that no machine has, and, where a gateway is, any from beyond it.
function sourcesOf(context: LoadContext, word: () => number): () => number {
  const { first, last } = context.spare;
  const { gateway, address, mask } = context.server.settings;
  const neighbour = (): number => first + (word() % (last - first + 1));
  if (gateway === 0) return neighbour;
  return () => {
    const any = word();
    if (any % NEIGHBOURS === 0) return neighbour();
    // Public, unicast, and none of the server's network: 11.0.0.0 to 126.255.255.255.
    const source = ((11 + ((any >>> 24) % 116)) * 0x100_0000 + (any & 0xff_ffff)) >>> 0;
    return ((source ^ address) & mask) === 0 ? neighbour() : source;
  };
}
