/**
 * NetBIOS names as octets and on the wire, and the packets of the name service (RFC 1001, 14; RFC
 * 1002, 4.1 and 4.2): read where they lie, never past their end, a pointer only backwards.
 */

import { be16, be32, octet, setBe16, setBe32, setOctet } from "./bytes";

/** Where the name service listens. */
export const NAME_PORT: u32 = 137;
/** Where the datagram service does. */
export const DATAGRAM_PORT: u32 = 138;
/** Octets of a name: 15 and a suffix. */
export const NETBIOS_NAME: u32 = 16;
/** Letters of a name after first-level encoding: the length of its label. */
export const ENCODED_NAME: u32 = 32;
/** Octets of a whole name on the wire, with its last 0 (RFC 1002, 4.1). */
export const NAME_LIMIT: u32 = 255;
/** Octets that a scope's labels may have, with the last 0. */
export const SCOPE_LIMIT: u32 = NAME_LIMIT - 1 - ENCODED_NAME;
/** Labels of a name, and pointers on the way to them, at most. */
const MOST_LABELS: u32 = 128;
/** The two high bits of a length say that it is a pointer. */
const POINTER: u32 = 0xc0;
/** Octets of a pointer. */
const POINTER_OCTETS: u32 = 2;
/** The first letter of the half octet 0. */
const LETTER_A: u32 = 0x41;

/** Where each field of the header begins. */
const enum Field {
  TransactionId = 0,
  Flags = 2,
  Questions = 4,
  Answers = 6,
  Authorities = 8,
  Additionals = 10,
}

/** Octets of a header. */
export const NAME_HEADER: u32 = 12;
/** Octets of a question behind its name. */
export const QUESTION_FIELDS: u32 = 4;
/** Octets of a resource record behind its name, without its data. */
export const RECORD_FIELDS: u32 = 10;
/** Octets of one address of an NB record: flags and the address. */
export const NB_ENTRY: u32 = 6;

/** Opcodes; each response has its request's. */
export const enum NameOpcode {
  QUERY = 0,
  REGISTRATION = 5,
  RELEASE = 6,
  WACK = 7,
  REFRESH = 8,
  /** As RFC 1002 has it in one of its pictures; understood as well. */
  REFRESH_ALTERNATE = 9,
  /** Microsoft's: a host with several addresses registers one of them. */
  MULTIHOMED = 15,
}

/** NM_FLAGS, as they lie in the header's second word. */
export const enum NameFlag {
  RESPONSE = 0x8000,
  AUTHORITATIVE = 0x0400,
  TRUNCATED = 0x0200,
  RECURSION_DESIRED = 0x0100,
  RECURSION_AVAILABLE = 0x0080,
  BROADCAST = 0x0010,
}

/** RCODE */
export const enum NameResult {
  SUCCESS = 0,
  FORMAT = 1,
  SERVER = 2,
  NAME = 3,
  NOT_IMPLEMENTED = 4,
  REFUSED = 5,
  ACTIVE = 6,
  CONFLICT = 7,
}

/** Types of questions and of records. */
export const enum RecordType {
  A = 0x0001,
  NS = 0x0002,
  NULL = 0x000a,
  NB = 0x0020,
  NBSTAT = 0x0021,
}

/** The only class: the Internet's. */
export const CLASS_IN: u32 = 1;

/** NB_FLAGS of an NB record: group names, and what kind of node has it. */
export const enum NbFlag {
  GROUP = 0x8000,
  NODE_SHIFT = 13,
  NODE_MASK = 0x6000,
}

/** NAME_FLAGS of a node status answer (RFC 1002, 4.2.18), group and node as in NB_FLAGS. */
export const enum StatusFlag {
  DEREGISTERING = 0x1000,
  CONFLICT = 0x0800,
  ACTIVE = 0x0400,
  PERMANENT = 0x0200,
}

/** Octets of one name in a node status answer. */
export const STATUS_ENTRY: u32 = 18;
/** Octets of the statistics behind the names. */
export const STATUS_STATISTICS: u32 = 46;

