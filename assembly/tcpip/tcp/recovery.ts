/**
 * Fast retransmit and fast recovery: by records and blocks where there are some (RFC 6675, RFC
 * 8985; the window by PRR, RFC 6937), by counting duplicates where there are none (RFC 6582).
 */

import { Parameter, queryParameter } from "../../ex/registry";
import { Event } from "../../trace/event";
import { nowUs, trace } from "../../trace/ring";
import { mustHold } from "../../ke/spinlock";
import { TcpFlag } from "../../wire/tcp";
import { Counter, count } from "../counters";
import { inflateLocked, onAckLocked, onLossLocked, onTimeoutLocked } from "./congestion";
import { Extension, ExtensionMark } from "./extension";
import { detectLossLocked } from "./loss";
import { isRetransmitTimerLocked, startRetransmitLocked } from "./rto";
import { Sent, firstLostLocked, loseAllLocked, noteSentAgainLocked, pipeLocked } from "./sent";
import { recordedLocked } from "./sent";
import { before } from "./sequence";
import { Tcb, TcbFlag } from "./tcb";
import { sendTextLocked } from "./text";
import { transmitLocked } from "./transmit";

/** `acked` octets were acknowledged for the first time; sndUna has moved. There are no records. */
export function growLocked(tcb: Tcb, acked: u32): void {
  mustHold(tcb.lock);
  if (tcb.flags & TcbFlag.RECOVERING) {
    recoverLocked(tcb, acked);
    return;
  }
  tcb.duplicateAcks = 0;
  onAckLocked(tcb, acked);
}

/** RFC 6582, 3.2: an acknowledgment during fast recovery is full, or shows the next loss. */
function recoverLocked(tcb: Tcb, acked: u32): void {
  mustHold(tcb.lock);
  const mss = <u32>tcb.mss;
  if (!before(tcb.sndUna, tcb.recover)) {
    endRecoveryLocked(tcb);
    return;
  }
  resendFirstLocked(tcb);
  tcb.cwnd = tcb.cwnd > acked ? tcb.cwnd - acked : 0;
  if (acked >= mss) tcb.cwnd += mss;
  if (tcb.cwnd < mss) tcb.cwnd = mss;
}

function endRecoveryLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const extension = tcb.extension;
  tcb.flags &= ~TcbFlag.RECOVERING;
  tcb.duplicateAcks = 0;
  tcb.cwnd = tcb.ssthresh;
  if (extension != null) extension.epochUs = 0;
}

/** False: of what is on the way, losses have been repaired before, or are being (RFC 6582, 3.2). */
function mayBeginLocked(tcb: Tcb): bool {
  mustHold(tcb.lock);
  const extension = tcb.extension;
  if (!before(tcb.sndUna, tcb.recover)) return true;
  return extension != null && (<u32>extension.marks & ExtensionMark.REDUCED) != 0;
}

function beginRecoveryLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const extension = tcb.extension;
  if (extension != null) extension.marks &= <u8>~ExtensionMark.REDUCED;
  onLossLocked(tcb);
  tcb.recover = tcb.sndMax;
  tcb.flags |= TcbFlag.RECOVERING;
  tcb.flags &= ~TcbFlag.TIMING;
  count(Counter.TCP_FAST_RETRANSMITS);
  trace(Event.TCP_FAST_RETRANSMIT, tcb.remoteAddress, tcb.ports, tcb.sndUna);
}

/** An acknowledgment that acknowledges nothing new while text is on the way. */
export function duplicateLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const threshold = queryParameter(Parameter.TcpMaxDupAcks);
  count(Counter.TCP_DUP_ACKS_IN);
  if (threshold == 0) return;
  if (tcb.flags & TcbFlag.RECOVERING) {
    inflateLocked(tcb);
    return;
  }
  if (tcb.duplicateAcks < 255) tcb.duplicateAcks++;
  // RFC 6582, 3.2, step 2: not again for losses of the same window.
  if (<u32>tcb.duplicateAcks != threshold || !mayBeginLocked(tcb)) return;
  beginRecoveryLocked(tcb);
  resendFirstLocked(tcb);
  tcb.cwnd = tcb.ssthresh + threshold * <u32>tcb.mss;
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

/**
 * An acknowledgment of a connection with records: `acked` octets for the first time, and
 * `delivered` are there that were not known to be.
 */
