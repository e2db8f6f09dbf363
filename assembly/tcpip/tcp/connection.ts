/** Which connection endpoint has which connection, and who calls its client. */

import { at } from "../../nt/embed";
import { NTSTATUS, Status } from "../../nt/status";
import { InterlockedDecrement } from "../../ex/interlocked";
import { InterlockedExchangeAdd, InterlockedIncrement } from "../../ex/interlocked";
import { ReadULongAcquire } from "../../ex/interlocked";
import { ExAllocate, ExFree } from "../../ex/pool";
import { Tag } from "../../ex/tag";
import { LockRank } from "../../ke/lockorder";
import { KSpinLock, KeAcquireSpinLockAtDpcLevel, KeInitializeSpinLock } from "../../ke/spinlock";
import { KeReleaseSpinLockFromDpcLevel, mustHold } from "../../ke/spinlock";
import { IoCompleteRequest } from "../../io/complete";
import { Irp } from "../../io/irp";
import { IoMarkIrpPending } from "../../io/stack";
import { Connection, ConnectionFlag, flagsOf } from "./endpoint";
import { freeNotice, noticeOf } from "./notice";
import { Tcb, TcbFlag, dereferenceTcb, referenceTcb } from "./tcb";

const LOCK: usize = memory.data(4);

function lock(): KSpinLock {
  return changetype<KSpinLock>(LOCK);
}

/** The lock of all connection endpoints. */
export function endpointsLock(): KSpinLock {
  return lock();
}

/** Makes the lock. Once, at start. */
export function initializeConnections(): void {
  KeInitializeSpinLock(lock(), LockRank.TcpConnection);
}

/** An endpoint without a connection; null: no memory. IRQL: <= DISPATCH_LEVEL. */
export function openConnection(clientContext: usize): Connection | null {
  const connection = ExAllocate<Connection>(Tag.Connection);
  if (connection != null) connection.clientContext = clientContext;
  return connection;
}

/** Gives an endpoint back, which has no connection. */
export function freeConnection(connection: Connection): void {
  freeNotice(connection);
  ExFree(connection);
}

/**
 * Gives `connection` its connection; false when it has one, or its address is closed. Takes a
 * reference for it. IRQL: DISPATCH_LEVEL.
 */
export function attach(connection: Connection, tcb: Tcb): bool {
  KeAcquireSpinLockAtDpcLevel(lock());
  const attached = attachLocked(connection, tcb);
  KeReleaseSpinLockFromDpcLevel(lock());
  return attached;
}

function attachLocked(connection: Connection, tcb: Tcb): bool {
  mustHold(lock());
  const address = connection.address;
  if (connection.tcb != 0 || address == null || address.closed) return false;
  referenceTcb(tcb);
  connection.tcb = changetype<usize>(tcb);
  return true;
}

/** The referenced connection of `connection`, or null. IRQL: DISPATCH_LEVEL. */
export function connectionTcb(connection: Connection): Tcb | null {
  KeAcquireSpinLockAtDpcLevel(lock());
  const tcb = at<Tcb | null>(connection.tcb, 0);
  if (tcb != null) referenceTcb(tcb);
  KeReleaseSpinLockFromDpcLevel(lock());
  return tcb;
}

/** Takes `tcb` away from its endpoint, with its reference. IRQL: DISPATCH_LEVEL. */
export function detach(connection: Connection, tcb: Tcb): void {
  KeAcquireSpinLockAtDpcLevel(lock());
  const had = connection.tcb == changetype<usize>(tcb);
  if (had) connection.tcb = 0;
  KeReleaseSpinLockFromDpcLevel(lock());
  if (had) dereferenceTcb(tcb);
}

/**
 * A call of the client of `connection` begins: the endpoint stays until `endCall`. IRQL:
 * DISPATCH_LEVEL. Locks: that of the Tcb whose `connection` it is.
 */
export function beginCall(connection: Connection): void {
  InterlockedIncrement(flagsOf(connection));
}

/**
 * It is over: the last one ends an IRP_MJ_CLEANUP that waits. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function endCall(connection: Connection): void {
  const left = InterlockedDecrement(flagsOf(connection));
  if ((left & (ConnectionFlag.CLEANUP_WAITS | ConnectionFlag.CALLS)) != CLEANED_UP) return;
  const irp = connection.cleanup;
  if (irp != null) IoCompleteRequest(irp, Status.SUCCESS, 0);
}
/** A CLEANUP waits, and no call is under way. */
const CLEANED_UP: u32 = ConnectionFlag.CLEANUP_WAITS;

/**
 * `tcb` has no endpoint any more. An indication that is under way becomes a call that is counted:
 * until then the Tcb's lock and INDICATING are enough to know of it.
 */
export function letGoLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const connection = tcb.connection;
  if (connection == null) return;
  tcb.connection = null;
  if ((tcb.flags & TcbFlag.INDICATING) == 0) return;
  tcb.flags |= TcbFlag.COUNTED;
  beginCall(connection);
}

/** Calls of the client of `connection` that are under way; those that ended are seen. IRQL: any. */
export function callsOf(connection: Connection): u32 {
  return ReadULongAcquire(flagsOf(connection)) & ConnectionFlag.CALLS;
}

/**
 * The caller has seen to it that no call of the client of `connection` begins any more. SUCCESS:
 * none is under way; PENDING: the last one completes `irp`. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function endLastCall(connection: Connection, irp: Irp): NTSTATUS {
  // One in the client's stead: until it ends, none is the last.
  const calls = InterlockedIncrement(flagsOf(connection)) & ConnectionFlag.CALLS;
  if (calls == 1) return Status.SUCCESS;
  IoMarkIrpPending(irp);
  connection.cleanup = irp;
  InterlockedExchangeAdd(flagsOf(connection), ConnectionFlag.CLEANUP_WAITS);
  endCall(connection);
  return Status.PENDING;
}

/**
 * `tcb` is the connection of `connection` from here on: what its client has set holds for it, and
 * what an earlier one left is forgotten.
 */
export function beginOptionsLocked(tcb: Tcb, connection: Connection): void {
  mustHold(tcb.lock);
  const notice = noticeOf(connection);
  if (notice != null) {
    notice.urgent = 0;
    notice.softError = Status.SUCCESS;
  }
  tcb.flags |= connection.options;
  setServiceLocked(tcb, connection.typeOfService);
}

/** The type of service of `tcb` (MUST-48). */
export function setServiceLocked(tcb: Tcb, typeOfService: u32): void {
  mustHold(tcb.lock);
  tcb.typeOfService = typeOfService;
  if (typeOfService) tcb.flags |= TcbFlag.SERVICE;
  else tcb.flags &= ~TcbFlag.SERVICE;
}
