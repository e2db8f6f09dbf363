/**
 * NetBIOS names as octets and on the wire, and the packets of the name service (RFC 1001, 14; RFC
 * 1002, 4.1 and 4.2): read where they lie, never past their end, a pointer only backwards.
 */

import { be16 } from "./bytes";

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
/** Octets of the name service's header: no pointer leads into it. */
const NAME_HEADER: u32 = 12;
/** Octets of a pointer. */
const POINTER_OCTETS: u32 = 2;
/** The first letter of the half octet 0. */
const LETTER_A: u32 = 0x41;

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
function firstLevelDecode(at: usize, name: usize): bool {
  for (let i: u32 = 0; i < NETBIOS_NAME; i++) {
    const high = <u32>load<u8>(at + (i << 1)) - LETTER_A;
    const low = <u32>load<u8>(at + (i << 1) + 1) - LETTER_A;
    if (high > 15 || low > 15) return false;
    store<u8>(name + i, <u8>((high << 4) | low));
  }
  return true;
}

/** Writes the 32 letters of a name. */
function firstLevelEncode(at: usize, name: usize): void {
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
function scopeLength(scope: usize): u32 {
  let at: u32 = 0;
  while (at < SCOPE_LIMIT && load<u8>(scope + at) != 0) at += 1 + <u32>load<u8>(scope + at);
  return at + 1;
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
