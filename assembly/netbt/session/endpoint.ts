/** Connection endpoints of clients: their address, their session, and who calls the client. */

import { InitializeListHead, RemoveEntryList } from "../../nt/list";
import { NTSTATUS, Status } from "../../nt/status";
import { InterlockedDecrement, InterlockedExchangeAdd } from "../../ex/interlocked";
import { InterlockedIncrement } from "../../ex/interlocked";
import { ExAllocate, ExFree } from "../../ex/pool";
import { Tag } from "../../ex/tag";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../../ke/spinlock";
import { IoCompleteRequest } from "../../io/complete";
import { Irp } from "../../io/irp";
import { IoMarkIrpPending } from "../../io/stack";
import { NetbtAddress, dereferenceAddress, referenceAddress } from "../address";
import { NetbtDevice } from "../device";
import { Block, NetbtConnection, dereferenceBlock, referenceBlock } from "./block";

/** An IRP_MJ_CLEANUP waits for the last call of the client. */
const CLEANUP_WAITS: u32 = 0x80000000;

/** An endpoint without an address; null: no memory. IRQL: <= DISPATCH_LEVEL. */
export function openConnection(device: NetbtDevice, clientContext: usize): NetbtConnection | null {
  const endpoint = ExAllocate<NetbtConnection>(Tag.NetbtConnection);
  if (endpoint == null) return null;
  InitializeListHead(endpoint);
  endpoint.device = device;
  endpoint.clientContext = clientContext;
  return endpoint;
}

/** TDI_ASSOCIATE_ADDRESS. IRQL: <= DISPATCH_LEVEL. Locks: none. */
export function associate(endpoint: NetbtConnection, address: NetbtAddress): NTSTATUS {
  if (address.device != endpoint.device) return Status.INVALID_PARAMETER;
  referenceAddress(address);
  const irql = KeAcquireSpinLock(endpoint.device.lock);
  const free = endpoint.address == null;
  if (free) endpoint.address = address;
  KeReleaseSpinLock(endpoint.device.lock, irql);
  if (free) return Status.SUCCESS;
  dereferenceAddress(address);
  return Status.ADDRESS_ALREADY_ASSOCIATED;
}

/** TDI_DISASSOCIATE_ADDRESS, while it has no session. IRQL: <= DISPATCH_LEVEL. Locks: none. */
export function disassociate(endpoint: NetbtConnection): NTSTATUS {
  const irql = KeAcquireSpinLock(endpoint.device.lock);
  const active = endpoint.block != null || endpoint.listenIrp != null || endpoint.calls != 0;
  const address = !active ? takeAddressLocked(endpoint) : null;
  KeReleaseSpinLock(endpoint.device.lock, irql);
  if (active) return Status.CONNECTION_ACTIVE;
  if (address == null) return Status.ADDRESS_NOT_ASSOCIATED;
  dereferenceAddress(address);
  return Status.SUCCESS;
}

function takeAddressLocked(endpoint: NetbtConnection): NetbtAddress | null {
  mustHold(endpoint.device.lock);
  const address = endpoint.address;
  endpoint.address = null;
  return address;
}

/** IRP_MJ_CLOSE: the endpoint is gone. IRQL: <= DISPATCH_LEVEL. Locks: none. */
export function closeEndpoint(endpoint: NetbtConnection): void {
  const irql = KeAcquireSpinLock(endpoint.device.lock);
  const address = takeAddressLocked(endpoint);
  KeReleaseSpinLock(endpoint.device.lock, irql);
  if (address != null) dereferenceAddress(address);
  ExFree(endpoint);
}

/**
 * Gives `endpoint` its session; false when it has one, or no address that is open. IRQL: <=
 * DISPATCH_LEVEL. Locks: none.
 */
export function attach(endpoint: NetbtConnection, block: Block): bool {
  const irql = KeAcquireSpinLock(endpoint.device.lock);
  const attached = attachLocked(endpoint, block);
  KeReleaseSpinLock(endpoint.device.lock, irql);
  return attached;
}

function attachLocked(endpoint: NetbtConnection, block: Block): bool {
  mustHold(endpoint.device.lock);
  const address = endpoint.address;
  if (endpoint.block != null || endpoint.closed != 0) return false;
  if (address == null || address.closed) return false;
  referenceBlock(block);
  endpoint.block = block;
  return true;
}

/** The session's block, referenced; null: it has none. IRQL: <= DISPATCH_LEVEL. Locks: none. */
export function blockOf(endpoint: NetbtConnection): Block | null {
  const irql = KeAcquireSpinLock(endpoint.device.lock);
  const block = endpoint.block;
  if (block != null) referenceBlock(block);
  KeReleaseSpinLock(endpoint.device.lock, irql);
  return block;
}

/** Takes `block` away from its endpoint: that is idle again. IRQL: <= DISPATCH_LEVEL. */
export function detach(endpoint: NetbtConnection, block: Block): void {
  const irql = KeAcquireSpinLock(endpoint.device.lock);
  const had = endpoint.block == block;
  if (had) endpoint.block = null;
  KeReleaseSpinLock(endpoint.device.lock, irql);
  if (had) dereferenceBlock(block);
}

function callsOf(endpoint: NetbtConnection): usize {
  return changetype<usize>(endpoint) + offsetof<NetbtConnection>("calls");
}

/**
 * A call of the client begins: the endpoint stays until `endCall`. IRQL: <= DISPATCH_LEVEL. Locks:
 * that of the block whose endpoint it is, or its IRP_MJ_CLEANUP calls.
 */
export function beginCall(endpoint: NetbtConnection): void {
  InterlockedIncrement(callsOf(endpoint));
}

/** It is over: the last one ends an IRP_MJ_CLEANUP that waits. Locks: none. */
export function endCall(endpoint: NetbtConnection): void {
  if (InterlockedDecrement(callsOf(endpoint)) != CLEANUP_WAITS) return;
  const irp = endpoint.cleanup;
  if (irp != null) IoCompleteRequest(irp, Status.SUCCESS, 0);
}

/**
 * The last part of IRP_MJ_CLEANUP, when no call can begin any more: completes `irp` after the last
 * one. The caller has begun a call in the client's stead. IRQL: <= DISPATCH_LEVEL. Locks: none.
 */
export function endLastCall(endpoint: NetbtConnection, irp: Irp): NTSTATUS {
  IoMarkIrpPending(irp);
  endpoint.cleanup = irp;
  InterlockedExchangeAdd(callsOf(endpoint), CLEANUP_WAITS);
  endCall(endpoint);
  return Status.PENDING;
}

/** Takes the TDI_LISTEN of `endpoint` back, or null. The device's lock is held. */
export function takeListenLocked(endpoint: NetbtConnection): Irp | null {
  mustHold(endpoint.device.lock);
  const irp = endpoint.listenIrp;
  endpoint.listenIrp = null;
  if (irp != null) RemoveEntryList(endpoint);
  return irp;
}
