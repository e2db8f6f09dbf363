/**
 * The constants of the kernel: enums, offsets and sizes, as its exported globals say them. The
 * host repeats none of them, except where a view is made for one size: those are compared here.
 */

/** The enums that the host has words for, by their names in the kernel. */
const ENUMS = [
  'Parameter', 'Fault', 'Status', 'Stop', 'Event', 'Counter', 'Drop', 'Rule', 'Boundary', 'Irql',
  'LockRank', 'Point', 'TcpState', 'TcbFlag', 'SocketKind', 'SocketEvent', 'SocketOption',
  'SocketQuery', 'PollEvent', 'Tag', 'BlockCount', 'NbtCounter', 'NbtDrop', 'HostFlag',
  'NetbiosNameType', 'NetbtControl', 'NcbCommand', 'NcbReturn', 'Transport', 'TransportClient',
  'EndQuery',
] as const;

/** The name of an enum that the host reads. */
export type EnumName = (typeof ENUMS)[number];

/**
 * Fields of a connection that the host reads: their offsets arrive as `Tcb_` and the name; `size`
 * is all of it. Its lock is its first word.
 */
const TCB_FIELDS = [
  'references', 'remoteAddress', 'ports', 'localAddress', 'state', 'flags', 'sndUna', 'sndNxt',
  'sndWnd', 'rcvNxt', 'cwnd', 'mss', 'rto', 'size',
] as const;

/** A field of a connection that the host reads. */
export type TcbField = (typeof TCB_FIELDS)[number];

/** From one frame of a ring to the next, in octets: the copies of ring.ts are made for it. */
export const FRAME_STRIDE = 1536;
/** From the start of a frame's place to the frame. */
export const FRAME_OFFSET = 2;
/** A record of the trace ring, in octets. */
export const TRACE_RECORD_OCTETS = 24;
/** A record of `socketPoll`, in octets. */
export const POLL_RECORD_OCTETS = 16;
/** A record of `socketSelect`, in octets: a handle, and bits of PollEvent. */
export const SELECT_RECORD_OCTETS = 8;
/** What `nextTick` says where no tick is wanted, and other words of which none is meant. */
export const NONE = 0xffff_ffff;

/** Where a connection that is half open has the address of its peer, in octets. */
export const HALF_REMOTE_ADDRESS = 0;
/** The peer's port above, ours below. */
export const HALF_PORTS = 4;
/** In octets too. */
export const HALF_LOCAL_ADDRESS = 8;

/** Where a gate has who keeps it, since which tick, by which acquire, and how many wait. */
export const GATE = { keeper: 4, sinceTick: 8, sequence: 12, waiters: 16 } as const;

/** Sizes that the host's views are made for; other values of them are another kernel's. */
const FIXED: ReadonlyMap<string, number> = new Map([
  ['FRAME_STRIDE', FRAME_STRIDE],
  ['FRAME_OFFSET', FRAME_OFFSET],
  ['FRAME_LIMIT', 1514],
  ['FLAG_VERIFIED', 1],
  ['NO_TICK', NONE],
  ['NO_POSITION', NONE],
  ['Half_remoteAddress', HALF_REMOTE_ADDRESS],
  ['Half_ports', HALF_PORTS],
  ['Half_localAddress', HALF_LOCAL_ADDRESS],
  ['Gate_keeper', GATE.keeper],
  ['Gate_sinceTick', GATE.sinceTick],
  ['Gate_sequence', GATE.sequence],
  ['Gate_waiters', GATE.waiters],
]);
/** Sizes that the host takes as they are. */
const SIZES = [
  'TRACE_SLOTS', 'TAG_SLOTS', 'MAXIMUM_PROCESSORS', 'MAXIMUM_ADAPTERS', 'RING_SLOTS',
  'BATCH_FRAMES',
] as const;

/** A size that the kernel says. */
export type SizeName = (typeof SIZES)[number];

/** What the kernel's globals say. */
export interface Layout {
  /** Members of each enum: name to number; numbers as signed 32-bit. */
  readonly enums: Readonly<Record<EnumName, ReadonlyMap<string, number>>>;
  /** The same, number to name. */
  readonly names: Readonly<Record<EnumName, ReadonlyMap<number, string>>>;
  /** Offsets of fields in a connection, in octets. */
  readonly tcb: Readonly<Record<TcbField, number>>;
  readonly sizes: Readonly<Record<SizeName, number>>;
}

/**
 * Reads the globals of an instance.
 * @throws Error naming the first constant that is missing, unknown, or not what a view needs.
 */
export function readLayout(exports: WebAssembly.Exports): Layout {
  const enums = {} as Record<EnumName, Map<string, number>>;
  const names = {} as Record<EnumName, Map<number, string>>;
  for (const name of ENUMS) {
    enums[name] = new Map();
    names[name] = new Map();
  }
  const tcb = {} as Record<TcbField, number>;
  const sizes = {} as Record<SizeName, number>;
  for (const [name, global] of Object.entries(exports)) {
    if (!(global instanceof WebAssembly.Global)) continue;
    const value = Number(global.value);
    const [first, member] = name.split('.', 2) as [string, string | undefined];
    if (member !== undefined && isOneOf(ENUMS, first)) {
      enums[first].set(member, value | 0);
      if (!names[first].has(value | 0)) names[first].set(value | 0, member);
    } else if (name.startsWith('Tcb_') && isOneOf(TCB_FIELDS, name.slice(4))) {
      tcb[name.slice(4) as TcbField] = value;
    } else if (isOneOf(SIZES, name)) sizes[name] = value;
    else if (FIXED.has(name)) compare(name, value);
    else if (!isRuntime(name)) {
      throw new Error(`the kernel exports the constant ${name}, which the host does not know`);
    }
  }
  for (const name of ENUMS) mustBe(enums[name].size > 0, `${name}.*`);
  for (const name of TCB_FIELDS) mustBe(tcb[name] !== undefined, `Tcb_${name}`);
  for (const name of SIZES) mustBe(sizes[name] !== undefined, name);
  for (const name of FIXED.keys()) mustBe(exports[name] !== undefined, name);
  return { enums, names, tcb, sizes };
}

/**
 * The number of an enum's member, as signed 32-bit.
 * @throws Error naming the member where there is none.
 */
export function valueOf(layout: Layout, name: EnumName, member: string): number {
  const value = layout.enums[name].get(member);
  if (value === undefined) throw new Error(`the kernel has no ${name}.${member}`);
  return value;
}

/** The names of an enum's members in the order of their numbers, without its `COUNT`. */
export function membersOf(layout: Layout, name: EnumName): string[] {
  return [...layout.enums[name]]
    .filter(([member]) => member !== 'COUNT')
    .sort((a, b) => a[1] - b[1])
    .map(([member]) => member);
}

/** The compiler's own: where the heap begins, and the like. */
function isRuntime(name: string): boolean {
  return name.startsWith('__');
}

function isOneOf<T extends string>(names: readonly T[], name: string): name is T {
  return (names as readonly string[]).includes(name);
}

function compare(name: string, value: number): void {
  const expected = FIXED.get(name) as number;
  if (value >>> 0 !== expected) {
    throw new Error(`the kernel's ${name} is ${value >>> 0}, the host is made for ${expected}`);
  }
}

function mustBe(there: boolean, name: string): void {
  if (!there) throw new Error(`the kernel does not export the constant ${name}`);
}
