/** Congestion control: what each algorithm does, and which one it is (CongestionAlgorithm). */

import { Parameter, queryParameter } from "../../ex/registry";
import { nowUs } from "../../trace/ring";
import { mustHold } from "../../ke/spinlock";
import { cubicAckLocked, cubicLossLocked, cubicPauseLocked, cubicTimeoutLocked } from "./cubic";
import { renoAckLocked, renoLossLocked, renoTimeoutLocked } from "./reno";
import { Tcb } from "./tcb";

/** Values of CongestionAlgorithm. */
const CUBIC: u32 = 1;

/** `acked` octets were acknowledged for the first time: cwnd grows. */
type OnAck = (tcb: Tcb, acked: u32) => void;
/** Something was lost, or marked on its way: ssthresh shrinks. */
type OnLoss = (tcb: Tcb) => void;

@unmanaged
class Algorithm {
  onAck: OnAck;
  onLoss: OnLoss;
  /** As `onLoss`, for the first timeout of a segment. */
  onTimeout: OnLoss;
}
const ALGORITHM: usize = memory.data(12);
if (offsetof<Algorithm>() > 12) ERROR("ALGORITHM");

function algorithm(): Algorithm {
  return changetype<Algorithm>(ALGORITHM);
}

/** Takes the algorithm that the registry names. Once, at start. */
export function initializeCongestion(): void {
  const cubic = queryParameter(Parameter.CongestionAlgorithm) == CUBIC;
  algorithm().onAck = cubic ? cubicAckLocked : renoAckLocked;
  algorithm().onLoss = cubic ? cubicLossLocked : renoLossLocked;
  algorithm().onTimeout = cubic ? cubicTimeoutLocked : renoTimeoutLocked;
}

/** The window never grows past this. */
const CWND_LIMIT: u32 = 1 << 29;

/**
 * `acked` octets were acknowledged for the first time, outside recovery. What its client limits
 * tells nothing of the network, and leaves the window as it is (RFC 9438, 5.8; RFC 7661, 4.3).
 */
export function onAckLocked(tcb: Tcb, acked: u32): void {
  mustHold(tcb.lock);
  if (!tcb.windowLimited && queryParameter(Parameter.NtstackWindowValidation) != 0) {
    cubicPauseLocked(tcb);
    return;
  }
  if (tcb.cwnd < CWND_LIMIT) algorithm().onAck(tcb, acked);
}

/**
 * Text went out: notes what limits the connection. In slow start half a window on the way is
 * enough, because it doubles before more can be.
 */
export function noteFlightLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const flight = tcb.sndMax - tcb.sndUna;
  const full = flight + tcb.mss > tcb.cwnd;
  tcb.windowLimited = full || (tcb.cwnd < tcb.ssthresh && flight * 2 >= tcb.cwnd);
}

/** A duplicate tells that a segment has left the network (RFC 5681, 3.2, step 4). */
export function inflateLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  if (tcb.cwnd < CWND_LIMIT) tcb.cwnd += tcb.mss;
}

/** Recovery begins, or the peer has seen a mark (RFC 3168, 6.1.2): sets ssthresh. */
export function onLossLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  algorithm().onLoss(tcb);
}

/** The retransmission timer has expired (RFC 5681, 3.1, equation 4): one segment is left. */
export function onTimeoutLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  if (tcb.retransmitCount <= 1) algorithm().onTimeout(tcb);
  tcb.cwnd = tcb.mss;
  tcb.ackedOctets = 0;
}

/**
 * Text goes out after all was acknowledged: after a silence of one timeout as much as at the
 * beginning, and no more (RFC 5681, 4.1). What was timed last was sent last but for a round trip.
 */
export function restartLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  if (tcb.srtt == 0 || <u32>nowUs() - tcb.timedUs <= tcb.rto * 1000) return;
  cubicPauseLocked(tcb);
  if (queryParameter(Parameter.NtstackIdleRestart) == 0) return;
  const first = <u32>tcb.mss * queryParameter(Parameter.NtstackInitialWindowSegments);
  if (tcb.cwnd > first) tcb.cwnd = first;
}
