/** What clients of a transport do with its objects: open, bind together, ask, close. */

import { at } from "../nt/embed";
import { NTSTATUS, Status } from "../nt/status";
import { KeLowerIrql, KeRaiseIrql } from "../ke/irql";
import { Irql, KeGetCurrentProcessorNumber, MAXIMUM_PROCESSORS } from "../ke/processor";
import { DeviceObject } from "../io/device";
import { IoCallDriver } from "../io/call";
import { IoCloseFile, IoCreateFile } from "../io/create";
import { FileObject } from "../io/file";
import { Irp, IoAllocateIrp, IoFreeIrp } from "../io/irp";
import { stackLocation, viewOf } from "../io/stack";
import { EventHandlers, initializeHandlers } from "./event";
import { TdiBuildAssociateAddress, TdiBuildDisconnect } from "./build";
import { TdiBuildSetEventHandlers } from "./build";
import { TdiBuildQueryInformation, TdiBuildSetInformation } from "./build";
import { TdiInformation } from "./parameters";
import { TransportObject, TransportQuery } from "./request";

/** The request stays ours: we free it. */
export function keepRequest(irp: Irp, context: usize): NTSTATUS {
  return Status.MORE_PROCESSING_REQUIRED;
}

/** Sends a request that does not wait, and frees it. */
function callAtOnce(file: FileObject, irp: Irp): NTSTATUS {
  const status = IoCallDriver(file.device, irp);
  IoFreeIrp(irp);
  return status;
}

/** Handlers as a request carries them: one for each processor, which nobody takes from it. */
const HANDLERS: usize = memory.data(512);
const HANDLERS_OCTETS: usize = 64;
if (offsetof<EventHandlers>() > HANDLERS_OCTETS) ERROR("HANDLERS");
if (<u32>HANDLERS_OCTETS * MAXIMUM_PROCESSORS > 512) ERROR("HANDLERS has one for each processor");

/** Fills in what differs from the defaults, all with `context`. */
export type FillHandlers = (handlers: EventHandlers, context: usize) => void;

/**
 * Opens a transport address of `device` with the handlers that `fill` gives: `word0` and `word1`
 * are an address and a port of IP, or where a NetbiosAddress lies, and 0. Null: `createStatus` says
 * why. IRQL: < DISPATCH_LEVEL.
 */
export function openAddressFile(
  device: DeviceObject,
  word0: u32,
  word1: u32,
  fill: FillHandlers,
  context: usize,
): FileObject | null {
  const file = IoCreateFile(device, TransportObject.ADDRESS, word0, word1);
  if (file == null) return null;
  if (setHandlers(file, fill, context)) return file;
  IoCloseFile(file);
  return null;
}

/** Sets the handlers of an address; false: no memory for the request. IRQL: < DISPATCH_LEVEL. */
export function setHandlers(file: FileObject, fill: FillHandlers, context: usize): bool {
  const irp = IoAllocateIrp(1);
  if (irp == null) return false;
  // No thread of this processor comes between.
  const irql = KeRaiseIrql(Irql.DISPATCH);
  const own = <usize>KeGetCurrentProcessorNumber() * HANDLERS_OCTETS;
  const handlers = at<EventHandlers>(HANDLERS, own);
  initializeHandlers(handlers);
  fill(handlers, context);
  TdiBuildSetEventHandlers(irp, file, keepRequest, 0, handlers);
  callAtOnce(file, irp);
  KeLowerIrql(irql);
  return true;
}

/** Opens a connection endpoint with `context`, associated with `address`; null: no memory. */
export function openConnectionFile(address: FileObject, context: usize): FileObject | null {
  const irp = IoAllocateIrp(1);
  if (irp == null) return null;
  const file = IoCreateFile(address.device, TransportObject.CONNECTION, <u32>context, 0);
  if (file == null) {
    IoFreeIrp(irp);
    return null;
  }
  TdiBuildAssociateAddress(irp, file, keepRequest, 0, address);
  callAtOnce(file, irp);
  return file;
}

/** Sends a FIN, or a RST; without memory for the request, closing the object must do. */
export function disconnectFile(file: FileObject, flags: u32): NTSTATUS {
  const irp = IoAllocateIrp(1);
  if (irp == null) return Status.INSUFFICIENT_RESOURCES;
  TdiBuildDisconnect(irp, file, keepRequest, 0, flags);
  return callAtOnce(file, irp);
}

/** One fact of an object; 0 when it cannot be had. */
export function queryFile(file: FileObject, query: TransportQuery): u32 {
  const irp = IoAllocateIrp(1);
  if (irp == null) return 0;
  TdiBuildQueryInformation(irp, file, keepRequest, 0, query);
  const status = IoCallDriver(file.device, irp);
  const value = viewOf<TdiInformation>(stackLocation(irp, 0)).value;
  IoFreeIrp(irp);
  return status == Status.SUCCESS ? value : 0;
}

/** Sets one option of the connection. */
export function setFileOption(file: FileObject, option: u32, value: u32): NTSTATUS {
  const irp = IoAllocateIrp(1);
  if (irp == null) return Status.INSUFFICIENT_RESOURCES;
  TdiBuildSetInformation(irp, file, keepRequest, 0, option, value);
  return callAtOnce(file, irp);
}

/** Closes an object, if there is one. IRQL: < DISPATCH_LEVEL. Locks: none. */
export function closeFile(file: FileObject | null): void {
  if (file != null) IoCloseFile(file);
}
