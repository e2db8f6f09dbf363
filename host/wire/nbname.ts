/**
 * NetBIOS names and the packets of the name service (RFC 1001, 14; RFC 1002, 4.2): built as any
 * station may send them, and read strictly.
 */

import { join, viewOf } from './octets.js';

/** Opcodes of the name service. */
export const NAME_OPCODE = {
  QUERY: 0, REGISTRATION: 5, RELEASE: 6, WACK: 7, REFRESH: 8, REFRESH_ALTERNATE: 9, MULTIHOMED: 15,
} as const;
/** NM_FLAGS, as they lie in the header's second word. */
export const NAME_FLAG = {
  RESPONSE: 0x8000, AUTHORITATIVE: 0x0400, TRUNCATED: 0x0200, RECURSION_DESIRED: 0x0100,
  RECURSION_AVAILABLE: 0x0080, BROADCAST: 0x0010,
} as const;
/** RCODE */
export const NAME_RESULT = {
  SUCCESS: 0, FORMAT: 1, SERVER: 2, NAME: 3, NOT_IMPLEMENTED: 4, REFUSED: 5, ACTIVE: 6, CONFLICT: 7,
} as const;
/** Types of questions and records. */
export const RECORD_TYPE = { A: 1, NS: 2, NULL: 0x0a, NB: 0x20, NBSTAT: 0x21 } as const;
/** NB_FLAGS, and NAME_FLAGS of a node status answer. */
export const NB_FLAG = {
  GROUP: 0x8000, NODE_B: 0, NODE_P: 0x2000, NODE_M: 0x4000, NODE_H: 0x6000,
  DEREGISTERING: 0x1000, CONFLICT: 0x0800, ACTIVE: 0x0400, PERMANENT: 0x0200,
} as const;

/** Octets of a name: 15 and a suffix. */
export const NAME_OCTETS = 16;
const HEADER = 12;
const CLASS_IN = 1;

/** One address of an NB record. */
export interface NbEntry {
  readonly flags: number;
  readonly address: number;
}

/** One name of a node status answer. */
export interface StatusEntry {
  readonly name: string;
  readonly flags: number;
}

/** A resource record; without a name it points at the question's. */
export interface NameRecord {
  readonly name?: string;
  readonly type: number;
  /** Seconds. */
  readonly ttl?: number;
  readonly data: Uint8Array;
}

/** What a packet of the name service says; what is left out is 0, or is not there. */
export interface NameFields {
  readonly id: number;
  readonly opcode: number;
  /** Of NAME_FLAG. */
  readonly flags?: number;
  readonly result?: number;
  readonly question?: { readonly name: string; readonly type: number };
  readonly answers?: readonly NameRecord[];
  readonly authorities?: readonly NameRecord[];
  readonly additionals?: readonly NameRecord[];
  /** Labels that follow every name, `CORP.EXAMPLE`; none where not given. */
  readonly scope?: string;
}

/** A resource record that was read. */
export interface RecordHeard extends NameRecord {
  readonly name: string;
  readonly scope: string;
  readonly ttl: number;
}

/** A packet that was read. */
export interface NameHeard {
  readonly id: number;
  readonly response: boolean;
  readonly opcode: number;
  readonly flags: number;
  readonly result: number;
  readonly question?: { readonly name: string; readonly type: number };
  readonly answers: readonly RecordHeard[];
  readonly authorities: readonly RecordHeard[];
  readonly additionals: readonly RecordHeard[];
  readonly scope: string;
}

/** A name as its octets: `SERVER<20>`, `*`; without `<..>` its suffix is 00. */
export function netbiosName(text: string): Uint8Array {
  const found = /^(.*?)(?:<([0-9a-f]{2})>)?$/is.exec(text);
  const name = found?.[1] ?? text;
  const octets = new Uint8Array(NAME_OCTETS).fill(name === '*' ? 0 : 0x20);
  if (name.length > NAME_OCTETS - 1) throw new TypeError(`${text}: more than 15 characters`);
  for (let i = 0; i < name.length; i++) octets[i] = name.charCodeAt(i);
  octets[NAME_OCTETS - 1] = Number.parseInt(found?.[2] ?? '00', 16);
  return octets;
}

/** A name in words: its characters without the padding, and its suffix. */
export function nameText(octets: Uint8Array): string {
  const letters = String.fromCharCode(...octets.subarray(0, NAME_OCTETS - 1));
  const suffix = (octets[NAME_OCTETS - 1] ?? 0).toString(16).padStart(2, '0').toUpperCase();
  return `${letters.replace(/[ \0]+$/, '')}<${suffix}>`;
}

/** A name with its scope, second-level encoded without pointers. */
export function encodeName(text: string, scope = ''): Uint8Array {
  const octets = netbiosName(text);
  const label = new Uint8Array(2 * NAME_OCTETS + 1);
  label[0] = 2 * NAME_OCTETS;
  octets.forEach((octet, i) => {
    label[1 + 2 * i] = 0x41 + (octet >> 4);
    label[2 + 2 * i] = 0x41 + (octet & 15);
  });
  const labels = scope === '' ? [] : scope.split('.');
  const encoder = new TextEncoder();
  const rest = labels.map((each) => join(Uint8Array.of(each.length), encoder.encode(each)));
  return join(label, ...rest, Uint8Array.of(0));
}

