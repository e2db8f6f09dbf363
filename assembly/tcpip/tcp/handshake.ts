/**
 * Passive opens that keep no control block while they are half open (RFC 4987, 3.4 and 3.6): the
 * SYN cache remembers them, or, when it is full, cookies do. The client is asked when the handshake
 * is over.
 */

import { Status } from "../../nt/status";
import { Event } from "../../trace/event";
import { trace } from "../../trace/ring";
import { Kdpc } from "../../ke/dpc";
import { KeAcquireSpinLockAtDpcLevel, KeReleaseSpinLockFromDpcLevel } from "../../ke/spinlock";
import { mustHold } from "../../ke/spinlock";
import { TcpFlag } from "../../wire/tcp";
import { Counter, count, Drop, drop } from "../counters";
import { flushSends } from "../ip/send";
import { isEverybodyTired, isProtected } from "./challenge";
import { findTcb } from "./find";
import { Half, agreedLocked, answerHalf, currentHalf, makeTcb, readHalf, remakeTcb } from "./half";
import { initialSequence } from "./initial";
import { isListenedFor } from "./listener";
import { readOptions, readSynOptions } from "./options";
import { noteAnswered } from "./reset";
import { startRetransmitLocked } from "./rto";
import { Segment } from "./segment";
import { inWindow } from "./sequence";
import { breakOff } from "./settle";
import { TcpState, setStateLocked } from "./state";
import { noteHalfOpenLocked } from "./synattack";
import { Due, Kept, findHalf, forgetHalf, isSynCacheOn, keepHalf } from "./syncache";
import { keepProvenHalf, restartHalf, takeDueHalf } from "./syncache";
import { bakeLocked, isCookieOut, mayBake, readCookie } from "./syncookie";
import { insertTcb } from "./table";
import { Tcb, TcbFlag, dereferenceTcb } from "./tcb";
import { transmitLocked } from "./transmit";

/** What a SYN-ACK can say of the window: what lies further on, no peer sends. */
const MAXIMUM_WINDOW: u32 = 0xffff;
const SYN_ACK: u32 = TcpFlag.SYN | TcpFlag.ACK;
/** Answers of one DPC that are queued before they go down. */
const TOGETHER: u32 = 64;

/** What is known of the connection of `segment`; null: nothing. */
function knownOf(segment: Segment): Half | null {
  return knownAt(segment.source, segment.ports, segment.destination);
}

function knownAt(remoteAddress: u32, ports: u32, localAddress: u32): Half | null {
  const half = currentHalf();
  half.remoteAddress = remoteAddress;
  half.ports = ports;
  half.localAddress = localAddress;
  return findHalf(half) ? half : null;
}

/** A SYN for a port on which somebody listens. IRQL: DISPATCH_LEVEL. Locks: none. */
export function rememberSyn(segment: Segment): void {
  const known = knownOf(segment);
  if (known != null) {
    hearAgain(known, segment);
    return;
  }
  const options = readSynOptions(segment);
  if (options == null) return;
  const half = currentHalf();
  readHalf(half, segment, options);
  half.iss = initialSequence(half.localAddress, half.remoteAddress, half.ports);
  const tcb = makeTcb(half);
  if (tcb == null) return;
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  half.flags = agreedLocked(tcb);
  answerLocked(tcb, half);
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
  dereferenceTcb(tcb);
}

/** The SYN-ACK, once the SYN is remembered, or as a cookie. */
function answerLocked(tcb: Tcb, half: Half): void {
  mustHold(tcb.lock);
  const kept = keepHalf(half);
  // Another processor has answered the same SYN.
  if (kept == Kept.KNOWN) return;
  if (kept == Kept.YES) {
    count(Counter.TCP_PASSIVE_OPENS);
    count(Counter.TCP_SYNS_CACHED);
  } else if (mayBake()) {
    if (!isCookieOut()) trace(Event.TCP_COOKIES_BEGIN, half.remoteAddress, half.ports, 0);
    bakeLocked(tcb, half);
    count(Counter.TCP_COOKIES_SENT);
  } else {
    drop(Drop.TCP_SYN_CACHE_FULL);
    return;
  }
  noteAnswered(tcb.rcvNxt);
  transmitLocked(tcb, half.iss, SYN_ACK, 0);
}

/** The SYN again, or another one of the same peer, which is asked what it means (RFC 5961, 4). */
function hearAgain(half: Half, segment: Segment): void {
  if (segment.sequence == half.irs) {
    restartHalf(half);
    answerHalf(half, SYN_ACK);
    return;
  }
  drop(Drop.TCP_UNEXPECTED);
  // Back to LISTEN (RFC 9293, 3.10.7.4, fourth).
  if (!isProtected() && isInWindow(half, segment)) endHalf(half);
  else challenge(half);
}

function isInWindow(half: Half, segment: Segment): bool {
  return inWindow(segment.sequence, half.irs + 1, MAXIMUM_WINDOW);
}

function challenge(half: Half): void {
  if (isEverybodyTired()) {
    drop(Drop.TCP_NO_CHALLENGE);
    return;
  }
  count(Counter.TCP_CHALLENGES);
  answerHalf(half, TcpFlag.ACK);
}

function endHalf(half: Half): void {
  if (!forgetHalf(half)) return;
  count(Counter.TCP_ATTEMPT_FAILS);
  trace(Event.TCP_HALF_OPEN_ENDED, half.remoteAddress, half.ports, half.repeats);
}

