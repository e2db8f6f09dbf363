/** Which connection endpoint has which connection. */

import { at } from "../../nt/embed";
import { ExAllocate, ExFree } from "../../ex/pool";
import { Tag } from "../../ex/tag";
import { LockRank } from "../../ke/lockorder";
import { KSpinLock, KeAcquireSpinLockAtDpcLevel, KeInitializeSpinLock } from "../../ke/spinlock";
import { KeReleaseSpinLockFromDpcLevel, mustHold } from "../../ke/spinlock";
import { Connection } from "./endpoint";
import { Tcb, dereferenceTcb, referenceTcb } from "./tcb";

const LOCK: usize = memory.data(4);

function lock(): KSpinLock {
  return changetype<KSpinLock>(LOCK);
}

/** Where its lock lies, for the host. */
export function endpointsLock(): usize {
  return LOCK;
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
  ExFree(connection);
}

/**
 * Gives `connection` its connection; false when it has one. Takes a reference for it.
 * IRQL: DISPATCH_LEVEL.
 */
export function attach(connection: Connection, tcb: Tcb): bool {
  KeAcquireSpinLockAtDpcLevel(lock());
  const attached = attachLocked(connection, tcb);
  KeReleaseSpinLockFromDpcLevel(lock());
  return attached;
}

function attachLocked(connection: Connection, tcb: Tcb): bool {
  mustHold(lock());
  if (connection.tcb != 0) return false;
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
