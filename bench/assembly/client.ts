/**
 * A TDI client at one port: endpoints opened beforehand, data taken at once and counted; answered
 * with `REPLY` octets where that is wanted; closes when the peer does.
 */

import { at } from "../../assembly/nt/embed";
import { NTSTATUS, NT_SUCCESS, Status } from "../../assembly/nt/status";
import { ExAllocatePoolWithTag } from "../../assembly/ex/pool";
import { Tag } from "../../assembly/ex/tag";
import { IoCallDriver } from "../../assembly/io/call";
import { IoCreateFile } from "../../assembly/io/create";
import { DeviceName, DeviceObject, IoGetDeviceObjectPointer } from "../../assembly/io/device";
import { FileObject } from "../../assembly/io/file";
import { Irp, IoAllocateIrp } from "../../assembly/io/irp";
import { Mdl, describe } from "../../assembly/io/mdl";
import {
  TdiBuildAccept, TdiBuildAssociateAddress, TdiBuildConnect, TdiBuildDisconnect, TdiBuildSend,
  TdiBuildSetEventHandlers,
} from "../../assembly/tdi/build";
import { ConnectIndication, EventHandlers, ReceiveIndication } from "../../assembly/tdi/event";
import { initializeHandlers } from "../../assembly/tdi/event";
import { DisconnectFlag, SendFlag, TransportObject } from "../../assembly/tdi/request";
import { LOCAL_PORT } from "./remote";

/** Octets of an answer. */
const REPLY: u32 = 100;
const HANDLERS: usize = memory.data(64);
const REPLY_MDL: usize = memory.data(16);
const REPLY_OCTETS: usize = memory.data(128);

let address: FileObject | null = null;
/** The files of the endpoints, by number; then the numbers of those that are idle, a stack. */
let files: usize = 0;
let idle: usize = 0;
let opened: u32 = 0;
let idleCount: u32 = 0;
let answers: bool = false;
let accepted: u32 = 0;
let delivered: u32 = 0;
let closed: u32 = 0;
/** What a stream sends again and again; 0: nothing. */
let stream: usize = 0;
let streamLength: u32 = 0;

function device(): DeviceObject {
  return changetype<DeviceObject>(IoGetDeviceObjectPointer(DeviceName.Tcp));
}

/** Opens the address: port `LOCAL_PORT`, with event handlers. False: it cannot be had. */
export function openClient(): bool {
  const file = IoCreateFile(device(), TransportObject.ADDRESS, 0, LOCAL_PORT);
  const irp = IoAllocateIrp(1);
  if (file == null || irp == null) return false;
  const handlers = changetype<EventHandlers>(HANDLERS);
  initializeHandlers(handlers);
  handlers.connect = connectEvent;
  handlers.receive = receiveEvent;
  handlers.disconnect = disconnectEvent;
  describe(changetype<Mdl>(REPLY_MDL), REPLY_OCTETS, REPLY);
  TdiBuildSetEventHandlers(irp, file, done, 0, handlers);
  IoCallDriver(file.device, irp);
  address = file;
  return true;
}

/** Opens `count` endpoints, idle, once; how many there are. Their numbers are the pool's `User`. */
export function openEndpoints(count: u32): u32 {
  const owner = address;
  if (owner == null || files) return 0;
  files = ExAllocatePoolWithTag(count << 3, Tag.User);
  idle = files + (<usize>count << 2);
  if (files == 0) return 0;
  for (; opened < count; opened++) {
    const file = IoCreateFile(device(), TransportObject.CONNECTION, opened, 0);
    const irp = IoAllocateIrp(1);
    if (file == null || irp == null) return opened;
    TdiBuildAssociateAddress(irp, file, done, 0, owner);
    IoCallDriver(file.device, irp);
    store<usize>(files + (<usize>opened << 2), changetype<usize>(file));
    putIdle(opened);
  }
  return opened;
}

function fileOf(number: usize): FileObject {
  return at<FileObject>(load<usize>(files + (number << 2)), 0);
}

function putIdle(number: usize): void {
  store<u32>(idle + (<usize>idleCount << 2), <u32>number);
  idleCount++;
}

