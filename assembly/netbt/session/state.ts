/** The states of a session, and what leads from one to another (nt-facts 5.7). */

import { KeBugCheckEx, Stop } from "../../nt/bugcheck";

/** Where a session is in its life. */
export const enum SessionState {
  /** In the pool: waits for a connection. */
  IDLE,
  /** Outgoing: the name is being resolved. */
  CONNECTING,
  /** Outgoing: TCP is connecting. */
  OUTBOUND,
  /** Outgoing: the session request waits for its response. */
  CALLING,
  /** Incoming: TCP's handshake is under way. */
  INBOUND,
  /** Incoming: the session request is to come. */
  ACCEPTING,
  CONNECTED,
  DISCONNECTED,
  BAD,
}

/** What happens to it. */
export const enum SessionStep {
  /** A client calls. */
  CALL,
  /** The name has an address, or the retarget response gave one. */
  RESOLVED,
  /** TCP's listener has a connection for it. */
  SYN,
  /** TCP's handshake is over. */
  TCP_UP,
  /** Both ends have agreed on the session. */
  AGREED,
  END,
  COUNT,
}

/** The state after each step; BAD: it cannot be. */
const NEXT: StaticArray<i32> = [
  // IDLE: CALL, RESOLVED, SYN, TCP_UP, AGREED, END
  SessionState.CONNECTING, SessionState.BAD, SessionState.INBOUND,
  SessionState.BAD, SessionState.BAD, SessionState.DISCONNECTED,
  // CONNECTING: CALL, RESOLVED, SYN, TCP_UP, AGREED, END
  SessionState.BAD, SessionState.OUTBOUND, SessionState.BAD,
  SessionState.BAD, SessionState.BAD, SessionState.DISCONNECTED,
  // OUTBOUND: CALL, RESOLVED, SYN, TCP_UP, AGREED, END
  SessionState.BAD, SessionState.BAD, SessionState.BAD,
  SessionState.CALLING, SessionState.BAD, SessionState.DISCONNECTED,
  // CALLING: CALL, RESOLVED, SYN, TCP_UP, AGREED, END
  SessionState.BAD, SessionState.OUTBOUND, SessionState.BAD,
  SessionState.BAD, SessionState.CONNECTED, SessionState.DISCONNECTED,
  // INBOUND: CALL, RESOLVED, SYN, TCP_UP, AGREED, END
  SessionState.BAD, SessionState.BAD, SessionState.BAD,
  SessionState.ACCEPTING, SessionState.BAD, SessionState.DISCONNECTED,
  // ACCEPTING: CALL, RESOLVED, SYN, TCP_UP, AGREED, END
  SessionState.BAD, SessionState.BAD, SessionState.BAD,
  SessionState.BAD, SessionState.CONNECTED, SessionState.DISCONNECTED,
  // CONNECTED: CALL, RESOLVED, SYN, TCP_UP, AGREED, END
  SessionState.BAD, SessionState.BAD, SessionState.BAD,
  SessionState.BAD, SessionState.BAD, SessionState.DISCONNECTED,
  // DISCONNECTED: CALL, RESOLVED, SYN, TCP_UP, AGREED, END
  SessionState.BAD, SessionState.BAD, SessionState.BAD,
  SessionState.BAD, SessionState.BAD, SessionState.DISCONNECTED,
];

/** The state after `step`; one that cannot be stops the machine. IRQL: any. */
export function stateAfter(state: SessionState, step: SessionStep): SessionState {
  const next = NEXT[state * SessionStep.COUNT + step];
  if (next == SessionState.BAD) {
    KeBugCheckEx(Stop.DRIVER_VERIFIER_DETECTED_VIOLATION, state, step, 0, 0);
  }
  return next;
}