export function advanceLocked(tcb: Tcb, extension: Extension, acked: u32, delivered: u32): void {
  mustHold(tcb.lock);
  const lost = detectLossLocked(tcb, extension);
  const recovering = (tcb.flags & TcbFlag.RECOVERING) != 0;
  if (recovering && !before(tcb.sndUna, tcb.recover)) {
    endRecoveryLocked(tcb);
  } else if (recovering || (lost && mayBeginLocked(tcb))) {
    if (!recovering) beginReductionLocked(tcb, extension);
    reduceLocked(tcb, extension, delivered);
  } else if (acked != 0) {
    onAckLocked(tcb, acked);
  }
}

function beginReductionLocked(tcb: Tcb, extension: Extension): void {
  mustHold(tcb.lock);
  beginRecoveryLocked(tcb);
  extension.prrDelivered = 0;
  extension.prrOut = 0;
  extension.prrFlight = tcb.sndMax - tcb.sndUna;
}

/** RFC 6937, 3, with its conservative bound as long as more is lost: what may go out for this. */
function reduceLocked(tcb: Tcb, extension: Extension, delivered: u32): void {
  mustHold(tcb.lock);
  const mss = <u32>tcb.mss;
  const pipe = pipeLocked(tcb);
  extension.prrDelivered += delivered;
  const out = extension.prrOut;
  let may: u32 = 0;
  if (pipe > tcb.ssthresh) {
    const flight = extension.prrFlight ? extension.prrFlight : mss;
    const share = <u64>extension.prrDelivered * <u64>tcb.ssthresh + <u64>flight - 1;
    const due = <u32>(share / <u64>flight);
    may = due > out ? due - out : 0;
  } else {
    const back = extension.prrDelivered > out ? extension.prrDelivered - out : 0;
    const bound = (back > delivered ? back : delivered) + mss;
    may = tcb.ssthresh - pipe < bound ? tcb.ssthresh - pipe : bound;
  }
  // What is lost first is sent again at once.
  if (out == 0 && may < mss) may = mss;
  tcb.cwnd = pipe + may;
}

/** A segment that only seemed late is lost: its time has come (RFC 8985, 6.3). */
export function reorderExpiredLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const extension = recordedLocked(tcb);
  if (extension != null) advanceLocked(tcb, extension, 0, 0);
  if (!isRetransmitTimerLocked(tcb)) startRetransmitLocked(tcb);
}

/** Sends the oldest lost segment again, if the window lets it (NextSeg, RFC 6675, 4, rule 1). */
export function resendLostLocked(tcb: Tcb): bool {
  mustHold(tcb.lock);
  const extension = recordedLocked(tcb);
  if (extension == null || extension.lostOctets == 0) return false;
  const lost = firstLostLocked(tcb, extension);
  if (lost == null) return false;
  const pipe = pipeLocked(tcb);
  if (pipe != 0 && pipe + (lost.right - lost.left) > tcb.cwnd) return false;
  return resendLocked(tcb, extension, lost);
}

/** Sends a recorded segment again; false when there was no packet. */
export function resendLocked(tcb: Tcb, extension: Extension, sent: Sent): bool {
  mustHold(tcb.lock);
  let length = sent.right - sent.left;
  let flags: u32 = TcpFlag.ACK;
  if ((tcb.flags & TcbFlag.FIN_SENT) != 0 && sent.right == tcb.sndEnd + 1) {
    flags |= TcpFlag.FIN;
    length--;
  }
  if (length != 0 && sent.left + length == tcb.sndEnd) flags |= TcpFlag.PSH;
  if (!transmitLocked(tcb, sent.left, flags, length)) {
    startRetransmitLocked(tcb);
    return false;
  }
  count(Counter.TCP_RETRANS_SEGS);
  tcb.flags &= ~TcbFlag.TIMING;
  noteSentAgainLocked(tcb, extension, sent);
  if (!isRetransmitTimerLocked(tcb)) startRetransmitLocked(tcb);
  return true;
}

/** The retransmission timer has expired: what is on the way is sent again, from the first on. */
export function collapseLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  onTimeoutLocked(tcb);
  tcb.recover = tcb.sndMax;
  tcb.duplicateAcks = 0;
  tcb.flags &= ~(TcbFlag.RECOVERING | TcbFlag.TIMING);
  tcb.timedUs = <u32>nowUs();
  const own = tcb.extension;
  if (own != null) own.marks &= <u8>~ExtensionMark.REDUCED;
  const extension = recordedLocked(tcb);
  if (extension != null) loseAllLocked(tcb, extension);
  else tcb.sndNxt = tcb.sndUna;
}
