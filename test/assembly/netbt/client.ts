/**
 * A client of \Device\NetBT that asks what no driver of ours does: it listens by TDI_LISTEN, takes
 * its endpoint away from its address, and cancels what it has asked.
 */

import { at } from "../../../assembly/nt/embed";
import { NTSTATUS, Status } from "../../../assembly/nt/status";
import { IoCallDriver } from "../../../assembly/io/call";
import { IoCancelIrp } from "../../../assembly/io/cancel";
import { IoCloseFile, IoCreateFile } from "../../../assembly/io/create";
import { DeviceName, IoGetDeviceObjectPointer } from "../../../assembly/io/device";
import { Major } from "../../../assembly/io/driver";
import { FileObject } from "../../../assembly/io/file";
import { Irp, IoAllocateIrp, IoFreeIrp } from "../../../assembly/io/irp";
import { Mdl, describe } from "../../../assembly/io/mdl";
import { IoGetNextIrpStackLocation, IoSetCompletionRoutine } from "../../../assembly/io/stack";
import { viewOf } from "../../../assembly/io/stack";
import { NetbiosAddress } from "../../../assembly/tdi/address";
import { TdiBuildAssociateAddress, TdiBuildConnectName } from "../../../assembly/tdi/build";
import { TdiBuildReceive } from "../../../assembly/tdi/build";
import { TdiListen } from "../../../assembly/tdi/parameters";
import { ReceiveFlag, Tdi, TransportObject } from "../../../assembly/tdi/request";

export * from "../../../assembly/index";

/** Its own name, and that which it calls: a NetbiosAddress each. */
const NAMES: usize = memory.data(64);
const NAME_PLACE: usize = 32;
/** Its address, its endpoint; the request that waits, or 0, and how the last one ended. */
const CLIENT: usize = memory.data(16);
const MDL: usize = memory.data(32);
const BUFFER: usize = memory.data(256);
if (offsetof<NetbiosAddress>() > NAME_PLACE) ERROR("NAMES");
if (offsetof<Mdl>() > 32) ERROR("MDL");

/** Where the test writes a name. */
export function clientName(which: u32): usize {
  return NAMES + <usize>which * NAME_PLACE;
}

function addressFile(): FileObject {
  return at<FileObject>(load<usize>(CLIENT), 0);
}

function endpointFile(): FileObject {
  return at<FileObject>(load<usize>(CLIENT, 4), 0);
}

function keep(irp: Irp, context: usize): NTSTATUS {
  return Status.MORE_PROCESSING_REQUIRED;
}

function done(irp: Irp, context: usize): NTSTATUS {
  store<u32>(CLIENT, 0, 8);
  store<i32>(CLIENT, irp.status, 12);
  IoFreeIrp(irp);
  return Status.MORE_PROCESSING_REQUIRED;
}

function callAtOnce(irp: Irp): NTSTATUS {
  const status = IoCallDriver(endpointFile().device, irp);
  IoFreeIrp(irp);
  return status;
}

/** What waits can be cancelled. */
function callAndKeep(irp: Irp): NTSTATUS {
  store<u32>(CLIENT, changetype<u32>(irp), 8);
  store<i32>(CLIENT, Status.PENDING, 12);
  return IoCallDriver(endpointFile().device, irp);
}

/** Opens an address with its own name, and an endpoint that is not associated. */
export function clientOpen(): NTSTATUS {
  const device = IoGetDeviceObjectPointer(DeviceName.NetBT);
  if (device == null) return Status.NO_SUCH_DEVICE;
  const address = IoCreateFile(device, TransportObject.ADDRESS, <u32>clientName(0), 0);
  const endpoint = IoCreateFile(device, TransportObject.CONNECTION, 0, 0);
  if (address == null || endpoint == null) return Status.INSUFFICIENT_RESOURCES;
  store<usize>(CLIENT, changetype<usize>(address));
  store<usize>(CLIENT, changetype<usize>(endpoint), 4);
  return Status.SUCCESS;
}

/** TDI_ASSOCIATE_ADDRESS */
export function clientAssociate(): NTSTATUS {
  const irp = IoAllocateIrp(1);
  if (irp == null) return Status.INSUFFICIENT_RESOURCES;
  TdiBuildAssociateAddress(irp, endpointFile(), keep, 0, addressFile());
  return callAtOnce(irp);
}

/** TDI_DISASSOCIATE_ADDRESS */
export function clientDisassociate(): NTSTATUS {
  const irp = IoAllocateIrp(1);
  if (irp == null) return Status.INSUFFICIENT_RESOURCES;
  const next = IoGetNextIrpStackLocation(irp);
  IoSetCompletionRoutine(irp, keep, 0);
  next.major = <u8>Major.INTERNAL_DEVICE_CONTROL;
  next.minor = <u8>Tdi.DISASSOCIATE_ADDRESS;
  next.file = endpointFile();
  return callAtOnce(irp);
}

/** TDI_LISTEN, for any caller. */
export function clientListen(): NTSTATUS {
  const irp = IoAllocateIrp(1);
  if (irp == null) return Status.INSUFFICIENT_RESOURCES;
  const next = IoGetNextIrpStackLocation(irp);
  IoSetCompletionRoutine(irp, done, 0);
  next.major = <u8>Major.INTERNAL_DEVICE_CONTROL;
  next.minor = <u8>Tdi.LISTEN;
  next.file = endpointFile();
  const view = viewOf<TdiListen>(next);
  view.wanted = null;
  view.caller = null;
  return callAndKeep(irp);
}

/** TDI_CONNECT; `address` 0: that which the name has. */
export function clientConnect(address: u32): NTSTATUS {
  const irp = IoAllocateIrp(1);
  if (irp == null) return Status.INSUFFICIENT_RESOURCES;
  const name = at<NetbiosAddress>(clientName(1), 0);
  TdiBuildConnectName(irp, endpointFile(), done, 0, name, address);
  return callAndKeep(irp);
}

/** TDI_RECEIVE */
export function clientReceive(length: u32): NTSTATUS {
  const irp = IoAllocateIrp(1);
  if (irp == null) return Status.INSUFFICIENT_RESOURCES;
  const mdl = at<Mdl>(MDL, 0);
  describe(mdl, BUFFER, length);
  TdiBuildReceive(irp, endpointFile(), done, 0, mdl, length, ReceiveFlag.NORMAL);
  return callAndKeep(irp);
}

/** IoCancelIrp of what waits; 0: it could not be cancelled. */
export function clientCancel(): bool {
  const waiting = load<usize>(CLIENT, 8);
  return waiting != 0 && IoCancelIrp(at<Irp>(waiting, 0));
}

/** How what was kept has ended; PENDING: it has not. */
export function clientStatus(): NTSTATUS {
  return load<i32>(CLIENT, 12);
}

export function clientCloseEndpoint(): void {
  IoCloseFile(endpointFile());
}

export function clientCloseAddress(): void {
  IoCloseFile(addressFile());
}
