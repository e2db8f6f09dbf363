/** Names that programs add, and the datagrams that come for them (ADD NAME; nt-facts 6.1). */

import { at } from "../nt/embed";
import { InitializeListHead, InsertTailList, IsListEmpty, ListEntry } from "../nt/list";
import { RemoveHeadList } from "../nt/list";
import { RtlCopyMemory } from "../nt/memory";
import { NTSTATUS, NT_SUCCESS, Status } from "../nt/status";
import { ExAllocate, ExAllocatePoolWithTag, ExFree, ExFreePool } from "../ex/pool";
import { Tag } from "../ex/tag";
import { ExInitializeWorkItem, ExQueueWorkItem, WorkItem } from "../ex/workitem";
import { LockRank } from "../ke/lockorder";
import { KSpinLock, KeAcquireSpinLock, KeInitializeSpinLock } from "../ke/spinlock";
import { KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { IoCallDriver } from "../io/call";
import { IoCloseFile, beginCreateFile } from "../io/create";
import { DeviceName, DeviceObject, IoGetDeviceObjectPointer } from "../io/device";
import { FileObject } from "../io/file";
import { Irp, IoAllocateIrp, IoFreeIrp } from "../io/irp";
import { Mdl, describe } from "../io/mdl";
import { NetbiosAddress, copyNetbiosAddress } from "../tdi/address";
import { TdiBuildSendDatagram } from "../tdi/build";
import { setHandlers } from "../tdi/client";
import { DatagramIndication, EventHandlers } from "../tdi/event";
import { TransportObject } from "../tdi/request";
import { NETBIOS_NAME, NetbiosName, copyName } from "../wire/nbname";

/** A name that a program has added. */
@unmanaged
class AddedName {
  private lockWord: u32;
  // Under `lock`:
  /** PENDING while it is being registered; then how that ended. */
  status: NTSTATUS;
  /** 1: the program has deleted it. */
  deleted: u32;
  /** Octets of the datagrams below. */
  queued: u32;
  private firstWord: usize;
  private lastWord: usize;
  // Do not change:
  file: FileObject;
  private itemWords0: u64;
  private itemWords1: u64;
  private itemWords2: u64;
  private address0: u64;
  private address1: u64;
  private address2: u64;
  get lock(): KSpinLock {
    return at<KSpinLock>(changetype<usize>(this), offsetof<this>("lockWord"));
  }
  /** Datagrams that came. */
  get datagrams(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("firstWord"));
  }
  get item(): WorkItem {
    return at<WorkItem>(changetype<usize>(this), offsetof<this>("itemWords0"));
  }
  get address(): NetbiosAddress {
    return at<NetbiosAddress>(changetype<usize>(this), offsetof<this>("address0"));
  }
}
if (offsetof<WorkItem>() > 24) ERROR("an AddedName has room for a WorkItem");

/** A datagram that came: this head, then its octets. */
@unmanaged
class Held extends ListEntry {
  length: u32;
  /** Who sent it. */
  source: u32;
  private nameWords0: u64;
  private nameWords1: u64;
  get name(): NetbiosName {
    return at<NetbiosName>(changetype<usize>(this), offsetof<this>("nameWords0"));
  }
}
const HELD_HEAD: usize = offsetof<Held>();
/** What `receive` writes before the data: the sender's name, and its address. */
const SENDER_OCTETS: u32 = 20;
/** Octets of datagrams that wait for a program, for each name. */
const MOST_QUEUED: u32 = 0x10000;

/** A datagram on its way out: this head, then its octets. */
@unmanaged
class Sending {
  private mdlWords0: u64;
  private mdlWords1: u64;
  private address0: u64;
  private address1: u64;
  private address2: u64;
  get mdl(): Mdl {
    return at<Mdl>(changetype<usize>(this), offsetof<this>("mdlWords0"));
  }
  get address(): NetbiosAddress {
    return at<NetbiosAddress>(changetype<usize>(this), offsetof<this>("address0"));
  }
}
const SENDING_HEAD: usize = offsetof<Sending>();

/** Names of all programs at most; a handle is an index counted from 1. */
const MOST: u32 = 256;
const NAMES: usize = memory.data(1024);

@unmanaged
class Slot {
  value: AddedName | null;
}

function slotOf(handle: u32): Slot {
  return changetype<Slot>(NAMES + (<usize>(handle - 1) << 2));
}

function nameOf(handle: u32): AddedName | null {
  return handle == 0 || handle > MOST ? null : slotOf(handle).value;
}

