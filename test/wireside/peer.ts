/** The other end of a TCP connection, played by the test: it says what it is told to say. */

import { ACK, FIN, RST, SYN, TCP, THEM, US, ethernet, ipv4, mssOption, tcp } from './build.js';
import type { Bench } from './fixture.js';
import type { Machine } from './machine.js';
import { join } from '../../host/wire/octets.js';
import type { TcpHeard } from '../../host/wire/read.js';

/** What a peer is; all may be left out. */
export interface PeerOptions {
  address?: number;
  /** Its own port. */
  port?: number;
  /** The kernel's port; learned from the first segment where it is 0. */
  ours?: number;
  /** Its initial sequence number. */
  sequence?: number;
  window?: number;
  /** Its MSS option; none where it is 0. */
  mss?: number;
  /** The options of its SYN behind the MSS. */
  agrees?: Uint8Array;
  /** The options of its other segments, unless a saying has some. */
  carries?: Uint8Array;
  /** Options of IP that its datagrams come with. */
  came?: Uint8Array;
}

/** What one segment says that differs from what the peer would say by itself. */
export interface Saying {
  data?: Uint8Array;
  /** Absolute; `next` where not given, which moves then. */
  sequence?: number;
  acknowledgment?: number;
  window?: number;
  options?: Uint8Array;
  urgent?: number;
}

const LETTERS: readonly [bit: number, letter: string][] = [
  [SYN, 'S'], [FIN, 'F'], [RST, 'R'], [8, 'P'], [32, 'U'], [ACK, '.'],
];

/** One end of one connection. */
export class Peer {
  readonly address: number;
  readonly port: number;
  ours: number;
  /** The sequence number of the first octet it has not said. */
  next: number;
  /** What it acknowledges: the kernel's first octet that has not come. */
  ack = 0;
  window: number;
  /** Both initial sequence numbers. */
  readonly own: number;
  kernels = 0;
  readonly agrees: Uint8Array;
  carries: Uint8Array;
  came: Uint8Array;
  /** The kernel's text, in order, as `listen` took it. */
  readonly text: number[] = [];
  private readonly machine: Machine;
  private readonly mss: number;

  constructor(machine: Machine, options: PeerOptions = {}) {
    this.machine = machine;
    this.address = options.address ?? THEM;
    this.port = options.port ?? 4000;
    this.ours = options.ours ?? 0;
    this.own = options.sequence ?? 0x7000_0000;
    this.next = this.own;
    this.window = options.window ?? 8760;
    this.agrees = options.agrees ?? new Uint8Array(0);
    this.carries = options.carries ?? new Uint8Array(0);
    this.came = options.came ?? new Uint8Array(0);
    this.mss = options.mss ?? 1460;
  }

  /** The frame of one segment; `next` moves unless the saying has a sequence number. */
  frame(flags: number, saying: Saying = {}): Uint8Array {
    const data = saying.data ?? new Uint8Array(0);
    const sequence = saying.sequence ?? this.next;
    if (saying.sequence === undefined) {
      const more = data.length + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0);
      this.next = (this.next + more) >>> 0;
    }
    const syn = (flags & SYN) !== 0 && this.mss !== 0;
    const between = { source: this.address, destination: US };
    const segment = tcp({
      sourcePort: this.port,
      destinationPort: this.ours,
      sequence,
      acknowledgment: flags & ACK ? saying.acknowledgment ?? this.ack : 0,
      flags,
      window: saying.window ?? this.window,
      options: saying.options ?? (syn ? join(mssOption(this.mss), this.agrees) : this.carries),
      urgent: saying.urgent ?? 0,
      data,
    }, between);
    return ethernet(ipv4(segment, { ...between, protocol: TCP, options: this.came }));
  }

  /** Says one segment. */
  say(flags: number, saying: Saying = {}): void {
    this.machine.receive(this.frame(flags, saying));
  }

  /** The segments for this peer since it last asked. Others' frames are left. */
  heard(): TcpHeard[] {
    const frames = this.machine.take();
    const mine: TcpHeard[] = [];
    const rest = frames.filter(({ ip, tcp: segment }) => {
      const forUs = segment !== undefined && ip?.target === this.address
        && segment.destinationPort === this.port
        && (this.ours === 0 || segment.sourcePort === this.ours);
      if (!forUs) return true;
      this.ours = segment.sourcePort;
      if (segment.flags & SYN) this.kernels = segment.sequence;
      mine.push(segment);
      return false;
    });
    this.machine.giveBack(rest);
    return mine;
  }

  /** What it heard, in words: flags, sequence number, text, and what is acknowledged. */
  lines(): string[] {
    return this.heard().map((segment) => this.line(segment));
  }

  /** As `lines`, each after the milliseconds at which it came and before its window. */
  fullLines(): string[] {
    return this.heard().map((segment) =>
      `${segment.atMs} ${this.line(segment)} win ${segment.window}`);
  }

  /** Takes the kernel's text in order, and acknowledges all of it when it is asked to. */
  listen(acknowledge: 'ack' | 'silent' = 'silent'): TcpHeard[] {
    const segments = this.heard();
    for (const { sequence, data, flags } of segments) {
      if (flags & SYN) this.ack = sequence;
      const old = (this.ack - sequence) | 0;
      if (old < 0) continue;
      for (const octet of data.subarray(old)) this.text.push(octet);
      const length = data.length + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0);
      if (old < length) this.ack = (sequence + length) >>> 0;
    }
    const due = segments.some(({ data, flags }) => data.length > 0 || flags & FIN);
    if (acknowledge === 'ack' && due) this.say(ACK);
    return segments;
  }

  /** One segment in words, numbers counted from both initial sequence numbers. */
  line({ flags, sequence, acknowledgment, data }: TcpHeard): string {
    const letters = LETTERS.filter(([bit]) => flags & bit).map(([, letter]) => letter).join('');
    const from = (sequence - this.kernels) >>> 0;
    const ack = (acknowledgment - this.own) >>> 0;
    return `${letters} ${from}(${data.length})${flags & ACK ? ` ack ${ack}` : ''}`;
  }
}

