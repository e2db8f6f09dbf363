/**
 * Segments that a forger may have sent (RFC 5961): where the real peer can tell, it is asked with
 * an acknowledgment, and not too often (7). Protect5961 0: RFC 793's acceptance.
 */

import { KeQueryTickCount } from "../../trace/ring";
import { TICKS_PER_SECOND } from "../../nt/time";
import { InterlockedIncrement } from "../../ex/interlocked";
import { Parameter, queryParameter } from "../../ex/registry";
import { mustHold } from "../../ke/spinlock";
import { TcpFlag } from "../../wire/tcp";
import { Counter, count, Drop, drop } from "../counters";
import { scheduleLocked } from "./delayedack";
import { allocateExtension } from "./extension";
import { secretOf } from "./initial";
import { Segment } from "./segment";
import { before, inWindow } from "./sequence";
import { TcpState } from "./state";
import { Tcb, TcbFlag } from "./tcb";
import { largestSendWindowLocked } from "./window";

/** What all connections together may ask in the second that runs. */
@unmanaged
class Second {
  number: u32;
  limit: u32;
  /** Counted interlocked. */
  asked: u32;
}
const SECOND: usize = memory.data(16);

function second(): Second {
  return changetype<Second>(SECOND);
}

/** No challenge has been sent. Once, at start. */
export function initializeChallenges(): void {
  second().number = 0;
  second().limit = 0;
  second().asked = 0;
}

/** The registry asks for RFC 5961. */
export function isProtected(): bool {
  return queryParameter(Parameter.Protect5961) != 0;
}

/** What becomes of a RST. */
export const enum Verdict {
  DROP,
  CHALLENGE,
  BELIEVE,
}

/** RFC 5961, 3.2: only a RST at the left edge of the window is believed. */
export function judgeResetLocked(tcb: Tcb, segment: Segment): Verdict {
  mustHold(tcb.lock);
  if (segment.sequence == tcb.rcvNxt) return Verdict.BELIEVE;
  // What we keep for the client, not the field that tells of it, is the window here: to ask costs
  // nothing.
  const told = tcb.rcvAdv - tcb.rcvNxt;
  const half = tcb.state == TcpState.SYN_RECEIVED && (tcb.flags & TcbFlag.PASSIVE) != 0;
  const window = half || told > tcb.rcvWnd ? told : tcb.rcvWnd;
  const inside = inWindow(segment.sequence, tcb.rcvNxt, window);
  return inside ? Verdict.CHALLENGE : Verdict.DROP;
}

/** RFC 5961, 5.2: false when `ack` is older than anything that the peer could still say. */
export function isPlausibleAckLocked(tcb: Tcb, ack: u32): bool {
  mustHold(tcb.lock);
  if (!isProtected()) return true;
  return !before(ack, tcb.sndUna - largestSendWindowLocked(tcb));
}

/** The peer may have sent `segment`: it acknowledges what could be on its way to us. */
export function isAckOfPeerLocked(tcb: Tcb, segment: Segment): bool {
  mustHold(tcb.lock);
  const ack = segment.acknowledgment;
  if ((segment.flags & TcpFlag.ACK) == 0 || before(tcb.sndMax, ack)) return false;
  return isPlausibleAckLocked(tcb, ack);
}

/**
 * Says where we are to who sent `length` numbers that cannot be taken; the caller schedules it. A
 * bare acknowledgment may be the answer to ours, of a peer that is as sure as we are: such an
 * exchange has no other end than that one of both gets tired of it (RFC 5961, 7). What brings text
 * or FIN comes by a timer. All others may ask as often as they like: they ask for keep-alives too.
 */
export function answerLocked(tcb: Tcb, length: u32): void {
  mustHold(tcb.lock);
  if (length == 0 && isProtected() && isTiredLocked(tcb)) drop(Drop.TCP_NO_CHALLENGE);
  else tcb.flags |= TcbFlag.ACK_NOW;
}

/** Asks the peer where it is, if it may be asked again. */
export function challengeLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  if (isTiredLocked(tcb) || isEverybodyTired()) {
    drop(Drop.TCP_NO_CHALLENGE);
    return;
  }
  count(Counter.TCP_CHALLENGES);
  tcb.flags |= TcbFlag.ACK_NOW;
  scheduleLocked(tcb);
}

/** This connection has said it often enough this second; without memory it is never tired. */
function isTiredLocked(tcb: Tcb): bool {
  mustHold(tcb.lock);
  let extension = tcb.extension;
  if (extension == null) {
    extension = allocateExtension();
    tcb.extension = extension;
    if (extension == null) return false;
  }
  const now = KeQueryTickCount();
  if (extension.challenges == 0 || now - extension.challengeTick >= TICKS_PER_SECOND) {
    extension.challengeTick = now;
    extension.challenges = 0;
  }
  const most = queryParameter(Parameter.NtstackChallengeAcks);
  if (<u32>extension.challenges >= most) return true;
  extension.challenges++;
  return false;
}

/**
 * All connections have. How often that is differs from second to second and cannot be known: who
 * counts the answers learns nothing of other people's connections.
 */
export function isEverybodyTired(): bool {
  const now = KeQueryTickCount() / TICKS_PER_SECOND + 1;
  const all = second();
  if (all.number != now) {
    const most = queryParameter(Parameter.NtstackChallengeAcksPerSecond);
    all.number = now;
    all.limit = most / 2 + <u32>secretOf(now, most, 0) % (most / 2 + 1);
    all.asked = 0;
  }
  return InterlockedIncrement(SECOND + offsetof<Second>("asked")) > all.limit;
}