/** A name at `offset` of a packet, and where what follows it begins. @throws Error: it is none. */
export function decodeName(
  packet: Uint8Array, offset: number,
): { name: string; scope: string; end: number } {
  const labels: Uint8Array[] = [];
  let end: number | undefined;
  for (let at = offset; labels.length <= 64;) {
    const size = packet[at];
    if (size === undefined) throw new Error('a name does not end in its packet');
    if (size >= 0xc0) {
      const target = ((size & 0x3f) << 8) | (packet[at + 1] ?? 0);
      if (target >= at) throw new Error(`a pointer at ${at} to ${target}`);
      end ??= at + 2;
      at = target;
      continue;
    }
    if (size === 0) return { ...nameOf(labels), end: end ?? at + 1 };
    labels.push(packet.subarray(at + 1, at + 1 + size));
    at += 1 + size;
  }
  throw new Error('a name of more than 64 labels');
}

function nameOf(labels: readonly Uint8Array[]): { name: string; scope: string } {
  const [first, ...rest] = labels;
  if (first?.length !== 2 * NAME_OCTETS) throw new Error('a first label that is not of 32 letters');
  const octets = new Uint8Array(NAME_OCTETS);
  for (let i = 0; i < NAME_OCTETS; i++) {
    const high = (first[2 * i] ?? 0) - 0x41;
    const low = (first[2 * i + 1] ?? 0) - 0x41;
    if (Math.min(high, low) < 0 || Math.max(high, low) > 15) {
      throw new Error('letters that are not A to P');
    }
    octets[i] = (high << 4) | low;
  }
  const decoder = new TextDecoder();
  return { name: nameText(octets), scope: rest.map((each) => decoder.decode(each)).join('.') };
}

/** A packet of the name service. */
export function buildNamePacket(fields: NameFields): Uint8Array {
  const { question, answers = [], authorities = [], additionals = [], scope } = fields;
  const header = new Uint8Array(HEADER);
  const view = viewOf(header);
  view.setUint16(0, fields.id);
  view.setUint16(2, (fields.opcode << 11) | (fields.flags ?? 0) | (fields.result ?? 0));
  view.setUint16(4, question === undefined ? 0 : 1);
  view.setUint16(6, answers.length);
  view.setUint16(8, authorities.length);
  view.setUint16(10, additionals.length);
  const asked = question === undefined
    ? [] : [encodeName(question.name, scope), words(question.type, CLASS_IN)];
  const records = [...answers, ...authorities, ...additionals];
  return join(header, ...asked, ...records.map((record) => buildRecord(record, scope)));
}

function buildRecord({ name, type, ttl = 0, data }: NameRecord, scope?: string): Uint8Array {
  const named = name === undefined ? words(0xc000 | HEADER) : encodeName(name, scope);
  return join(named, words(type, CLASS_IN, ttl >>> 16, ttl & 0xffff, data.length), data);
}

function words(...values: number[]): Uint8Array {
  const octets = new Uint8Array(2 * values.length);
  const view = viewOf(octets);
  values.forEach((value, i) => view.setUint16(2 * i, value));
  return octets;
}

/** The data of an NB record. */
export function nbData(...entries: NbEntry[]): Uint8Array {
  return join(...entries.map(({ flags, address }) =>
    words(flags, address >>> 16, address & 0xffff)));
}

/** The addresses of an NB record. @throws Error where its data is no list of them. */
export function nbEntries(data: Uint8Array): NbEntry[] {
  if (data.length % 6 !== 0) throw new Error(`an NB record of ${data.length} octets`);
  const view = viewOf(data);
  return Array.from({ length: data.length / 6 }, (_, i) =>
    ({ flags: view.getUint16(6 * i), address: view.getUint32(6 * i + 2) }));
}

/** The names of a node status answer, and the address of its card. */
export function statusEntries(data: Uint8Array): { names: StatusEntry[]; mac: Uint8Array } {
  const count = data[0] ?? 0;
  const view = viewOf(data);
  if (1 + 18 * count + 6 > data.length) throw new Error(`${count} names in ${data.length} octets`);
  const names = Array.from({ length: count }, (_, i) => {
    const at = 1 + 18 * i;
    return { name: nameText(data.subarray(at, at + 16)), flags: view.getUint16(at + 16) };
  });
  return { names, mac: data.subarray(1 + 18 * count, 7 + 18 * count) };
}

/** Reads a packet. @throws Error saying what no peer would accept. */
export function parseNamePacket(octets: Uint8Array): NameHeard {
  const view = viewOf(octets);
  if (octets.length < HEADER) throw new Error(`a packet of ${octets.length} octets`);
  const flags = view.getUint16(2);
  let at = HEADER;
  let scope = '';
  let question: NameHeard['question'];
  if (view.getUint16(4) > 1) throw new Error('more than one question');
  if (view.getUint16(4) === 1) {
    const read = decodeName(octets, at);
    if (view.getUint16(read.end + 2) !== CLASS_IN) throw new Error('a class that is not IN');
    question = { name: read.name, type: view.getUint16(read.end) };
    ({ scope } = read);
    at = read.end + 4;
  }
  const section = (count: number): RecordHeard[] => Array.from({ length: count }, () => {
    const read = decodeName(octets, at);
    const length = view.getUint16(read.end + 8);
    const from = read.end + 10;
    at = from + length;
    if (at > octets.length) throw new Error('a record that does not end in its packet');
    return {
      name: read.name, scope: read.scope, type: view.getUint16(read.end),
      ttl: view.getUint32(read.end + 4), data: octets.subarray(from, at),
    };
  });
  const answers = section(view.getUint16(6));
  const authorities = section(view.getUint16(8));
  const additionals = section(view.getUint16(10));
  if (at !== octets.length) throw new Error(`${octets.length - at} octets behind the last record`);
  return {
    id: view.getUint16(0),
    response: (flags & NAME_FLAG.RESPONSE) !== 0,
    opcode: (flags >> 11) & 15,
    flags: flags & 0x07f0,
    result: flags & 15,
    ...(question === undefined ? {} : { question }),
    answers, authorities, additionals,
    scope: question === undefined ? answers[0]?.scope ?? '' : scope,
  };
}
