/** Text on its way: one segment from sndNxt on. */

import { nowUs } from "../../trace/ring";
import { mustHold } from "../../ke/spinlock";
import { TcpFlag } from "../../wire/tcp";
import { Counter, count } from "../counters";
import { noteFlightLocked, restartLocked } from "./congestion";
import { hastenTailLocked, isRetransmitTimerLocked, startRetransmitLocked } from "./rto";
import { noteSentLocked } from "./sent";
import { before } from "./sequence";
import { Tcb, TcbFlag } from "./tcb";
import { transmitLocked } from "./transmit";

/** Sends `length` octets from sndNxt on, and moves it. */
export function sendTextLocked(tcb: Tcb, length: u32, flags: u32): bool {
  mustHold(tcb.lock);
  const sequence = tcb.sndNxt;
  const again = before(sequence, tcb.sndMax);
  if (sequence == tcb.sndUna && !again) restartLocked(tcb);
  if (!transmitLocked(tcb, sequence, flags, length)) {
    // No packet: as if it were lost. The timer sends it again.
    startRetransmitLocked(tcb);
    return false;
  }
  tcb.sndNxt = sequence + length;
  if (flags & TcpFlag.FIN) {
    tcb.sndNxt++;
    tcb.flags |= TcbFlag.FIN_SENT;
  }
  if (again) count(Counter.TCP_RETRANS_SEGS);
  else if ((tcb.flags & TcbFlag.TIMING) == 0) {
    tcb.flags |= TcbFlag.TIMING;
    tcb.timedSequence = sequence;
    tcb.timedUs = <u32>nowUs();
  }
  if (before(tcb.sndMax, tcb.sndNxt)) tcb.sndMax = tcb.sndNxt;
  noteFlightLocked(tcb);
  if (tcb.flags & TcbFlag.SACK) noteSentLocked(tcb, sequence, tcb.sndNxt);
  if (!isRetransmitTimerLocked(tcb)) startRetransmitLocked(tcb);
  else if (tcb.flags & TcbFlag.SACK) hastenTailLocked(tcb);
  return true;
}
