/** What was not acknowledged is sent again, less and less often, and given up in the end. */

import { Parameter, queryParameter } from "../../ex/registry";
import { Event } from "../../trace/event";
import { KeQueryTickCount, trace } from "../../trace/ring";
import { Status } from "../../nt/status";
import { ticksOf } from "../../nt/time";
import { mustHold } from "../../ke/spinlock";
import { TcpFlag } from "../../wire/tcp";
import { Counter, count } from "../counters";
import { moveRoute } from "../route";
import { dieLocked } from "./close";
import { giveUpConnectLocked, resendSynLocked } from "./connect";
import { outputLocked } from "./output";
import { suspectBlackHoleLocked } from "./pathmtu";
import { collapseLocked } from "./recovery";
import { startRetransmitLocked, startTimeoutLocked, textRetransmissionsLocked } from "./rto";
import { softErrorLocked } from "./softerror";
import { TcpState } from "./state";
import { noteRetriedLocked, responseRetransmissions } from "./synattack";
import { Tcb, TcbFlag } from "./tcb";
import { transmitLocked } from "./transmit";

function backOffLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const most = queryParameter(Parameter.NtstackMaximumRto);
  tcb.rto = tcb.rto * 2 < most ? tcb.rto * 2 : most;
  // As much as it holds: more than 255 retransmissions are asked for by who never gives up.
  if (tcb.retransmitCount < 255) tcb.retransmitCount++;
}

/** Retransmissions after which something is amiss (R1; SHLD-10). NT: half of R2 (Q128978). */
function firstThreshold(): u32 {
  const own = queryParameter(Parameter.NtstackR1);
  return own ? own : queryParameter(Parameter.TcpMaxDataRetransmissions) >>> 1;
}

/**
 * At R1 the client is told (SHLD-9), and IP may know of another way (MUST-20); of yet another one
 * as often again.
 */
function doubtLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const times = <u32>tcb.retransmitCount;
  const first = firstThreshold();
  if (first == 0 || times % first != 0) return;
  if (times == first) softErrorLocked(tcb, Status.IO_TIMEOUT);
  const route = tcb.route;
  // Where it has moved since the last transmission, this connection has not tried it yet.
  if (route != null) moveRoute(route, KeQueryTickCount() - ticksOf(tcb.rto / 2));
}

/** How many times what is on the way is sent again before the connection is given up. */
function retransmissionsLocked(tcb: Tcb): u32 {
  mustHold(tcb.lock);
  const state: TcpState = tcb.state;
  if (state == TcpState.SYN_SENT) return queryParameter(Parameter.TcpMaxConnectRetransmissions);
  if (state == TcpState.SYN_RECEIVED) {
    return responseRetransmissions((tcb.flags & TcbFlag.PROTECTED) != 0);
  }
  return textRetransmissionsLocked(tcb);
}

/** The retransmission timer has expired. IRQL: DISPATCH_LEVEL. */
export function retransmitExpiredLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const state: TcpState = tcb.state;
  count(Counter.TCP_TIMEOUTS);
  if (<u32>tcb.retransmitCount >= retransmissionsLocked(tcb)) {
    trace(Event.TCP_GIVE_UP, tcb.remoteAddress, tcb.ports, tcb.retransmitCount);
    if (state == TcpState.SYN_SENT) giveUpConnectLocked(tcb, Status.IO_TIMEOUT);
    else dieLocked(tcb, Status.IO_TIMEOUT, true);
    return;
  }
  if (tcb.flags & TcbFlag.REFUSED) {
    // NT: the SYN after a refusal comes at the base timeout, not doubled (Q175523).
    tcb.retransmitCount++;
    tcb.flags &= ~TcbFlag.REFUSED;
    tcb.rto = queryParameter(Parameter.TcpInitialRTT);
  } else {
    backOffLocked(tcb);
    doubtLocked(tcb);
  }
  trace(Event.TCP_RETRANSMIT, tcb.remoteAddress, tcb.ports, tcb.retransmitCount);
  if (state == TcpState.SYN_SENT) {
    resendSynLocked(tcb);
  } else if (state == TcpState.SYN_RECEIVED) {
    noteRetriedLocked(tcb);
    transmitLocked(tcb, tcb.sndUna, TcpFlag.SYN | TcpFlag.ACK, 0);
    count(Counter.TCP_RETRANS_SEGS);
    startRetransmitLocked(tcb);
  } else {
    suspectBlackHoleLocked(tcb);
    collapseLocked(tcb);
    startTimeoutLocked(tcb);
    outputLocked(tcb);
  }
}
