/** TDI_SEND: one message, its header in front of the client's octets without a copy. */

import { at } from "../../nt/embed";
import { NTSTATUS, NT_SUCCESS, Status } from "../../nt/status";
import { KeQueryTickCount } from "../../trace/ring";
import { LOOKASIDE_OCTETS, LookasideList } from "../../ex/lookaside";
import { ExAllocateFromNPagedLookasideList, ExDeleteNPagedLookasideList } from "../../ex/lookaside";
import { ExFreeToNPagedLookasideList, ExInitializeNPagedLookasideList } from "../../ex/lookaside";
import { Tag } from "../../ex/tag";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../../ke/spinlock";
import { IoCallDriver } from "../../io/call";
import { FileObject } from "../../io/file";
import { Irp } from "../../io/irp";
import { Mdl, describe } from "../../io/mdl";
import { IoMarkIrpPending, parametersOf } from "../../io/stack";
import { TdiBuildSend } from "../../tdi/build";
import { TdiTransfer } from "../../tdi/parameters";
import { SendFlag } from "../../tdi/request";
import { SESSION_HEADER, SESSION_LIMIT, SessionHeader, SessionType } from "../../wire/nbsession";
import { Block, NetbtConnection, dereferenceBlock } from "./block";
import { enterFileLocked, leaveFile } from "./close";
import { blockOf } from "./endpoint";
import { SessionState } from "./state";

/** What goes in front of a message. */
@unmanaged
class Front extends Mdl {
  private headerWord: u32;
  /** The client's octets, which its request describes again when it is done. */
  body: Mdl | null;
  get header(): SessionHeader {
    return at<SessionHeader>(changetype<usize>(this), offsetof<this>("headerWord"));
  }
}

const FRONTS: usize = memory.data(24);
if (LOOKASIDE_OCTETS > 24) ERROR("FRONTS");
/** Fronts that are kept back. */
const DEPTH: u32 = 256;

function fronts(): LookasideList {
  return changetype<LookasideList>(FRONTS);
}

/** Prepares the list of fronts. Once, at start. */
export function initializeSend(): void {
  const octets = <u32>offsetof<Front>();
  ExInitializeNPagedLookasideList(fronts(), octets, Tag.NetbtFront, DEPTH);
}

/** Gives what the list kept back to the pool. At the end. */
export function cleanUpSend(): void {
  ExDeleteNPagedLookasideList(fronts());
}

/**
 * TDI_SEND: completes when TCP has all of it acknowledged. PENDING or a status with which the
 * dispatcher completes `irp`; INVALID_PARAMETER: above 17 bits. IRQL: <= DISPATCH_LEVEL. Locks:
 * none.
 */
export function send(endpoint: NetbtConnection, irp: Irp): NTSTATUS {
  if (parametersOf<TdiTransfer>(irp).length > SESSION_LIMIT) return Status.INVALID_PARAMETER;
  const block = blockOf(endpoint);
  if (block == null) return Status.CONNECTION_INVALID;
  const irql = KeAcquireSpinLock(block.lock);
  const file = openFileLocked(block);
  KeReleaseSpinLock(block.lock, irql);
  let status: NTSTATUS = Status.CONNECTION_INVALID;
  if (file != null) {
    status = sendDown(irp, file);
    leaveFile(block);
  }
  dereferenceBlock(block);
  return status;
}

function openFileLocked(block: Block): FileObject | null {
  mustHold(block.lock);
  if (block.state != SessionState.CONNECTED) return null;
  block.stamp = KeQueryTickCount();
  return enterFileLocked(block);
}

/** The client's own request goes down to TCP: PENDING, whatever becomes of it. */
function sendDown(irp: Irp, file: FileObject): NTSTATUS {
  const length = parametersOf<TdiTransfer>(irp).length;
  const place = ExAllocateFromNPagedLookasideList(fronts());
  if (place == 0) return Status.INSUFFICIENT_RESOURCES;
  const front = at<Front>(place, 0);
  describe(front, place + offsetof<Front>("headerWord"), SESSION_HEADER);
  front.header.set(SessionType.MESSAGE, length);
  front.next = irp.mdl;
  front.body = irp.mdl;
  TdiBuildSend(irp, file, sent, place, front, length + SESSION_HEADER, SendFlag.NONE);
  IoMarkIrpPending(irp);
  IoCallDriver(file.device, irp);
  return Status.PENDING;
}

/** TCP has done with it: the request is as its client sent it, and goes on up. */
function sent(irp: Irp, place: usize): NTSTATUS {
  irp.mdl = at<Front>(place, 0).body;
  irp.information = NT_SUCCESS(irp.status) ? irp.information - SESSION_HEADER : 0;
  ExFreeToNPagedLookasideList(fronts(), place);
  return Status.SUCCESS;
}
