/** NetBIOS addresses that clients have opened, with their event handlers (nt-facts 4.1). */

import { at } from "../nt/embed";
import { InitializeListHead, InsertTailList, ListEntry, RemoveEntryList } from "../nt/list";
import { NTSTATUS, NT_SUCCESS, Status } from "../nt/status";
import { ExAllocate, ExFree } from "../ex/pool";
import { Tag } from "../ex/tag";
import { ExQueueWorkItem } from "../ex/workitem";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { IoCompleteRequest } from "../io/complete";
import { Irp } from "../io/irp";
import { IoGetCurrentIrpStackLocation, IoMarkIrpPending } from "../io/stack";
import { NetbiosAddress, copyNetbiosAddress } from "../tdi/address";
import { EventHandlers, initializeHandlers } from "../tdi/event";
import { NetbiosName, isSameName } from "../wire/nbname";
import { NetbtDevice, countListenerLocked } from "./device";
import { registerName, releaseName } from "./register";

/** A NetBIOS address that a client has opened. Several clients may open the same name. */
@unmanaged
export class NetbtAddress extends ListEntry {
  // Under `NetbtDevice.lock` of device.ts:
  references: u32;
  /** How many found it and may call its client. */
  callers: u32;
  /** 1 when its client has closed it: nobody new finds it. */
  closed: u32;
  /** IRP_MJ_CREATE, while the name is being registered; IRP_MJ_CLEANUP, while callers are. */
  waiting: Irp | null;
  // Written under `NetbtDevice.lock` of device.ts:
  /** 1 when its client has asked to be told of calls: then it has added blocks to the pool. */
  listens: u32;
  // Do not change while it is open:
  device: NetbtDevice;
  private name0: u32;
  private name1: u32;
  private name2: u32;
  private name3: u32;
  private nameType: u32;
  // Set by its client before traffic comes:
  private handlerWords0: u64;
  private handlerWords1: u64;
  private handlerWords2: u64;
  private handlerWords3: u64;
  private handlerWords4: u64;
  private handlerWords5: u64;
  get name(): NetbiosAddress {
    return at<NetbiosAddress>(changetype<usize>(this), offsetof<this>("name0"));
  }
  get handlers(): EventHandlers {
    return at<EventHandlers>(changetype<usize>(this), offsetof<this>("handlerWords0"));
  }
}
if (offsetof<EventHandlers>() > 48) ERROR("a NetbtAddress has room for 48 octets of handlers");
if (offsetof<NetbiosAddress>() > 20) ERROR("a NetbtAddress has room for a NetbiosAddress");

/**
 * IRP_MJ_CREATE of an address: registers its name; \Device\NetbiosSmb has none to register.
 * PENDING: `irp` is completed when the net has answered. DUPLICATE_NAME: somebody else has it.
 * IRQL: <= DISPATCH_LEVEL. Locks: none.
 */
export function openAddress(device: NetbtDevice, name: NetbiosAddress, irp: Irp): NTSTATUS {
  const object = ExAllocate<NetbtAddress>(Tag.NetbtAddress);
  if (object == null) return Status.INSUFFICIENT_RESOURCES;
  InitializeListHead(object);
  object.device = device;
  object.references = 1;
  copyNetbiosAddress(object.name, name);
  initializeHandlers(object.handlers);
  IoMarkIrpPending(irp);
  object.waiting = irp;
  let status: NTSTATUS = Status.SUCCESS;
  const context = changetype<usize>(object);
  if (device.hasNames) status = registerName(device, object.name, registered, context);
  if (status != Status.PENDING) registered(context, status);
  return Status.PENDING;
}

/** NameCompletion: the address can be found from here on, or is none. */
function registered(context: usize, status: NTSTATUS): void {
  const object = at<NetbtAddress>(context, 0);
  const device = object.device;
  const irp = object.waiting;
  if (irp == null) return;
  object.waiting = null;
  const file = IoGetCurrentIrpStackLocation(irp).file;
  if (NT_SUCCESS(status) && file != null) {
    file.fsContext = context;
    const irql = KeAcquireSpinLock(device.lock);
    InsertTailList(device.addresses, object);
    KeReleaseSpinLock(device.lock, irql);
  } else {
    ExFree(object);
  }
  IoCompleteRequest(irp, status, 0);
}

