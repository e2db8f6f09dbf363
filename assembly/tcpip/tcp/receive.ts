/**
 * The order of the steps of RFC 9293, 3.10.7, and nothing else: acceptable, reset, SYN,
 * acknowledge, assemble, deliver, FIN. Each step knows how; this file knows when.
 */

import { Status } from "../../nt/status";
import { KeAcquireSpinLockAtDpcLevel, KeReleaseSpinLockFromDpcLevel } from "../../ke/spinlock";
import { mustHold } from "../../ke/spinlock";
import { TcpFlag } from "../../wire/tcp";
import { Counter, count, Drop, drop } from "../counters";
import { acceptableLocked } from "./acceptable";
import { acknowledgeLocked } from "./acknowledge";
import { keepLocked } from "./assemble";
import { Verdict, answerLocked, challengeLocked, isAckOfPeerLocked } from "./challenge";
import { isProtected, judgeResetLocked } from "./challenge";
import { abortLocked, dieLocked, finReceivedLocked, timeWaitLocked } from "./close";
import { receiveSynSentLocked } from "./connect";
import { scheduleLocked } from "./delayedack";
import { noteMarkLocked } from "./ecn";
import { hold } from "./held";
import { followLocked, indicate, indicateReady, isFinDueLocked, takeTextLocked } from "./deliver";
import { initialSequence } from "./initial";
import { receiveListen, receiveSynReceivedLocked, indicateLate } from "./listen";
import { Options, readOptions } from "./options";
import { predictLocked } from "./predict";
import { believeResetLocked, sendReset, sequenceLength } from "./reset";
import { reportOverlapLocked } from "./sack";
import { Next, Segment, SegmentMark } from "./segment";
import { takeRouteLocked } from "./sourceroute";
import { before } from "./sequence";
import { settle } from "./settle";
import { TcpState, isSynchronized, mayReceive } from "./state";
import { Tcb, TcbFlag, Todo, dereferenceTcb } from "./tcb";
import { isFreshLocked, noteStampLocked } from "./timestamp";
import { acknowledgeNowLocked } from "./transmit";
import { noteUrgentLocked, pullUrgentLocked } from "./urgent";

/** A segment that has been verified. IRQL: DISPATCH_LEVEL. Locks: none. */
export function receiveSegment(segment: Segment): void {
  let tcb = segment.tcb;
  count(Counter.TCP_IN_SEGS);
  if (tcb == null) {
    receiveListen(segment);
    tcb = segment.tcb;
  }
  for (let looks: u32 = 1; tcb != null; looks++) {
    const next = receiveFor(tcb, segment);
    if (next == Next.INDICATE_LATE && indicateLate(tcb, segment) && looks < LOOKS) continue;
    segment.tcb = null;
    dereferenceTcb(tcb);
    if (next != Next.LISTEN || looks >= LOOKS) return;
    receiveListen(segment);
    tcb = segment.tcb;
  }
}
/**
 * How often a segment is looked at: for a connection that is over, for the one that it opens then,
 * and when the client knows of that.
 */
const LOOKS: u32 = 4;

/** The segment for `tcb`; what is left to be done that is for others. */
function receiveFor(tcb: Tcb, segment: Segment): Next {
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  const next = predictLocked(tcb, segment) ? Next.INDICATE : stepsLocked(tcb, segment);
  const connection = tcb.connection;
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
  if (next == Next.INDICATE) {
    if (connection != null) indicate(tcb, connection, segment.data, segment.length);
  } else if (next == Next.READY) indicateReady(tcb);
  if (tcb.todo) settle(tcb);
  if (next == Next.RESET) sendReset(segment);
  return next;
}

