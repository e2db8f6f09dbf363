/** A call comes in: a block for TCP, then the session request, then a client (RFC 1002, 5.2.2). */

import { at } from "../../nt/embed";
import { Status } from "../../nt/status";
import { Boundary } from "../../vf/rule";
import { Event } from "../../trace/event";
import { trace } from "../../trace/ring";
import { Fault, faulty } from "../../kb/faults";
import { checkAnswered } from "../../vf/indications";
import { KeGetCurrentProcessorNumber, MAXIMUM_PROCESSORS } from "../../ke/processor";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold, mustHoldNothing } from "../../ke/spinlock";
import { IoSetNextIrpStackLocation } from "../../io/call";
import { IoSetCancelRoutine } from "../../io/cancel";
import { IoCompleteRequest } from "../../io/complete";
import { Irp } from "../../io/irp";
import { IoGetCurrentIrpStackLocation, IoMarkIrpPending, parametersOf } from "../../io/stack";
import { NetbiosAddress, NetbiosNameType, copyNetbiosAddress } from "../../tdi/address";
import { ConnectIndication, TdiDefaultConnectHandler } from "../../tdi/event";
import { TdiListen } from "../../tdi/parameters";
import { NetbiosName, SCOPE_LIMIT, copyName, isSameName, isSameScope } from "../../wire/nbname";
import { readName } from "../../wire/nbname";
import { SessionError, SessionType } from "../../wire/nbsession";
import { NetbtAddress, leaveAddress, nextAddress } from "../address";
import { NbtDrop, nbtDrop } from "../counters";
import { NetbtDevice } from "../device";
import { ownScope } from "../state";
import { Block, BlockFlag, NetbtConnection, stepLocked } from "./block";
import { End, endSession } from "./close";
import { sendHeader, sendRefusal } from "./control";
import { attach, detach, takeListenLocked } from "./endpoint";
import { noteSession } from "./pool";
import { SessionStep } from "./state";

/** A session request as it was read: one for each processor, which lives during the call. */
@unmanaged
class Call {
  private called0: u64;
  private called1: u64;
  private calling0: u64;
  private calling1: u64;
  private callingType: u32;
  private indication0: u64;
  private indication1: u64;
  private indication2: u64;
  get called(): NetbiosName {
    return at<NetbiosName>(changetype<usize>(this), offsetof<this>("called0"));
  }
  get calling(): NetbiosAddress {
    return at<NetbiosAddress>(changetype<usize>(this), offsetof<this>("calling0"));
  }
  get indication(): ConnectIndication {
    return at<ConnectIndication>(changetype<usize>(this), offsetof<this>("indication0"));
  }
}
const CALLS: usize = memory.data(576);
const CALL_OCTETS: usize = 72;
if (offsetof<Call>() > CALL_OCTETS) ERROR("CALLS");
if (offsetof<ConnectIndication>() > 24) ERROR("a Call has room for a ConnectIndication");
if (<u32>CALL_OCTETS * MAXIMUM_PROCESSORS > 576) ERROR("CALLS has one for each processor");
/** Where scopes are read to: the called name's counts, the calling name's nobody asks for. */
const SCOPES: usize = memory.data(2048);
const SCOPE_OCTETS: usize = 256;
if (SCOPE_LIMIT > <u32>SCOPE_OCTETS) ERROR("SCOPES");

function ownCall(): Call {
  return at<Call>(CALLS, <usize>KeGetCurrentProcessorNumber() * CALL_OCTETS);
}

/** Port 445: the session is there with the connection, if a client wants it. Locks: none. */
export function answerDirect(block: Block): void {
  const call = ownCall();
  const error = offer(block, call.called, call.calling);
  if (error != 0) refuse(block, error, End.ABORT);
}

/** SESSION REQUEST of `length` octets behind its header. The caller is BUSY. Locks: none. */
export function takeRequest(block: Block, data: usize, length: u32): void {
  const call = ownCall();
  const scope = SCOPES + <usize>KeGetCurrentProcessorNumber() * SCOPE_OCTETS;
  // "does not have any free connections"
  if (faulty(Fault.Q141344) && block.device.free == 0) return endUnanswered(block, false);
  const second = readName(data, length, 0, call.called, scope);
  const isOurs = second != 0 && isSameScope(scope, ownScope());
  const end = second == 0 ? 0 : readName(data, length, second, call.calling, scope);
  if (end == 0) {
    answerRefusal(block, SessionError.UNSPECIFIED);
    return;
  }
  call.calling.type = NetbiosNameType.UNIQUE;
  copyName(block.remoteName, call.calling);
  // In another scope the same name is another's, who is not here (RFC 1001, 14.1).
  const error =
    isOurs ? offer(block, call.called, call.calling) : SessionError.CALLED_NAME_NOT_PRESENT;
  if (error != 0) answerRefusal(block, error);
}

function answerRefusal(block: Block, error: SessionError): void {
  if (sendRefusal(block, error)) refuse(block, error, End.RELEASE);
  else endUnanswered(block, true);
}

