/** The retransmission timeout: round trips (RFC 6298, Karn), and the timer. */

import { Parameter, queryParameter } from "../../ex/registry";
import { nowUs } from "../../trace/ring";
import { ticksOf } from "../../nt/time";
import { mustHold } from "../../ke/spinlock";
import { currentOptions } from "./options";
import { reconsiderPathLocked } from "./pathmtu";
import { recordedLocked } from "./sent";
import { Tcb, TcbFlag, TcpTimer } from "./tcb";
import { startTimerLocked } from "./timer";
import { echoedUsLocked } from "./timestamp";

/** RFC 6298, 5.7: what the timeout begins with when a SYN was lost. */
const AFTER_LOST_SYN_MS: u32 = 3000;
/** RFC 8985, 7.2: how long a peer may keep its acknowledgment of a single segment. */
const PEER_DELAY_MS: u32 = 200;

/** What a timestamp of milliseconds may be wrong by, at both ends. */
const STAMP_US: u32 = 2000;

/** One of the timers runs that send again what is on the way. */
export function isRetransmitTimerLocked(tcb: Tcb): bool {
  mustHold(tcb.lock);
  const timer: TcpTimer = tcb.timer;
  return timer == TcpTimer.RETRANSMIT || timer == TcpTimer.TAIL || timer == TcpTimer.REORDER;
}

/** Starts the retransmission timer anew, or, before it, that of the tail loss probe. */
export function startRetransmitLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  if ((tcb.flags & TcbFlag.SACK) != 0) {
    const ms = probeTimeoutLocked(tcb);
    if (ms < tcb.rto) {
      startTimerLocked(tcb, TcpTimer.TAIL, ticksOf(ms));
      return;
    }
  }
  startTimeoutLocked(tcb);
}

/** Starts the retransmission timer anew, whatever a probe could tell. */
export function startTimeoutLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  startTimerLocked(tcb, TcpTimer.RETRANSMIT, ticksOf(tcb.rto));
}

/** PTO (RFC 8985, 7.2), milliseconds; as much as the timeout where no probe is to be sent. */
function probeTimeoutLocked(tcb: Tcb): u32 {
  mustHold(tcb.lock);
  const extension = recordedLocked(tcb);
  const busy = tcb.flags & (TcbFlag.RECOVERING | TcbFlag.GAPS);
  if (extension == null || busy != 0 || extension.tailProbe != 0) return tcb.rto;
  if (tcb.srtt == 0 || tcb.retransmitCount != 0) return tcb.rto;
  if (queryParameter(Parameter.EnableRack) == 0) return tcb.rto;
  const two = (tcb.srtt >>> 2) / 1000 + 1;
  return extension.sentCount == 1 ? two + PEER_DELAY_MS : two;
}

/** A second segment is on the way: its peer does not keep its acknowledgment (RFC 8985, 7.2). */
export function hastenTailLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const extension = recordedLocked(tcb);
  if (extension == null || extension.sentCount != 2) return;
  const ms = probeTimeoutLocked(tcb);
  if (ms < tcb.rto) startTimerLocked(tcb, TcpTimer.TAIL, ticksOf(ms));
}

/** R2 of text (MUST-20, MUST-21): as the client says, or the registry. */
export function textRetransmissionsLocked(tcb: Tcb): u32 {
  mustHold(tcb.lock);
  const connection = tcb.connection;
  const own: u32 = connection == null ? 0 : connection.retransmissions;
  if (own == 0) return queryParameter(Parameter.TcpMaxDataRetransmissions);
  return own == NO_END ? 0xffffffff : own;
}
/** `Connection.retransmissions` that has none. */
const NO_END: u32 = 0xff;

/** The handshake is over: what the timeout begins with (RFC 6298, 5.7). */
export function beginTimeoutLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const first = queryParameter(Parameter.TcpInitialRTT);
  const lost = tcb.retransmitCount != 0 && first < AFTER_LOST_SYN_MS;
  tcb.rto = lost ? AFTER_LOST_SYN_MS : first;
  tcb.retransmitCount = 0;
}

/** The octet that was timed is acknowledged: the round trip is a sample (RFC 6298, 2). */
export function sampleLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  tcb.flags &= ~TcbFlag.TIMING;
  const sample = <u32>nowUs() - tcb.timedUs;
  if (sample <= 0x0fffffff) smoothLocked(tcb, sample);
  if (tcb.extension != null) reconsiderPathLocked(tcb);
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
  // What was sent before the timeout was acknowledged then, and that acknowledgment lost: it tells
  // of the timeout, not of the path.
  if (sample == 0 || sample > <u32>nowUs() - tcb.timedUs + STAMP_US) return;
  smoothLocked(tcb, sample);
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
