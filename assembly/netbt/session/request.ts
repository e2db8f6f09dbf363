/** TDI requests for a connection endpoint of NetBT, from the stack location to the session. */

import { at } from "../../nt/embed";
import { InsertTailList, RemoveEntryList } from "../../nt/list";
import { NTSTATUS, Status } from "../../nt/status";
import { ExQueueWorkItem } from "../../ex/workitem";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../../ke/spinlock";
import { IoReleaseCancelSpinLock, IoSetCancelRoutine } from "../../io/cancel";
import { IoCompleteRequest } from "../../io/complete";
import { Irp } from "../../io/irp";
import { IoGetCurrentIrpStackLocation, IoMarkIrpPending, parametersOf } from "../../io/stack";
import { TdiAssociate, TdiDisconnect } from "../../tdi/parameters";
import { DisconnectFlag, Tdi } from "../../tdi/request";
import { NetbtAddress, listenOnLocked } from "../address";
import { NetbtConnection, dereferenceBlock } from "./block";
import { End, endSession } from "./close";
import { connect } from "./connect";
import { associate, beginCall, blockOf, disassociate, endLastCall } from "./endpoint";
import { takeListenLocked } from "./endpoint";
import { askForMessage } from "./receive";
import { send } from "./send";

/**
 * What is asked of a connection endpoint: PENDING when the request is kept, else the status with
 * which the dispatcher completes it. IRQL: <= DISPATCH_LEVEL. Locks: none.
 */
export function requestConnection(endpoint: NetbtConnection, irp: Irp): NTSTATUS {
  const minor: u32 = IoGetCurrentIrpStackLocation(irp).minor;
  switch (minor) {
    case Tdi.ASSOCIATE_ADDRESS: {
      const file = parametersOf<TdiAssociate>(irp).address;
      if (file == null) return Status.INVALID_HANDLE;
      return associate(endpoint, at<NetbtAddress>(file.fsContext, 0));
    }
    case Tdi.DISASSOCIATE_ADDRESS:
      return disassociate(endpoint);
    case Tdi.CONNECT:
      return connect(endpoint, irp);
    case Tdi.LISTEN:
      return listen(endpoint, irp);
    case Tdi.DISCONNECT:
      return disconnect(endpoint, irp);
    case Tdi.SEND:
      return send(endpoint, irp);
    case Tdi.RECEIVE:
      return receive(endpoint, irp);
    default:
      return Status.INVALID_DEVICE_REQUEST;
  }
}

/**
 * TDI_LISTEN: completes with a session, which needs no TDI_ACCEPT. Not done: TDI_QUERY_ACCEPT,
 * because NetBIOS accepts what it has listened for.
 */
function listen(endpoint: NetbtConnection, irp: Irp): NTSTATUS {
  const device = endpoint.device;
  const irql = KeAcquireSpinLock(device.lock);
  const status = listenLocked(endpoint, irp);
  KeReleaseSpinLock(device.lock, irql);
  // It may be the first to listen on its address, which adds blocks.
  if (status == Status.PENDING) ExQueueWorkItem(device.worker);
  return status;
}

function listenLocked(endpoint: NetbtConnection, irp: Irp): NTSTATUS {
  mustHold(endpoint.device.lock);
  const address = endpoint.address;
  if (address == null) return Status.ADDRESS_NOT_ASSOCIATED;
  if (endpoint.block != null || endpoint.listenIrp != null || endpoint.closed) {
    return Status.CONNECTION_ACTIVE;
  }
  IoMarkIrpPending(irp);
  endpoint.listenIrp = irp;
  InsertTailList(endpoint.device.listeners, endpoint);
  IoSetCancelRoutine(irp, cancelListen);
  listenOnLocked(address);
  return Status.PENDING;
}

/** IoCancelIrp: the cancel routine is taken away, the cancel lock is held. */
function cancelListen(irp: Irp): void {
  IoReleaseCancelSpinLock(irp.cancelIrql);
  const file = IoGetCurrentIrpStackLocation(irp).file;
  if (file != null) {
    const endpoint = at<NetbtConnection>(file.fsContext, 0);
    const irql = KeAcquireSpinLock(endpoint.device.lock);
    if (endpoint.listenIrp == irp) takeListenLocked(endpoint);
    KeReleaseSpinLock(endpoint.device.lock, irql);
  }
  IoCompleteRequest(irp, Status.CANCELLED, 0);
}

/** TDI_DISCONNECT: RELEASE ends the session after all that was sent, ABORT at once. */
function disconnect(endpoint: NetbtConnection, irp: Irp): NTSTATUS {
  const flags = parametersOf<TdiDisconnect>(irp).disconnectFlags;
  const block = blockOf(endpoint);
  if (block == null) return Status.CONNECTION_INVALID;
  const end = flags & DisconnectFlag.ABORT ? End.ABORT : End.RELEASE;
  endSession(block, Status.LOCAL_DISCONNECT, end);
  dereferenceBlock(block);
  return Status.SUCCESS;
}

/** TDI_RECEIVE: completes with a message, or with as much of it as there is room for. */
function receive(endpoint: NetbtConnection, irp: Irp): NTSTATUS {
  const block = blockOf(endpoint);
  if (block == null) return Status.CONNECTION_INVALID;
  IoMarkIrpPending(irp);
  askForMessage(block, irp, cancelReceive);
  dereferenceBlock(block);
  return Status.PENDING;
}

/**
 * IoCancelIrp: the cancel routine is taken away, the cancel lock is held. Where its session has
 * ended meanwhile the request is in no queue any more.
 */
function cancelReceive(irp: Irp): void {
  IoReleaseCancelSpinLock(irp.cancelIrql);
  const file = IoGetCurrentIrpStackLocation(irp).file;
  const block = file != null ? blockOf(at<NetbtConnection>(file.fsContext, 0)) : null;
  if (block != null) {
    const irql = KeAcquireSpinLock(block.lock);
    RemoveEntryList(irp.queue);
    KeReleaseSpinLock(block.lock, irql);
    dereferenceBlock(block);
  }
  IoCompleteRequest(irp, Status.CANCELLED, 0);
}

/** IRP_MJ_CLEANUP: the session ends, and the client is called no more. */
export function cleanUpConnection(endpoint: NetbtConnection, irp: Irp): NTSTATUS {
  const irql = KeAcquireSpinLock(endpoint.device.lock);
  endpoint.closed = 1;
  beginCall(endpoint);
  const listenIrp = takeListenLocked(endpoint);
  KeReleaseSpinLock(endpoint.device.lock, irql);
  if (listenIrp != null && IoSetCancelRoutine(listenIrp, null) != null) {
    IoCompleteRequest(listenIrp, Status.CANCELLED, 0);
  }
  const block = blockOf(endpoint);
  if (block != null) {
    endSession(block, Status.CANCELLED, End.ABORT);
    dereferenceBlock(block);
  }
  return endLastCall(endpoint, irp);
}