/**
 * The next address of `device` called `name` after `previous`, whose callers this leaves; null:
 * there are no more. Its client may be called until `leaveAddress`, or until it is given here as
 * the previous one. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function nextAddress(
  device: NetbtDevice,
  name: NetbiosName,
  previous: NetbtAddress | null,
): NetbtAddress | null {
  const irql = KeAcquireSpinLock(device.lock);
  const found = findLocked(device, name, previous);
  if (found != null) {
    found.references++;
    found.callers++;
  }
  KeReleaseSpinLock(device.lock, irql);
  if (previous != null) leaveAddress(previous);
  return found;
}

/** In the order in which they were opened; \Device\NetbiosSmb has no names to compare. */
function findLocked(
  device: NetbtDevice,
  name: NetbiosName,
  previous: NetbtAddress | null,
): NetbtAddress | null {
  mustHold(device.lock);
  const head = device.addresses;
  const first = previous == null ? head : previous;
  for (let entry = first.flink; entry != head; entry = entry.flink) {
    const one = changetype<NetbtAddress>(entry);
    if (!one.closed && (!device.hasNames || isSameName(one.name, name))) return one;
  }
  return null;
}

/**
 * The caller has done with what it found, and with its client; the last one ends an IRP_MJ_CLEANUP
 * that waits. IRQL: <= DISPATCH_LEVEL. Locks: none.
 */
export function leaveAddress(object: NetbtAddress): void {
  const device = object.device;
  const irql = KeAcquireSpinLock(device.lock);
  const cleanup = leaveLocked(object);
  const gone = dereferenceLocked(object);
  KeReleaseSpinLock(device.lock, irql);
  if (gone) free(object);
  // Its file is there until this is completed: not gone, and nobody else's to touch after it.
  else if (cleanup != null) IoCompleteRequest(cleanup, Status.SUCCESS, 0);
}

function leaveLocked(object: NetbtAddress): Irp | null {
  mustHold(object.device.lock);
  object.callers--;
  if (object.callers != 0) return null;
  const cleanup = object.waiting;
  object.waiting = null;
  return cleanup;
}

/**
 * IRP_MJ_CLEANUP: nobody new finds the address. PENDING: somebody has found it, and completes `irp`
 * when its client is called no more. IRQL: <= DISPATCH_LEVEL. Locks: none.
 */
export function cleanUpAddress(object: NetbtAddress, irp: Irp): NTSTATUS {
  const device = object.device;
  const irql = KeAcquireSpinLock(device.lock);
  object.closed = 1;
  const wait = object.callers != 0;
  if (wait) {
    IoMarkIrpPending(irp);
    object.waiting = irp;
  }
  KeReleaseSpinLock(device.lock, irql);
  return wait ? Status.PENDING : Status.SUCCESS;
}

/** Its client is told of calls from here on. IRQL: <= DISPATCH_LEVEL. Locks: none. */
export function listenOn(object: NetbtAddress): void {
  const device = object.device;
  const irql = KeAcquireSpinLock(device.lock);
  listenOnLocked(object);
  KeReleaseSpinLock(device.lock, irql);
  ExQueueWorkItem(device.worker);
}

/** The same with the device's lock held; the caller queues the worker. */
export function listenOnLocked(object: NetbtAddress): void {
  mustHold(object.device.lock);
  if (object.listens) return;
  object.listens = 1;
  countListenerLocked(object.device, true);
}

/** One more holds `object`, as its holder asks. IRQL: <= DISPATCH_LEVEL. Locks: none. */
export function referenceAddress(object: NetbtAddress): void {
  const device = object.device;
  const irql = KeAcquireSpinLock(device.lock);
  object.references++;
  KeReleaseSpinLock(device.lock, irql);
}

/** One fewer; the last one gives the name back. IRQL: <= DISPATCH_LEVEL. Locks: none. */
export function dereferenceAddress(object: NetbtAddress): void {
  const device = object.device;
  const irql = KeAcquireSpinLock(device.lock);
  const gone = dereferenceLocked(object);
  KeReleaseSpinLock(device.lock, irql);
  if (gone) free(object);
}

/** One fewer; true when none is left: the caller frees it. */
function dereferenceLocked(object: NetbtAddress): bool {
  mustHold(object.device.lock);
  object.references--;
  if (object.references != 0) return false;
  RemoveEntryList(object);
  if (object.listens) countListenerLocked(object.device, false);
  return true;
}

function free(object: NetbtAddress): void {
  if (object.listens) ExQueueWorkItem(object.device.worker);
  if (object.device.hasNames) releaseName(object.device, object.name);
  ExFree(object);
}
