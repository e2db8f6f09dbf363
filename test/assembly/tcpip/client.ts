/**
 * A client of TDI that does what no driver of ours does: it takes its endpoint away from the
 * address, answers ClientEventConnect with an endpoint that has a connection already, and asks with
 * TDI_RECEIVE before anything has come.
 */

import { at } from "../../../assembly/nt/embed";
import { NTSTATUS, Status } from "../../../assembly/nt/status";
import { DeviceName, IoGetDeviceObjectPointer } from "../../../assembly/io/device";
import { IoCallDriver } from "../../../assembly/io/call";
import { IoCloseFile, IoCreateFile } from "../../../assembly/io/create";
import { FileObject } from "../../../assembly/io/file";
import { Irp, IoAllocateIrp, IoFreeIrp } from "../../../assembly/io/irp";
import { describe, Mdl } from "../../../assembly/io/mdl";
import { Major } from "../../../assembly/io/driver";
import { IoGetNextIrpStackLocation, IoSetCompletionRoutine } from "../../../assembly/io/stack";
import { ConnectIndication, initializeHandlers } from "../../../assembly/tdi/event";
import { EventHandlers } from "../../../assembly/tdi/event";
import { TdiBuildAccept, TdiBuildAssociateAddress } from "../../../assembly/tdi/build";
import { TdiBuildConnect, TdiBuildReceive } from "../../../assembly/tdi/build";
import { TdiBuildSetEventHandlers } from "../../../assembly/tdi/build";
import { ReceiveFlag, Tdi, TransportObject } from "../../../assembly/tdi/request";

export * from "../../../assembly/index";

/** Its address, its endpoint, its handlers. */
const CLIENT: usize = memory.data(8);
/** What its TDI_RECEIVE has: the buffer, described, and how many octets came. */
const RECEIVED: usize = memory.data(64);
const MDL: usize = memory.data(32);
const COUNT: usize = memory.data(4);
if (offsetof<Mdl>() > 32) ERROR("MDL");
const HANDLERS: usize = memory.data(64);

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
  IoFreeIrp(irp);
  return Status.MORE_PROCESSING_REQUIRED;
}

function callAtOnce(irp: Irp): NTSTATUS {
  const status = IoCallDriver(addressFile().device, irp);
  IoFreeIrp(irp);
  return status;
}

/** Gives the endpoint that is there, whatever it has. */
function answerConnect(context: usize, indication: ConnectIndication): NTSTATUS {
  const irp = IoAllocateIrp(1);
  if (irp == null) return Status.INSUFFICIENT_RESOURCES;
  TdiBuildAccept(irp, endpointFile(), done, 0);
  indication.irp = irp;
  return Status.MORE_PROCESSING_REQUIRED;
}

/** Opens the address with `port`, and an endpoint that is not associated. */
export function clientOpen(port: u32): NTSTATUS {
  const device = IoGetDeviceObjectPointer(DeviceName.Tcp);
  if (device == null) return Status.INVALID_PARAMETER;
  const address = IoCreateFile(device, TransportObject.ADDRESS, 0, port);
  const endpoint = IoCreateFile(device, TransportObject.CONNECTION, 0, 0);
  const irp = IoAllocateIrp(1);
  if (address == null || endpoint == null || irp == null) return Status.INSUFFICIENT_RESOURCES;
  store<usize>(CLIENT, changetype<usize>(address));
  store<usize>(CLIENT, changetype<usize>(endpoint), 4);
  const handlers = at<EventHandlers>(HANDLERS, 0);
  initializeHandlers(handlers);
  handlers.connect = answerConnect;
  TdiBuildSetEventHandlers(irp, address, keep, 0, handlers);
  return callAtOnce(irp);
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

/** TDI_CONNECT; the request frees itself. */
export function clientConnect(address: u32, port: u32): NTSTATUS {
  const irp = IoAllocateIrp(1);
  if (irp == null) return Status.INSUFFICIENT_RESOURCES;
  TdiBuildConnect(irp, endpointFile(), done, 0, address, port, null);
  return IoCallDriver(addressFile().device, irp);
}

/** TDI_RECEIVE of at most 64 octets; `clientReceived` says what came of it. */
export function clientReceive(): NTSTATUS {
  const irp = IoAllocateIrp(1);
  if (irp == null) return Status.INSUFFICIENT_RESOURCES;
  const mdl = at<Mdl>(MDL, 0);
  describe(mdl, RECEIVED, 64);
  store<u32>(COUNT, 0);
  TdiBuildReceive(irp, endpointFile(), received, 0, mdl, 64, ReceiveFlag.NORMAL);
  return IoCallDriver(addressFile().device, irp);
}

function received(irp: Irp, context: usize): NTSTATUS {
  store<u32>(COUNT, irp.information);
  IoFreeIrp(irp);
  return Status.MORE_PROCESSING_REQUIRED;
}

/** How many octets came, and where they lie. */
export function clientReceived(): u32 {
  return load<u32>(COUNT);
}

export function clientBuffer(): usize {
  return RECEIVED;
}

export function clientClose(): void {
  IoCloseFile(endpointFile());
  IoCloseFile(addressFile());
}
