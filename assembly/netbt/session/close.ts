/** The end of a session, from whichever side, in whatever state it is. */

import { at } from "../../nt/embed";
import { IsListEmpty, RemoveHeadList } from "../../nt/list";
import { NTSTATUS, Status } from "../../nt/status";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../../ke/spinlock";
import { IoSetCancelRoutine } from "../../io/cancel";
import { IoCompleteRequest } from "../../io/complete";
import { FileObject } from "../../io/file";
import { Irp, irpOfQueue } from "../../io/irp";
import { disconnectFile } from "../../tdi/client";
import { indicateDisconnect } from "../../tdi/indicate";
import { DisconnectFlag } from "../../tdi/request";
import { NbtDrop, nbtDrop } from "../counters";
import { cancelResolve } from "../resolve";
import { Block, BlockFlag, NetbtConnection, dereferenceBlock, stepLocked } from "./block";
import { beginCall, detach, endCall } from "./endpoint";
import { retire } from "./pool";
import { SessionState, SessionStep } from "./state";

/** What becomes of the TCP connection, and what the client is told: bits. */
export const enum End {
  /** TCP has ended it, or it never was. */
  GONE = 0,
  /** FIN, after all that was sent. */
  RELEASE = 1,
  /** RST. */
  ABORT = 2,
  /** ClientEventDisconnect, with TDI_DISCONNECT_RELEASE or _ABORT. */
  TELL_RELEASE = 4,
  TELL_ABORT = 8,
  /** Not our client ends it: a packet that has begun is counted. */
  CUT = 16,
}

/**
 * TCP's endpoint of `block`, which stays until `leaveFile`; null: there is none any more. IRQL: <=
 * DISPATCH_LEVEL. Locks: none.
 */
export function enterFile(block: Block): FileObject | null {
  const irql = KeAcquireSpinLock(block.lock);
  const file = enterFileLocked(block);
  KeReleaseSpinLock(block.lock, irql);
  return file;
}

/** The same with the block's lock held. */
export function enterFileLocked(block: Block): FileObject | null {
  mustHold(block.lock);
  if (block.flags & BlockFlag.ENDING || block.file == null) return null;
  block.users++;
  return block.file;
}

/**
 * `block` stays in its list until `leaveFile`, with or without an endpoint of TCP; false: it is
 * over. IRQL: <= DISPATCH_LEVEL. Locks: none.
 */
export function enterBlock(block: Block): bool {
  const irql = KeAcquireSpinLock(block.lock);
  const open = (block.flags & BlockFlag.ENDING) == 0;
  if (open) block.users++;
  KeReleaseSpinLock(block.lock, irql);
  return open;
}

/** The caller has done with it. The last one after the end has it closed. Locks: none. */
export function leaveFile(block: Block): void {
  const irql = KeAcquireSpinLock(block.lock);
  block.users--;
  const over = block.users == 0 && (block.flags & BlockFlag.ENDING) != 0;
  KeReleaseSpinLock(block.lock, irql);
  if (over) retire(block);
}

/**
 * The session is over, unless it was before: its requests end with `status`, its endpoint is idle,
 * and then the client is told, where `end` says so. The caller has a reference. IRQL: <=
 * DISPATCH_LEVEL. Locks: none.
 */
export function endSession(block: Block, status: NTSTATUS, end: u32): void {
  const irql = KeAcquireSpinLock(block.lock);
  const first = (block.flags & BlockFlag.ENDING) == 0;
  const resolving = block.state == SessionState.CONNECTING;
  const agreed = block.state == SessionState.CONNECTED;
  const endpoint = first ? block.endpoint : null;
  const file = block.file;
  let done: Irp | null = null;
  if (first) done = endLocked(block, status, end);
  KeReleaseSpinLock(block.lock, irql);
  if (!first) return;
  if (resolving) stopResolving(block);
  if (file != null && end & End.ABORT) disconnectFile(file, DisconnectFlag.ABORT);
  if (file != null && end & End.RELEASE) disconnectFile(file, DisconnectFlag.RELEASE);
  if (endpoint != null) detach(endpoint, block);
  completeChain(done, status);
  if (endpoint != null) {
    // Who was never connected hears of it by its request.
    if (agreed) tell(endpoint, end, block.outstanding);
    endCall(endpoint);
  }
  leaveFile(block);
}

/** Nobody will tell it of an address any more: that reference goes. */
function stopResolving(block: Block): void {
  if (cancelResolve(changetype<usize>(block))) dereferenceBlock(block);
}

/** The requests that end with it, as a chain by `driverContext`, the oldest first. */
function endLocked(block: Block, status: NTSTATUS, end: u32): Irp | null {
  mustHold(block.lock);
  const endpoint = block.endpoint;
  block.flags |= end & End.CUT ? BlockFlag.ENDING | BlockFlag.CUT : BlockFlag.ENDING;
  block.users++;
  block.status = status;
  block.endpoint = null;
  if (endpoint != null) beginCall(endpoint);
  stepLocked(block, SessionStep.END);
  let last: Irp | null = null;
  let first: Irp | null = null;
  const open = block.openIrp;
  block.openIrp = null;
  if (open != null && IoSetCancelRoutine(open, null) != null) first = last = chain(last, open);
  if ((block.flags & BlockFlag.BUSY) == 0) {
    // Nobody deals with what comes any more.
    block.flags |= BlockFlag.BUSY;
    countCutLocked(block);
    const current = block.current;
    block.current = null;
    if (current != null) {
      last = chain(last, current);
      if (first == null) first = last;
    }
  }
  while (!IsListEmpty(block.receives)) {
    const irp = irpOfQueue(RemoveHeadList(block.receives));
    if (IoSetCancelRoutine(irp, null) == null) continue;
    last = chain(last, irp);
    if (first == null) first = last;
  }
  return first;
}

/** Counts, once, the packet in which a connection has ended. The caller is BUSY. */
export function countCutLocked(block: Block): void {
  mustHold(block.lock);
  if ((block.flags & BlockFlag.CUT) != 0 && block.headerOctets != 0) nbtDrop(NbtDrop.SESSION_CUT);
  block.flags &= ~BlockFlag.CUT;
}

function chain(last: Irp | null, irp: Irp): Irp {
  irp.driverContext = 0;
  if (last != null) last.driverContext = changetype<usize>(irp);
  return irp;
}

function completeChain(first: Irp | null, status: NTSTATUS): void {
  let irp = first;
  while (irp != null) {
    const next = at<Irp | null>(irp.driverContext, 0);
    IoCompleteRequest(irp, status, 0);
    irp = next;
  }
}

function tell(endpoint: NetbtConnection, end: u32, outstanding: u32): void {
  const address = endpoint.address;
  const flags = end & End.TELL_RELEASE ? DisconnectFlag.RELEASE : DisconnectFlag.ABORT;
  if (address == null || (end & (End.TELL_RELEASE | End.TELL_ABORT)) == 0) return;
  indicateDisconnect(address.handlers, endpoint.clientContext, flags, outstanding);
}

/** What a client gets whose session was never agreed on: the name could not be reached. */
export function failureOf(status: NTSTATUS): NTSTATUS {
  switch (status) {
    case Status.CONNECTION_RESET:
    case Status.CONNECTION_ABORTED:
    case Status.CONNECTION_DISCONNECTED:
    case Status.GRACEFUL_DISCONNECT:
      return Status.BAD_NETWORK_PATH;
    default:
      return status;
  }
}
