/**
 * The debugger's eyes: connections, lock words, processors, pool tags and counters of a kernel as
 * plain objects. Reads only, between two calls or after the kernel has stopped.
 */

import { GATE, HALF_LOCAL_ADDRESS, HALF_PORTS, HALF_REMOTE_ADDRESS } from './layout.js';
import { membersOf, NONE, valueOf } from './layout.js';
import type { EnumName } from './layout.js';
import type { Kernel } from './load.js';
import type { LinearMemory } from './memory.js';
import { nameOf } from './status.js';

/** The bits of a connection's word `rto` that are its timeout. */
const RTO = 0xff_ffff;

/** A connection of the table. Numbers of the sequence space as they are, unsigned. */
export interface ConnectionView {
  /** Where it lies: what names it among the others. */
  readonly address: number;
  /** An IPv4 address as a number, like the other. */
  readonly localAddress: number;
  readonly localPort: number;
  readonly remoteAddress: number;
  readonly remotePort: number;
  /** The name of its state. */
  readonly state: string;
  readonly references: number;
  readonly flags: number;
  /** The options that both SYNs carried, of those that have a flag. */
  readonly agreed: readonly AgreedOption[];
  readonly sndUna: number;
  readonly sndNxt: number;
  readonly sndWnd: number;
  readonly rcvNxt: number;
  /** Congestion window, octets. */
  readonly cwnd: number;
  /** Octets. */
  readonly mss: number;
  /** Retransmission time-out, milliseconds. */
  readonly rto: number;
  readonly lock: LockView;
}

/** Options of TCP that a connection agrees on, by the names of their flags. */
export type AgreedOption = 'SCALE' | 'TIMESTAMPS' | 'SACK' | 'ECN';
const AGREED: readonly AgreedOption[] = ['SCALE', 'TIMESTAMPS', 'SACK', 'ECN'];

/** A connection of the SYN cache, which has no control block: SYN_RECEIVED. */
export type HalfOpenView = Pick<ConnectionView,
  'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort' | 'state'>;

/** A spin lock. */
export interface LockView {
  readonly address: number;
  /** Its place in the order. */
  readonly rank: number;
  /** The name of its rank. */
  readonly name: string;
  /** The processor that has it; null where it is free. */
  readonly owner: number | null;
}

/** A lock that a processor holds, as the verifier noted it. */
export interface HeldLockView extends LockView {
  readonly processor: number;
  /** IRQL before the acquire. */
  readonly irql: number;
  /** Counts the acquires since boot: names the site. */
  readonly sequence: number;
}

/** A processor. */
export interface ProcessorView {
  readonly number: number;
  readonly irql: number;
  /** DPCs that wait. */
  readonly dpcCount: number;
  /** Whether a DPC runs: between two calls, one that never came back. */
  readonly dpcActive: boolean;
  readonly interruptCount: number;
  /** DPCs that ran. */
  readonly dpcTotal: number;
}

/** What a pool tag has. */
export interface TagView {
  /** Four characters. */
  readonly tag: string;
  readonly allocations: number;
  readonly frees: number;
  /** In use, as asked for. */
  readonly octets: number;
}

/** A limit for lists of the kernel that might be damaged. */
const MOST_CONNECTIONS = 1 << 24;
const MOST_LOCKS = 4096;
const RANKS = 128;
const TAG_OCTETS = 16;
/** Octets of a processor's stack of held locks: how many, and 16 for each from the 16th on. */
export const HELD_STACK_OCTETS = 256;
const HELD_DEPTH = HELD_STACK_OCTETS / 16 - 1;

/** An address that a client has opened. */
export interface OpenAddressView {
  readonly protocol: 'TCP' | 'UDP';
  /** An IPv4 address as a number; 0: any of the machine's. */
  readonly address: number;
  readonly port: number;
  readonly listens: boolean;
}

/** Octets of a row of open addresses; the first has how many there are. */
const ADDRESS_ROW = 16;
/** UDP's number in IPv4; all others are TCP's. */
const UDP = 17;

/** The addresses that are open, in no order. */
export function readOpenAddresses(kernel: Kernel): OpenAddressView[] {
  const { memory, raw } = kernel;
  const rows = raw.addressRows() >>> 0;
  return Array.from({ length: memory.word(rows) }, (_, i) => {
    const at = rows + ADDRESS_ROW * (i + 1);
    return {
      protocol: memory.word(at + 8) === UDP ? 'UDP' : 'TCP',
      address: memory.word(at),
      port: memory.word(at + 4),
      listens: memory.word(at + 12) !== 0,
    };
  });
}

