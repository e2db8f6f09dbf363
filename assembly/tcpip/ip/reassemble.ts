/**
 * IP on the way in: datagrams in pieces (RFC 791, 3.2; RFC 815).
 *
 * Bounded in octets, pieces, datagrams and time. A piece that overlaps another, or reaches past the
 * end, or past 65,535, ends its whole datagram: Teardrop and its modified form (Q154174, Q179129)
 * have nothing to hold on to (RFC 5722 asks the same of IPv6).
 */

import { RtlCopyMemory } from "../../nt/memory";
import { at } from "../../nt/embed";
import { Event } from "../../trace/event";
import { trace } from "../../trace/ring";
import { Parameter, queryParameter } from "../../ex/registry";
import { ExAllocatePoolWithTag, ExFreePool } from "../../ex/pool";
import { Tag } from "../../ex/tag";
import { KeQueryTickCount } from "../../trace/ring";
import { Kdpc, KeInitializeDpc } from "../../ke/dpc";
import { LockRank } from "../../ke/lockorder";
import { KSpinLock, KeAcquireSpinLock, KeInitializeSpinLock } from "../../ke/spinlock";
import { KeReleaseSpinLock } from "../../ke/spinlock";
import { mustHold } from "../../ke/spinlock";
import { KTimer, KeCancelTimer, KeInitializeTimer, KeSetTimerEx } from "../../ke/timer";
import { TICKS_PER_SECOND } from "../../nt/time";
import { Fragment, IPV4_HEADER, IPV4_LIMIT, Ipv4Header } from "../../wire/ipv4";
import { Counter, count, Drop, drop } from "../counters";

/** One piece: this head, then its octets. */
@unmanaged
class Piece {
  next: Piece | null;
  offset: u32;
  length: u32;
}
const PIECE_HEAD: u32 = <u32>offsetof<Piece>();

/** A datagram in pieces. */
@unmanaged
class Datagram {
  // Under `State.lock`:
  next: Datagram | null;
  source: u32;
  destination: u32;
  /** Identification in the low half, protocol above. */
  key: u32;
  /** Payload octets in all, or 0 while the last piece is missing. */
  total: u32;
  /** Payload octets here. */
  gathered: u32;
  /** When it is given up. */
  dueTick: u32;
  /** In order of offset. */
  pieces: Piece | null;
  pieceCount: u32;
  /** The header of the first piece, without options; meaningful when that is here. */
  private headerWords0: u64;
  private headerWords1: u64;
  private headerWords2: u32;
  get header(): Ipv4Header {
    return at<Ipv4Header>(changetype<usize>(this), offsetof<this>("headerWords0"));
  }
}
const DATAGRAM_OCTETS: u32 = <u32>offsetof<Datagram>();

/** RFC 1122, 3.3.2: 60 to 120 seconds. */
const LIFE_TICKS: u32 = 60 * TICKS_PER_SECOND;
/** Datagrams in pieces at most. */
const DATAGRAM_LIMIT: u32 = 256;
/**
 * Pieces of one datagram at most: what the narrowest link, which carries 68 octets, makes of the
 * largest (RFC 791, 3.2). Smaller ones, made to have their list searched, end it.
 */
const PIECE_LIMIT: u32 = (IPV4_LIMIT - IPV4_HEADER) / 48 + 1;

@unmanaged
class State {
  private lockWord: u32;
  // Under `lock`:
  first: Datagram | null;
  datagrams: u32;
  octets: u32;
  timerRuns: u32;
  get lock(): KSpinLock {
    return at<KSpinLock>(changetype<usize>(this), 0);
  }
}
const STATE: usize = memory.data(32);
const DPC: usize = memory.data(32);
const TIMER: usize = memory.data(32);

function state(): State {
  return changetype<State>(STATE);
}

/** Where its lock lies, for the host. */
export function reassemblyLock(): usize {
  return STATE;
}

/** Makes the list empty. Once, at start. */
export function initializeReassembly(): void {
  KeInitializeSpinLock(state().lock, LockRank.IpReassembly);
  KeInitializeTimer(changetype<KTimer>(TIMER));
  KeInitializeDpc(changetype<Kdpc>(DPC), expire, 0);
}

/** Gives up all datagrams in pieces. At the end. */
export function cleanUpReassembly(): void {
  KeCancelTimer(changetype<KTimer>(TIMER));
  const irql = KeAcquireSpinLock(state().lock);
  let datagram = state().first;
  while (datagram != null) {
    const next: Datagram | null = datagram.next;
    removeLocked(datagram);
    datagram = next;
  }
  KeReleaseSpinLock(state().lock, irql);
}

