/** Both ends of a close, TIME-WAIT, and the end by force (RFC 9293, 3.6 and 3.10.4 to 3.10.5). */

import { Parameter, queryParameter } from "../../ex/registry";
import { IsListEmpty, RemoveHeadList } from "../../nt/list";
import { NTSTATUS, Status } from "../../nt/status";
import { KeQueryTickCount } from "../../trace/ring";
import { TICKS_PER_SECOND } from "../../nt/time";
import { mustHold } from "../../ke/spinlock";
import { irpOfQueue } from "../../io/irp";
import { TcpFlag } from "../../wire/tcp";
import { Counter, count } from "../counters";
import { releaseChain } from "./held";
import { forgetSentLocked } from "./sent";
import { TcpState, isSynchronized, setStateLocked } from "./state";
import { noteNotHalfOpenLocked } from "./synattack";
import { Tcb, TcbFlag, TcpTimer, Todo, finishIrpLocked } from "./tcb";
import { startTimerLocked, stopTimerLocked } from "./timer";
import { transmitLocked } from "./transmit";

/** Our client has no more to send: a FIN goes after the last octet. */
export function closeLocked(tcb: Tcb): NTSTATUS {
  mustHold(tcb.lock);
  const state: TcpState = tcb.state;
  if ((tcb.flags & TcbFlag.FIN_QUEUED) != 0) return Status.SUCCESS;
  if (state == TcpState.ESTABLISHED) setStateLocked(tcb, TcpState.FIN_WAIT_1);
  else if (state == TcpState.CLOSE_WAIT) setStateLocked(tcb, TcpState.LAST_ACK);
  else if (state != TcpState.SYN_RECEIVED) return Status.CONNECTION_INVALID;
  tcb.flags |= TcbFlag.FIN_QUEUED;
  return Status.SUCCESS;
}

/** The peer has acknowledged our FIN. */
export function finAcknowledgedLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const state: TcpState = tcb.state;
  const closeIrp = tcb.closeIrp;
  if (state == TcpState.FIN_WAIT_1) {
    setStateLocked(tcb, TcpState.FIN_WAIT_2);
    stopTimerLocked(tcb);
    if (tcb.flags & TcbFlag.ORPHAN) startFinWaitLocked(tcb);
  } else if (state == TcpState.CLOSING) {
    timeWaitLocked(tcb);
  } else if (state == TcpState.LAST_ACK) {
    dieLocked(tcb, Status.SUCCESS, false);
    return;
  }
  if (closeIrp != null && tcb.state == TcpState.TIME_WAIT) {
    tcb.closeIrp = null;
    finishIrpLocked(tcb, closeIrp, Status.SUCCESS, 0);
  }
}

/** Nobody would notice if the peer's FIN never came: the wait is bounded as TIME-WAIT is. */
function startFinWaitLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const ticks = queryParameter(Parameter.TcpTimedWaitDelay) * TICKS_PER_SECOND;
  startTimerLocked(tcb, TcpTimer.TIME_WAIT, ticks);
}

/** The peer's FIN has come in its turn. */
export function finReceivedLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const state: TcpState = tcb.state;
  tcb.rcvNxt++;
  tcb.flags &= ~TcbFlag.FIN_WAITS;
  noteEndLocked(tcb);
  tcb.flags |= TcbFlag.FIN_RECEIVED | TcbFlag.DISCONNECT_OWED | TcbFlag.ACK_NOW;
  if (state == TcpState.ESTABLISHED) setStateLocked(tcb, TcpState.CLOSE_WAIT);
  else if (state == TcpState.FIN_WAIT_1) crossLocked(tcb);
  else if (state == TcpState.FIN_WAIT_2) timeWaitLocked(tcb);
  oweDisconnectLocked(tcb);
}

/** When it ended: where the number of the peer's FIN was, which has had its turn. */
function noteEndLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  tcb.finSequence = KeQueryTickCount();
}

/**
 * For the host: the tick at which the peer's FIN had its turn, or at which all was over for a
 * client that is to be told; 0 before. IRQL: any.
 */
export function endedTick(tcb: Tcb): u32 {
  return tcb.flags & TcbFlag.FIN_WAITS ? 0 : tcb.finSequence;
}

/** Both FINs have crossed: whether the peer has ours nobody knows, and it goes once more. */
function crossLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  setStateLocked(tcb, TcpState.CLOSING);
  const out = (tcb.flags & TcbFlag.FIN_SENT) != 0 && tcb.sndUna == tcb.sndEnd;
  if (out && queryParameter(Parameter.NtstackCrossedFin) != 0) {
    transmitLocked(tcb, tcb.sndEnd, TcpFlag.FIN | TcpFlag.ACK, 0);
  }
}

/**
 * The client is told of the peer's close once it has taken all data before it (nt-facts 4.5; the
 * other half of Q126560).
 */
export function oweDisconnectLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  if ((tcb.flags & TcbFlag.DISCONNECT_OWED) == 0) return;
  if ((tcb.flags & TcbFlag.INDICATING) != 0 || tcb.held != null) return;
  tcb.flags &= ~TcbFlag.DISCONNECT_OWED;
  while (!IsListEmpty(tcb.receives)) {
    const irp = irpOfQueue(RemoveHeadList(tcb.receives));
    finishIrpLocked(tcb, irp, Status.GRACEFUL_DISCONNECT, 0);
  }
  tcb.todo |= <u8>Todo.RELEASED;
  if (tcb.state == TcpState.TIME_WAIT) tcb.todo |= <u8>Todo.DETACH;
}

