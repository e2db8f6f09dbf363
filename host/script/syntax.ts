/** The parts of a script, each with its place in the text: what the parser makes of it. */

/** A place in a script, counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A script that cannot be read: what was expected, and where. */
export class ScriptSyntaxError extends Error {
  constructor(readonly path: string, readonly place: Place, readonly expected: string) {
    super(`${path}:${place.line}:${place.column}: ${expected}`);
    this.name = 'ScriptSyntaxError';
  }
}

/** A script that needs what there is not here: it is skipped, and says for want of what. */
export class MissingFeature extends Error {
  constructor(readonly feature: string) {
    super(`needs ${feature}`);
    this.name = 'MissingFeature';
  }
}

/** When something happens, in ns: since the start of the script, or since the event before. */
export interface EventTime {
  readonly kind: 'absolute' | 'relative' | 'any';
  readonly fromNs: number;
  /** The end of a range; `fromNs` where there is none. */
  readonly toNs: number;
  /** When a call returns that waits, on the same scale; undefined of one that must not wait. */
  readonly endNs?: number;
}

/** One line of a script. */
export interface ScriptEvent {
  readonly place: Place;
  readonly time: EventTime;
  readonly action: Action;
}

/** What happens. */
export type Action =
  | { readonly kind: 'packet'; readonly packet: PacketPattern }
  | { readonly kind: 'call'; readonly call: Call }
  | { readonly kind: 'command'; readonly command: string }
  | { readonly kind: 'code'; readonly code: string };

/** A packet of a script: what is sent to us, or what we must send. Numbers are the script's. */
export interface PacketPattern {
  readonly direction: '<' | '>';
  readonly ip: IpPattern;
  /** Ports, where the script names them. */
  readonly ports?: { readonly source: number; readonly destination: number };
  readonly body: TcpPattern | IcmpPattern | UdpPattern;
}

/** What a script says of the IP header. */
export interface IpPattern {
  /** The two bits of ECN (RFC 3168, 5), or the whole octet. */
  readonly ecn?: number;
  readonly tos?: number;
  readonly ttl?: number;
}

/** A TCP segment of a script. */
export interface TcpPattern {
  readonly kind: 'tcp';
  /** Of `TCP_FLAG`. */
  readonly flags: number;
  /** Undefined where the script does not check it (`...`). */
  readonly sequence: number | undefined;
  readonly length: number;
  readonly acknowledgment: number | undefined;
  readonly window: number | undefined;
  readonly urgent: number;
  /** `any`: not checked. */
  readonly options: readonly TcpOption[] | 'any';
}

/** One TCP option; numbers of octets, sequence numbers and times are the script's. */
export type TcpOption =
  | { readonly kind: 'eol' }
  | { readonly kind: 'nop' }
  | { readonly kind: 'sackOK' }
  | { readonly kind: 'mss'; readonly octets: number }
  | { readonly kind: 'wscale'; readonly shift: number }
  | { readonly kind: 'sack'; readonly blocks: readonly SackBlock[] }
  | { readonly kind: 'TS'; readonly value: number; readonly echo: number }
  /** Any other by its number: what is behind the length, in hexadecimal. */
  | { readonly kind: 'other'; readonly number: number; readonly data: string };

/** The edges of a block of RFC 2018. */
export interface SackBlock {
  readonly left: number;
  readonly right: number;
}

/** An ICMP error of a script, which quotes a segment of ours. */
export interface IcmpPattern {
  readonly kind: 'icmp';
  readonly type: number;
  readonly code: number;
  /** The word behind the checksum: the next hop's MTU (RFC 1191, 4), or 0. */
  readonly rest: number;
  /** The first sequence number of the segment that is quoted, and its octets. */
  readonly quoted: { readonly sequence: number; readonly length: number } | undefined;
}

/** A UDP datagram of a script. */
export interface UdpPattern {
  readonly kind: 'udp';
  readonly length: number;
}

/** A call of a program. */
export interface Call {
  readonly name: string;
  readonly arguments: readonly Expression[];
  readonly result: CallResult;
}

/** What a call must give. */
export interface CallResult {
  readonly value: Expression;
  /** The name of errno where the call fails. */
  readonly error?: string;
}

/** What stands for a value in a call. */
export type Expression = { readonly place: Place } & (
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  /** `...`: whatever fits. */
  | { readonly kind: 'any' }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'struct'; readonly fields: readonly (readonly [string, Expression])[] }
  | { readonly kind: 'call'; readonly name: string; readonly arguments: readonly Expression[] }
  | { readonly kind: 'operation'; readonly operator: string; readonly terms: readonly Expression[] }
);

/** A whole script. */
export interface Script {
  readonly path: string;
  readonly options: readonly ScriptOption[];
  /** Commands before the first event and after the last. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly events: readonly ScriptEvent[];
  /** The lines as they are written, for reports. */
  readonly lines: readonly string[];
}

/** An option at the head of a script: `--name=value`. */
export interface ScriptOption {
  readonly name: string;
  readonly value: string | undefined;
  readonly place: Place;
}
