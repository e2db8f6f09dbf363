/** SEND and RECEIVE: messages of sessions, one NCB each (nt-facts 6.4). */

import { at } from "../nt/embed";
import { RtlCopyMemory } from "../nt/memory";
import { NTSTATUS, NT_SUCCESS, Status } from "../nt/status";
import { ExFreePool } from "../ex/pool";
import { IoCallDriver } from "../io/call";
import { FileObject } from "../io/file";
import { Irp, IoAllocateIrp } from "../io/irp";
import { TdiBuildReceive, TdiBuildSend } from "../tdi/build";
import { ReceiveFlag, SendFlag } from "../tdi/request";
import { Environment, nameOfNumber } from "./environment";
import { abortSession, findAny, reportEnd } from "./end";
import { ANY_NAME, NcbCommand, NcbReturn, isChain, returnOf } from "./ncb";
import { Request, RequestState, allocateBuffer, beginCall, completeRequest, give } from
  "./request";
import { limitTime, nextPending, requestDone } from "./request";
import { NcbSessionState, Session, beginSend, endSend, findSession } from "./session";
import { sessionOf } from "./session";

/**
 * The established session that an NCB is for; null: it is completed with why not. The caller has
 * the gate.
 */
export function sessionFor(request: Request, environment: Environment): Session | null {
  const session = findSession(environment, request.block.lsn);
  let code = NcbReturn.SNUMOUT;
  if (session != null) {
    const state = session.state;
    if (state == NcbSessionState.ESTABLISHED) return session;
    if (state == NcbSessionState.HANGUP_PENDING) code = NcbReturn.SCLOSED;
    else if (state > NcbSessionState.HANGUP_PENDING) code = reportEnd(session);
  }
  completeRequest(request, code);
  return null;
}

/** SEND, CHAIN SEND, and their forms without acknowledgment. The caller has the gate. */
export function send(request: Request, environment: Environment): void {
  const session = sessionFor(request, environment);
  const file = session != null ? session.file : null;
  if (session == null || file == null) return;
  request.session = changetype<usize>(session);
  const irp = copyMessage(request) ? IoAllocateIrp(file.device.stackSize) : null;
  if (irp == null) {
    completeRequest(request, NcbReturn.NORES);
    return;
  }
  limitTime(request, session.sendLimit);
  beginCall(request);
  beginSend(session);
  const mdl = request.mdl;
  const context = changetype<usize>(request);
  TdiBuildSend(irp, file, sent, context, mdl, mdl.length, SendFlag.NONE);
  IoCallDriver(file.device, irp);
}

/** Both buffers in one; false: no memory. */
function copyMessage(request: Request): bool {
  const ncb = request.block;
  const first: u32 = ncb.length;
  const second: u32 = isChain(request.command) ? ncb.chainLength : 0;
  if (!allocateBuffer(request, first + second)) return false;
  RtlCopyMemory(request.buffer, <usize>ncb.buffer, first);
  if (second) RtlCopyMemory(request.buffer + first, <usize>ncb.chainBuffer, second);
  return true;
}

/** TCP has all of it acknowledged (Q178022), or has given up. */
function sent(irp: Irp, context: usize): NTSTATUS {
  endSend(at<Session>(at<Request>(context, 0).session, 0));
  return requestDone(irp, context);
}

/** The transport has ended a SEND. The caller has the gate. */
export function sendEnded(request: Request): void {
  const code = endOf(request);
  if (code == NcbReturn.SCLOSED || code == NcbReturn.SABORT) noteTold(request);
  completeRequest(request, code);
}

/** How a SEND or a RECEIVE ended: what came whole counts, whatever was to be said in its stead. */
function endOf(request: Request): NcbReturn {
  const status = request.status;
  if (NT_SUCCESS(status)) return NcbReturn.GOODRET;
  if (status == Status.BUFFER_OVERFLOW) return NcbReturn.INCOMP;
  if (request.verdict != NcbReturn.PENDING) return request.verdict;
  const code = returnOf(status);
  return code == NcbReturn.SCLOSED || code == NcbReturn.NORES ? code : NcbReturn.SABORT;
}

/** The program hears of the end of its session. */
function noteTold(request: Request): void {
  const session = sessionOf(request);
  if (session != null) session.told = 1;
}

/** A SEND has taken longer than its `sto`: that ends the session. The caller has the gate. */
export function sendTimedOut(request: Request): void {
  const session = sessionOf(request);
  request.verdict = NcbReturn.CMDTMO;
  if (session != null) abortSession(session, NcbReturn.SABORT);
}

/** RECEIVE. The caller has the gate. */
export function receive(request: Request, environment: Environment): void {
  const session = sessionFor(request, environment);
  if (session == null) return;
  request.session = changetype<usize>(session);
  limitTime(request, session.receiveLimit);
  pump(session);
}

