/**
 * A window of zero, or too small: probed until it opens (RFC 9293, 3.8.6.1; MUST-35 to MUST-37).
 */

import { Parameter, queryParameter } from "../../ex/registry";
import { Event } from "../../trace/event";
import { trace } from "../../trace/ring";
import { Status } from "../../nt/status";
import { ticksOf } from "../../nt/time";
import { mustHold } from "../../ke/spinlock";
import { TcpFlag } from "../../wire/tcp";
import { Counter, count } from "../counters";
import { dieLocked } from "./close";
import { textRetransmissionsLocked } from "./rto";
import { before } from "./sequence";
import { Tcb, TcbFlag, TcpTimer } from "./tcb";
import { startTimerLocked } from "./timer";
import { transmitLocked } from "./transmit";
import { sendWindowLocked } from "./window";

/** Probes that may stay unanswered beyond what R2 allows. */
const PATIENCE: u32 = 6;

/** Text waits for the window: the first probe comes after one retransmission timeout (SHLD-29). */
export function startPersistLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  tcb.probes = 0;
  startTimerLocked(tcb, TcpTimer.PERSIST, ticksOf(tcb.rto));
}

/**
 * Time for a probe: one octet, or the FIN. Intervals double up to the largest RTO (SHLD-30). The
 * peer's answer sets `retransmitCount` back: a window may stay closed for ever, a peer not silent.
 */
export function persistExpiredLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const unanswered: u32 = tcb.retransmitCount;
  const most = textRetransmissionsLocked(tcb);
  if (unanswered > PATIENCE && unanswered - PATIENCE > most) {
    dieLocked(tcb, Status.IO_TIMEOUT, true);
    return;
  }
  trace(Event.TCP_ZERO_WINDOW_PROBE, tcb.remoteAddress, tcb.ports, tcb.probes);
  probeLocked(tcb);
  if (<u32>tcb.probes < 255) tcb.probes++;
  if (unanswered < 255) tcb.retransmitCount++;
  const longest = queryParameter(Parameter.NtstackMaximumRto);
  const shift: u32 = tcb.probes < 12 ? tcb.probes : 12;
  const ms = tcb.rto << shift;
  startTimerLocked(tcb, TcpTimer.PERSIST, ticksOf(ms < longest ? ms : longest));
}

/** As much as the window takes, and one octet when it takes none. */
function probeLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const left = <i32>(tcb.sndEnd - tcb.sndUna);
  let length = left < <i32>tcb.mss ? left : <i32>tcb.mss;
  const window = <i32>sendWindowLocked(tcb);
  if (length > window) length = window ? window : 1;
  let flags: u32 = TcpFlag.ACK;
  if (left <= 0) {
    if ((tcb.flags & TcbFlag.FIN_QUEUED) == 0) return;
    flags |= TcpFlag.FIN;
    length = 0;
    tcb.flags |= TcbFlag.FIN_SENT;
  } else if (length == left) flags |= TcpFlag.PSH;
  if (!transmitLocked(tcb, tcb.sndUna, flags, <u32>length)) return;
  const end = tcb.sndUna + <u32>length + (flags & TcpFlag.FIN ? 1 : 0);
  if (before(tcb.sndNxt, end)) tcb.sndNxt = end;
  if (before(tcb.sndMax, end)) tcb.sndMax = end;
  count(Counter.TCP_RETRANS_SEGS);
}

/**
 * The peer has spoken, and the window has opened: what the probes carried is sent again with the
 * rest.
 */
export function stopPersistLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  tcb.timer = <u8>TcpTimer.NONE;
  tcb.sndNxt = tcb.sndUna;
}
