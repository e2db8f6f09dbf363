/**
 * Sessions of NetBT: remote ends call a client of \Device\NetBT, whose endpoints were opened
 * beforehand, and which takes each message at once and counts it.
 */

import { at } from "../../assembly/nt/embed";
import { NTSTATUS, NT_SUCCESS, Status } from "../../assembly/nt/status";
import { ExAllocatePoolWithTag } from "../../assembly/ex/pool";
import { Tag } from "../../assembly/ex/tag";
import { IoCallDriver } from "../../assembly/io/call";
import { IoCreateFile } from "../../assembly/io/create";
import { DeviceObject, IoGetDeviceObjectPointer } from "../../assembly/io/device";
import { FileObject } from "../../assembly/io/file";
import { Irp, IoAllocateIrp } from "../../assembly/io/irp";
import { NetbiosAddress, NetbiosNameType } from "../../assembly/tdi/address";
import { TdiBuildAccept, TdiBuildAssociateAddress, TdiBuildSetEventHandlers } from
  "../../assembly/tdi/build";
import { ConnectIndication, EventHandlers, ReceiveIndication } from "../../assembly/tdi/event";
import { initializeHandlers } from "../../assembly/tdi/event";
import { TransportObject } from "../../assembly/tdi/request";
import { deviceName } from "../../assembly/netbt/device";
import { writeName } from "../../assembly/wire/nbname";
import { SESSION_HEADER, SessionHeader, SessionType } from "../../assembly/wire/nbsession";
import { TcpFlag } from "../../assembly/wire/tcp";
import { buildSegment, buildText, readSent } from "./frame";
import { benchReceive, prepareRemotes } from "./machine";
import { below } from "./remote";

const HANDLERS: usize = memory.data(64);
/** "SERVER" and 14 more octets: the name of the client, which all remote ends call. */
const NAME: usize = memory.data(24);
/** No scope. */
const SCOPE: usize = memory.data(4);
const REQUEST: usize = memory.data(80);
/** Octets of a session request behind its header. */
const NAMES_OCTETS: u32 = 68;
/** A message of `MESSAGE_LIMIT` octets at most, behind its header. */
const MESSAGE: usize = memory.data(1536);
const MESSAGE_LIMIT: u32 = 1456;

let address: FileObject | null = null;
let files: usize = 0;
let opened: u32 = 0;
let accepted: u32 = 0;
let messages: u32 = 0;
let sessions: u32 = 0;

function device(): DeviceObject {
  return changetype<DeviceObject>(IoGetDeviceObjectPointer(deviceName(0)));
}

/** Opens the name and `n` endpoints on it; NetBT is bound. False: no memory. */
export function benchPrepareSessions(n: u32): bool {
  if (!prepareRemotes(n)) return false;
  const name = at<NetbiosAddress>(NAME, 0);
  memory.fill(NAME, 0x53, 16);
  name.type = NetbiosNameType.QUICK_UNIQUE;
  const file = IoCreateFile(device(), TransportObject.ADDRESS, <u32>NAME, 0);
  const irp = IoAllocateIrp(1);
  if (file == null || irp == null) return false;
  const handlers = changetype<EventHandlers>(HANDLERS);
  initializeHandlers(handlers);
  handlers.connect = connectEvent;
  handlers.receive = receiveEvent;
  TdiBuildSetEventHandlers(irp, file, done, 0, handlers);
  IoCallDriver(file.device, irp);
  address = file;
  at<SessionHeader>(REQUEST, 0).set(SessionType.REQUEST, NAMES_OCTETS);
  const second = writeName(REQUEST + SESSION_HEADER, name, SCOPE);
  writeName(REQUEST + SESSION_HEADER + second, name, SCOPE);
  return openEndpoints(n, file);
}

function openEndpoints(count: u32, owner: FileObject): bool {
  files = ExAllocatePoolWithTag(count << 2, Tag.User);
  if (files == 0) return false;
  for (let i: u32 = 0; i < count; i++) {
    const file = IoCreateFile(device(), TransportObject.CONNECTION, i, 0);
    const irp = IoAllocateIrp(1);
    if (file == null || irp == null) return false;
    TdiBuildAssociateAddress(irp, file, done, 0, owner);
    IoCallDriver(file.device, irp);
    store<usize>(files + (<usize>i << 2), changetype<usize>(file));
  }
  return true;
}

function done(irp: Irp, context: usize): NTSTATUS {
  return Status.SUCCESS;
}

function connectEvent(context: usize, indication: ConnectIndication): NTSTATUS {
  const irp = IoAllocateIrp(1);
  if (irp == null) return Status.INSUFFICIENT_RESOURCES;
  const file = at<FileObject>(load<usize>(files + (<usize>opened << 2)), 0);
  TdiBuildAccept(irp, file, acceptDone, 0);
  indication.connectionContext = opened++;
  indication.irp = irp;
  return Status.MORE_PROCESSING_REQUIRED;
}

function acceptDone(irp: Irp, context: usize): NTSTATUS {
  if (NT_SUCCESS(irp.status)) accepted++;
  return Status.SUCCESS;
}

function receiveEvent(context: usize, number: usize, indication: ReceiveIndication): NTSTATUS {
  messages++;
  indication.taken = indication.indicated;
  return Status.SUCCESS;
}

/** Opens sessions of remote ends 0 to `n` - 1, one after another; how many there are. */
export function benchOpenSessions(n: u32): u32 {
  for (let i = sessions; i < n; i++) {
    buildSegment(i, TcpFlag.SYN, 0);
    benchReceive(1);
    readSent();
    buildText(i, TcpFlag.ACK | TcpFlag.PSH, REQUEST, SESSION_HEADER + NAMES_OCTETS);
    benchReceive(1);
    readSent();
  }
  sessions = accepted;
  return accepted;
}

/** `count` messages of `octets` to sessions at random, a segment each, into the receive ring. */
export function benchBuildMessages(count: u32, octets: u32): void {
  readSent();
  const length = octets < MESSAGE_LIMIT ? octets : MESSAGE_LIMIT;
  at<SessionHeader>(MESSAGE, 0).set(SessionType.MESSAGE, length);
  for (let i: u32 = 0; i < count; i++) {
    buildText(below(sessions), TcpFlag.ACK | TcpFlag.PSH, MESSAGE, SESSION_HEADER + length);
  }
}

/** Messages that the client was given so far. */
export function benchMessages(): u32 {
  return messages;
}