/** From here on data is answered. */
export function answerAll(): void {
  answers = true;
}

/** Connections accepted so far. */
export function acceptedCount(): u32 {
  return accepted;
}

/** Octets that the client was given so far, modulo 2^32. */
export function deliveredOctets(): u32 {
  return delivered;
}

/** Connections that were closed in order so far. */
export function closedCount(): u32 {
  return closed;
}

/** Completion of a request of which nothing is to be kept: it is freed. */
function done(irp: Irp, context: usize): NTSTATUS {
  return Status.SUCCESS;
}

function connectEvent(context: usize, indication: ConnectIndication): NTSTATUS {
  if (idleCount == 0) return Status.CONNECTION_REFUSED;
  const irp = IoAllocateIrp(1);
  if (irp == null) return Status.INSUFFICIENT_RESOURCES;
  idleCount--;
  const number = <usize>load<u32>(idle + (<usize>idleCount << 2));
  TdiBuildAccept(irp, fileOf(number), acceptDone, number);
  indication.connectionContext = number;
  indication.irp = irp;
  return Status.MORE_PROCESSING_REQUIRED;
}

function acceptDone(irp: Irp, number: usize): NTSTATUS {
  if (NT_SUCCESS(irp.status)) accepted++;
  else putIdle(number);
  return Status.SUCCESS;
}

function receiveEvent(context: usize, number: usize, indication: ReceiveIndication): NTSTATUS {
  delivered += indication.indicated;
  indication.taken = indication.indicated;
  if (answers) sendReply(fileOf(number));
  return Status.SUCCESS;
}

function sendReply(file: FileObject): void {
  const irp = IoAllocateIrp(1);
  if (irp == null) return;
  TdiBuildSend(irp, file, done, 0, changetype<Mdl>(REPLY_MDL), REPLY, SendFlag.NONE);
  IoCallDriver(file.device, irp);
}

function disconnectEvent(context: usize, number: usize, flags: DisconnectFlag): NTSTATUS {
  if (flags & DisconnectFlag.ABORT) {
    putIdle(number);
    return Status.SUCCESS;
  }
  const file = fileOf(number);
  const irp = IoAllocateIrp(1);
  if (irp == null) return Status.SUCCESS;
  const how = DisconnectFlag.RELEASE | DisconnectFlag.WAIT;
  TdiBuildDisconnect(irp, file, closeDone, number, how);
  IoCallDriver(file.device, irp);
  return Status.SUCCESS;
}

function closeDone(irp: Irp, number: usize): NTSTATUS {
  if (NT_SUCCESS(irp.status)) closed++;
  putIdle(number);
  return Status.SUCCESS;
}

/**
 * Connects an endpoint of its own to `remote`; once it is open, `requests` requests of `length`
 * octets at `octets` are always under way. False: no memory, or no route.
 */
export function startStream(remote: u32, octets: usize, length: u32, requests: u32): bool {
  if (openEndpoints(1) != 1) return false;
  const irp = IoAllocateIrp(1);
  if (irp == null) return false;
  idleCount--;
  stream = octets;
  streamLength = length;
  describe(changetype<Mdl>(REPLY_MDL), octets, length);
  TdiBuildConnect(irp, fileOf(0), streamOpen, requests, remote, LOCAL_PORT, null);
  return IoCallDriver(device(), irp) >= 0;
}

function streamOpen(irp: Irp, requests: usize): NTSTATUS {
  if (NT_SUCCESS(irp.status)) {
    for (let i: usize = 0; i < requests; i++) sendStream();
  }
  return Status.SUCCESS;
}

function sendStream(): void {
  const irp = IoAllocateIrp(1);
  if (irp == null) return;
  const mdl = changetype<Mdl>(REPLY_MDL);
  TdiBuildSend(irp, fileOf(0), streamDone, 0, mdl, streamLength, SendFlag.NONE);
  IoCallDriver(device(), irp);
}

function streamDone(irp: Irp, context: usize): NTSTATUS {
  if (NT_SUCCESS(irp.status)) sendStream();
  return Status.SUCCESS;
}
