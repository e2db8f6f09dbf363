/**
 * SYN cookies (RFC 4987, 3.6): where there is no room to remember a SYN, our initial sequence
 * number does. Its upper 29 bits are a keyed function of the connection, the minute, and the three
 * below, which say what MSS the peer takes; what else is agreed on rides in the timestamp.
 */

import { at } from "../../nt/embed";
import { TICKS_PER_SECOND } from "../../nt/time";
import { RtlZeroMemory } from "../../nt/memory";
import { KeQueryTickCount } from "../../trace/ring";
import { Parameter, queryParameter } from "../../ex/registry";
import { mustHold } from "../../ke/spinlock";
import { Half, agreedLocked } from "./half";
import { beginSequenceLocked } from "./connect";
import { keyedHash } from "./initial";
import { Options, offersStamps, withdrawAgreedLocked } from "./options";
import { Segment } from "./segment";
import { Tcb, TcbFlag } from "./tcb";
import { stampLocked } from "./timestamp";

const INDEX_MASK: u32 = 7;
/** Apart from all else that the same key is for: its upper half is never an address. */
const DOMAIN: u64 = 0x4b4f4f43 << 32;
/** A cookie is good in its minute and in the next. */
const MINUTES: u32 = 2;
const TICKS_PER_MINUTE: u32 = 60 * TICKS_PER_SECOND;

/** Bits of a timestamp: four for the shift, then SACK and ECN. */
const STAMP_MASK: u32 = 63;
const SHIFT_MASK: u32 = 15;
const STAMP_SACK: u32 = 16;
const STAMP_ECN: u32 = 32;
/** The peer scales nothing: a shift is 14 at most (RFC 7323, 2.3). */
const NO_SCALE: u32 = 15;

@unmanaged
class Last {
  /** Whether any cookie was sent, and at which tick the last one was. */
  any: u32;
  tick: u32;
}
const LAST: usize = memory.data(8);

function last(): Last {
  return at<Last>(LAST, 0);
}

/** No cookie was sent. Once, at start. */
export function initializeCookies(): void {
  RtlZeroMemory(LAST, offsetof<Last>());
}

/** The registry lets cookies be sent. IRQL: any. */
export function mayBake(): bool {
  return queryParameter(Parameter.NtstackSynCookies) != 0;
}

/** A cookie that somebody may bring back was sent. IRQL: any. */
export function isCookieOut(): bool {
  return last().any != 0 && KeQueryTickCount() - last().tick < MINUTES * TICKS_PER_MINUTE;
}

/** What an index stands for, octets: what hosts on Ethernet, behind tunnels and by RFC offer. */
function mssOfIndex(index: u32): u32 {
  switch (index) {
    case 0: return 64;
    case 1: return 256;
    case 2: return 536;
    case 3: return 1024;
    case 4: return 1220;
    case 5: return 1360;
    case 6: return 1440;
    default: return 1460;
  }
}

/** The largest of them that is not more than `mss`, which is 64 at least. */
function indexOfMss(mss: u32): u32 {
  let index: u32 = INDEX_MASK;
  while (index != 0 && mssOfIndex(index) > mss) index--;
  return index;
}

function minute(): u32 {
  return KeQueryTickCount() / TICKS_PER_MINUTE;
}

function cookieOf(half: Half, index: u32, when: u32): u32 {
  const addresses = (<u64>half.localAddress << 32) | <u64>half.remoteAddress;
  const peer = keyedHash(addresses, (<u64>half.irs << 32) | <u64>half.ports);
  const hash = <u32>keyedHash(peer, DOMAIN | <u64>((when << 3) | index));
  return (hash & ~INDEX_MASK) | index;
}

/** Makes the SYN-ACK of `tcb`, which has agreed with `half`, one that brings all of it back. */
export function bakeLocked(tcb: Tcb, half: Half): void {
  mustHold(tcb.lock);
  last().any = 1;
  last().tick = KeQueryTickCount();
  half.iss = cookieOf(half, indexOfMss(half.mss), minute());
  beginSequenceLocked(tcb, half.iss);
  const extension = tcb.extension;
  if (extension == null || (agreedLocked(tcb) & TcbFlag.TIMESTAMPS) == 0) {
    withdrawAgreedLocked(tcb);
    tcb.flags &= ~TcbFlag.ECN;
    return;
  }
  const now = stampLocked(tcb, extension);
  let stamp = (now & ~STAMP_MASK) | bitsLocked(tcb);
  // Never ahead of what comes next, or the peer would think that an old duplicate (RFC 7323, 5.3).
  if (stamp - (now & ~STAMP_MASK) > (now & STAMP_MASK)) stamp -= STAMP_MASK + 1;
  extension.tsOffset += stamp - now;
}

function bitsLocked(tcb: Tcb): u32 {
  mustHold(tcb.lock);
  const agreed = agreedLocked(tcb);
  let bits: u32 = agreed & TcbFlag.SCALE ? <u32>tcb.sndShift : NO_SCALE;
  if (agreed & TcbFlag.SACK) bits |= STAMP_SACK;
  if (agreed & TcbFlag.ECN) bits |= STAMP_ECN;
  return bits;
}

/**
 * Whether `segment` acknowledges a cookie of this minute or the last; `half` is what it was baked
 * of then. `options` are the segment's.
 */
export function readCookie(half: Half, segment: Segment, options: Options): bool {
  half.remoteAddress = segment.source;
  half.ports = segment.ports;
  half.localAddress = segment.destination;
  half.irs = segment.sequence - 1;
  half.iss = segment.acknowledgment - 1;
  const index = half.iss & INDEX_MASK;
  const now = minute();
  let good: bool = false;
  for (let age: u32 = 0; age < MINUTES; age++) {
    if (cookieOf(half, index, now - age) == half.iss) good = true;
  }
  if (!good) return false;
  half.mss = <u16>mssOfIndex(index);
  half.window = <u16>segment.window;
  half.stamp = options.stamp;
  half.repeats = 0;
  half.shift = 0;
  half.flags = 0;
  if ((options.present & TcbFlag.TIMESTAMPS) != 0 && offersStamps()) readBits(half, options.echo);
  return true;
}

function readBits(half: Half, echo: u32): void {
  const shift = echo & SHIFT_MASK;
  let flags: u32 = TcbFlag.TIMESTAMPS;
  if (shift != NO_SCALE) flags |= TcbFlag.SCALE;
  if (echo & STAMP_SACK) flags |= TcbFlag.SACK;
  if (echo & STAMP_ECN) flags |= TcbFlag.ECN;
  half.shift = <u8>(shift != NO_SCALE ? shift : 0);
  half.flags = flags;
}
