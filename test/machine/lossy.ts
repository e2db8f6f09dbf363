/**
 * A transfer over a wire that loses, delays, repeats and reorders at once: one connection, sockets
 * by handle, a digest at each end. Who makes the world asks what is left behind in it.
 */

import { createHash } from 'node:crypto';
import type {
  Machine, RawSockets, Seed, SocketBlock, Stream, Target, World, WorldOptions,
} from '../../host/index.js';

/** Loss, delay, reordering and duplication at once. */
export const LOSSY_LINK = 'wire:?loss=5%&delay=20ms&reorder=5%&duplicate=5%';

const SERVER = 0x0a000001;
const PORT = 5001;
/** Octets of a piece: what a send offers at once. */
const PIECE_OCTETS = 32_768;
const SECOND_NS = 1_000_000_000;
/** The most virtual time for each octet and for opening and closing: a stall ends the run there. */
const MOST_NS_PER_OCTET = 200_000;
const MOST_NS = 1_200e9;
/**
 * Octets a second of virtual time that must be reached. What TCP can reach at this loss (Padhye and
 * others, "Modeling TCP Throughput": round trip 40 ms, acknowledgement of every second segment) is
 * 74,000 with the least time-out of NT (300 ms) and 88,000 with that of `modern` (200 ms).
 */
const LEAST_RATE = 30_000;

/** What is sent, and by what. */
export interface LossyOptions {
  readonly seed: Seed;
  readonly octets: number;
  /** Of both machines. */
  readonly release: string;
  readonly target: Target;
  readonly pcap?: WorldOptions['pcap'];
  /** Awaited after each second of virtual time, which is some ms of wall time; changes nothing. */
  readonly pause?: () => Promise<unknown>;
}

/** What came of it. */
export interface LossyOutcome {
  /** SHA-256 of what was handed to the sender, and of what the receiver was given. */
  readonly sent: string;
  readonly arrived: string;
  readonly octets: number;
  /** How each end's connection ended; `closed` is as it should be. */
  readonly ends: readonly string[];
  /** Virtual time from the connect to both ends closed. */
  readonly seconds: number;
  /** The longest virtual time that the receiver got nothing in, from its first octet to its end. */
  readonly silence: number;
  readonly retransmissions: number;
  readonly frames: number;
}

/** Sends pseudo-random octets of the seed from client to server, and closes in order. */
export async function runLossy(
  makeWorld: (options: WorldOptions) => Promise<World>, options: LossyOptions,
): Promise<LossyOutcome> {
  const { seed, octets, release, target, pcap } = options;
  const world = await makeWorld({
    seed,
    release,
    target,
    link: LOSSY_LINK,
    digest: false,
    ...(pcap === undefined ? {} : { pcap }),
    machines: [
      { name: 'server', address: '10.0.0.1/24' },
      { name: 'client', address: '10.0.0.2/24' },
    ],
  });
  const [server, client] = [world.machine('server'), world.machine('client')];
  const receiver = new Receiver(server);
  const sender = new Sender(client, octets, world.random.stream('lossy octets'));
  const isDone = (): boolean => receiver.end !== '' && sender.end !== '';
  const mostNs = octets * MOST_NS_PER_OCTET + MOST_NS;
  while (world.clock.now < mostNs && !(await world.runUntil(isDone, SECOND_NS))) {
    await options.pause?.();
  }
  const seconds = world.clock.now / 1e9;
  const counted = (name: string): number =>
    world.machines.reduce((sum, each) => sum + (each.counters()[name] ?? 0), 0);
  return {
    sent: sender.digest(),
    arrived: receiver.digest(),
    octets: receiver.octets,
    ends: [sender.end || 'open', receiver.end || 'open'],
    seconds,
    silence: receiver.silenceNs / 1e9,
    retransmissions: counted('TCP_RETRANS_SEGS'),
    frames: world.machines.reduce((sum, { card }) => sum + card.stats.framesOut, 0),
  };
}

/** A sentence for each thing that is not as it should be; none where all is well. */
export function faultsOf({ octets }: LossyOptions, outcome: LossyOutcome): string[] {
  const [client, server] = outcome.ends;
  const rate = Math.round(outcome.octets / outcome.seconds);
  const faults: string[] = [];
  if (outcome.octets !== octets) faults.push(`${outcome.octets} of ${octets} octets arrived`);
  else if (outcome.sent !== outcome.arrived) faults.push('the octets did not arrive as sent');
  else if (rate < LEAST_RATE) {
    faults.push(`${rate} octets a second, at least ${LEAST_RATE} must be`);
  }
  if (client !== 'closed') faults.push(`the client's end: ${client}`);
  if (server !== 'closed') faults.push(`the server's end: ${server}`);
  return faults;
}

