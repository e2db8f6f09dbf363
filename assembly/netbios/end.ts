/** How sessions end: hung up, lost, given up; and what of theirs waits then. */

import { closeFile, disconnectFile } from "../tdi/client";
import { DisconnectFlag } from "../tdi/request";
import { ANY_NAME, NcbCommand, NcbReturn, isReceive, isSend } from "./ncb";
import { Request, RequestState, completeRequest, nextPending } from "./request";
import { NcbSessionState, Session, SessionEvent, limitClose, removeSession } from "./session";
import { sendsUnderWay, signalSession } from "./session";

/**
 * HANG UP of an established session: what is to be received is not any more; what was sent goes
 * out first, and `hangUp` waits for it. IRQL: PASSIVE_LEVEL; the caller has the gate.
 */
export function disconnect(session: Session, hangUp: Request): void {
  session.state = NcbSessionState.HANGUP_PENDING;
  session.hangUp = hangUp;
  completeReceives(session, NcbReturn.SCLOSED);
  limitClose(session);
  if (sendsUnderWay(session) == 0) signalSession(session, SessionEvent.IDLE);
}

/** HANG UP ends with `code`, and with it the session; by `flag`. The caller has the gate. */
export function endDisconnect(session: Session, flag: DisconnectFlag, code: NcbReturn): void {
  const file = session.file;
  const hangUp = session.hangUp;
  session.hangUp = null;
  if (file != null) disconnectFile(file, flag);
  giveVerdicts(session, NcbReturn.SABORT);
  closeSession(session);
  removeSession(session);
  if (hangUp != null) completeRequest(hangUp, code);
}

/** Closes the transport's end, once: its requests end, and nobody is called for it any more. */
export function closeSession(session: Session): void {
  const file = session.file;
  session.file = null;
  closeFile(file);
}

/**
 * The session is over, and its program has not asked for that: what waits gets `code`, and so does
 * one RECEIVE ANY. Where nothing waits, the next NCB for it does. The caller has the gate.
 */
export function loseSession(session: Session, code: NcbReturn): void {
  session.state =
    code == NcbReturn.SCLOSED ? NcbSessionState.HANGUP_COMPLETE : NcbSessionState.ABORTED;
  closeSession(session);
  if (completeReceives(session, code)) session.told = 1;
  if (giveVerdicts(session, code)) session.told = 1;
  if (completeAny(session, code)) session.told = 1;
  if (session.told) removeSession(session);
}

/** At once: the peer hears of it by a reset. The caller has the gate. */
export function abortSession(session: Session, code: NcbReturn): void {
  const file = session.file;
  if (file != null) disconnectFile(file, DisconnectFlag.ABORT);
  loseSession(session, code);
}

/** What an NCB for a session gets that is over; that was its program's last word of it. */
export function reportEnd(session: Session): NcbReturn {
  const aborted = session.state == NcbSessionState.ABORTED;
  removeSession(session);
  return aborted ? NcbReturn.SABORT : NcbReturn.SCLOSED;
}

/** RECEIVEs end; into which a message is coming, when it has not come. True: there were some. */
function completeReceives(session: Session, code: NcbReturn): bool {
  let some = false;
  let request = nextPending(session.environment, null);
  while (request != null) {
    const one: Request = request;
    request = nextPending(session.environment, one);
    if (!isReceive(one.command) || !isOf(one, session)) continue;
    if (one.state == RequestState.CALLED) one.verdict = code;
    else completeRequest(one, code);
    some = true;
  }
  return some;
}

function isOf(request: Request, session: Session): bool {
  return request.session == changetype<usize>(session);
}

/** SENDs that the transport has still to end, end with `code`; true: there are some. */
function giveVerdicts(session: Session, code: NcbReturn): bool {
  let some = false;
  let request = nextPending(session.environment, null);
  while (request != null) {
    const one: Request = request;
    request = nextPending(session.environment, one);
    if (!isOf(one, session) || !isSend(one.command)) continue;
    if (one.verdict == NcbReturn.PENDING) one.verdict = code;
    some = true;
  }
  return some;
}

/** One RECEIVE ANY for its name, or for any; true: there was one. */
function completeAny(session: Session, code: NcbReturn): bool {
  const request = findAny(session);
  if (request == null) return false;
  request.block.num = <u8>session.name.number;
  request.block.lsn = <u8>session.number;
  request.block.length = 0;
  completeRequest(request, code);
  return true;
}

/** The RECEIVE ANY that is next for a session: one for its name before one for any. */
export function findAny(session: Session): Request | null {
  let any: Request | null = null;
  const environment = session.environment;
  let request = nextPending(environment, null);
  while (request != null) {
    const one: Request = request;
    if (one.command == NcbCommand.RECEIVE_ANY && one.state == RequestState.WAITING) {
      const number: u32 = one.block.num;
      if (number == session.name.number) return one;
      if (number == ANY_NAME && any == null) any = one;
    }
    request = nextPending(environment, one);
  }
  return any;
}