/** A name service header where it lies. */
@unmanaged
export class NameHeader {
  get transactionId(): u32 {
    return be16(changetype<usize>(this), Field.TransactionId);
  }
  /** R, OPCODE, NM_FLAGS and RCODE. */
  get flags(): u32 {
    return be16(changetype<usize>(this), Field.Flags);
  }
  get isResponse(): bool {
    return (this.flags & NameFlag.RESPONSE) != 0;
  }
  get opcode(): u32 {
    return (this.flags >>> 11) & 15;
  }
  get result(): u32 {
    return this.flags & 15;
  }
  get questions(): u32 {
    return be16(changetype<usize>(this), Field.Questions);
  }
  get answers(): u32 {
    return be16(changetype<usize>(this), Field.Answers);
  }
  get authorities(): u32 {
    return be16(changetype<usize>(this), Field.Authorities);
  }
  get additionals(): u32 {
    return be16(changetype<usize>(this), Field.Additionals);
  }
  /** Writes all of it. `flags` without the opcode. */
  begin(transactionId: u32, opcode: u32, flags: u32): void {
    const base = changetype<usize>(this);
    setBe16(base, Field.TransactionId, transactionId);
    setBe16(base, Field.Flags, flags | (opcode << 11));
    setBe32(base, Field.Questions, 0);
    setBe32(base, Field.Authorities, 0);
  }
  set questions(value: u32) {
    setBe16(changetype<usize>(this), Field.Questions, value);
  }
  set answers(value: u32) {
    setBe16(changetype<usize>(this), Field.Answers, value);
  }
  set authorities(value: u32) {
    setBe16(changetype<usize>(this), Field.Authorities, value);
  }
  set additionals(value: u32) {
    setBe16(changetype<usize>(this), Field.Additionals, value);
  }
}

/** A name: 15 octets, padded with blanks, and a suffix that says whose service it is. */
@unmanaged
export class NetbiosName {
  low: u64;
  high: u64;
  get suffix(): u32 {
    return <u32>(this.high >>> 56);
  }
  /** The name of everybody: `*`, which no one registers. */
  get isWildcard(): bool {
    return <u8>this.low == <u8>STAR;
  }
}
const STAR: u32 = 0x2a;

/** True when both are the same octets. */
export function isSameName(one: NetbiosName, other: NetbiosName): bool {
  return one.low == other.low && one.high == other.high;
}

/** Copies the octets of a name. */
export function copyName(target: NetbiosName, source: NetbiosName): void {
  target.low = source.low;
  target.high = source.high;
}

/** Reads the label of a name at `at` back to 16 octets; false: its letters are not A to P. */
export function firstLevelDecode(at: usize, name: usize): bool {
  for (let i: u32 = 0; i < NETBIOS_NAME; i++) {
    const high = <u32>load<u8>(at + (i << 1)) - LETTER_A;
    const low = <u32>load<u8>(at + (i << 1) + 1) - LETTER_A;
    if (high > 15 || low > 15) return false;
    store<u8>(name + i, <u8>((high << 4) | low));
  }
  return true;
}

/** Writes the 32 letters of a name. */
export function firstLevelEncode(at: usize, name: usize): void {
  for (let i: u32 = 0; i < NETBIOS_NAME; i++) {
    const octet = <u32>load<u8>(name + i);
    store<u8>(at + (i << 1), <u8>(LETTER_A + (octet >>> 4)));
    store<u8>(at + (i << 1) + 1, <u8>(LETTER_A + (octet & 15)));
  }
}

/**
 * Reads the name at `offset` of a packet of `length` octets: its 16 octets to `name`, the labels of
 * its scope with their last 0 to `scope`, which has room for SCOPE_LIMIT. Returns the offset behind
 * it, 0 where it is no NetBIOS name or does not end in the packet.
 */