/** A connection between a peer and a socket of the kernel. */
export interface Connected {
  peer: Peer;
  handle: number;
}

/** A peer connects to a port on which a socket listens, and the socket is accepted. */
export function arrive(
  { machine, user }: Bench, listener: number, port: number, options: PeerOptions = {},
): Connected {
  const peer = new Peer(machine, { ours: port, ...options });
  peer.say(SYN);
  const [answer] = peer.heard();
  if (answer?.flags !== (SYN | ACK)) throw new Error(`port ${port} answers SYN with no SYN-ACK`);
  peer.ack = (answer.sequence + 1) >>> 0;
  peer.say(ACK);
  const handle = user.accept(listener);
  if (handle === 0) throw new Error(`nothing to accept on port ${port}`);
  user.events(handle);
  user.events(listener);
  return { peer, handle };
}

/** A socket of the kernel connects to a peer, which agrees. */
export function reach({ machine, user }: Bench, options: PeerOptions = {}): Connected {
  const peer = new Peer(machine, { port: 139, ...options });
  const handle = user.socket();
  return { peer: welcome({ machine, user }, peer, handle), handle };
}

/** As `reach`, for a socket that the test made. */
export function welcome({ user }: Bench, peer: Peer, handle: number): Peer {
  user.connect(handle, peer.port, peer.address);
  const [first] = peer.heard();
  if (first?.flags !== SYN) throw new Error('the kernel did not begin with SYN');
  peer.ack = (first.sequence + 1) >>> 0;
  peer.say(SYN | ACK);
  const told = user.events(handle);
  if (!told.events.includes('CONNECTED')) throw new Error(`not connected: ${told.status}`);
  peer.heard();
  return peer;
}

/** The state of the connection with that peer, as the kernel's table has it; CLOSED: none. */
export function stateOf(machine: Machine, peer: Peer): string {
  const offset = machine.number('Tcb.state');
  const state = factOf(machine, peer, (at) => machine.octets(at + offset, 1)[0] ?? 0);
  return state === undefined ? 'CLOSED' : machine.word('TcpState', state);
}

/** Fields of a connection that have 16 bits; the others have 32. */
const HALVES = new Set(['mss', 'sndWnd']);

/** One field of a peer's connection: cwnd, rto, sndWnd … @throws Error if there is none. */
export function fieldOf(machine: Machine, peer: Peer, field: string): number {
  const octets = HALVES.has(field) ? 2 : 4;
  const value = factOf(machine, peer, (at) =>
    [...machine.octets(at + machine.number(`Tcb.${field}`), octets)]
      .reduceRight((sum, octet) => sum * 256 + octet, 0));
  if (value === undefined) throw new Error('the peer has no connection');
  return value;
}

/** The addresses of all connections, as the host's walk of the table finds them. */
export function connections({ raw }: Machine): number[] {
  const found: number[] = [];
  for (let from = 0; ;) {
    const position = raw.nextConnection(from) >>> 0;
    if (position === 0xffff_ffff) return found;
    found.push(raw.connectionAt(position) >>> 0);
    from = position + 1;
  }
}

function factOf<T>(machine: Machine, peer: Peer, read: (address: number) => T): T | undefined {
  const remote = machine.number('Tcb.remoteAddress');
  const ports = machine.number('Tcb.ports');
  const at = connections(machine).find((address) =>
    machine.words(address + remote, 1)[0] === peer.address
      && machine.words(address + ports, 1)[0] === ((peer.port << 16) | peer.ours) >>> 0);
  return at === undefined ? undefined : read(at);
}