/** RECEIVE ANY: of whichever session has a message; of one that is over, its end. */
export function receiveAny(request: Request, environment: Environment): void {
  const number: u32 = request.block.num;
  if (number != ANY_NAME && nameOfNumber(environment, number) == null) {
    completeRequest(request, NcbReturn.ILLNN);
  }
  const head = environment.sessions;
  let entry = head.flink;
  while (entry != head && request.state == RequestState.WAITING) {
    const session = Session.ofLink(entry);
    entry = entry.flink;
    if (session.state > NcbSessionState.HANGUP_PENDING) tellAny(session, request);
    else if (session.ready || session.kept) pump(session);
  }
}

/** A session is over, and its program has not heard of it: a RECEIVE ANY for its name tells. */
function tellAny(session: Session, request: Request): void {
  const number: u32 = request.block.num;
  if (number != ANY_NAME && number != session.name.number) return;
  noteReceiver(session, request);
  request.block.length = 0;
  completeRequest(request, reportEnd(session));
}

/** Asks the transport for the message that it has, where an NCB wants one. */
export function pump(session: Session): void {
  const file = session.file;
  if (session.kept) giveKept(session);
  while (file != null && session.ready && !session.receiving && !session.kept) {
    if (session.state != NcbSessionState.ESTABLISHED) return;
    const request = nextReceive(session);
    if (request == null) return;
    if (!askFor(session, file, request)) completeRequest(request, NcbReturn.NORES);
  }
}

/** What a RECEIVE that was cancelled has of a message is those of who ask next. */
function giveKept(session: Session): void {
  let request = nextReceive(session);
  while (request != null && session.kept) {
    const room: u32 = request.block.length;
    const octets = session.keptOctets < room ? session.keptOctets : room;
    if (allocateBuffer(request, octets)) {
      RtlCopyMemory(request.buffer, session.kept + session.keptOffset, octets);
      session.keptOffset += octets;
      session.keptOctets -= octets;
      noteReceiver(session, request);
      give(request, octets);
      const whole = session.keptOctets == 0 && !session.keptMore;
      if (session.keptOctets == 0) dropKept(session);
      completeRequest(request, whole ? NcbReturn.GOODRET : NcbReturn.INCOMP);
    } else {
      completeRequest(request, NcbReturn.NORES);
    }
    request = nextReceive(session);
  }
}

function dropKept(session: Session): void {
  ExFreePool(session.kept);
  session.kept = 0;
  if (session.keptMore) session.ready = 1;
}

/** A RECEIVE that was cancelled has come back. The caller has the gate. */
export function keepMessage(request: Request): void {
  const session = sessionOf(request);
  if (session == null) return;
  session.receiving = 0;
  const more = request.status == Status.BUFFER_OVERFLOW;
  if (more || NT_SUCCESS(request.status)) {
    session.kept = request.buffer;
    request.buffer = 0;
    session.keptOffset = 0;
    session.keptOctets = request.information;
    session.keptMore = more ? 1 : 0;
  }
  pump(session);
}

/** The RECEIVE that is next; or the RECEIVE ANY; null: the message stays where it is. */
function nextReceive(session: Session): Request | null {
  const environment = session.environment;
  let request = nextPending(environment, null);
  while (request != null) {
    const one: Request = request;
    const isOf = one.session == changetype<usize>(session);
    if (isOf && one.command == NcbCommand.RECEIVE && one.state == RequestState.WAITING) return one;
    request = nextPending(environment, one);
  }
  return findAny(session);
}

function askFor(session: Session, file: FileObject, request: Request): bool {
  const room: u32 = request.block.length;
  const irp = allocateBuffer(request, room) ? IoAllocateIrp(file.device.stackSize) : null;
  if (irp == null) return false;
  noteReceiver(session, request);
  session.ready = 0;
  session.receiving = 1;
  beginCall(request);
  const context = changetype<usize>(request);
  TdiBuildReceive(irp, file, requestDone, context, request.mdl, room, ReceiveFlag.NORMAL);
  IoCallDriver(file.device, irp);
  return true;
}

/** A RECEIVE ANY is of this session from here on. */
function noteReceiver(session: Session, request: Request): void {
  request.session = changetype<usize>(session);
  request.block.lsn = <u8>session.number;
  if (request.command == NcbCommand.RECEIVE_ANY) request.block.num = <u8>session.name.number;
}

/** The transport has ended a TDI_RECEIVE. The caller has the gate. */
export function receiveEnded(request: Request): void {
  const session = sessionOf(request);
  const code = endOf(request);
  const came = code == NcbReturn.GOODRET || code == NcbReturn.INCOMP;
  give(request, came ? request.information : 0);
  if (code == NcbReturn.SCLOSED || code == NcbReturn.SABORT) noteTold(request);
  completeRequest(request, code);
  if (session == null) return;
  session.receiving = 0;
  // What did not fit is the next one's.
  if (code == NcbReturn.INCOMP) session.ready = 1;
  pump(session);
}