/** What programs left is closed. IRQL: PASSIVE_LEVEL. */
export function deleteNames(): void {
  for (let handle: u32 = 1; handle <= MOST; handle++) netbiosDelete(handle);
}

/*
 * What user mode calls. A call on what is no handle is answered with INVALID_HANDLE. IRQL:
 * PASSIVE_LEVEL. Locks: none.
 */

/** Adds the name of the NetbiosAddress at `address`; a handle, or a negative NTSTATUS. */
export function netbiosAdd(address: usize): i32 {
  const device = IoGetDeviceObjectPointer(DeviceName.NetBT);
  if (device == null) return Status.NO_SUCH_DEVICE;
  for (let handle: u32 = 1; handle <= MOST; handle++) {
    if (slotOf(handle).value != null) continue;
    const name = addName(device, at<NetbiosAddress>(address, 0));
    slotOf(handle).value = name;
    return name == null ? Status.INSUFFICIENT_RESOURCES : <i32>handle;
  }
  return Status.INSUFFICIENT_RESOURCES;
}

/** How adding it went; PENDING: it is still asked for. */
export function netbiosStatus(handle: u32): NTSTATUS {
  const name = nameOf(handle);
  return name == null ? Status.INVALID_HANDLE : statusOfName(name);
}

/** Deletes it; the handle is gone. */
export function netbiosDelete(handle: u32): NTSTATUS {
  const name = nameOf(handle);
  if (name == null) return Status.INVALID_HANDLE;
  slotOf(handle).value = null;
  deleteName(name);
  return Status.SUCCESS;
}

/** Sends a datagram to the NetbiosAddress at `to`. */
export function netbiosSend(handle: u32, to: usize, buffer: usize, length: u32): NTSTATUS {
  const name = nameOf(handle);
  if (name == null) return Status.INVALID_HANDLE;
  return sendDatagram(name, at<NetbiosAddress>(to, 0), buffer, length);
}

/** The oldest datagram that came: its sender's name and address, then its data. */
export function netbiosReceive(handle: u32, buffer: usize, length: u32): i32 {
  const name = nameOf(handle);
  return name == null ? Status.INVALID_HANDLE : receiveDatagram(name, buffer, length);
}

/** Adds a name; null: no memory. Its `status` says how that went. IRQL: PASSIVE_LEVEL. */
function addName(device: DeviceObject, address: NetbiosAddress): AddedName | null {
  const name = ExAllocate<AddedName>(Tag.Netbios);
  const irp = IoAllocateIrp(1);
  if (name == null || irp == null) {
    if (name != null) ExFree(name);
    if (irp != null) IoFreeIrp(irp);
    return null;
  }
  KeInitializeSpinLock(name.lock, LockRank.NetbiosName);
  InitializeListHead(name.datagrams);
  ExInitializeWorkItem(name.item, closeWorker, changetype<usize>(name));
  name.status = Status.PENDING;
  copyNetbiosAddress(name.address, address);
  const context = changetype<usize>(name);
  const where = <u32>changetype<usize>(name.address);
  const file = beginCreateFile(device, TransportObject.ADDRESS, where, irp, added, context);
  if (file == null) {
    IoFreeIrp(irp);
    ExFree(name);
    return null;
  }
  name.file = file;
  IoCallDriver(device, irp);
  return name;
}

/** IRP_MJ_CREATE has ended. A program that has deleted the name meanwhile wants it closed. */
function added(irp: Irp, context: usize): NTSTATUS {
  const name = at<AddedName>(context, 0);
  const status = irp.status;
  IoFreeIrp(irp);
  if (NT_SUCCESS(status)) setHandlers(name.file, fillHandlers, context);
  const irql = KeAcquireSpinLock(name.lock);
  name.status = status;
  const deleted = name.deleted != 0;
  KeReleaseSpinLock(name.lock, irql);
  if (deleted) ExQueueWorkItem(name.item);
  return Status.MORE_PROCESSING_REQUIRED;
}

function fillHandlers(handlers: EventHandlers, context: usize): void {
  handlers.receiveDatagram = datagramEvent;
  handlers.receiveDatagramContext = context;
}

/** How adding a name went; PENDING: it is still asked for. IRQL: <= DISPATCH_LEVEL. */
function statusOfName(name: AddedName): NTSTATUS {
  const irql = KeAcquireSpinLock(name.lock);
  const status = name.status;
  KeReleaseSpinLock(name.lock, irql);
  return status;
}

