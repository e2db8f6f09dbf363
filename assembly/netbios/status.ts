/** ADAPTER STATUS of this machine, and SESSION STATUS (nt-facts 6.3). */

import { at } from "../nt/embed";
import { RtlCopyMemory } from "../nt/memory";
import { octet } from "../wire/bytes";
import { adapterAt } from "../ndis/adapter";
import { NAME_BUFFER, NameBufferFlag, STATUS_OCTETS, writeAdapterStatus } from "./adapter";
import { writeNameBuffer } from "./adapter";
import { Environment, Name, findName } from "./environment";
import { Lana } from "./lana";
import { ANY_NAME, ASTERISK, NAME_OCTETS, NcbCommand, NcbReturn, isSend } from "./ncb";
import { Request, allocateBuffer, completeRequest, giveAll, nextPending } from "./request";
import { Session } from "./session";

/** SESSION_HEADER. */
@unmanaged
class SessionHeader {
  nameNumber: u8;
  sessions: u8;
  datagrams: u8;
  any: u8;
}
const SESSION_HEADER: u32 = 4;
const SESSION_BUFFER: u32 = 36;

/** SESSION_BUFFER begins with it, and ends with the second after two names. */
@unmanaged
class Pair {
  first: u8;
  second: u8;
}

/** ADAPTER STATUS of this machine; false: the callname is another's. The caller has the gate. */
export function localStatus(request: Request, environment: Environment): bool {
  const callname = request.block.callname;
  const isOurs = octet(callname, 0) == ASTERISK || findName(environment, callname) != null;
  if (!isOurs) return false;
  const names = countNames(request.lana);
  const octets = STATUS_OCTETS + names * NAME_BUFFER;
  if (allocateBuffer(request, octets)) {
    writeStatus(request, names);
    giveAll(request, octets);
  } else {
    completeRequest(request, NcbReturn.NORES);
  }
  return true;
}

/** Names of all programs on a LANA. */
function countNames(lana: Lana): u32 {
  let count: u32 = 0;
  const head = lana.environments;
  for (let entry = head.flink; entry != head; entry = entry.flink) {
    count += Environment.ofLink(entry).nameCount;
  }
  return count;
}

function writeStatus(request: Request, names: u32): void {
  const lana = request.lana;
  const adapter = adapterAt(lana.number);
  let sessions: u32 = 0;
  let place = request.buffer + STATUS_OCTETS;
  const head = lana.environments;
  for (let entry = head.flink; entry != head; entry = entry.flink) {
    const environment = Environment.ofLink(entry);
    sessions += environment.sessionCount;
    place = writeNames(environment, place);
  }
  writeAdapterStatus(request.buffer, adapter != null ? adapter.mac : 0, names, sessions);
}

function writeNames(environment: Environment, place: usize): usize {
  const head = environment.names;
  for (let entry = head.flink; entry != head; entry = entry.flink) {
    const name = changetype<Name>(entry);
    const group: u32 = name.address.isGroup ? NameBufferFlag.GROUP_NAME : 0;
    place = writeNameBuffer(place, name.octets, name.number, name.state | group);
  }
  return place;
}

/** SESSION STATUS of a name, or of all. The caller has the gate. */
export function sessionStatus(request: Request, environment: Environment): void {
  const block = request.block;
  const all = octet(block.name, 0) == ASTERISK;
  const name = !all ? findName(environment, block.name) : null;
  let code = NcbReturn.PENDING;
  if (!all && name == null) code = NcbReturn.NOWILD;
  else if (<u32>block.length < SESSION_HEADER) code = NcbReturn.BUFLEN;
  const octets = SESSION_HEADER + environment.sessionCount * SESSION_BUFFER;
  if (code == NcbReturn.PENDING && !allocateBuffer(request, octets)) code = NcbReturn.NORES;
  if (code == NcbReturn.PENDING) giveAll(request, writeSessions(request, environment, name));
  else completeRequest(request, code);
}

/** How many octets were written. */
function writeSessions(request: Request, environment: Environment, name: Name | null): u32 {
  const header = at<SessionHeader>(request.buffer, 0);
  header.nameNumber = <u8>(name == null ? ANY_NAME : name.number);
  header.datagrams = <u8>countPending(environment, NcbCommand.RECEIVE_DATAGRAM, 0);
  header.any = <u8>countPending(environment, NcbCommand.RECEIVE_ANY, 0);
  let count: u32 = 0;
  const head = environment.sessions;
  for (let entry = head.flink; entry != head; entry = entry.flink) {
    const session = Session.ofLink(entry);
    if (name != null && session.name != name) continue;
    writeSession(session, request.buffer + SESSION_HEADER + count * SESSION_BUFFER);
    count++;
  }
  header.sessions = <u8>count;
  return SESSION_HEADER + count * SESSION_BUFFER;
}

function writeSession(session: Session, place: usize): void {
  const head = at<Pair>(place, 0);
  head.first = <u8>session.number;
  head.second = <u8>session.state;
  const names = place + offsetof<Pair>();
  RtlCopyMemory(names, session.name.octets, NAME_OCTETS);
  RtlCopyMemory(names + NAME_OCTETS, session.remote, NAME_OCTETS);
  const tail = at<Pair>(names, 2 * NAME_OCTETS);
  const environment = session.environment;
  const address = changetype<usize>(session);
  tail.first = <u8>countPending(environment, NcbCommand.RECEIVE, address);
  tail.second = <u8>countPending(environment, NcbCommand.SEND, address);
}

/** Requests of a kind, of one session or, for 0, of all. */
function countPending(environment: Environment, command: NcbCommand, session: usize): u32 {
  let count: u32 = 0;
  let request = nextPending(environment, null);
  while (request != null) {
    const one: Request = request;
    const same = one.command == command || (command == NcbCommand.SEND && isSend(one.command));
    if (same && (session == 0 || one.session == session)) count++;
    request = nextPending(environment, one);
  }
  return count;
}
