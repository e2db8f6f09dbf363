/** The eleven states (RFC 9293, 3.3.2), questions about them, and the one setter. */

import { Event } from "../../trace/event";
import { trace } from "../../trace/ring";
import { mustHold } from "../../ke/spinlock";
import { Counter, count, uncount } from "../counters";
import { Tcb } from "./tcb";

/** The states, in the order in which a connection meets them. */
export const enum TcpState {
  CLOSED,
  LISTEN,
  SYN_SENT,
  SYN_RECEIVED,
  ESTABLISHED,
  FIN_WAIT_1,
  FIN_WAIT_2,
  CLOSE_WAIT,
  CLOSING,
  LAST_ACK,
  TIME_WAIT,
}

/** Both sides have each other's sequence number. */
export function isSynchronized(state: TcpState): bool {
  return state >= TcpState.ESTABLISHED;
}

/** The peer may still send text. */
export function mayReceive(state: TcpState): bool {
  return (
    state == TcpState.ESTABLISHED || state == TcpState.FIN_WAIT_1 || state == TcpState.FIN_WAIT_2
  );
}

/** Our client may still send text, or has text on the way. */
export function maySend(state: TcpState): bool {
  return state == TcpState.ESTABLISHED || state == TcpState.CLOSE_WAIT;
}

/** Our FIN is queued or sent, and not yet acknowledged. */
export function awaitsFinAck(state: TcpState): bool {
  return state == TcpState.FIN_WAIT_1 || state == TcpState.CLOSING || state == TcpState.LAST_ACK;
}

/** Counted as established by the MIB (tcpCurrEstab). */
function isEstablished(state: TcpState): bool {
  return state == TcpState.ESTABLISHED || state == TcpState.CLOSE_WAIT;
}

/** The only place where a state changes. */
export function setStateLocked(tcb: Tcb, state: TcpState): void {
  mustHold(tcb.lock);
  const old: TcpState = tcb.state;
  if (isEstablished(state) && !isEstablished(old)) count(Counter.TCP_CURR_ESTAB);
  if (isEstablished(old) && !isEstablished(state)) uncount(Counter.TCP_CURR_ESTAB);
  trace(Event.TCP_STATE, tcb.remoteAddress, tcb.ports, (<u32>old << 16) | <u32>state);
  tcb.state = <u8>state;
}