/**
 * Takes a piece: `length` octets at `payload`. When it completes its datagram, the whole one is
 * returned: a block of pool, the caller's to free, that begins with the header of the first piece
 * (without options) and is `totalLength` octets long; else 0. IRQL: <= DISPATCH_LEVEL.
 */
export function reassemble(header: Ipv4Header, payload: usize, length: u32): usize {
  count(Counter.IP_REASM_REQDS);
  const offset = (header.fragment & Fragment.OFFSET) << 3;
  const more = (header.fragment & Fragment.MORE) != 0;
  if (length == 0 || (more && (length & 7) != 0) || offset + length > IPV4_LIMIT - IPV4_HEADER) {
    drop(Drop.IP_FRAGMENT_LENGTH);
    return 0;
  }
  const irql = KeAcquireSpinLock(state().lock);
  const whole = takeLocked(header, payload, offset, length, more);
  KeReleaseSpinLock(state().lock, irql);
  return whole;
}

function takeLocked(
  header: Ipv4Header,
  payload: usize,
  offset: u32,
  length: u32,
  more: bool,
): usize {
  mustHold(state().lock);
  const datagram = findLocked(header);
  if (datagram == null) return 0;
  if (isRepeatedLocked(datagram, offset, length)) {
    drop(Drop.IP_FRAGMENT_OVERLAP);
    return 0;
  }
  const fits = fitsLocked(datagram, offset, length, more);
  if (!fits || datagram.pieceCount == PIECE_LIMIT) {
    giveUpLocked(datagram, fits ? Drop.IP_FRAGMENT_LIMIT : Drop.IP_FRAGMENT_OVERLAP);
    return 0;
  }
  if (!insertLocked(datagram, payload, offset, length)) return 0;
  if (offset == 0) {
    RtlCopyMemory(changetype<usize>(datagram.header), changetype<usize>(header), IPV4_HEADER);
  }
  if (!more) datagram.total = offset + length;
  if (datagram.total == 0 || datagram.gathered < datagram.total) return 0;
  const whole = joinLocked(datagram);
  if (whole != 0) removeLocked(datagram);
  else giveUpLocked(datagram, Drop.NO_MEMORY);
  return whole;
}

/** The datagram that the piece belongs to; a new one when it is the first. */
function findLocked(header: Ipv4Header): Datagram | null {
  mustHold(state().lock);
  const key = header.identification | (header.protocol << 16);
  let one: Datagram | null = state().first;
  while (one != null) {
    if (one.key == key && one.source == header.source && one.destination == header.destination) {
      return one;
    }
    one = one.next;
  }
  if (state().datagrams >= DATAGRAM_LIMIT) giveUpOldestLocked(null);
  const made = at<Datagram | null>(ExAllocatePoolWithTag(DATAGRAM_OCTETS, Tag.Reassembly), 0);
  if (made == null) {
    drop(Drop.NO_MEMORY);
    return null;
  }
  made.source = header.source;
  made.destination = header.destination;
  made.key = key;
  made.total = 0;
  made.gathered = 0;
  made.pieces = null;
  made.pieceCount = 0;
  made.dueTick = KeQueryTickCount() + LIFE_TICKS;
  made.next = state().first;
  state().first = made;
  state().datagrams++;
  if (!state().timerRuns) {
    state().timerRuns = 1;
    const timer = changetype<KTimer>(TIMER);
    KeSetTimerEx(timer, TICKS_PER_SECOND, TICKS_PER_SECOND, changetype<Kdpc>(DPC));
  }
  return made;
}

/** True when the piece is there already: networks duplicate (RFC 791, 3.2; RFC 8200, 4.5). */
function isRepeatedLocked(datagram: Datagram, offset: u32, length: u32): bool {
  mustHold(state().lock);
  let piece: Piece | null = datagram.pieces;
  while (piece != null && piece.offset != offset) piece = piece.next;
  return piece != null && piece.length == length;
}

/** False when the piece overlaps another, or contradicts the end. */
function fitsLocked(datagram: Datagram, offset: u32, length: u32, more: bool): bool {
  mustHold(state().lock);
  const end = offset + length;
  if (datagram.total != 0 && (end > datagram.total || !more)) return false;
  let piece: Piece | null = datagram.pieces;
  while (piece != null) {
    if (offset < piece.offset + piece.length && piece.offset < end) return false;
    if (!more && piece.offset + piece.length > end) return false;
    piece = piece.next;
  }
  return true;
}

