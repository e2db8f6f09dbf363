/** What can only be done at PASSIVE_LEVEL: TCP's objects are opened and closed here. */

import { at } from "../../nt/embed";
import { NTSTATUS, NT_SUCCESS, Status } from "../../nt/status";
import { ExInitializeWorkItem } from "../../ex/workitem";
import { KeAcquireSpinLock, KeReleaseSpinLock } from "../../ke/spinlock";
import { IoCallDriver } from "../../io/call";
import { createStatus } from "../../io/create";
import { DeviceName, DeviceObject, IoGetDeviceObjectPointer } from "../../io/device";
import { FileObject } from "../../io/file";
import { Irp, IoAllocateIrp, IoFreeIrp } from "../../io/irp";
import { TdiBuildConnect } from "../../tdi/build";
import { closeFile, openAddressFile, openConnectionFile } from "../../tdi/client";
import { EventHandlers } from "../../tdi/event";
import { DIRECT_PORT, SESSION_PORT } from "../../wire/nbsession";
import { NetbtDevice } from "../device";
import { connectEvent } from "./arrive";
import { Block, allocateBlock, dereferenceBlock, referenceBlock } from "./block";
import { End, endSession, enterBlock, leaveFile } from "./close";
import { connected } from "./connect";
import { isBlockMissing, putFree, referenceBusy, setListener, takeOpening, takeRetired } from
  "./pool";
import { takeSurplus } from "./pool";
import { disconnectEvent, receiveEvent, resume } from "./receive";

/** Blocks that one turn of the worker makes, opens or closes at most. */
const TURN: u32 = 1 << 20;

/** The handlers of a connection of ours. */
function fillCalling(handlers: EventHandlers, context: usize): void {
  handlers.disconnect = disconnectEvent;
  handlers.disconnectContext = context;
  handlers.receive = receiveEvent;
  handlers.receiveContext = context;
}

/** Those of what listens. */
function fillListening(handlers: EventHandlers, context: usize): void {
  fillCalling(handlers, context);
  handlers.connect = connectEvent;
  handlers.connectContext = context;
}

/** Listens on TCP for `device`, with its first blocks. IRQL: PASSIVE_LEVEL. */
export function openListener(device: NetbtDevice): NTSTATUS {
  const tcp = IoGetDeviceObjectPointer(DeviceName.Tcp);
  if (tcp == null) return Status.NO_SUCH_DEVICE;
  const context = changetype<usize>(device);
  ExInitializeWorkItem(device.worker, work, context);
  const port = device.hasNames ? SESSION_PORT : DIRECT_PORT;
  const file = openAddressFile(tcp, device.address, port, fillListening, context);
  if (file == null) {
    const status = createStatus();
    return NT_SUCCESS(status) ? Status.INSUFFICIENT_RESOURCES : status;
  }
  setListener(device, file);
  work(context);
  return Status.SUCCESS;
}

/** Listens no more: all blocks go. Its clients have closed what they had. IRQL: PASSIVE_LEVEL. */
export function closeListener(device: NetbtDevice): void {
  closeFile(setListener(device, null));
  let block = referenceBusy(device);
  while (block != null) {
    endSession(block, Status.CANCELLED, End.ABORT);
    dereferenceBlock(block);
    work(changetype<usize>(device));
    block = referenceBusy(device);
  }
  work(changetype<usize>(device));
}

/** The worker thread. */
function work(context: usize): void {
  const device = at<NetbtDevice>(context, 0);
  closeRetired(device);
  for (let turns: u32 = 0; turns < TURN; turns++) {
    const block = takeOpening(device);
    if (block == null) break;
    openOutgoing(block);
  }
  closeRetired(device);
  for (let turns: u32 = 0; turns < TURN && isBlockMissing(device); turns++) {
    if (!addFree(device)) break;
  }
  let surplus = takeSurplus(device);
  while (surplus != null) {
    closeBlock(surplus);
    surplus = takeSurplus(device);
  }
}

function closeRetired(device: NetbtDevice): void {
  let block = takeRetired(device);
  while (block != null) {
    closeBlock(block);
    block = takeRetired(device);
  }
}

/** Closes TCP's objects, so that nobody is called for the block; gives a list's reference back. */
function closeBlock(block: Block): void {
  const irql = KeAcquireSpinLock(block.lock);
  const file = block.file;
  const address = block.addressFile;
  block.file = null;
  block.addressFile = null;
  KeReleaseSpinLock(block.lock, irql);
  closeFile(file);
  closeFile(address);
  dereferenceBlock(block);
}

/** One more block that waits for a connection; false: no memory. */
function addFree(device: NetbtDevice): bool {
  const listener = device.listener;
  if (listener == null) return false;
  const block = allocateBlock(device);
  if (block == null) return false;
  const file = openConnectionFile(listener, changetype<usize>(block));
  if (file == null) {
    dereferenceBlock(block);
    return false;
  }
  block.file = file;
  putFree(block);
  return true;
}

/** TCP for a call of ours. */
function openOutgoing(block: Block): void {
  if (!enterBlock(block)) return;
  const tcp = IoGetDeviceObjectPointer(DeviceName.Tcp);
  const irp = IoAllocateIrp(1);
  const file = tcp != null && irp != null ? openFiles(block, tcp) : null;
  if (file != null && irp != null) {
    const remote = block.remoteAddress;
    const port = block.remotePort;
    referenceBlock(block);
    TdiBuildConnect(irp, file, up, changetype<usize>(block), remote, port, null);
    IoCallDriver(file.device, irp);
  } else {
    if (irp != null) IoFreeIrp(irp);
    endSession(block, Status.INSUFFICIENT_RESOURCES, End.GONE);
  }
  leaveFile(block);
}

/** An address of TCP and an endpoint on it, which `block` has; null: no memory. */
function openFiles(block: Block, tcp: DeviceObject): FileObject | null {
  const device = block.device;
  const address = openAddressFile(tcp, device.address, 0, fillCalling, changetype<usize>(device));
  if (address == null) return null;
  const file = openConnectionFile(address, changetype<usize>(block));
  if (file == null) {
    closeFile(address);
    return null;
  }
  const irql = KeAcquireSpinLock(block.lock);
  block.addressFile = address;
  block.file = file;
  KeReleaseSpinLock(block.lock, irql);
  return file;
}

/** TDI_CONNECT of ours has ended. */
function up(irp: Irp, context: usize): NTSTATUS {
  const block = at<Block>(context, 0);
  connected(block, irp);
  resume(block);
  dereferenceBlock(block);
  return Status.MORE_PROCESSING_REQUIRED;
}
