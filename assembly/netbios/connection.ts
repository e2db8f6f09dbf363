/** CALL, LISTEN and HANG UP, and what a session does when it has its turn (nt-facts 6.4). */

import { at } from "../nt/embed";
import { RtlCopyMemory, RtlZeroMemory } from "../nt/memory";
import { Fault, faulty } from "../kb/faults";
import { GateWork, keepGate } from "./gate";
import { IoCallDriver } from "../io/call";
import { FileObject } from "../io/file";
import { Irp, IoAllocateIrp, IoFreeIrp } from "../io/irp";
import { NetbiosNameType } from "../tdi/address";
import { TdiBuildConnectName, TdiBuildListen } from "../tdi/build";
import { openConnectionFile } from "../tdi/client";
import { DisconnectFlag } from "../tdi/request";
import { octet } from "../wire/bytes";
import { Environment, Name, NameState, findName } from "./environment";
import { closeSession, disconnect, endDisconnect, loseSession } from "./end";
import { ASTERISK, NAME_OCTETS, NcbCommand, NcbReturn, returnOf } from "./ncb";
import { Request, beginCall, completeRequest, requestDone } from "./request";
import { NcbSessionState, Session, SessionEvent, createSession } from "./session";
import { dereferenceSession, limitClose, removeSession, sendsUnderWay, sessionOf } from "./session";
import { takeSessionEvents } from "./session";
import { pump, sessionFor } from "./transfer";

/** CALL, or LISTEN. The caller has the gate. */
export function open(request: Request, environment: Environment): void {
  const name = findName(environment, request.block.name);
  const known = name != null && name.state == NameState.REGISTERED;
  const file: FileObject | null = name != null && known ? name.file : null;
  if (name == null || file == null) {
    completeRequest(request, NcbReturn.NOWILD);
    return;
  }
  if (environment.sessionCount >= environment.mostSessions) {
    completeRequest(request, NcbReturn.LOCTFUL);
    return;
  }
  if (!begin(request, name, file)) completeRequest(request, NcbReturn.NORES);
}

/** False: no memory. */
function begin(request: Request, name: Name, file: FileObject): bool {
  const listens = request.command == NcbCommand.LISTEN;
  const state = listens ? NcbSessionState.LISTEN_OUTSTANDING : NcbSessionState.CALL_PENDING;
  const irp = IoAllocateIrp(file.device.stackSize);
  const session = irp != null ? createSession(name, state, sessionTurn) : null;
  const context = changetype<usize>(session);
  const connection = session != null ? openConnectionFile(file, context) : null;
  if (irp == null || session == null || connection == null) {
    if (irp != null) IoFreeIrp(irp);
    if (session != null) removeSession(session);
    return false;
  }
  session.file = connection;
  session.receiveLimit = request.block.rto;
  session.sendLimit = request.block.sto;
  request.session = changetype<usize>(session);
  const block = request.block;
  block.lsn = <u8>session.number;
  RtlZeroMemory(changetype<usize>(request.address), NAME_OCTETS);
  RtlCopyMemory(session.remote, block.callname, NAME_OCTETS);
  if (!listens || octet(block.callname, 0) != ASTERISK) {
    RtlCopyMemory(changetype<usize>(request.address), block.callname, NAME_OCTETS);
  }
  request.address.type = NetbiosNameType.UNIQUE;
  beginCall(request);
  if (listens) listen(request, irp, connection);
  else callName(request, irp, connection);
  return true;
}

function listen(request: Request, irp: Irp, file: FileObject): void {
  const any = octet(request.block.callname, 0) == ASTERISK;
  const wanted = !any ? request.address : null;
  TdiBuildListen(irp, file, requestDone, changetype<usize>(request), wanted, request.address);
  IoCallDriver(file.device, irp);
}

function callName(request: Request, irp: Irp, file: FileObject): void {
  TdiBuildConnectName(irp, file, requestDone, changetype<usize>(request), request.address, 0);
  IoCallDriver(file.device, irp);
}

/** The transport has ended a CALL or a LISTEN. The caller has the gate. */
export function openEnded(request: Request): void {
  const session = sessionOf(request);
  const code = request.verdict == NcbReturn.PENDING ? returnOf(request.status) : request.verdict;
  if (session == null) {
    completeRequest(request, code);
    return;
  }
  if (code != NcbReturn.GOODRET) {
    request.block.lsn = 0;
    completeRequest(request, code);
    closeSession(session);
    removeSession(session);
    return;
  }
  establish(session, request);
  completeRequest(request, code);
  // What came meanwhile is a RECEIVE ANY's.
  pump(session);
}

function establish(session: Session, request: Request): void {
  // One that has ended meanwhile says so to the next NCB.
  const opening = session.state < NcbSessionState.ESTABLISHED;
  if (opening) session.state = NcbSessionState.ESTABLISHED;
  if (request.command != NcbCommand.LISTEN) return;
  RtlCopyMemory(session.remote, changetype<usize>(request.address), NAME_OCTETS);
  RtlCopyMemory(request.block.callname, session.remote, NAME_OCTETS);
}

/** HANG UP. The caller has the gate. */
export function hangUp(request: Request, environment: Environment): void {
  const session = sessionFor(request, environment);
  if (session == null) return;
  request.session = changetype<usize>(session);
  disconnect(session, request);
}

/** GateRoutine of a session: something has happened to it. */
function sessionTurn(work: GateWork): void {
  const session = at<Session>(changetype<usize>(work), 0);
  const events = takeSessionEvents(session);
  if (!session.gone) turn(session, events);
  dereferenceSession(session);
}

function turn(session: Session, events: u32): void {
  if (events & SessionEvent.READY) session.ready = 1;
  if (session.state == NcbSessionState.HANGUP_PENDING) {
    hangUpTurn(session, events);
    return;
  }
  if (session.state > NcbSessionState.HANGUP_PENDING) return;
  const lost = (events & SessionEvent.ABORTED) != 0;
  // "is blocked, waiting for something"
  if (faulty(Fault.Q186873) && lost && keepGate(session.lana, session)) return limitClose(session);
  if (lost || (events & SessionEvent.EXPIRED) != 0) loseSession(session, NcbReturn.SABORT);
  else if (events & SessionEvent.RELEASED) loseSession(session, NcbReturn.SCLOSED);
  else pump(session);
}

/** A session that is hung up: all was sent, or is lost, or has taken too long. */
function hangUpTurn(session: Session, events: u32): void {
  if (events & SessionEvent.ABORTED) {
    endDisconnect(session, DisconnectFlag.ABORT, NcbReturn.SABORT);
  } else if (sendsUnderWay(session) == 0) {
    endDisconnect(session, DisconnectFlag.RELEASE, NcbReturn.GOODRET);
  } else if (events & SessionEvent.EXPIRED) {
    endDisconnect(session, DisconnectFlag.ABORT, NcbReturn.CMDTMO);
  }
}