/** Deletes a name; one that is being registered goes once that has ended. IRQL: PASSIVE_LEVEL. */
function deleteName(name: AddedName): void {
  const irql = KeAcquireSpinLock(name.lock);
  name.deleted = 1;
  const waits = name.status == Status.PENDING;
  KeReleaseSpinLock(name.lock, irql);
  if (!waits) closeName(name);
}

function closeWorker(context: usize): void {
  closeName(at<AddedName>(context, 0));
}

function closeName(name: AddedName): void {
  if (NT_SUCCESS(statusOfName(name))) IoCloseFile(name.file);
  else ExFree(name.file);
  for (let held = takeHeld(name); held != null; held = takeHeld(name)) {
    ExFreePool(changetype<usize>(held));
  }
  ExFree(name);
}

/** ClientEventReceiveDatagram. What has no room is lost, as datagrams are. */
function datagramEvent(context: usize, indication: DatagramIndication): NTSTATUS {
  const name = at<AddedName>(context, 0);
  const length = indication.length;
  const block = ExAllocatePoolWithTag(<u32>HELD_HEAD + length, Tag.Netbios);
  if (block == 0) return Status.DATA_NOT_ACCEPTED;
  const held = at<Held>(block, 0);
  held.length = length;
  held.source = indication.remoteAddress;
  const from = indication.remoteName;
  if (from != null) copyName(held.name, from);
  RtlCopyMemory(block + HELD_HEAD, indication.tsdu, length);
  const irql = KeAcquireSpinLock(name.lock);
  const room = name.queued + length + SENDER_OCTETS <= MOST_QUEUED;
  if (room) {
    name.queued += length + SENDER_OCTETS;
    InsertTailList(name.datagrams, held);
  }
  KeReleaseSpinLock(name.lock, irql);
  if (!room) ExFreePool(block);
  return room ? Status.SUCCESS : Status.DATA_NOT_ACCEPTED;
}

function takeHeld(name: AddedName): Held | null {
  const irql = KeAcquireSpinLock(name.lock);
  const held = takeHeldLocked(name);
  KeReleaseSpinLock(name.lock, irql);
  return held;
}

function takeHeldLocked(name: AddedName): Held | null {
  mustHold(name.lock);
  if (IsListEmpty(name.datagrams)) return null;
  const held = changetype<Held>(RemoveHeadList(name.datagrams));
  name.queued -= held.length + SENDER_OCTETS;
  return held;
}

/**
 * The oldest datagram: who sent it (SENDER_OCTETS), then as much of it as has room. How many octets
 * that is, or NO_MORE_ENTRIES. IRQL: PASSIVE_LEVEL.
 */
function receiveDatagram(name: AddedName, buffer: usize, length: u32): i32 {
  if (length < SENDER_OCTETS) return Status.INVALID_PARAMETER;
  const held = takeHeld(name);
  if (held == null) return Status.NO_MORE_ENTRIES;
  const room = length - SENDER_OCTETS;
  const octets = held.length < room ? held.length : room;
  const source = changetype<usize>(held);
  RtlCopyMemory(buffer, changetype<usize>(held.name), NETBIOS_NAME);
  RtlCopyMemory(buffer + NETBIOS_NAME, source + offsetof<Held>("source"), 4);
  RtlCopyMemory(buffer + SENDER_OCTETS, source + HELD_HEAD, octets);
  ExFreePool(source);
  return <i32>(octets + SENDER_OCTETS);
}

/** Sends a datagram from a name that is registered. PENDING: its target is being found. */
function sendDatagram(
  name: AddedName,
  to: NetbiosAddress,
  buffer: usize,
  length: u32,
): NTSTATUS {
  if (statusOfName(name) != Status.SUCCESS) return Status.INVALID_HANDLE;
  const block = ExAllocatePoolWithTag(<u32>SENDING_HEAD + length, Tag.Netbios);
  const irp = IoAllocateIrp(1);
  if (block == 0 || irp == null) {
    if (block != 0) ExFreePool(block);
    if (irp != null) IoFreeIrp(irp);
    return Status.INSUFFICIENT_RESOURCES;
  }
  const sending = at<Sending>(block, 0);
  copyNetbiosAddress(sending.address, to);
  RtlCopyMemory(block + SENDING_HEAD, buffer, length);
  describe(sending.mdl, block + SENDING_HEAD, length);
  const where = <u32>changetype<usize>(sending.address);
  TdiBuildSendDatagram(irp, name.file, sent, block, sending.mdl, length, where, 0);
  return IoCallDriver(name.file.device, irp);
}

function sent(irp: Irp, context: usize): NTSTATUS {
  ExFreePool(context);
  IoFreeIrp(irp);
  return Status.MORE_PROCESSING_REQUIRED;
}
