/** Reno: slow start and congestion avoidance (RFC 5681, 3.1). */

import { mustHold } from "../../ke/spinlock";
import { Tcb } from "./tcb";

/** Half of what is on the way (equation 4). */
export function renoLossLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const flight = tcb.sndMax - tcb.sndUna;
  const two = <u32>tcb.mss * 2;
  tcb.ssthresh = flight / 2 > two ? flight / 2 : two;
}

/** The same. */
export function renoTimeoutLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  renoLossLocked(tcb);
}

/** Below ssthresh a segment for each acknowledgment, above it one for each window. */
export function renoAckLocked(tcb: Tcb, acked: u32): void {
  mustHold(tcb.lock);
  const mss = <u32>tcb.mss;
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
