/** What may be sent now (RFC 9293, 3.7.4 and 3.8.6.2.1). */

import { KeAcquireSpinLockAtDpcLevel, KeReleaseSpinLockFromDpcLevel } from "../../ke/spinlock";
import { mustHold } from "../../ke/spinlock";
import { TcpFlag } from "../../wire/tcp";
import { flushSends } from "../ip/send";
import { Parameter, queryParameter } from "../../ex/registry";
import { startPersistLocked } from "./persist";
import { resendLostLocked } from "./recovery";
import { pipeLocked } from "./sent";
import { before } from "./sequence";
import { settle } from "./settle";
import { sendTextLocked } from "./text";
import { isSynchronized, TcpState } from "./state";
import { Tcb, TcbFlag, TcpTimer } from "./tcb";
import { acknowledgeNowLocked } from "./transmit";
import { isUrgentLocked } from "./urgent";
import { largestSendWindowLocked, sendWindowLocked } from "./window";

/** Segments that leave at one go; then the packets go down and others have their turn. */
const BURST: u32 = 64;

/**
 * Sends what may be sent, and an acknowledgment that is due. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function output(tcb: Tcb): void {
  let more: bool = true;
  while (more) {
    KeAcquireSpinLockAtDpcLevel(tcb.lock);
    more = outputLocked(tcb);
    KeReleaseSpinLockFromDpcLevel(tcb.lock);
    if (more) flushSends();
  }
  if (tcb.todo) settle(tcb);
}

/** Queues at most BURST segments; true when there may be more to send. */
export function outputLocked(tcb: Tcb): bool {
  mustHold(tcb.lock);
  const state: TcpState = tcb.state;
  if (!isSynchronized(state)) {
    const due = state == TcpState.SYN_RECEIVED && (tcb.flags & TcbFlag.ACK_NOW) != 0;
    if (due) acknowledgeNowLocked(tcb);
    return false;
  }
  for (let sent: u32 = 0; sent < BURST; sent++) {
    if (!sendNextLocked(tcb)) {
      if (tcb.flags & TcbFlag.ACK_NOW) acknowledgeNowLocked(tcb);
      return false;
    }
  }
  return true;
}

/** Octets that may be sent from sndNxt on, by both windows; negative when a window has shrunk. */
function roomLocked(tcb: Tcb): i32 {
  mustHold(tcb.lock);
  const offered = <i32>(tcb.sndUna + sendWindowLocked(tcb) - tcb.sndNxt);
  const allowed = <i32>(tcb.cwnd + limitedTransmitLocked(tcb) - pipeLocked(tcb));
  return offered < allowed ? offered : allowed;
}

/** The first two duplicates let a new segment go each (RFC 3042, 2). */
function limitedTransmitLocked(tcb: Tcb): u32 {
  mustHold(tcb.lock);
  const duplicates = <u32>tcb.duplicateAcks;
  if (duplicates == 0 || (tcb.flags & TcbFlag.RECOVERING) != 0) return 0;
  if (queryParameter(Parameter.NtstackLimitedTransmit) == 0) return 0;
  return (duplicates < 2 ? duplicates : 2) * <u32>tcb.mss;
}

/** Sends one segment with text or FIN, if there is one to send and it may go. */
function sendNextLocked(tcb: Tcb): bool {
  mustHold(tcb.lock);
  if ((tcb.flags & TcbFlag.GAPS) != 0 && resendLostLocked(tcb)) return true;
  const left = <i32>(tcb.sndEnd - tcb.sndNxt);
  const finDue = (tcb.flags & TcbFlag.FIN_QUEUED) != 0 && left >= 0;
  if (left <= 0 && !finDue) return false;
  const room = roomLocked(tcb);
  const mss = <i32>tcb.mss;
  let length = left < mss ? left : mss;
  if (length > room) length = room > 0 ? room : 0;
  const last = length == left;
  if (!mayGoLocked(tcb, length, last, finDue)) {
    watchWindowLocked(tcb);
    return false;
  }
  const withFin = last && finDue;
  let flags: u32 = TcpFlag.ACK;
  if (last && length > 0) flags |= TcpFlag.PSH;
  if (withFin) flags |= TcpFlag.FIN;
  return sendTextLocked(tcb, <u32>length, flags);
}

/** Sender's silly-window avoidance and Nagle's algorithm (MUST-38, SHLD-7). */
function mayGoLocked(tcb: Tcb, length: i32, last: bool, finDue: bool): bool {
  mustHold(tcb.lock);
  if (length == 0) return last && finDue;
  if (length >= <i32>tcb.mss) return true;
  const idle = tcb.sndNxt == tcb.sndUna;
  if (before(tcb.sndNxt, tcb.sndMax)) return true;
  if (last && (idle || finDue || (tcb.flags & TcbFlag.NO_DELAY) != 0)) return true;
  if (last) return (tcb.flags & TcbFlag.URGENT) != 0 && isUrgentLocked(tcb, tcb.sndNxt);
  return <u32>length >= largestSendWindowLocked(tcb) / 2;
}

/** Text waits and nothing is on the way that would make the peer speak: probe its window. */
function watchWindowLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  if (tcb.sndNxt == tcb.sndUna && tcb.timer != TcpTimer.PERSIST) startPersistLocked(tcb);
}
