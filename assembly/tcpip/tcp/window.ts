/** Windows in octets, and as the field of a segment has them (RFC 7323, 2). */

import { Parameter, queryParameter } from "../../ex/registry";
import { mustHold } from "../../ke/spinlock";
import { Tcb } from "./tcb";

/** The most that a window field says. */
const MAXIMUM_FIELD: u32 = 0xffff;

/** What the peer may be sent beyond sndUna, octets. */
export function sendWindowLocked(tcb: Tcb): u32 {
  mustHold(tcb.lock);
  return <u32>tcb.sndWnd << <u32>tcb.sndShift;
}

/** The largest window that the peer has offered, octets. */
export function largestSendWindowLocked(tcb: Tcb): u32 {
  mustHold(tcb.lock);
  return <u32>tcb.maxSndWnd << <u32>tcb.sndShift;
}

/** A SYN brings the peer's first window, which is not scaled: kept as if it were. */
export function takeSynWindowLocked(tcb: Tcb, window: u32): void {
  mustHold(tcb.lock);
  const shift = <u32>tcb.sndShift;
  // Rounded up: a window that is not zero is not taken for one.
  const field = (window + ((<u32>1) << shift) - 1) >>> shift;
  tcb.sndWnd = <u16>field;
  tcb.maxSndWnd = <u16>field;
}

/** Our window in a SYN, which is not scaled. */
export function synWindowLocked(tcb: Tcb): u32 {
  mustHold(tcb.lock);
  return tcb.rcvWnd < MAXIMUM_FIELD ? tcb.rcvWnd : MAXIMUM_FIELD;
}

/** The window to advertise, octets (RFC 9293, 3.8.6.2.2): never less than was promised. */
export function windowLocked(tcb: Tcb): u32 {
  mustHold(tcb.lock);
  const promised = tcb.rcvAdv - tcb.rcvNxt;
  const kept = tcb.heldOctets;
  const most = MAXIMUM_FIELD << <u32>tcb.rcvShift;
  const whole = tcb.rcvWnd;
  const room = kept < whole ? whole - kept : 0;
  const free = room < most ? room : most;
  const left: u32 = <i32>promised > 0 ? promised : 0;
  if (free <= left) return left;
  // Half of it is open: no segment is small for want of window, and the edge need not wait.
  if (left >= whole / 2 && queryParameter(Parameter.NtstackExactWindow) != 0) return free;
  const least = whole / 2 < <u32>tcb.mss ? whole / 2 : <u32>tcb.mss;
  return free - left >= least || tcb.rcvAdv == 0 ? free : left;
}
