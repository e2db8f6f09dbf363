/** Which address object a connection endpoint is associated with, and the end of either. */

import { Fault, faulty } from "../../kb/faults";
import { NTSTATUS, Status } from "../../nt/status";
import { KeAcquireSpinLock, KeAcquireSpinLockAtDpcLevel } from "../../ke/spinlock";
import { KeReleaseSpinLock, KeReleaseSpinLockFromDpcLevel, mustHold } from "../../ke/spinlock";
import { Irp } from "../../io/irp";
import { IoMarkIrpPending } from "../../io/stack";
import { AddressObject, addressLock, dereferenceAddress, referenceAddress } from "../address";
import { callsOf, endpointsLock, freeConnection } from "./connection";
import { Connection } from "./endpoint";

/** TDI_ASSOCIATE_ADDRESS. IRQL: DISPATCH_LEVEL. Locks: none. */
export function associateAddress(connection: Connection, address: AddressObject): NTSTATUS {
  referenceAddress(address);
  KeAcquireSpinLockAtDpcLevel(endpointsLock());
  const free = connection.address == null;
  if (free) connection.address = address;
  KeReleaseSpinLockFromDpcLevel(endpointsLock());
  if (free) return Status.SUCCESS;
  dereferenceAddress(address);
  return Status.ADDRESS_ALREADY_ASSOCIATED;
}

/** TDI_DISASSOCIATE_ADDRESS, while it has no connection. IRQL: DISPATCH_LEVEL. Locks: none. */
export function disassociateAddress(connection: Connection): NTSTATUS {
  KeAcquireSpinLockAtDpcLevel(endpointsLock());
  const active = connection.tcb != 0 || callsOf(connection) != 0;
  let address: AddressObject | null = null;
  if (!active) address = takeAddressLocked(connection);
  KeReleaseSpinLockFromDpcLevel(endpointsLock());
  if (active) return Status.CONNECTION_ACTIVE;
  if (address == null) return Status.ADDRESS_NOT_ASSOCIATED;
  dereferenceAddress(address);
  return Status.SUCCESS;
}

/** The address of `connection`, whose reference is the caller's now; null: it has none. */
function takeAddressLocked(connection: Connection): AddressObject | null {
  mustHold(endpointsLock());
  const address = connection.address;
  connection.address = null;
  return address;
}

/** IRP_MJ_CLOSE of an endpoint: it is gone. IRQL: DISPATCH_LEVEL. Locks: none. */
export function closeConnection(connection: Connection): void {
  KeAcquireSpinLockAtDpcLevel(endpointsLock());
  let address = takeAddressLocked(connection);
  // "must try to close both simultaneously"
  if (faulty(Fault.Q177245)) address = letGoOf(address);
  KeReleaseSpinLockFromDpcLevel(endpointsLock());
  letGoOf(address);
  freeConnection(connection);
}

/** The caller has no address any more: null. */
function letGoOf(address: AddressObject | null): AddressObject | null {
  if (address != null) dereferenceAddress(address);
  return null;
}

/**
 * IRP_MJ_CLEANUP of an address: from here on nobody finds it by its port, which asks for the one
 * lock, and none of its endpoints gets a connection, which asks for the other. The answer is that
 * of `closeToAllLocked`. IRQL: <= DISPATCH_LEVEL. Locks: none.
 */
export function cleanUpAddress(address: AddressObject, irp: Irp): NTSTATUS {
  const irql = KeAcquireSpinLock(addressLock());
  KeAcquireSpinLockAtDpcLevel(endpointsLock());
  const status = closeToAllLocked(address, irp);
  KeReleaseSpinLockFromDpcLevel(endpointsLock());
  KeReleaseSpinLock(addressLock(), irql);
  return status;
}

/**
 * The client of `address` is gone: nobody new finds it. PENDING: somebody has found it, and
 * completes `irp` when the client is called no more.
 */
function closeToAllLocked(address: AddressObject, irp: Irp): NTSTATUS {
  mustHold(addressLock());
  mustHold(endpointsLock());
  address.closed = 1;
  if (address.callers == 0) return Status.SUCCESS;
  IoMarkIrpPending(irp);
  address.cleanup = irp;
  return Status.PENDING;
}
