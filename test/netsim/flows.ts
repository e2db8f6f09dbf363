/**
 * Flows of TCP through one wire, on virtual time: each sends as much as it may for so long, and
 * what arrived is counted. The same options give the same octets.
 */

import type { Machine, World, WorldOptions } from '../../host/index.js';

const ADDRESS = '10.0.0.1';
const FIRST_PORT = 5001;
const PIECE_OCTETS = 32_768;
const SECOND_NS = 1e9;
/** Of handshakes and of the last octets, at 30 % loss. */
const MOST_NS = 3600e9;

/** What flows, and through what. */
export interface FlowOptions {
  readonly link: string;
  readonly seconds: number;
  readonly release?: string;
  /** Of both machines. */
  readonly parameters?: Readonly<Record<string, number>>;
  /** How many there are; 1 where not given. */
  readonly flows?: number;
  readonly seed?: number;
  /** Seconds from one flow's beginning to the next one's. */
  readonly apart?: number;
}

/** What arrived. */
export interface FlowOutcome {
  /** Octets of each flow that its receiver was given in the time. */
  readonly octets: readonly number[];
  readonly retransmissions: number;
  /** Frames that the wire had no room for. */
  readonly overflow: number;
}

/** Runs the flows side by side; each is counted from the time when the last one has begun. */
export async function runFlows(
  makeWorld: (options: WorldOptions) => Promise<World>, options: FlowOptions,
): Promise<FlowOutcome> {
  const { link, seconds, release = 'modern', parameters = {} } = options;
  const { flows = 1, seed = 1, apart = 0 } = options;
  const world = await makeWorld({
    seed, release, faults: [], link, parameters, digest: false,
    machines: [
      { name: 'server', address: `${ADDRESS}/24` }, { name: 'client', address: '10.0.0.2/24' },
    ],
  });
  const [server, client] = [world.machine('server'), world.machine('client')];
  const octets = Array.from({ length: flows }, () => 0);
  for (let flow = 0; flow < flows; flow++) await receive(server, flow, octets);
  const senders: Sender[] = [];
  for (let flow = 0; flow < flows; flow++) {
    senders.push(new Sender(world, client, FIRST_PORT + flow));
    if (flow + 1 < flows && apart > 0) await world.run(apart * SECOND_NS);
  }
  const before = octets.slice();
  await world.run(seconds * SECOND_NS);
  const counted = octets.map((all, i) => all - (before[i] ?? 0));
  const count = (name: string): number =>
    world.machines.reduce((sum, each) => sum + (each.counters()[name] ?? 0), 0);
  const outcome = {
    octets: counted,
    retransmissions: count('TCP_RETRANS_SEGS'),
    overflow: world.link.stats.dropped['queue'] ?? 0,
  };
  await world.complete(Promise.all(senders.map(async (sender) => sender.stop())), MOST_NS);
  return outcome;
}

/** Counts what comes to the port of a flow. */
async function receive(server: Machine, flow: number, octets: number[]): Promise<void> {
  await server.user.listen(FIRST_PORT + flow, { backlog: 1 }, async (socket) => {
    for await (const data of socket) octets[flow] = (octets[flow] ?? 0) + data.length;
    await socket.close();
  });
}

/** Sends that wait behind the first. */
const AHEAD = 8;
/** Connects in a row that may fail. */
const MOST_TRIES = 100;

/** Sends to a port until it is told to stop; a connect that fails is tried again. */
class Sender {
  private stopping = false;
  private readonly done: Promise<void>;

  constructor(
    private readonly world: World, private readonly client: Machine, private readonly port: number,
  ) {
    this.done = this.send();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.done;
  }

  private async send(): Promise<void> {
    const piece = new Uint8Array(PIECE_OCTETS);
    for (let tries = 0; !this.stopping && tries < MOST_TRIES; tries++) {
      try {
        const options = { sendBuffer: AHEAD * PIECE_OCTETS };
        const socket = await this.client.user.connect(ADDRESS, this.port, options);
        tries = 0;
        // Always some more behind what is on its way: a send ends when all of it is taken.
        const waiting: Promise<boolean>[] = [];
        let open = true;
        while (!this.stopping && open) {
          waiting.push(socket.send(piece).then(() => true, () => false));
          if (waiting.length > AHEAD) open = await waiting.shift() ?? false;
        }
        await Promise.all(waiting);
        await socket.close();
      } catch {
        // Given up at this loss: another connection goes on, a second later.
        await this.world.sleep(SECOND_NS);
      }
    }
  }
}

/** Jain's index: 1 where all have the same, 1/n where one has all. */
export function fairness(octets: readonly number[]): number {
  const sum = octets.reduce((all, each) => all + each, 0);
  const squares = octets.reduce((all, each) => all + each * each, 0);
  return squares === 0 ? 0 : (sum * sum) / (octets.length * squares);
}
