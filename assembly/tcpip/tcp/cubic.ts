/**
 * CUBIC (RFC 9438): the window grows with the time since it last shrank.
 *
 * Its state lies in the extension; a connection that can have none goes on as Reno.
 */

import { nowUs } from "../../trace/ring";
import { mustHold } from "../../ke/spinlock";
import { Extension, allocateExtension } from "./extension";
import { renoAckLocked, renoLossLocked } from "./reno";
import { Tcb } from "./tcb";

/** C, in segments a second cubed (RFC 9438, 5.1), and beta_cubic (4.6). */
const C: f64 = 0.4;
const BETA: f64 = 0.7;
/** alpha_cubic (4.3) while W_est is below W_max, and 1 from there on. */
const ALPHA: f64 = 3.0 * (1.0 - BETA) / (1.0 + BETA);
const US_PER_SECOND: f64 = 1e6;
const MS_PER_SECOND: f64 = 1e3;

/** RFC 9438, 4.6 and 4.7: 70 percent are left; fast convergence leaves room to others. */
export function cubicLossLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  let extension = tcb.extension;
  if (extension == null) {
    extension = allocateExtension();
    tcb.extension = extension;
  }
  if (extension == null) {
    renoLossLocked(tcb);
    return;
  }
  const cwnd = tcb.cwnd;
  const most = extension.cubicMost;
  extension.cubicMost = cwnd < most ? <u32>(<f64>cwnd * (1.0 + BETA) / 2.0) : cwnd;
  extension.epochUs = 0;
  const flight = tcb.sndMax - tcb.sndUna;
  const left = <u32>(<f64>flight * BETA);
  const two = <u32>tcb.mss * 2;
  tcb.ssthresh = left > two ? left : two;
}

/** RFC 9438, 4.8: as after a loss; slow start comes then. */
export function cubicTimeoutLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  cubicLossLocked(tcb);
}

/**
 * Time in which the window was not the limit is none of its growth, which goes on later from where
 * it is (RFC 9438, 5.8).
 */
export function cubicPauseLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const extension = tcb.extension;
  if (extension != null) extension.epochUs = 0;
}

/** RFC 9438, 4.2 to 4.5. */
export function cubicAckLocked(tcb: Tcb, acked: u32): void {
  mustHold(tcb.lock);
  const extension = tcb.extension;
  if (extension == null || tcb.cwnd < tcb.ssthresh) {
    renoAckLocked(tcb, acked);
    return;
  }
  if (extension.epochUs == 0) beginEpochLocked(tcb, extension);
  const mss = <f64>tcb.mss;
  const cwnd = <f64>tcb.cwnd;
  const since = <f64>(<u32>nowUs() - extension.epochUs) / US_PER_SECOND;
  const rtt = <f64>(tcb.srtt >>> 3) / US_PER_SECOND;
  const now = windowAt(extension, mss, since);
  let target = windowAt(extension, mss, since + rtt);
  if (target < cwnd) target = cwnd;
  if (target > cwnd * 1.5) target = cwnd * 1.5;
  const alpha = extension.cubicEstimate < extension.cubicMost ? ALPHA : 1.0;
  const estimate = <f64>extension.cubicEstimate + alpha * mss * <f64>acked / cwnd;
  // Rounded: an octet lost with each acknowledgment would be a few percent.
  extension.cubicEstimate = <u32>(estimate + 0.5);
  const next = now < estimate ? estimate : cwnd + (target - cwnd) * <f64>acked / cwnd;
  if (next > cwnd) tcb.cwnd = <u32>(next + 0.5);
}

/** Congestion avoidance begins: K is when the window is back where it was (figure 2). */
function beginEpochLocked(tcb: Tcb, extension: Extension): void {
  mustHold(tcb.lock);
  const below = <i32>(extension.cubicMost - tcb.cwnd);
  const now = <u32>nowUs();
  // 0 says that there is none: one before it, never one to come.
  extension.epochUs = now != 0 ? now : u32.MAX_VALUE;
  extension.cubicEstimate = tcb.cwnd;
  if (below <= 0) {
    extension.cubicMost = tcb.cwnd;
    extension.cubicKMs = 0;
    return;
  }
  const segments = <f64>below / <f64>tcb.mss;
  extension.cubicKMs = <u32>(Math.cbrt(segments / C) * MS_PER_SECOND);
}

/** W_cubic, octets, `seconds` after the epoch began (figure 1). */
function windowAt(extension: Extension, mss: f64, seconds: f64): f64 {
  const from = seconds - <f64>extension.cubicKMs / MS_PER_SECOND;
  return C * from * from * from * mss + <f64>extension.cubicMost;
}
