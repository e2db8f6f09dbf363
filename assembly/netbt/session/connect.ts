/** A client calls: the name, then TCP, then the session request (RFC 1002, 5.2.1). */

import { at } from "../../nt/embed";
import { NTSTATUS, NT_SUCCESS, Status } from "../../nt/status";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../../ke/spinlock";
import { IoReleaseCancelSpinLock, IoSetCancelRoutine } from "../../io/cancel";
import { IoCompleteRequest } from "../../io/complete";
import { Irp, IoFreeIrp } from "../../io/irp";
import { IoGetCurrentIrpStackLocation, IoMarkIrpPending, parametersOf } from "../../io/stack";
import { NetbiosAddress } from "../../tdi/address";
import { TdiConnect } from "../../tdi/parameters";
import { copyName } from "../../wire/nbname";
import { DIRECT_PORT, SESSION_PORT, SessionError, SessionType, retargetAddress } from
  "../../wire/nbsession";
import { negativeError, retargetPort } from "../../wire/nbsession";
import { resolve } from "../resolve";
import { Block, BlockFlag, NetbtConnection, allocateBlock, dereferenceBlock } from "./block";
import { referenceBlock, stepLocked } from "./block";
import { End, endSession, enterBlock, failureOf, leaveFile } from "./close";
import { sendRequest } from "./control";
import { attach, beginCall, blockOf, detach, endCall } from "./endpoint";
import { putBusy, putOpening } from "./pool";
import { SessionStep } from "./state";
import { watchSessions } from "./timer";

/** Retargets that one call follows (SSN_RETRY_COUNT, RFC 1002, 6). */
const RETRY_COUNT: u32 = 4;

/**
 * TDI_CONNECT: PENDING, or the status with which the dispatcher completes `irp`. IRQL: <=
 * DISPATCH_LEVEL. Locks: none.
 */
export function connect(endpoint: NetbtConnection, irp: Irp): NTSTATUS {
  const view = parametersOf<TdiConnect>(irp);
  const name = view.remoteName;
  if (name == null && endpoint.device.hasNames) return Status.INVALID_PARAMETER;
  if (endpoint.address == null) return Status.ADDRESS_NOT_ASSOCIATED;
  const block = allocateBlock(endpoint.device);
  if (block == null) return Status.INSUFFICIENT_RESOURCES;
  if (name != null) copyName(block.remoteName, name);
  // One more for this call.
  referenceBlock(block);
  putBusy(block);
  const began = begin(block, endpoint, irp);
  if (began) find(block, name, view.remoteAddress);
  dereferenceBlock(block);
  return began ? Status.PENDING : Status.CONNECTION_ACTIVE;
}

/** `endpoint` has `block`, and `irp` waits in it; false: it has another, and the block is over. */
function begin(block: Block, endpoint: NetbtConnection, irp: Irp): bool {
  watchSessions();
  const attached = attach(endpoint, block);
  const irql = KeAcquireSpinLock(block.lock);
  const began = attached && beginLocked(block, endpoint, irp);
  KeReleaseSpinLock(block.lock, irql);
  if (!began) endSession(block, Status.CONNECTION_ACTIVE, End.GONE);
  if (attached && !began) detach(endpoint, block);
  return began;
}

/** False: somebody has disconnected it already. */
function beginLocked(block: Block, endpoint: NetbtConnection, irp: Irp): bool {
  mustHold(block.lock);
  if (block.flags & BlockFlag.ENDING) return false;
  stepLocked(block, SessionStep.CALL);
  block.endpoint = endpoint;
  block.openIrp = irp;
  IoMarkIrpPending(irp);
  IoSetCancelRoutine(irp, cancelConnect);
  return true;
}

function find(block: Block, name: NetbiosAddress | null, address: u32): void {
  referenceBlock(block);
  const context = changetype<usize>(block);
  if (address != 0 || name == null) {
    resolved(context, address ? Status.SUCCESS : Status.BAD_NETWORK_PATH, address);
    return;
  }
  const status = resolve(block.device, name, resolved, context);
  if (status != Status.PENDING) resolved(context, status, 0);
}

/** IoCancelIrp of a TDI_CONNECT: the cancel routine is taken away, the cancel lock is held. */
function cancelConnect(irp: Irp): void {
  IoReleaseCancelSpinLock(irp.cancelIrql);
  const file = IoGetCurrentIrpStackLocation(irp).file;
  const endpoint = file != null ? at<NetbtConnection>(file.fsContext, 0) : null;
  const block = endpoint != null ? blockOf(endpoint) : null;
  if (block != null) {
    if (block.openIrp == irp) endSession(block, Status.CANCELLED, End.ABORT);
    dereferenceBlock(block);
  }
  IoCompleteRequest(irp, Status.CANCELLED, 0);
}

/** ResolveCompletion: the worker connects to the address. */
function resolved(context: usize, status: NTSTATUS, address: u32): void {
  const block = at<Block>(context, 0);
  if (NT_SUCCESS(status)) aim(block, address, block.device.hasNames ? SESSION_PORT : DIRECT_PORT);
  else endSession(block, status, End.GONE);
  dereferenceBlock(block);
}

