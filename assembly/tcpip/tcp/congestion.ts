/** Slow start, congestion avoidance, fast retransmit and fast recovery (RFC 5681, RFC 6582). */

import { Parameter, queryParameter } from "../../ex/registry";
import { Event } from "../../trace/event";
import { trace } from "../../trace/ring";
import { mustHold } from "../../ke/spinlock";
import { Counter, count } from "../counters";
import { before } from "./sequence";
import { Tcb, TcbFlag } from "./tcb";
import { sendTextLocked } from "./text";
import { TcpFlag } from "../../wire/tcp";

/** The window never grows past this. */
const CWND_LIMIT: u32 = 1 << 29;

function halveLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const flight = tcb.sndMax - tcb.sndUna;
  const two = <u32>tcb.mss * 2;
  tcb.ssthresh = flight / 2 > two ? flight / 2 : two;
}

/** `acked` octets were acknowledged for the first time; sndUna has moved. */
export function growLocked(tcb: Tcb, acked: u32): void {
  mustHold(tcb.lock);
  const mss = <u32>tcb.mss;
  if (tcb.flags & TcbFlag.RECOVERING) {
    recoverLocked(tcb, acked);
    return;
  }
  tcb.duplicateAcks = 0;
  if (tcb.cwnd >= CWND_LIMIT) return;
  if (tcb.cwnd < tcb.ssthresh) {
    tcb.cwnd += acked < mss ? acked : mss;
    return;
  }
  // RFC 3465: one segment for each window that is acknowledged.
  tcb.ackedOctets += acked;
  if (tcb.ackedOctets >= tcb.cwnd) {
    tcb.ackedOctets -= tcb.cwnd;
    tcb.cwnd += mss;
  }
}

/** RFC 6582, 3.2: an acknowledgment during fast recovery is full, or shows the next loss. */
function recoverLocked(tcb: Tcb, acked: u32): void {
  mustHold(tcb.lock);
  const mss = <u32>tcb.mss;
  if (!before(tcb.sndUna, tcb.recover)) {
    tcb.flags &= ~TcbFlag.RECOVERING;
    tcb.duplicateAcks = 0;
    tcb.cwnd = tcb.ssthresh;
    return;
  }
  resendFirstLocked(tcb);
  tcb.cwnd = tcb.cwnd > acked ? tcb.cwnd - acked : 0;
  if (acked >= mss) tcb.cwnd += mss;
  if (tcb.cwnd < mss) tcb.cwnd = mss;
}

/** An acknowledgment that acknowledges nothing new while text is on the way. */
export function duplicateLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const threshold = queryParameter(Parameter.TcpMaxDupAcks);
  const mss = <u32>tcb.mss;
  count(Counter.TCP_DUP_ACKS_IN);
  if (threshold == 0) return;
  if (tcb.flags & TcbFlag.RECOVERING) {
    if (tcb.cwnd < CWND_LIMIT) tcb.cwnd += mss;
    return;
  }
  if (tcb.duplicateAcks < 255) tcb.duplicateAcks++;
  // RFC 6582, 3.2, step 2: not again for losses of the same window.
  if (<u32>tcb.duplicateAcks != threshold || before(tcb.sndUna, tcb.recover)) return;
  halveLocked(tcb);
  tcb.recover = tcb.sndMax;
  tcb.flags |= TcbFlag.RECOVERING;
  tcb.flags &= ~TcbFlag.TIMING;
  count(Counter.TCP_FAST_RETRANSMITS);
  trace(Event.TCP_FAST_RETRANSMIT, tcb.remoteAddress, tcb.ports, tcb.sndUna);
  resendFirstLocked(tcb);
  tcb.cwnd = tcb.ssthresh + threshold * mss;
}

/** Sends the first segment that is not acknowledged, and leaves sndNxt where it was. */
function resendFirstLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const next = tcb.sndNxt;
  const left = <i32>(tcb.sndEnd - tcb.sndUna);
  const length = left < <i32>tcb.mss ? left : <i32>tcb.mss;
  tcb.sndNxt = tcb.sndUna;
  let flags: u32 = TcpFlag.ACK;
  const fin = length == left && (tcb.flags & TcbFlag.FIN_SENT) != 0;
  if (fin) flags |= TcpFlag.FIN;
  if (length > 0 && length == left) flags |= TcpFlag.PSH;
  if (length > 0 || fin) sendTextLocked(tcb, length > 0 ? <u32>length : 0, flags);
  if (before(tcb.sndNxt, next)) tcb.sndNxt = next;
}

/** The retransmission timer has expired. */
export function collapseLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  if (tcb.retransmitCount <= 1) halveLocked(tcb);
  tcb.cwnd = tcb.mss;
  tcb.ackedOctets = 0;
  tcb.recover = tcb.sndMax;
  tcb.duplicateAcks = 0;
  tcb.flags &= ~(TcbFlag.RECOVERING | TcbFlag.TIMING);
}