/**
 * A RST for no connection of the table; false: for none that is half open either.
 * IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function resetHalf(segment: Segment): bool {
  const half = isSynCacheOn() ? knownOf(segment) : null;
  if (half == null) return false;
  const exact = segment.sequence == half.irs + 1;
  if (exact || (!isProtected() && isInWindow(half, segment))) {
    trace(Event.TCP_RESET_BELIEVED, half.remoteAddress, half.ports, TcpState.SYN_RECEIVED);
    endHalf(half);
    return true;
  }
  drop(Drop.TCP_NOT_ACCEPTABLE);
  if (isInWindow(half, segment)) challenge(half);
  return true;
}

/**
 * A router says that our SYN-ACK with the number `iss` will never arrive. IRQL: DISPATCH_LEVEL.
 * Locks: none.
 */
export function refuseHalf(remoteAddress: u32, ports: u32, localAddress: u32, iss: u32): void {
  if (!isSynCacheOn()) return;
  const half = knownAt(remoteAddress, ports, localAddress);
  if (half != null && half.iss == iss) endHalf(half);
}

/**
 * Ends what is half open in the cache, with a RST; false: it is not there. IRQL: DISPATCH_LEVEL.
 * Locks: none.
 */
export function deleteHalf(remoteAddress: u32, ports: u32, localAddress: u32): bool {
  const half = knownAt(remoteAddress, ports, localAddress);
  if (half == null) return false;
  answerHalf(half, TcpFlag.RST | TcpFlag.ACK);
  count(Counter.TCP_OUT_RSTS);
  endHalf(half);
  return true;
}

/**
 * An acknowledgment for no connection of the table. True: it ends a handshake, and is for the
 * connection that is `segment.tcb` now, or, without memory for one, for nobody: it comes again when
 * the SYN-ACK does. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function finishHandshake(segment: Segment): bool {
  if (!isSynCacheOn()) return false;
  const known = knownOf(segment);
  if (known != null && segment.acknowledgment == known.iss + 1) {
    open(known, segment, true);
    return true;
  }
  if (isCookieOut()) {
    const half = currentHalf();
    if (readCookie(half, segment, readOptions(segment))) {
      openCookie(half, segment);
      return true;
    }
    drop(Drop.TCP_COOKIE);
  }
  // Another processor may have opened it since the table was asked.
  segment.tcb = findTcb(segment.hash, segment.source, segment.ports, segment.destination);
  return segment.tcb != null;
}

/** Without memory it is kept, as any that is half open: nothing else would have its ACK again. */
function openCookie(half: Half, segment: Segment): void {
  if (open(half, segment, false)) {
    count(Counter.TCP_PASSIVE_OPENS);
    count(Counter.TCP_COOKIES_TAKEN);
    trace(Event.TCP_COOKIE_TAKEN, half.remoteAddress, half.ports, half.mss);
  } else if (segment.tcb == null) {
    const evicted = keepProvenHalf(half);
    if (evicted) count(Counter.TCP_ATTEMPT_FAILS);
  }
}

/**
 * A connection in SYN-RECEIVED whose client is asked next, in the table; then it is forgotten,
 * where it was `kept`. False: it was opened already, or ended meanwhile, or there is no memory.
 */
function open(half: Half, segment: Segment, kept: bool): bool {
  const tcb = remakeTcb(half);
  if (tcb == null) return false;
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  tcb.flags |= TcbFlag.LATE_INDICATION;
  tcb.rto <<= half.repeats < 16 ? <u32>half.repeats : 16;
  setStateLocked(tcb, TcpState.SYN_RECEIVED);
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
  if (!insertTcb(tcb)) {
    dereferenceTcb(tcb);
    segment.tcb = findTcb(segment.hash, segment.source, segment.ports, segment.destination);
    if (segment.tcb == null) drop(Drop.NO_MEMORY);
    return false;
  }
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  if (tcb.state == TcpState.SYN_RECEIVED) {
    noteHalfOpenLocked(tcb);
    startRetransmitLocked(tcb);
  }
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
  // Only now: who does not find it there finds it in the table.
  if (forgetHalf(half) || !kept) {
    segment.tcb = tcb;
    return true;
  }
  // What was ended while it was half open, by another processor, does not open (row.ts).
  breakOff(tcb, Status.CONNECTION_RESET);
  dereferenceTcb(tcb);
  return false;
}

/**
 * The DPC of the cache's timer: SYN-ACKs go again, or have gone often enough, or nobody listens any
 * more.
 */
export function repeatSynAcks(dpc: Kdpc, context: usize): void {
  let queued: u32 = 0;
  let due = takeDueHalf(currentHalf());
  while (due != Due.NONE) {
    const half = currentHalf();
    if (due == Due.OVER) {
      count(Counter.TCP_ATTEMPT_FAILS);
      trace(Event.TCP_GIVE_UP, half.remoteAddress, half.ports, half.repeats);
    } else if (!isListenedFor(half.localAddress, half.ports & 0xffff)) {
      endHalf(half);
    } else {
      count(Counter.TCP_RETRANS_SEGS);
      trace(Event.TCP_RETRANSMIT, half.remoteAddress, half.ports, half.repeats);
      answerHalf(half, SYN_ACK);
      if (++queued % TOGETHER == 0) flushSends();
    }
    due = takeDueHalf(currentHalf());
  }
  flushSends();
}