function aim(block: Block, address: u32, port: u32): void {
  if (!enterBlock(block)) return;
  const irql = KeAcquireSpinLock(block.lock);
  aimLocked(block, address, port);
  KeReleaseSpinLock(block.lock, irql);
  putOpening(block);
  leaveFile(block);
}

function aimLocked(block: Block, address: u32, port: u32): void {
  mustHold(block.lock);
  if (block.flags & BlockFlag.ENDING) return;
  stepLocked(block, SessionStep.RESOLVED);
  block.remoteAddress = address;
  block.remotePort = port;
}

/** TCP's handshake is over, or has failed; the request is freed. Locks: none. */
export function connected(block: Block, irp: Irp): void {
  const status = irp.status;
  IoFreeIrp(irp);
  if (!NT_SUCCESS(status)) {
    endSession(block, status, End.GONE);
    return;
  }
  const irql = KeAcquireSpinLock(block.lock);
  const endpoint = upLocked(block);
  KeReleaseSpinLock(block.lock, irql);
  if (endpoint == null) return;
  const address = endpoint.address;
  if (!block.device.hasNames) agree(block);
  else if (address == null || !sendRequest(block, block.remoteName, address.name)) {
    endSession(block, Status.INSUFFICIENT_RESOURCES, End.ABORT);
  }
  endCall(endpoint);
}

/** Who calls, which stays until `endCall`; null: the session has ended meanwhile. */
function upLocked(block: Block): NetbtConnection | null {
  mustHold(block.lock);
  const endpoint = block.endpoint;
  if (block.flags & BlockFlag.ENDING || endpoint == null) return null;
  stepLocked(block, SessionStep.TCP_UP);
  beginCall(endpoint);
  return endpoint;
}

/** The session is agreed on: TDI_CONNECT ends. */
function agree(block: Block): void {
  const irql = KeAcquireSpinLock(block.lock);
  const irp = agreeLocked(block);
  KeReleaseSpinLock(block.lock, irql);
  if (irp != null) IoCompleteRequest(irp, Status.SUCCESS, 0);
}

function agreeLocked(block: Block): Irp | null {
  mustHold(block.lock);
  if (block.flags & BlockFlag.ENDING) return null;
  stepLocked(block, SessionStep.AGREED);
  const irp = block.openIrp;
  block.openIrp = null;
  // Being cancelled: the session ends in a moment.
  return irp != null && IoSetCancelRoutine(irp, null) != null ? irp : null;
}

/** The response to the session request; `data`: what is behind its header. The caller is BUSY. */
export function takeResponse(block: Block, type: SessionType, data: usize): void {
  switch (type) {
    case SessionType.POSITIVE_RESPONSE:
      agree(block);
      break;
    case SessionType.NEGATIVE_RESPONSE:
      endSession(block, statusOf(negativeError(data)), End.RELEASE);
      break;
    default:
      retarget(block, retargetAddress(data), retargetPort(data));
      break;
  }
}

/** What a client is told of a refusal (nt-facts 8.1). */
function statusOf(error: SessionError): NTSTATUS {
  switch (error) {
    case SessionError.NOT_LISTENING_ON_CALLED_NAME:
    case SessionError.NOT_LISTENING_FOR_CALLING_NAME:
      return Status.REMOTE_NOT_LISTENING;
    case SessionError.CALLED_NAME_NOT_PRESENT:
      return Status.BAD_NETWORK_PATH;
    case SessionError.INSUFFICIENT_RESOURCES:
      return Status.REMOTE_RESOURCES;
    default:
      return Status.CONNECTION_REFUSED;
  }
}

/** The called name is elsewhere: the same call, in a new block, to there. */
function retarget(block: Block, address: u32, port: u32): void {
  const made = block.retargets < RETRY_COUNT ? allocateBlock(block.device) : null;
  if (made == null) {
    endSession(block, failureOf(Status.CONNECTION_RESET), End.RELEASE);
    return;
  }
  copyName(made.remoteName, block.remoteName);
  made.retargets = block.retargets + 1;
  const irql = KeAcquireSpinLock(block.lock);
  const endpoint = block.endpoint;
  const irp = block.openIrp;
  block.endpoint = null;
  block.openIrp = null;
  if (endpoint != null) beginCall(endpoint);
  KeReleaseSpinLock(block.lock, irql);
  // Cancelled just now: whoever does that completes it.
  const mine = irp != null && IoSetCancelRoutine(irp, null) != null;
  if (endpoint != null) detach(endpoint, block);
  endSession(block, Status.CONNECTION_DISCONNECTED, End.RELEASE);
  referenceBlock(made);
  putBusy(made);
  if (endpoint == null || irp == null || !mine) {
    endSession(made, Status.CANCELLED, End.GONE);
  } else if (begin(made, endpoint, irp)) {
    aim(made, address, port);
  } else {
    IoCompleteRequest(irp, Status.CONNECTION_ABORTED, 0);
  }
  if (endpoint != null) endCall(endpoint);
  dereferenceBlock(made);
}
