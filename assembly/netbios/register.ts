/** ADD NAME, ADD GROUP NAME and DELETE NAME (nt-facts 6.4). */

import { RtlCopyMemory, RtlZeroMemory } from "../nt/memory";
import { NTSTATUS, NT_SUCCESS } from "../nt/status";
import { ExFree } from "../ex/pool";
import { IoCallDriver } from "../io/call";
import { beginCreateFile } from "../io/create";
import { DeviceObject } from "../io/device";
import { FileObject } from "../io/file";
import { IoAllocateIrp, IoFreeIrp } from "../io/irp";
import { NetbiosNameType } from "../tdi/address";
import { closeFile, setHandlers } from "../tdi/client";
import { EventHandlers } from "../tdi/event";
import { TransportObject } from "../tdi/request";
import { octet } from "../wire/bytes";
import { ETHERNET_ADDRESS } from "../wire/ethernet";
import { adapterAt } from "../ndis/adapter";
import { datagramEvent } from "./datagram";
import { closeSession } from "./end";
import { Environment, Name, NameState, PERMANENT_NAME, createName, dropName } from "./environment";
import { findName, freeName, isTaken, nextNameNumber, removeName } from "./environment";
import { deviceOf } from "./lana";
import { ASTERISK, NAME_OCTETS, NcbCommand, NcbReturn, returnOf } from "./ncb";
import { Request, RequestState, beginCall, completeRequest, nextPending, requestDone } from
  "./request";
import { NcbSessionState, Session, disconnectEvent, receiveEvent, sessionOf } from "./session";

/** ADD NAME, and ADD GROUP NAME. The caller has the gate. */
export function addName(request: Request, environment: Environment): void {
  const octets = request.block.name;
  const first = octet(octets, 0);
  const isGroup = request.command == NcbCommand.ADD_GROUP_NAME;
  const type = isGroup ? NetbiosNameType.GROUP : NetbiosNameType.UNIQUE;
  let code = NcbReturn.PENDING;
  if (first == 0 || first == ASTERISK) code = NcbReturn.NOWILD;
  else if (isTaken(request.lana, request.process, octets, type)) code = NcbReturn.DUPNAME;
  else if (environment.nameCount >= environment.mostNames) code = NcbReturn.NAMTFUL;
  if (code != NcbReturn.PENDING) {
    completeRequest(request, code);
    return;
  }
  const name = createName(environment, nextNameNumber(environment));
  if (name == null) {
    completeRequest(request, NcbReturn.NORES);
    return;
  }
  RtlCopyMemory(name.octets, octets, NAME_OCTETS);
  name.address.type = type;
  openName(request, name);
}

/** Name number 1: ten zeros and the card's address, which nobody else has. */
export function addPermanentName(request: Request, environment: Environment): void {
  const name = createName(environment, PERMANENT_NAME);
  if (name == null) {
    completeRequest(request, NcbReturn.NORES);
    return;
  }
  RtlZeroMemory(name.octets, NAME_OCTETS);
  const adapter = adapterAt(request.lana.number);
  const at = name.octets + NAME_OCTETS - ETHERNET_ADDRESS;
  if (adapter != null) RtlCopyMemory(at, adapter.mac, ETHERNET_ADDRESS);
  name.address.type = NetbiosNameType.QUICK_UNIQUE;
  openName(request, name);
}

/** The transport registers it: `nameEnded` follows. */
function openName(request: Request, name: Name): void {
  const device = deviceOf(request.lana.number);
  if (device != null && callCreate(request, name, device)) return;
  removeName(name);
  freeName(name);
  completeRequest(request, NcbReturn.NORES);
}

/** False: no memory. */
function callCreate(request: Request, name: Name, device: DeviceObject): bool {
  const irp = IoAllocateIrp(1);
  if (irp == null) return false;
  const kind = TransportObject.ADDRESS;
  const context = changetype<usize>(request);
  const file = beginCreateFile(device, kind, <u32>name.octets, irp, requestDone, context);
  if (file == null) {
    IoFreeIrp(irp);
    return false;
  }
  request.name = name;
  request.file = file;
  beginCall(request);
  IoCallDriver(device, irp);
  return true;
}

/**
 * The transport has registered the name, or not. Where its program is gone, or has asked for a
 * RESET, nobody wants it any more. The caller has the gate.
 */
export function nameEnded(request: Request): void {
  const name = request.name;
  const file = request.file;
  if (name == null || file == null) return;
  request.name = null;
  request.file = null;
  const gone = name.environment.closed != 0;
  name.file = takeFile(file, request.status, gone, changetype<usize>(name));
  let code = returnOf(request.status);
  if (code == NcbReturn.GOODRET && name.file == null) code = NcbReturn.NORES;
  if (code == NcbReturn.GOODRET) {
    name.state = NameState.REGISTERED;
    request.block.num = <u8>name.number;
  } else {
    if (!gone) removeName(name);
    freeName(name);
  }
  completeRequest(request, code);
}

/** The address that was opened, with its handlers; null: it is closed again, or never was. */
function takeFile(
  file: FileObject,
  status: NTSTATUS,
  gone: bool,
  context: usize,
): FileObject | null {
  if (NT_SUCCESS(status)) {
    if (!gone && setHandlers(file, fillHandlers, context)) return file;
    closeFile(file);
  } else {
    ExFree(file);
  }
  return null;
}

function fillHandlers(handlers: EventHandlers, context: usize): void {
  handlers.receive = receiveEvent;
  handlers.disconnect = disconnectEvent;
  handlers.receiveDatagram = datagramEvent;
  handlers.receiveDatagramContext = context;
}

/** DELETE NAME: what waits for it ends; sessions that are open keep it. The caller has the gate. */
export function deleteName(request: Request, environment: Environment): void {
  const name = findName(environment, request.block.name);
  const known = name != null && name.state == NameState.REGISTERED;
  if (name == null || !known || name.number == PERMANENT_NAME) {
    completeRequest(request, NcbReturn.NOWILD);
    return;
  }
  endWaiting(environment, name);
  const active = hasActive(environment, name);
  if (name.sessions == 0) dropName(name);
  else name.state = NameState.DEREGISTERED;
  completeRequest(request, active ? NcbReturn.ACTSES : NcbReturn.GOODRET);
}

/** Whether a session of the name is more than asked for. */
function hasActive(environment: Environment, name: Name): bool {
  const head = environment.sessions;
  for (let entry = head.flink; entry != head; entry = entry.flink) {
    const session = Session.ofLink(entry);
    if (session.name == name && session.state >= NcbSessionState.ESTABLISHED) return true;
  }
  return false;
}

/** RECEIVE ANY, RECEIVE DATAGRAM, LISTEN and CALL of a name that is deleted. */
function endWaiting(environment: Environment, name: Name): void {
  let request = nextPending(environment, null);
  while (request != null) {
    const one: Request = request;
    request = nextPending(environment, one);
    endOne(one, name);
  }
}

function endOne(request: Request, name: Name): void {
  const number: u32 = request.block.num;
  switch (request.command) {
    case NcbCommand.RECEIVE_ANY:
    case NcbCommand.RECEIVE_DATAGRAM:
    case NcbCommand.RECEIVE_BROADCAST:
      if (number != name.number || request.state != RequestState.WAITING) return;
      completeRequest(request, NcbReturn.NAMERR);
      return;
    case NcbCommand.CALL:
    case NcbCommand.LISTEN: {
      const session = sessionOf(request);
      if (session == null || session.name != name) return;
      request.verdict = NcbReturn.NAMERR;
      closeSession(session);
      return;
    }
  }
}