export function readName(
  packet: usize, length: u32, offset: u32, name: NetbiosName, scope: usize,
): u32 {
  let at = offset;
  let end: u32 = 0; // behind the first pointer, once there was one
  let written: u32 = 0;
  let isFirst = true;
  for (let turn: u32 = 0; turn < MOST_LABELS; turn++) {
    if (at >= length) return 0;
    const size = <u32>load<u8>(packet + at);
    if (size >= POINTER) {
      if (at + POINTER_OCTETS > length) return 0;
      const target = be16(packet, at) & 0x3fff;
      if (target >= at || target < NAME_HEADER) return 0;
      if (end == 0) end = at + POINTER_OCTETS;
      at = target;
      continue;
    }
    if (size > 63 || at + 1 + size > length) return 0;
    if (isFirst) {
      if (size != ENCODED_NAME) return 0;
      if (!firstLevelDecode(packet + at + 1, changetype<usize>(name))) return 0;
      isFirst = false;
    } else {
      if (written + 1 + size > SCOPE_LIMIT) return 0;
      memory.copy(scope + written, packet + at, 1 + size);
      written += 1 + size;
      if (size == 0) return end == 0 ? at + 1 : end;
    }
    at += 1 + size;
  }
  return 0;
}

/** Octets of a scope's labels, with their last 0; `scope` is one that `readName` gave. */
export function scopeLength(scope: usize): u32 {
  let at: u32 = 0;
  while (at < SCOPE_LIMIT && load<u8>(scope + at) != 0) at += 1 + <u32>load<u8>(scope + at);
  return at + 1;
}

/** True when both are the same labels; a scope's letters count as they are (nt-facts 5.1). */
export function isSameScope(one: usize, other: usize): bool {
  const octets = scopeLength(one);
  return octets == scopeLength(other) && memory.compare(one, other, octets) == 0;
}

/** Octets that `writeName` writes. */
export function nameOctets(scope: usize): u32 {
  return 1 + ENCODED_NAME + scopeLength(scope);
}

/** Writes a name and its scope without pointers; returns its octets. */
export function writeName(at: usize, name: NetbiosName, scope: usize): u32 {
  store<u8>(at, <u8>ENCODED_NAME);
  firstLevelEncode(at + 1, changetype<usize>(name));
  const labels = scopeLength(scope);
  memory.copy(at + 1 + ENCODED_NAME, scope, labels);
  return 1 + ENCODED_NAME + labels;
}

/** Writes a pointer to the name of the question; returns its octets. */
export function writeQuestionPointer(at: usize): u32 {
  setBe16(at, 0, (POINTER << 8) | NAME_HEADER);
  return POINTER_OCTETS;
}

/** Writes what follows a question's name; returns its octets. */
export function writeQuestion(at: usize, type: u32): u32 {
  setBe16(at, 0, type);
  setBe16(at, 2, CLASS_IN);
  return QUESTION_FIELDS;
}

/** Writes what follows a record's name; returns its octets. `ttl`: seconds. */
export function writeRecord(at: usize, type: u32, ttl: u32, dataLength: u32): u32 {
  setBe16(at, 0, type);
  setBe16(at, 2, CLASS_IN);
  setBe32(at, 4, ttl);
  setBe16(at, 8, dataLength);
  return RECORD_FIELDS;
}

/** Writes one address of an NB record; returns its octets. */
export function writeNbEntry(at: usize, flags: u32, address: u32): u32 {
  setBe16(at, 0, flags);
  setBe32(at, 2, address);
  return NB_ENTRY;
}

/** NB_FLAGS of the address at `at`. */
export function nbFlags(at: usize): u32 {
  return be16(at, 0);
}

/** The address at `at` of an NB record. */
export function nbAddress(at: usize): u32 {
  return be32(at, 2);
}

/** Writes one name of a node status answer; returns its octets. */
export function writeStatusEntry(at: usize, name: NetbiosName, flags: u32): u32 {
  memory.copy(at, changetype<usize>(name), NETBIOS_NAME);
  setBe16(at, NETBIOS_NAME, flags);
  return STATUS_ENTRY;
}

/** Says how many names a node status answer has; returns the octets of that. */
export function writeStatusCount(at: usize, count: u32): u32 {
  setOctet(at, 0, count);
  return 1;
}

/** How many names a node status answer says that it has. */
export function statusCount(at: usize): u32 {
  return octet(at, 0);
}

/** NAME_FLAGS of a name in a node status answer. */
export function statusFlags(at: usize): u32 {
  return be16(at, NETBIOS_NAME);
}