/** RST in place of an answer: without memory there is none. */
function endUnanswered(block: Block, noMemory: bool): void {
  if (VERIFIER) checkAnswered(changetype<u32>(block), block.remoteAddress, noMemory);
  refuse(block, SessionError.UNSPECIFIED, End.ABORT);
}

function refuse(block: Block, error: u32, end: End): void {
  nbtDrop(NbtDrop.SESSION_REFUSED);
  trace(Event.NBT_REFUSED, block.remoteAddress, error, 0);
  endSession(block, Status.CONNECTION_REFUSED, end);
}

/** Asks the clients of the called name in turn; 0: one of them has the session, else why not. */
function offer(block: Block, called: NetbiosName, calling: NetbiosAddress): u32 {
  const device = block.device;
  let error: u32 = SessionError.CALLED_NAME_NOT_PRESENT;
  let address = nextAddress(device, called, null);
  while (address != null) {
    error = SessionError.NOT_LISTENING_ON_CALLED_NAME;
    const irp = takeListen(device, address, calling);
    const answer = irp == null ? askClient(block, address, calling) : accept(block, irp);
    if (answer == 0 || answer == SessionError.INSUFFICIENT_RESOURCES) {
      leaveAddress(address);
      return answer;
    }
    const next: NetbtAddress | null = nextAddress(device, called, address);
    address = next;
  }
  return error;
}

/** A TDI_LISTEN on `address` for that caller, which is not cancelled any more; null: none waits. */
function takeListen(
  device: NetbtDevice,
  address: NetbtAddress,
  calling: NetbiosAddress,
): Irp | null {
  const irql = KeAcquireSpinLock(device.lock);
  const irp = findListenLocked(device, address, calling);
  KeReleaseSpinLock(device.lock, irql);
  return irp;
}

function findListenLocked(
  device: NetbtDevice,
  address: NetbtAddress,
  calling: NetbiosAddress,
): Irp | null {
  mustHold(device.lock);
  const head = device.listeners;
  let entry = head.flink;
  while (entry != head) {
    const endpoint = changetype<NetbtConnection>(entry);
    const irp = endpoint.listenIrp;
    entry = entry.flink;
    if (endpoint.address != address || irp == null) continue;
    const view = parametersOf<TdiListen>(irp);
    const wanted = view.wanted;
    if (wanted != null && !isSameName(wanted, calling)) continue;
    if (IoSetCancelRoutine(irp, null) == null) continue;
    takeListenLocked(endpoint);
    const caller = view.caller;
    if (caller != null) copyNetbiosAddress(caller, calling);
    return irp;
  }
  return null;
}

/** ClientEventConnect: does the client of `address` have an endpoint for this caller? */
function askClient(block: Block, address: NetbtAddress, calling: NetbiosAddress): u32 {
  const handlers = address.handlers;
  if (handlers.connect == TdiDefaultConnectHandler) {
    return SessionError.NOT_LISTENING_ON_CALLED_NAME;
  }
  const indication = ownCall().indication;
  indication.remoteAddress = block.remoteAddress;
  indication.remotePort = block.remotePort;
  indication.remoteName = calling;
  indication.connectionContext = 0;
  indication.irp = null;
  mustHoldNothing(Boundary.EVENT_HANDLER);
  const status = handlers.connect(handlers.connectContext, indication);
  const irp = indication.irp;
  if (status == Status.INSUFFICIENT_RESOURCES) return SessionError.INSUFFICIENT_RESOURCES;
  if (status != Status.MORE_PROCESSING_REQUIRED || irp == null) {
    return SessionError.NOT_LISTENING_ON_CALLED_NAME;
  }
  IoSetNextIrpStackLocation(irp);
  IoMarkIrpPending(irp);
  return accept(block, irp);
}

/** The endpoint of `irp`, a TDI_ACCEPT or TDI_LISTEN, has the session; `irp` ends. */
function accept(block: Block, irp: Irp): u32 {
  const file = IoGetCurrentIrpStackLocation(irp).file;
  const endpoint = file != null ? at<NetbtConnection>(file.fsContext, 0) : null;
  if (endpoint == null || !attach(endpoint, block)) {
    IoCompleteRequest(irp, Status.CONNECTION_ACTIVE, 0);
    return SessionError.INSUFFICIENT_RESOURCES;
  }
  const irql = KeAcquireSpinLock(block.lock);
  const agreed = agreeLocked(block, endpoint);
  KeReleaseSpinLock(block.lock, irql);
  const answered = agreed && answerPositive(block);
  if (!agreed) detach(endpoint, block);
  else if (!answered) endSession(block, Status.INSUFFICIENT_RESOURCES, End.ABORT);
  else noteSession(block);
  IoCompleteRequest(irp, answered ? Status.SUCCESS : Status.CONNECTION_ABORTED, 0);
  return 0;
}

function answerPositive(block: Block): bool {
  return !block.device.hasNames || sendHeader(block, SessionType.POSITIVE_RESPONSE);
}

/** False: it ended meanwhile. */
function agreeLocked(block: Block, endpoint: NetbtConnection): bool {
  mustHold(block.lock);
  if (block.flags & BlockFlag.ENDING) return false;
  stepLocked(block, SessionStep.AGREED);
  block.endpoint = endpoint;
  return true;
}
