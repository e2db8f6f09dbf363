/** Are you there? (RFC 9293, 3.8.4; nt-facts 2.1: KeepAliveTime, KeepAliveInterval). */

import { Parameter, queryParameter } from "../../ex/registry";
import { Event } from "../../trace/event";
import { trace } from "../../trace/ring";
import { Status } from "../../nt/status";
import { ticksOf } from "../../nt/time";
import { mustHold } from "../../ke/spinlock";
import { TcpFlag } from "../../wire/tcp";
import { dieLocked } from "./close";
import { Tcb, TcbFlag, TcpTimer } from "./tcb";
import { startTimerLocked } from "./timer";
import { transmitLocked } from "./transmit";

/** The peer was heard: the wait begins, if the client asked for it (MUST-24 to MUST-26). */
export function startKeepAliveLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  tcb.probes = 0;
  if ((tcb.flags & TcbFlag.KEEP_ALIVE) == 0) return;
  startTimerLocked(tcb, TcpTimer.KEEP_ALIVE, ticksOf(queryParameter(Parameter.KeepAliveTime)));
}

/**
 * Time for a probe: no text, the octet before sndUna (SHLD-12). Many unanswered end it (MUST-29).
 */
export function keepAliveExpiredLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  if ((tcb.flags & TcbFlag.KEEP_ALIVE) == 0) return;
  const own = queryParameter(Parameter.NtstackKeepAliveProbes);
  const most = own ? own : queryParameter(Parameter.TcpMaxDataRetransmissions);
  if (<u32>tcb.probes >= most) {
    dieLocked(tcb, Status.IO_TIMEOUT, true);
    return;
  }
  if (<u32>tcb.probes < 255) tcb.probes++;
  trace(Event.TCP_KEEP_ALIVE_PROBE, tcb.remoteAddress, tcb.ports, tcb.probes);
  transmitLocked(tcb, tcb.sndUna - 1, TcpFlag.ACK, 0);
  const wait = ticksOf(queryParameter(Parameter.KeepAliveInterval));
  startTimerLocked(tcb, TcpTimer.KEEP_ALIVE, wait);
}
