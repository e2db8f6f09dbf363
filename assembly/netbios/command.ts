/** What each NCB does once it has passed the gate of its LANA, and when it has its turn again. */

import { at } from "../nt/embed";
import { GateWork } from "./gate";
import { hangUp, open, openEnded } from "./connection";
import { cancel } from "./cancel";
import { datagramCame, datagramSent, receiveDatagram, sendDatagram } from "./datagram";
import { Environment, createEnvironment, findEnvironment } from "./environment";
import { NcbCommand, NcbReturn, isReceive } from "./ncb";
import { addName, addPermanentName, deleteName, nameEnded } from "./register";
import { Request, RequestEvent, RequestState, beginPending, completeRequest } from "./request";
import { dereferenceRequest, takeEvents } from "./request";
import { findRemote, remoteAnswered } from "./remote";
import { endEnvironment } from "./reset";
import { localStatus, sessionStatus } from "./status";
import { keepMessage, receive, receiveAny, receiveEnded, send, sendEnded } from "./transfer";
import { sendTimedOut } from "./transfer";

/** Requests of a program that may wait at once. */
const MOST_PENDING: u32 = 255;
/** Where callname of RESET says how much is wanted. */
const WANTED_SESSIONS: u32 = 0;
const WANTED_NAMES: u32 = 2;
const WANTED_PERMANENT: u32 = 3;

/** GateRoutine of an NCB that was submitted. */
export function startTurn(work: GateWork): void {
  const request = at<Request>(changetype<usize>(work), 0);
  request.routine = eventTurn;
  start(request);
  dereferenceRequest(request);
}

function start(request: Request): void {
  if (request.command == NcbCommand.RESET) {
    reset(request);
    return;
  }
  const environment = findEnvironment(request.lana, request.process);
  if (request.command == NcbCommand.UNLINK) {
    completeRequest(request, NcbReturn.GOODRET);
  } else if (environment == null) {
    completeRequest(request, NcbReturn.ENVNOTDEF);
  } else if (environment.pendingCount >= MOST_PENDING && !endsOthers(request)) {
    completeRequest(request, NcbReturn.TOOMANY);
  } else {
    beginPending(request, environment);
    dispatch(request, environment);
  }
}

/** Those by which a program that has too many under way comes to have fewer. */
function endsOthers(request: Request): bool {
  return request.command == NcbCommand.CANCEL || request.command == NcbCommand.HANG_UP;
}

function dispatch(request: Request, environment: Environment): void {
  switch (request.command) {
    case NcbCommand.CALL:
    case NcbCommand.LISTEN:
      return open(request, environment);
    case NcbCommand.HANG_UP:
      return hangUp(request, environment);
    case NcbCommand.SEND:
    case NcbCommand.SEND_NO_ACK:
    case NcbCommand.CHAIN_SEND:
    case NcbCommand.CHAIN_SEND_NO_ACK:
      return send(request, environment);
    case NcbCommand.RECEIVE:
      return receive(request, environment);
    case NcbCommand.RECEIVE_ANY:
      return receiveAny(request, environment);
    case NcbCommand.SEND_DATAGRAM:
    case NcbCommand.SEND_BROADCAST:
      return sendDatagram(request, environment);
    case NcbCommand.RECEIVE_DATAGRAM:
    case NcbCommand.RECEIVE_BROADCAST:
      return receiveDatagram(request, environment);
    case NcbCommand.ADD_NAME:
    case NcbCommand.ADD_GROUP_NAME:
      return addName(request, environment);
    case NcbCommand.DELETE_NAME:
      return deleteName(request, environment);
    case NcbCommand.SESSION_STATUS:
      return sessionStatus(request, environment);
    case NcbCommand.CANCEL:
      return cancel(request, environment);
    case NcbCommand.ADAPTER_STATUS:
      if (!localStatus(request, environment)) findRemote(request);
      return;
    case NcbCommand.FIND_NAME:
      return findRemote(request);
    // LAN_STATUS_ALERT waits for an error of the card, and ours has none.
  }
}

/** RESET: what the program had is over; with `lsn` 0 it has anew what it asks for. */
function reset(request: Request): void {
  const block = request.block;
  const before = findEnvironment(request.lana, request.process);
  if (before != null) endEnvironment(before);
  if (block.lsn != 0) {
    completeRequest(request, NcbReturn.GOODRET);
    return;
  }
  const sessions = block.limit(WANTED_SESSIONS);
  const names = block.limit(WANTED_NAMES);
  const made = createEnvironment(request.lana, request.process, sessions, names);
  if (made == null) {
    completeRequest(request, NcbReturn.NORES);
    return;
  }
  beginPending(request, made);
  if (block.limit(WANTED_PERMANENT) == 0) completeRequest(request, NcbReturn.GOODRET);
  else addPermanentName(request, made);
}

/** GateRoutine of an NCB that waits: something has happened. */
function eventTurn(work: GateWork): void {
  const request = at<Request>(changetype<usize>(work), 0);
  const events = takeEvents(request);
  const environment = request.environment;
  // A name that was opened is closed even where nobody waits for it any more.
  if (events & RequestEvent.DONE && request.name != null) nameEnded(request);
  else if (events & RequestEvent.DONE && isCancelled(request)) keepMessage(request);
  else if (environment != null && request.state != RequestState.COMPLETE) {
    if (events & RequestEvent.DONE) ended(request);
    else if (events & RequestEvent.FILLED) datagramCame(request);
    else if (events & RequestEvent.TIMED_OUT) timedOut(request);
  }
  dereferenceRequest(request);
}

/** A RECEIVE that was cancelled while a message was coming into it. */
function isCancelled(request: Request): bool {
  return request.state == RequestState.COMPLETE && isReceive(request.command);
}

/** The transport has done with it. */
function ended(request: Request): void {
  switch (request.command) {
    case NcbCommand.CALL:
    case NcbCommand.LISTEN:
      return openEnded(request);
    case NcbCommand.RECEIVE:
    case NcbCommand.RECEIVE_ANY:
      return receiveEnded(request);
    case NcbCommand.SEND_DATAGRAM:
    case NcbCommand.SEND_BROADCAST:
      return datagramSent(request);
    case NcbCommand.ADAPTER_STATUS:
    case NcbCommand.FIND_NAME:
      return remoteAnswered(request);
    default:
      return sendEnded(request);
  }
}

/** Its `rto` or `sto` is over. A RECEIVE into which a message is coming gets it whole. */
function timedOut(request: Request): void {
  if (request.command != NcbCommand.RECEIVE) sendTimedOut(request);
  else if (request.state == RequestState.WAITING) completeRequest(request, NcbReturn.CMDTMO);
}
