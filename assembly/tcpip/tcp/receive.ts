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
import { dieLocked, finReceivedLocked, timeWaitLocked } from "./close";
import { receiveSynSentLocked } from "./connect";
import { scheduleLocked } from "./delayedack";
import { indicate, isFinDueLocked, nextReadyLocked, takeTextLocked } from "./deliver";
import { initialSequence } from "./initial";
import { receiveListen, receiveSynReceivedLocked, indicateLate } from "./listen";
import { readOptions } from "./options";
import { predictLocked } from "./predict";
import { believeResetLocked, sendReset } from "./reset";
import { Next, Segment } from "./segment";
import { before } from "./sequence";
import { settle } from "./settle";
import { TcpState, mayReceive } from "./state";
import { Tcb, TcbFlag, dereferenceTcb } from "./tcb";
import { isFreshLocked, noteStampLocked } from "./timestamp";
import { acknowledgeNowLocked } from "./transmit";

/** A segment that has been verified. IRQL: DISPATCH_LEVEL. Locks: none. */
export function receiveSegment(segment: Segment): void {
  const tcb = segment.tcb;
  count(Counter.TCP_IN_SEGS);
  if (tcb == null) {
    receiveListen(segment);
    return;
  }
  segment.tcb = null;
  if (receiveFor(tcb, segment)) receiveFor(tcb, segment);
  dereferenceTcb(tcb);
}

/** True when the client has just been told of the connection: the segment is looked at again. */
function receiveFor(tcb: Tcb, segment: Segment): bool {
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  const next = predictLocked(tcb, segment) ? Next.INDICATE : stepsLocked(tcb, segment);
  const connection = tcb.connection;
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
  if (next == Next.INDICATE && connection != null) {
    indicate(tcb, connection, segment.data, segment.length);
  }
  if (tcb.todo) settle(tcb);
  if (next == Next.RESET) sendReset(segment);
  else if (next == Next.LISTEN) receiveListen(segment);
  return next == Next.INDICATE_LATE && indicateLate(tcb, segment);
}

function stepsLocked(tcb: Tcb, segment: Segment): Next {
  mustHold(tcb.lock);
  const state: TcpState = tcb.state;
  if (state == TcpState.CLOSED) return Next.LISTEN;
  if (state == TcpState.SYN_SENT) return receiveSynSentLocked(tcb, segment);
  if (state == TcpState.TIME_WAIT && reopensLocked(tcb, segment)) {
    dieLocked(tcb, Status.SUCCESS, false);
    return Next.LISTEN;
  }
  const options = readOptions(segment);
  const sequence = segment.sequence;
  if (!isFreshLocked(tcb, segment, options)) {
    scheduleLocked(tcb);
    return Next.NOTHING;
  }
  if (!acceptableLocked(tcb, segment)) {
    if (state == TcpState.TIME_WAIT) timeWaitLocked(tcb);
    scheduleLocked(tcb);
    return Next.NOTHING;
  }
  if (segment.flags & TcpFlag.RST) {
    believeResetLocked(tcb);
    return Next.NOTHING;
  }
  if (options.present & tcb.flags & TcbFlag.TIMESTAMPS) {
    noteStampLocked(tcb, sequence, options.stamp);
  }
  if (segment.flags & TcpFlag.SYN) return synLocked(tcb);
  if ((segment.flags & TcpFlag.ACK) == 0) {
    drop(Drop.TCP_NO_ACK);
    return Next.NOTHING;
  }
  if (state == TcpState.SYN_RECEIVED) {
    const next = receiveSynReceivedLocked(tcb, segment);
    // Still half open: its client is being asked, for another segment.
    if (next != Next.NOTHING || tcb.state == TcpState.SYN_RECEIVED) return next;
  }
  if (!acknowledgeLocked(tcb, segment)) return Next.NOTHING;
  if (tcb.flags & TcbFlag.ACK_NOW) scheduleLocked(tcb);
  return textLocked(tcb, segment);
}

/**
 * A SYN in the window of a connection: an acknowledgment that a live peer answers (RFC 5961, 4).
 */
function synLocked(tcb: Tcb): Next {
  mustHold(tcb.lock);
  drop(Drop.TCP_UNEXPECTED);
  tcb.flags |= TcbFlag.ACK_NOW;
  scheduleLocked(tcb);
  return Next.NOTHING;
}

/** A SYN newer than all of the old connection may open one whose own is newer too (MAY-2). */
function reopensLocked(tcb: Tcb, segment: Segment): bool {
  mustHold(tcb.lock);
  const syn = (segment.flags & (TcpFlag.SYN | TcpFlag.ACK | TcpFlag.RST)) == TcpFlag.SYN;
  if (!syn || !before(tcb.rcvNxt, segment.sequence)) return false;
  const next = initialSequence(tcb.localAddress, tcb.remoteAddress, tcb.ports);
  return before(tcb.sndMax, next);
}

/** The text and the FIN behind it. */
function textLocked(tcb: Tcb, segment: Segment): Next {
  mustHold(tcb.lock);
  const fin = (segment.flags & TcpFlag.FIN) != 0;
  if (segment.length == 0 && !fin) return Next.NOTHING;
  if (!mayReceive(tcb.state)) {
    // After the peer's FIN there is nothing more to say, but it may not know that we know.
    if (tcb.state == TcpState.TIME_WAIT) timeWaitLocked(tcb);
    drop(Drop.TCP_AFTER_CLOSE);
    tcb.flags |= TcbFlag.ACK_NOW;
    scheduleLocked(tcb);
    return Next.NOTHING;
  }
  const end = segment.sequence + segment.length;
  if (fin) {
    tcb.finSequence = end;
    tcb.flags |= TcbFlag.FIN_WAITS;
  }
  if (segment.sequence != tcb.rcvNxt) {
    if (segment.length) keepLocked(tcb, segment);
    tcb.flags |= TcbFlag.ACK_NOW;
    answerGapLocked(tcb);
    return Next.NOTHING;
  }
  let next = Next.NOTHING;
  if (segment.length != 0 && takeTextLocked(tcb, segment.data, segment.length)) {
    next = Next.INDICATE;
  }
  if (tcb.state == TcpState.CLOSED) return Next.NOTHING;
  if (next == Next.NOTHING) nextReadyLocked(tcb);
  else if (isFinDueLocked(tcb)) finReceivedLocked(tcb);
  if (tcb.waiting != null) tcb.flags |= TcbFlag.ACK_NOW;
  scheduleLocked(tcb);
  return next;
}

/** What came before its turn is answered at once, each one, so that the sender can count. */
function answerGapLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  acknowledgeNowLocked(tcb);
  scheduleLocked(tcb);
}