function stepsLocked(tcb: Tcb, segment: Segment): Next {
  mustHold(tcb.lock);
  const state: TcpState = tcb.state;
  if (state == TcpState.CLOSED) return Next.LISTEN;
  if (state == TcpState.SYN_SENT) return synSentLocked(tcb, segment);
  const options = readOptions(segment);
  if (state == TcpState.TIME_WAIT && reopensLocked(tcb, segment, options)) {
    dieLocked(tcb, Status.SUCCESS, false);
    return Next.LISTEN;
  }
  const sequence = segment.sequence;
  if (isProtected() && forgedLocked(tcb, segment)) return Next.NOTHING;
  if (!isFreshLocked(tcb, segment, options)) {
    if (options.present & TcbFlag.TIMESTAMPS) answerLocked(tcb, sequenceLength(segment));
    scheduleLocked(tcb);
    return Next.NOTHING;
  }
  const end = sequence + segment.length;
  if (!acceptableLocked(tcb, segment)) {
    // The last segment again: its acknowledgment was lost, and the next one echoes the second copy.
    const stamped = (options.present & tcb.flags & TcbFlag.TIMESTAMPS) != 0;
    if (stamped && end == tcb.rcvNxt && isAckOfPeerLocked(tcb, segment)) {
      noteStampLocked(tcb, sequence, options.stamp);
    }
    if (state == TcpState.TIME_WAIT) timeWaitLocked(tcb);
    scheduleLocked(tcb);
    return Next.NOTHING;
  }
  if (segment.flags & TcpFlag.RST) {
    believeResetLocked(tcb);
    return Next.NOTHING;
  }
  if (segment.flags & TcpFlag.SYN) {
    synLocked(tcb);
    return Next.NOTHING;
  }
  if ((segment.flags & TcpFlag.ACK) == 0) {
    drop(Drop.TCP_NO_ACK);
    return Next.NOTHING;
  }
  if (state == TcpState.SYN_RECEIVED) {
    const next = receiveSynReceivedLocked(tcb, segment);
    // Still half open: its client is being asked, for another segment.
    if (next != Next.NOTHING || tcb.state == TcpState.SYN_RECEIVED) return next;
  }
  const next = acceptedLocked(tcb, segment, options);
  // What came with the peer's SYN waits no longer.
  return next == Next.NOTHING && state == TcpState.SYN_RECEIVED ? followLocked(tcb) : next;
}

/** What an acceptable segment acknowledges and brings. */
function acceptedLocked(tcb: Tcb, segment: Segment, options: Options): Next {
  mustHold(tcb.lock);
  if (!acknowledgeLocked(tcb, segment)) return Next.NOTHING;
  // Only now: who cannot say what we have sent would have all that the peer says be too old.
  if (options.present & tcb.flags & TcbFlag.TIMESTAMPS) {
    noteStampLocked(tcb, segment.sequence, options.stamp);
  }
  if (tcb.flags & TcbFlag.ECN) noteMarkLocked(tcb, segment);
  if (tcb.flags & TcbFlag.ACK_NOW) scheduleLocked(tcb);
  if (segment.flags & RARE) rareLocked(tcb, segment);
  return textLocked(tcb, segment);
}
/** What few segments have. */
const RARE: u32 = TcpFlag.URG | SegmentMark.ROUTED;

function rareLocked(tcb: Tcb, segment: Segment): void {
  mustHold(tcb.lock);
  if (segment.flags & TcpFlag.URG) noteUrgentLocked(tcb, segment);
  if (segment.flags & SegmentMark.ROUTED) takeRouteLocked(tcb, segment);
}

/** In SYN-SENT: what came with the SYN that opens is looked at as if it came behind it. */
function synSentLocked(tcb: Tcb, segment: Segment): Next {
  mustHold(tcb.lock);
  const next = receiveSynSentLocked(tcb, segment);
  if (tcb.state == TcpState.SYN_RECEIVED) keepSynLocked(tcb, segment);
  if (tcb.state != TcpState.ESTABLISHED) return next;
  segment.sequence++;
  segment.flags &= ~TcpFlag.SYN;
  if (!acceptableLocked(tcb, segment)) return next;
  if (segment.flags & TcpFlag.URG) noteUrgentLocked(tcb, segment);
  return textLocked(tcb, segment);
}

/**
 * Text and FIN that came with the SYN of a simultaneous open wait for the end of the handshake (RFC
 * 9293, 3.10.7.3). What is urgent in it comes again.
 */
function keepSynLocked(tcb: Tcb, segment: Segment): void {
  mustHold(tcb.lock);
  if (segment.flags & TcpFlag.URG) return;
  segment.sequence++;
  segment.flags &= ~TcpFlag.SYN;
  if (!acceptableLocked(tcb, segment)) return;
  if (segment.flags & TcpFlag.FIN) noteFinLocked(tcb, segment);
  if (segment.length) tcb.waiting = hold(segment.data, segment.length, segment.sequence);
}

function noteFinLocked(tcb: Tcb, segment: Segment): void {
  mustHold(tcb.lock);
  tcb.finSequence = segment.sequence + segment.length;
  tcb.flags |= TcbFlag.FIN_WAITS;
}

/**
 * RFC 5961, 3 and 4: a RST beside the left edge, and a SYN wherever it is, do nothing, but may have
 * the peer asked. True when `segment` was one of them.
 */
