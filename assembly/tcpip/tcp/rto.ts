/** The retransmission timeout: round trips (RFC 6298, Karn), and the timer. */

import { Parameter, queryParameter } from "../../ex/registry";
import { nowUs } from "../../trace/ring";
import { ticksOf } from "../../nt/time";
import { mustHold } from "../../ke/spinlock";
import { currentOptions } from "./options";
import { Tcb, TcbFlag, TcpTimer } from "./tcb";
import { startTimerLocked } from "./timer";
import { echoedUsLocked } from "./timestamp";

/** Starts the retransmission timer anew. */
export function startRetransmitLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  startTimerLocked(tcb, TcpTimer.RETRANSMIT, ticksOf(tcb.rto));
}

/** The octet that was timed is acknowledged: the round trip is a sample (RFC 6298, 2). */
export function sampleLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  tcb.flags &= ~TcbFlag.TIMING;
  const sample = <u32>nowUs() - tcb.timedUs;
  if (sample <= 0x0fffffff) smoothLocked(tcb, sample);
}

/**
 * Something was acknowledged that is not timed, as after a retransmission: its timestamp tells how
 * long ago it was sent (RFC 7323, 4). What is timed is a sample for each round trip, so that the
 * gains of RFC 6298 stay right.
 */
export function sampleEchoLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  if (tcb.flags & TcbFlag.TIMING) return;
  const sample = echoedUsLocked(tcb, currentOptions());
  if (sample != 0) smoothLocked(tcb, sample);
}

/** RFC 6298, 2.2 and 2.3: a round trip of `sample` microseconds. */
function smoothLocked(tcb: Tcb, sample: u32): void {
  mustHold(tcb.lock);
  if (tcb.srtt == 0) {
    tcb.srtt = sample << 3;
    tcb.rttvar = sample << 1;
    if (tcb.srtt == 0) tcb.srtt = 1;
  } else {
    const error = <i32>sample - <i32>(tcb.srtt >>> 3);
    tcb.srtt = <u32>(<i32>tcb.srtt + error);
    const size = error < 0 ? -error : error;
    tcb.rttvar = <u32>(<i32>tcb.rttvar + size - <i32>(tcb.rttvar >>> 2));
    if (tcb.srtt == 0) tcb.srtt = 1;
  }
  setRtoLocked(tcb);
}

/** RTO from the smoothed round trip, within the bounds of the registry. */
function setRtoLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const ms = ((tcb.srtt >>> 3) + tcb.rttvar) / 1000 + 1;
  const least = queryParameter(Parameter.NtstackMinimumRto);
  const most = queryParameter(Parameter.NtstackMaximumRto);
  tcb.rto = ms < least ? least : ms > most ? most : ms;
}