/** The server's end: listens, takes one connection, reads to its end, closes. */
class Receiver {
  octets = 0;
  silenceNs = 0;
  /** Empty while it is open. */
  end = '';
  private readonly hash = createHash('sha256');
  private readonly raw: RawSockets;
  private readonly block: SocketBlock;
  private heardNs = Infinity;
  private readonly listener: number;
  private handle = 0;

  constructor(private readonly machine: Machine) {
    this.raw = machine.user.raw;
    this.block = this.raw.allocate(PIECE_OCTETS);
    this.listener = this.raw.open('stream', this);
    this.raw.bind(this.listener, 0, PORT);
    this.raw.listen(this.listener, 1);
  }

  digest(): string {
    return this.hash.digest('hex');
  }

  onEvent(events: number, status: number): void {
    const { ACCEPT, READABLE, CLOSED, ABORTED, FAILED } = this.raw.events;
    if ((events & ACCEPT) !== 0) {
      this.handle = this.raw.accept(this.listener, this);
      this.raw.close(this.listener, false);
    }
    if (this.handle === 0) return;
    if ((events & (ACCEPT | READABLE | CLOSED)) !== 0) this.readAll();
    if ((events & (ABORTED | FAILED)) !== 0) this.finish(`aborted (${hex(status)})`);
    else if ((events & CLOSED) !== 0) this.finish('closed');
  }

  private readAll(): void {
    const nowNs = this.machine.clock.now;
    this.silenceNs = Math.max(this.silenceNs, nowNs - this.heardNs);
    this.heardNs = nowNs;
    for (;;) {
      const count = this.raw.receive(this.handle, this.block);
      if (count <= 0) return;
      this.hash.update(this.block.view(count));
      this.octets += count;
    }
  }

  private finish(end: string): void {
    this.raw.close(this.handle, false);
    this.handle = 0;
    this.end = end;
  }
}

/** The client's end: connects, sends all, shuts down, waits for the peer's end, closes. */
class Sender {
  /** Empty while it is open. */
  end = '';
  private readonly hash = createHash('sha256');
  private readonly raw: RawSockets;
  private readonly block: SocketBlock;
  private readonly piece = new Uint8Array(PIECE_OCTETS);
  private handle: number;
  private made = 0;
  // Of the piece: how much there is, and how much the kernel took.
  private filled = 0;
  private taken = 0;

  constructor(machine: Machine, private readonly octets: number, private readonly chance: Stream) {
    this.raw = machine.user.raw;
    this.block = this.raw.allocate(PIECE_OCTETS);
    this.handle = this.raw.open('stream', this);
    this.raw.connect(this.handle, SERVER, PORT);
  }

  digest(): string {
    return this.hash.digest('hex');
  }

  onEvent(events: number, status: number): void {
    if (this.handle === 0) return;
    const { CONNECTED, WRITABLE, CLOSED, ABORTED, FAILED } = this.raw.events;
    if ((events & FAILED) !== 0) this.finish(`failed (${hex(status)})`);
    else if ((events & ABORTED) !== 0) this.finish(`aborted (${hex(status)})`);
    else {
      if ((events & (CONNECTED | WRITABLE)) !== 0) this.sendMore();
      if ((events & CLOSED) !== 0) this.finish('closed');
    }
  }

  private sendMore(): void {
    for (;;) {
      if (this.taken === this.filled && !this.fill()) return;
      const left = this.filled - this.taken;
      const count = this.raw.send(this.handle, this.block, left, this.taken);
      if (count <= 0) return;
      this.taken += count;
      if (this.made === this.octets && this.taken === this.filled) {
        this.raw.shutdown(this.handle);
        return;
      }
    }
  }

  // The next piece; false behind the last.
  private fill(): boolean {
    const count = Math.min(PIECE_OCTETS, this.octets - this.made);
    if (count === 0) return false;
    const part = this.piece.subarray(0, count);
    this.chance.fillOctets(part);
    this.hash.update(part);
    this.block.write(this.piece, 0, count);
    this.made += count;
    this.filled = count;
    this.taken = 0;
    return true;
  }

  private finish(end: string): void {
    this.raw.close(this.handle, false);
    this.handle = 0;
    this.end = end;
  }
}

function hex(status: number): string {
  return `0x${(status >>> 0).toString(16)}`;
}
