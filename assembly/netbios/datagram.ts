/** Datagrams: to a name, to everybody, and those that come for a name (nt-facts 6.1). */

import { at } from "../nt/embed";
import { RtlCopyMemory, RtlZeroMemory } from "../nt/memory";
import { NTSTATUS, Status } from "../nt/status";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { IoCallDriver } from "../io/call";
import { IoAllocateIrp } from "../io/irp";
import { NetbiosNameType } from "../tdi/address";
import { TdiBuildSendDatagram } from "../tdi/build";
import { openAddressFile } from "../tdi/client";
import { DatagramIndication, EventHandlers } from "../tdi/event";
import { setOctet } from "../wire/bytes";
import { Environment, Name, NameState, freeName, makeName, nameOfNumber } from "./environment";
import { deviceOf } from "./lana";
import { ANY_NAME, ASTERISK, NAME_OCTETS, NcbCommand, NcbReturn, returnOf } from "./ncb";
import { Request, RequestEvent, RequestState, allocateBuffer, beginCall } from "./request";
import { completeRequest, dereferenceRequest, give, nextPendingLocked } from "./request";
import { referenceRequest, requestDone, turn } from "./request";


/** SEND DATAGRAM, and SEND BROADCAST DATAGRAM. The caller has the gate. */
export function sendDatagram(request: Request, environment: Environment): void {
  const block = request.block;
  const name = nameOfNumber(environment, block.num);
  const file = name != null ? name.file : null;
  if (file == null) {
    completeRequest(request, NcbReturn.ILLNN);
    return;
  }
  const length: u32 = block.length;
  const irp = allocateBuffer(request, length) ? IoAllocateIrp(file.device.stackSize) : null;
  if (irp == null) {
    completeRequest(request, NcbReturn.NORES);
    return;
  }
  RtlCopyMemory(request.buffer, <usize>block.buffer, length);
  writeTarget(request);
  const target = <u32>changetype<usize>(request.address);
  const context = changetype<usize>(request);
  TdiBuildSendDatagram(irp, file, requestDone, context, request.mdl, length, target, 0);
  beginCall(request);
  IoCallDriver(file.device, irp);
}

function writeTarget(request: Request): void {
  const octets = changetype<usize>(request.address);
  request.address.type = NetbiosNameType.UNIQUE;
  if (request.command == NcbCommand.SEND_DATAGRAM) {
    RtlCopyMemory(octets, request.block.callname, NAME_OCTETS);
    return;
  }
  writeEverybody(octets);
}

function writeEverybody(octets: usize): void {
  RtlZeroMemory(octets, NAME_OCTETS);
  setOctet(octets, 0, ASTERISK);
}

/** The transport has done with a datagram, or has not found its name. The caller has the gate. */
export function datagramSent(request: Request): void {
  const status = request.status;
  const code = status == Status.INVALID_PARAMETER ? NcbReturn.BUFLEN : returnOf(status);
  completeRequest(request, code);
}

/** RECEIVE DATAGRAM, and RECEIVE BROADCAST DATAGRAM: wait for an event. The caller has the gate. */
export function receiveDatagram(request: Request, environment: Environment): void {
  const number: u32 = request.block.num;
  if (number != ANY_NAME && nameOfNumber(environment, number) == null) {
    completeRequest(request, NcbReturn.ILLNN);
  } else if (request.command == NcbCommand.RECEIVE_BROADCAST && !openEverybody(environment)) {
    completeRequest(request, NcbReturn.NORES);
  }
}

/** The name of everybody is not registered, so that opening it waits for nobody. */
function openEverybody(environment: Environment): bool {
  if (environment.everybody != null) return true;
  const device = deviceOf(environment.lana.number);
  const name = device != null ? makeName(environment, ANY_NAME) : null;
  if (device == null || name == null) return false;
  writeEverybody(name.octets);
  name.state = NameState.REGISTERED;
  const context = changetype<usize>(name);
  name.file = openAddressFile(device, <u32>name.octets, 0, fillHandlers, context);
  if (name.file == null) {
    freeName(name);
    return false;
  }
  environment.everybody = name;
  return true;
}

function fillHandlers(handlers: EventHandlers, context: usize): void {
  handlers.receiveDatagram = datagramEvent;
  handlers.receiveDatagramContext = context;
}

/** A datagram was copied for it. The caller has the gate. */
export function datagramCame(request: Request): void {
  completeRequest(request, request.verdict);
}

/**
 * ClientEventReceiveDatagram: one NCB of the name's program gets it, the oldest that is for it; a
 * broadcast the oldest for broadcasts. Without one it is lost. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function datagramEvent(context: usize, indication: DatagramIndication): NTSTATUS {
  const name = at<Name>(context, 0);
  const irql = KeAcquireSpinLock(name.environment.lana.lock);
  const request = fillLocked(name, indication);
  KeReleaseSpinLock(name.environment.lana.lock, irql);
  if (request == null) return Status.DATA_NOT_ACCEPTED;
  turn(request);
  dereferenceRequest(request);
  return Status.SUCCESS;
}

/** The request that has it, referenced; null: nobody wants it, or there is no memory. */
function fillLocked(name: Name, indication: DatagramIndication): Request | null {
  mustHold(name.environment.lana.lock);
  const request = findReceiverLocked(name);
  if (request == null) return null;
  const length = indication.length;
  if (!allocateBuffer(request, length)) return null;
  RtlCopyMemory(request.buffer, indication.tsdu, length);
  request.verdict = give(request, length) ? NcbReturn.GOODRET : NcbReturn.INCOMP;
  if (name.number != ANY_NAME) request.block.num = <u8>name.number;
  const source = indication.remoteName;
  if (source != null) {
    RtlCopyMemory(request.block.callname, changetype<usize>(source), NAME_OCTETS);
  }
  request.state = RequestState.CALLED;
  request.events |= RequestEvent.FILLED;
  referenceRequest(request);
  return request;
}

/** What is sent to everybody goes to those who wait for that alone. */
function findReceiverLocked(name: Name): Request | null {
  mustHold(name.environment.lana.lock);
  const environment = name.environment;
  const toAll = name.number == ANY_NAME;
  const command = toAll ? NcbCommand.RECEIVE_BROADCAST : NcbCommand.RECEIVE_DATAGRAM;
  let request = nextPendingLocked(environment, null);
  while (request != null) {
    const one: Request = request;
    const number: u32 = one.block.num;
    const isFor = toAll || number == name.number || number == ANY_NAME;
    const waits = one.command == command && one.state == RequestState.WAITING;
    if (isFor && waits) return one;
    request = nextPendingLocked(environment, one);
  }
  return null;
}