/** A gate that requests pass one after another, while somebody keeps it. */
export interface KeptGateView {
  readonly address: number;
  /** What it is the gate of. */
  readonly name: string;
  /** Where that lies for which it is kept. */
  readonly keeper: number;
  /** The tick since which. */
  readonly sinceTick: number;
  /** Names the site, as an acquire's, of the object there. */
  readonly sequence: number;
  readonly siteObject: number;
  /** Requests, and news of the transport, that wait before it. */
  readonly waiters: number;
}

/** The gates that somebody keeps. */
export function readKeptGates({ raw, memory }: Kernel): KeptGateView[] {
  const found: KeptGateView[] = [];
  let at = raw.gateAt(0) >>> 0;
  for (let number = 0; at !== 0; at = raw.gateAt(++number) >>> 0) {
    const keeper = memory.word(at + GATE.keeper);
    if (keeper === 0) continue;
    found.push({
      address: at,
      name: `LANA ${number}`,
      keeper,
      sinceTick: memory.word(at + GATE.sinceTick),
      sequence: memory.word(at + GATE.sequence),
      siteObject: at + GATE.keeper,
      waiters: memory.word(at + GATE.waiters),
    });
  }
  return found;
}

/** The connections of the table; as many as `most` of them. */
export function readConnections(kernel: Kernel, most = MOST_CONNECTIONS): ConnectionView[] {
  const { raw } = kernel;
  const found: ConnectionView[] = [];
  let position = raw.nextConnection(0) >>> 0;
  while (position !== NONE && found.length < most) {
    found.push(readConnection(kernel, raw.connectionAt(position) >>> 0));
    position = raw.nextConnection(position + 1) >>> 0;
  }
  return found;
}

/** What is half open in the SYN cache. */
export function readHalfOpen({ raw, memory }: Kernel): HalfOpenView[] {
  const found: HalfOpenView[] = [];
  const most = raw.cachedHalves();
  for (let at = raw.nextHalf(0) >>> 0; at !== 0; at = raw.nextHalf(at) >>> 0) {
    if (found.length === most) break;
    const ports = memory.word(at + HALF_PORTS);
    found.push({
      localAddress: memory.word(at + HALF_LOCAL_ADDRESS),
      localPort: ports & 0xffff,
      remoteAddress: memory.word(at + HALF_REMOTE_ADDRESS),
      remotePort: ports >>> 16,
      state: 'SYN_RECEIVED',
    });
  }
  return found;
}

function readConnection(kernel: Kernel, address: number): ConnectionView {
  const { memory, layout } = kernel;
  const { tcb } = layout;
  const word = (field: keyof typeof tcb): number => memory.word(address + tcb[field]);
  const ports = word('ports');
  return {
    address,
    localAddress: word('localAddress'),
    localPort: ports & 0xffff,
    remoteAddress: word('remoteAddress'),
    remotePort: ports >>> 16,
    state: nameOf(layout, 'TcpState', memory.octet(address + tcb.state)),
    references: word('references'),
    flags: word('flags'),
    agreed: AGREED.filter((each) => (word('flags') & valueOf(layout, 'TcbFlag', each)) !== 0),
    sndUna: word('sndUna'),
    sndNxt: word('sndNxt'),
    sndWnd: memory.half(address + tcb.sndWnd),
    rcvNxt: word('rcvNxt'),
    cwnd: word('cwnd'),
    mss: memory.half(address + tcb.mss),
    rto: word('rto') & RTO,
    lock: readLock(kernel, address),
  };
}

/** A lock by its address; works in every target. */
export function readLock(kernel: Kernel, address: number): LockView {
  const word = kernel.memory.word(address);
  const rank = (word >>> 16) & (RANKS - 1);
  const owner = word & 0xffff;
  return { address, rank, name: rankName(kernel, rank), owner: owner === 0 ? null : owner - 1 };
}

/** The kernel's global locks; a connection has its own beside it. Works in every target. */
export function readLocks(kernel: Kernel): LockView[] {
  const found: LockView[] = [];
  for (let i = 0; i < MOST_LOCKS; i++) {
    const address = kernel.raw.lockAt(i) >>> 0;
    if (address === 0) break;
    found.push(readLock(kernel, address));
  }
  return found;
}