/**
 * Both sides have closed: what is late may still come, for twice the segment lifetime (MUST-13).
 */
export function timeWaitLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const ticks = queryParameter(Parameter.TcpTimedWaitDelay) * TICKS_PER_SECOND;
  const closeIrp = tcb.closeIrp;
  if (tcb.state != TcpState.TIME_WAIT) {
    setStateLocked(tcb, TcpState.TIME_WAIT);
    noteClosedLocked(tcb);
    if ((tcb.flags & (TcbFlag.DISCONNECT_OWED | TcbFlag.INDICATING)) == 0) {
      tcb.todo |= <u8>Todo.DETACH;
    }
  }
  if (closeIrp != null) {
    tcb.closeIrp = null;
    finishIrpLocked(tcb, closeIrp, Status.SUCCESS, 0);
  }
  startTimerLocked(tcb, TcpTimer.TIME_WAIT, ticks);
}

function noteClosedLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  if ((tcb.flags & TcbFlag.OPENED) == 0) return;
  tcb.cursor = null;
  tcb.flags &= ~TcbFlag.OPENED;
  count(Counter.TCP_CLOSED);
}

/**
 * The connection is over: all its requests end with `status`; the client is told when `indicate`.
 * What is owed to others is done by `settle` when the lock is let go.
 */
export function dieLocked(tcb: Tcb, status: NTSTATUS, indicate: bool): void {
  mustHold(tcb.lock);
  const state: TcpState = tcb.state;
  if (state == TcpState.CLOSED) return;
  const tell = indicate && tcb.openIrp == null && tcb.connection != null;
  if (tell) count(Counter.TCP_ESTAB_RESETS);
  else if (!isSynchronized(state)) count(Counter.TCP_ATTEMPT_FAILS);
  noteNotHalfOpenLocked(tcb);
  noteClosedLocked(tcb);
  setStateLocked(tcb, TcpState.CLOSED);
  stopTimerLocked(tcb);
  tcb.flags &= ~(TcbFlag.ACK_NOW | TcbFlag.ACK_DELAYED | TcbFlag.DISCONNECT_OWED);
  finishAllLocked(tcb, status);
  forgetSentLocked(tcb);
  releaseChain(tcb.held);
  releaseChain(tcb.waiting);
  tcb.held = null;
  tcb.waiting = null;
  tcb.heldOctets = 0;
  tcb.todo |= <u8>Todo.REMOVE;
  if (tell) tcb.todo |= <u8>Todo.ABORTED;
  if (tell) noteEndLocked(tcb);
  if (tell && status == Status.IO_TIMEOUT) tcb.todo |= <u8>Todo.TIMED_OUT;
}

/** Every request that waits ends with `status`. */
function finishAllLocked(tcb: Tcb, status: NTSTATUS): void {
  mustHold(tcb.lock);
  const openIrp = tcb.openIrp;
  const closeIrp = tcb.closeIrp;
  const failure = status == Status.SUCCESS ? Status.CONNECTION_DISCONNECTED : status;
  tcb.openIrp = null;
  tcb.closeIrp = null;
  if (openIrp != null) finishIrpLocked(tcb, openIrp, failure, 0);
  if (closeIrp != null) finishIrpLocked(tcb, closeIrp, status, 0);
  while (!IsListEmpty(tcb.sends)) {
    finishIrpLocked(tcb, irpOfQueue(RemoveHeadList(tcb.sends)), failure, 0);
  }
  while (!IsListEmpty(tcb.receives)) {
    finishIrpLocked(tcb, irpOfQueue(RemoveHeadList(tcb.receives)), failure, 0);
  }
}

/** Our client ends it by force: RST, and nothing is kept (RFC 9293, 3.10.5). */
export function abortLocked(tcb: Tcb, status: NTSTATUS): void {
  mustHold(tcb.lock);
  const state: TcpState = tcb.state;
  if (state >= TcpState.SYN_RECEIVED && state != TcpState.TIME_WAIT) {
    transmitLocked(tcb, tcb.sndMax, TcpFlag.RST | TcpFlag.ACK, 0);
    count(Counter.TCP_OUT_RSTS);
  }
  dieLocked(tcb, status, false);
}

/**
 * The endpoint is closed. A connection whose FIN is queued ends on its own; one that is open, or
 * has data that nobody will take any more, is reset (SHLD-3).
 */
export function orphanLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  if ((tcb.flags & TcbFlag.FIN_QUEUED) == 0 || tcb.held != null) {
    abortLocked(tcb, Status.CONNECTION_ABORTED);
    return;
  }
  while (!IsListEmpty(tcb.receives)) {
    finishIrpLocked(tcb, irpOfQueue(RemoveHeadList(tcb.receives)), Status.CANCELLED, 0);
  }
  tcb.flags = (tcb.flags | TcbFlag.ORPHAN) & ~TcbFlag.DISCONNECT_OWED;
  tcb.todo |= <u8>Todo.DETACH;
  if (tcb.state == TcpState.FIN_WAIT_2) startFinWaitLocked(tcb);
}