function insertLocked(datagram: Datagram, payload: usize, offset: u32, length: u32): bool {
  mustHold(state().lock);
  const limit = queryParameter(Parameter.NtstackReassemblyOctets);
  // The largest datagram fits alone: while it does not, there are others.
  let found: bool = true;
  while (found && state().octets + length > limit) found = giveUpOldestLocked(datagram);
  const block = ExAllocatePoolWithTag(PIECE_HEAD + length, Tag.Reassembly);
  if (block == 0) {
    drop(Drop.NO_MEMORY);
    return false;
  }
  const made = at<Piece>(block, 0);
  made.offset = offset;
  made.length = length;
  RtlCopyMemory(block + PIECE_HEAD, payload, length);
  let before: Piece | null = null;
  let after = datagram.pieces;
  while (after != null && after.offset < offset) {
    before = after;
    after = after.next;
  }
  made.next = after;
  if (before == null) datagram.pieces = made;
  else before.next = made;
  datagram.pieceCount++;
  datagram.gathered += length;
  state().octets += length;
  return true;
}

/** All pieces behind the header of the first; 0: no memory. */
function joinLocked(datagram: Datagram): usize {
  mustHold(state().lock);
  const block = ExAllocatePoolWithTag(IPV4_HEADER + datagram.total, Tag.Reassembly);
  if (block == 0) return 0;
  RtlCopyMemory(block, changetype<usize>(datagram.header), IPV4_HEADER);
  const whole = at<Ipv4Header>(block, 0);
  whole.begin(IPV4_HEADER);
  whole.totalLength = IPV4_HEADER + datagram.total;
  whole.fragment = 0;
  whole.seal();
  let piece: Piece | null = datagram.pieces;
  while (piece != null) {
    const from = changetype<usize>(piece) + PIECE_HEAD;
    RtlCopyMemory(block + IPV4_HEADER + piece.offset, from, piece.length);
    piece = piece.next;
  }
  count(Counter.IP_REASM_OKS);
  trace(Event.IP_REASSEMBLED, datagram.source, datagram.total, 0);
  return block;
}

function removeLocked(datagram: Datagram): void {
  mustHold(state().lock);
  if (state().first == datagram) {
    state().first = datagram.next;
  } else {
    let before = state().first;
    while (before != null && before.next != datagram) before = before.next;
    if (before != null) before.next = datagram.next;
  }
  let piece = datagram.pieces;
  while (piece != null) {
    const next: Piece | null = piece.next;
    state().octets -= piece.length;
    ExFreePool(changetype<usize>(piece));
    piece = next;
  }
  state().datagrams--;
  ExFreePool(changetype<usize>(datagram));
}

/** What has come of it is for nothing. */
function giveUpLocked(datagram: Datagram, why: Drop): void {
  mustHold(state().lock);
  drop(why);
  count(Counter.IP_REASM_FAILS);
  removeLocked(datagram);
}

/**
 * Gives up what has waited longest, but not `except`; false: there is nothing else. Who fills the
 * room with pieces that nothing follows keeps out others only for as long as it goes on.
 */
function giveUpOldestLocked(except: Datagram | null): bool {
  mustHold(state().lock);
  let oldest: Datagram | null = null;
  let one: Datagram | null = state().first;
  while (one != null) {
    if (one != except) oldest = one;
    one = one.next;
  }
  if (oldest == null) return false;
  giveUpLocked(oldest, Drop.IP_FRAGMENT_LIMIT);
  return true;
}

/** Every second: gives up what is too old. IRQL: DISPATCH_LEVEL. */
function expire(dpc: Kdpc, context: usize): void {
  const now = KeQueryTickCount();
  const irql = KeAcquireSpinLock(state().lock);
  let datagram = state().first;
  while (datagram != null) {
    const next: Datagram | null = datagram.next;
    if (<i32>(now - datagram.dueTick) >= 0) {
      trace(Event.IP_REASSEMBLY_EXPIRED, datagram.source, datagram.gathered, 0);
      giveUpLocked(datagram, Drop.IP_FRAGMENT_EXPIRED);
    }
    datagram = next;
  }
  if (state().first == null) stopLocked();
  KeReleaseSpinLock(state().lock, irql);
}

/** With the lock held: another processor may start the timer again at once. */
function stopLocked(): void {
  mustHold(state().lock);
  state().timerRuns = 0;
  KeCancelTimer(changetype<KTimer>(TIMER));
}