/** The locks that processors hold, oldest first, as the verifier knows; none in a free kernel. */
export function readHeldLocks(kernel: Kernel, processors: number): HeldLockView[] {
  const { memory, raw } = kernel;
  const found: HeldLockView[] = [];
  if (!kernel.checked) return found;
  for (let processor = 0; processor < processors; processor++) {
    for (const { lock, irql, sequence } of readHeldStack(memory, raw.heldStacks(), processor)) {
      found.push({ ...readLock(kernel, lock), processor, irql, sequence });
    }
  }
  return found;
}

/** One lock of a processor's stack (HeldLock of vf/locks.ts). */
export interface HeldEntry {
  readonly lock: number;
  readonly rank: number;
  /** IRQL before the acquire. */
  readonly irql: number;
  readonly sequence: number;
}

/** The stack of held locks of one processor, of those that begin at `stacks`; oldest first. */
export function readHeldStack(
  memory: LinearMemory, stacks: number, processor: number,
): HeldEntry[] {
  const stack = stacks + processor * HELD_STACK_OCTETS;
  return Array.from({ length: Math.min(memory.word(stack), HELD_DEPTH) }, (_, index) => {
    const at = stack + 16 + index * 16;
    return {
      lock: memory.word(at), rank: memory.word(at + 4), irql: memory.word(at + 8),
      sequence: memory.word(at + 12),
    };
  });
}

/** The orders in which locks were seen acquired: outer rank, inner rank; none in a free kernel. */
export function readLockOrders(kernel: Kernel): { outer: string; inner: string }[] {
  const found: { outer: string; inner: string }[] = [];
  if (!kernel.checked) return found;
  const edges = kernel.raw.lockEdges();
  for (let bit = 0; bit < RANKS * RANKS; bit++) {
    if (((kernel.memory.octet(edges + (bit >>> 3)) >>> (bit & 7)) & 1) === 0) continue;
    const outer = rankName(kernel, Math.floor(bit / RANKS));
    found.push({ outer, inner: rankName(kernel, bit % RANKS) });
  }
  return found;
}

function rankName(kernel: Kernel, rank: number): string {
  return kernel.layout.names.LockRank.get(rank) ?? `rank ${rank}`;
}

/** The current IRQL of a processor: a look at its control block, and no call. */
export function readIrql({ memory }: Pick<Kernel, 'memory'>, prcb: number): number {
  return memory.word(prcb + 4) | 0;
}

/** A processor's control block. */
export function readProcessor(kernel: Kernel, number: number): ProcessorView {
  const { memory, raw } = kernel;
  const at = raw.prcbAt(number);
  return {
    number: memory.word(at),
    irql: readIrql(kernel, at),
    dpcCount: memory.word(at + 16),
    dpcActive: memory.word(at + 20) !== 0,
    interruptCount: memory.word(at + 24),
    dpcTotal: memory.word(at + 28),
  };
}

/** What each pool tag has; tags never used are not listed. */
export function readPoolTags(kernel: Kernel): TagView[] {
  const { memory, layout, raw } = kernel;
  const found: TagView[] = [];
  for (let slot = 0; slot < layout.sizes.TAG_SLOTS; slot++) {
    const at = raw.poolTags() + slot * TAG_OCTETS;
    const tag = memory.word(at);
    if (tag === 0) continue;
    const letters = [0, 8, 16, 24].map((shift) => String.fromCharCode((tag >>> shift) & 0xff));
    found.push({
      tag: letters.join(''),
      allocations: memory.word(at + 4),
      frees: memory.word(at + 8),
      octets: memory.word(at + 12),
    });
  }
  return found;
}

/** The counters of the MIB by their names, zeros too. */
export function readCounters(kernel: Kernel): Record<string, number> {
  return readTable(kernel, 'Counter', kernel.raw.counters());
}

/** The frames dropped by the drivers, by reason; zeros too. */
export function readDrops(kernel: Kernel): Record<string, number> {
  return readTable(kernel, 'Drop', kernel.raw.drops());
}

/** What NetBT counted, by its names; zeros too. */
export function readNbtCounters(kernel: Kernel): Record<string, number> {
  return readTable(kernel, 'NbtCounter', kernel.raw.nbtCounters());
}

/** The packets of NetBT's services that were dropped, by reason; zeros too. */
export function readNbtDrops(kernel: Kernel): Record<string, number> {
  return readTable(kernel, 'NbtDrop', kernel.raw.nbtDrops());
}

function readTable(kernel: Kernel, name: EnumName, address: number): Record<string, number> {
  const found: Record<string, number> = {};
  const members = kernel.layout.enums[name];
  for (const member of membersOf(kernel.layout, name)) {
    found[member] = kernel.memory.word(address + 4 * (members.get(member) as number));
  }
  return found;
}