function forgedLocked(tcb: Tcb, segment: Segment): bool {
  mustHold(tcb.lock);
  if (segment.flags & TcpFlag.RST) {
    const verdict = judgeResetLocked(tcb, segment);
    if (verdict == Verdict.BELIEVE) return false;
    drop(Drop.TCP_NOT_ACCEPTABLE);
    if (verdict == Verdict.CHALLENGE && tcb.state != TcpState.TIME_WAIT) challengeLocked(tcb);
    return true;
  }
  if ((segment.flags & TcpFlag.SYN) == 0 || !isSynchronized(tcb.state)) return false;
  drop(Drop.TCP_UNEXPECTED);
  challengeLocked(tcb);
  return true;
}

/** A SYN in the window (RFC 793, 3.9): the peer has lost its connection, and so do we. */
function synLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  drop(Drop.TCP_UNEXPECTED);
  if (tcb.state == TcpState.SYN_RECEIVED && (tcb.flags & TcbFlag.PASSIVE) != 0) {
    // Back to LISTEN (RFC 9293, 3.10.7.4, fourth): nobody knew of it.
    dieLocked(tcb, Status.CONNECTION_RESET, true);
    return;
  }
  abortLocked(tcb, Status.CONNECTION_RESET);
  tcb.todo |= <u8>Todo.ABORTED;
}

/**
 * A SYN that is newer than all of the old connection opens another one: newer by its timestamp
 * (RFC 6191, 2), or, where there is none, by its number, if our own would be newer too (MAY-2).
 */
function reopensLocked(tcb: Tcb, segment: Segment, options: Options): bool {
  mustHold(tcb.lock);
  const extension = tcb.extension;
  const syn = (segment.flags & (TcpFlag.SYN | TcpFlag.ACK | TcpFlag.RST)) == TcpFlag.SYN;
  if (!syn) return false;
  if (extension != null && (options.present & tcb.flags & TcbFlag.TIMESTAMPS) != 0) {
    if (before(extension.tsRecent, options.stamp)) return true;
  }
  // RFC 9293, 3.10.7.4: whatever its number, without timestamps it is only challenged.
  if (isProtected() || !before(tcb.rcvNxt, segment.sequence)) return false;
  const next = initialSequence(tcb.localAddress, tcb.remoteAddress, tcb.ports);
  return before(tcb.sndMax, next);
}

/** The text and the FIN behind it. */
function textLocked(tcb: Tcb, segment: Segment): Next {
  mustHold(tcb.lock);
  const fin = (segment.flags & TcpFlag.FIN) != 0;
  if (segment.length == 0 && !fin) {
    // After its FIN the peer has nothing that could come from further on.
    const beyond = tcb.state == TcpState.TIME_WAIT && segment.sequence != tcb.rcvNxt;
    if (beyond && isProtected()) challengeLocked(tcb);
    return Next.NOTHING;
  }
  if (!mayReceive(tcb.state)) {
    // After the peer's FIN there is nothing more to say, but it may not know that we know.
    if (tcb.state == TcpState.TIME_WAIT) timeWaitLocked(tcb);
    drop(Drop.TCP_AFTER_CLOSE);
    tcb.flags |= TcbFlag.ACK_NOW;
    scheduleLocked(tcb);
    return Next.NOTHING;
  }
  if (fin) noteFinLocked(tcb, segment);
  if (segment.sequence != tcb.rcvNxt) {
    if (segment.length) keepLocked(tcb, segment);
    tcb.flags |= TcbFlag.ACK_NOW;
    answerGapLocked(tcb);
    return Next.NOTHING;
  }
  if (tcb.waiting != null) {
    reportOverlapLocked(tcb, segment.sequence + segment.length);
    // It fills a gap, whole or in part (RFC 5681, 4.2).
    tcb.flags |= TcbFlag.ACK_NOW;
  }
  let next = Next.NOTHING;
  if (segment.length != 0 && takeSegmentLocked(tcb, segment)) next = Next.INDICATE;
  if (tcb.state == TcpState.CLOSED) return Next.NOTHING;
  if (next == Next.NOTHING) next = followLocked(tcb);
  else if (isFinDueLocked(tcb)) finReceivedLocked(tcb);
  scheduleLocked(tcb);
  return next;
}

/** As `takeTextLocked`, without the octet that is urgent. */
function takeSegmentLocked(tcb: Tcb, segment: Segment): bool {
  mustHold(tcb.lock);
  if (tcb.flags & TcbFlag.URGENT && pullUrgentLocked(tcb, segment.data, segment.length)) {
    segment.data++;
    segment.length--;
  }
  return takeTextLocked(tcb, segment.data, segment.length);
}

/** What came before its turn is answered at once, each one, so that the sender can count. */
function answerGapLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  acknowledgeNowLocked(tcb);
  scheduleLocked(tcb);
}
