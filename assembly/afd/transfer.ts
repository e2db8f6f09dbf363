/** Octets through a socket: send, receive, and the events that bring them. */

import { RtlCopyMemory } from "../nt/memory";
import { at } from "../nt/embed";
import { NTSTATUS, Status } from "../nt/status";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { IoCallDriver } from "../io/call";
import { FileObject } from "../io/file";
import { Irp, IoAllocateIrp, IoFreeIrp } from "../io/irp";
import { TdiBuildReceive, TdiBuildSend, TdiBuildSendDatagram } from "../tdi/build";
import { keepRequest, queryFile } from "../tdi/client";
import { DatagramIndication, ReceiveIndication } from "../tdi/event";
import { ReceiveFlag, TransportQuery } from "../tdi/request";
import { Chunk, allocateChunk, freeChunk, freeChunks } from "./chunk";
import { Endpoint, EndpointFlag, EndpointState, SocketEvent, SocketKind } from "./endpoint";
import { dereferenceEndpoint, isUnbuffered, referenceEndpoint } from "./endpoint";
import { hasLingeredLocked, stopLingerLocked } from "./linger";
import { signal } from "./poll";
import { isMarked, upToMark } from "./urgent";

/** Octets of one request at most: larger sends are cut. */
const SEND_CUT: u32 = 65536;
/** Octets of a receive that asks the transport for what it keeps. */
const RECEIVE_CUT: u32 = 16384;

/**
 * Sends at most `length` octets of user mode's memory, urgent where `flags` (SendFlag) says so;
 * returns how many were taken, 0 when there is no room now (WRITABLE follows), or a negative
 * status. IRQL: PASSIVE_LEVEL.
 */
export function send(endpoint: Endpoint, address: usize, length: u32, flags: u32): i32 {
  const irql = KeAcquireSpinLock(endpoint.lock);
  const taken = reserveLocked(endpoint, length);
  KeReleaseSpinLock(endpoint.lock, irql);
  const file = endpoint.connectionFile;
  if (taken <= 0) return taken;
  let status: NTSTATUS = Status.INSUFFICIENT_RESOURCES;
  if (file != null) status = sendChunk(endpoint, file, address, <u32>taken, flags);
  if (status == Status.PENDING || status == Status.SUCCESS) return taken;
  return status;
}

/** Room for at most `length` octets; a negative status when nothing may be sent. */
function reserveLocked(endpoint: Endpoint, length: u32): i32 {
  mustHold(endpoint.lock);
  if (endpoint.state != EndpointState.CONNECTED) {
    return endpoint.status < 0 ? endpoint.status : Status.CONNECTION_INVALID;
  }
  if (endpoint.flags & EndpointFlag.SHUT) return Status.CONNECTION_INVALID;
  const queued = endpoint.sendQueued;
  const room = endpoint.sendLimit > queued ? endpoint.sendLimit - queued : 0;
  let take = length < room ? length : room;
  if (take > SEND_CUT) take = SEND_CUT;
  if (take < length) endpoint.flags |= <u16>EndpointFlag.WANTS_ROOM;
  endpoint.sendQueued += take;
  return <i32>take;
}

/**
 * One TDI_SEND for `length` octets, which are copied first and have been reserved: PENDING, or why
 * not. IRQL: PASSIVE_LEVEL.
 */
export function sendChunk(
  endpoint: Endpoint,
  file: FileObject,
  address: usize,
  length: u32,
  flags: u32,
): NTSTATUS {
  const chunk = allocateChunk(length);
  if (chunk == null) return giveBack(endpoint, length);
  const irp = IoAllocateIrp(file.device.stackSize);
  if (irp == null) {
    freeChunk(chunk);
    return giveBack(endpoint, length);
  }
  RtlCopyMemory(chunk.data, address, length);
  referenceEndpoint(endpoint);
  chunk.owner = changetype<usize>(endpoint);
  TdiBuildSend(irp, file, sendDone, changetype<usize>(chunk), chunk.mdl, length, flags);
  return IoCallDriver(file.device, irp);
}

function giveBack(endpoint: Endpoint, length: u32): NTSTATUS {
  const irql = KeAcquireSpinLock(endpoint.lock);
  endpoint.sendQueued -= length;
  KeReleaseSpinLock(endpoint.lock, irql);
  return Status.INSUFFICIENT_RESOURCES;
}

/** The transport has done with a send: its octets are acknowledged, or lost with the connection. */
function sendDone(irp: Irp, context: usize): NTSTATUS {
  const chunk = at<Chunk>(context, 0);
  const endpoint = at<Endpoint>(chunk.owner, 0);
  const irql = KeAcquireSpinLock(endpoint.lock);
  const tell = makeRoomLocked(endpoint, chunk.length);
  const lingered = hasLingeredLocked(endpoint, irp.status);
  if (lingered) stopLingerLocked(endpoint);
  KeReleaseSpinLock(endpoint.lock, irql);
  if (tell) signal(endpoint, SocketEvent.WRITABLE);
  if (lingered) signal(endpoint, SocketEvent.LINGERED);
  freeChunk(chunk);
  dereferenceEndpoint(endpoint);
  IoFreeIrp(irp);
  return Status.MORE_PROCESSING_REQUIRED;
}

/** True when user mode waits for room and there is enough to be worth telling. */
function makeRoomLocked(endpoint: Endpoint, length: u32): bool {
  mustHold(endpoint.lock);
  endpoint.sendQueued -= length;
  if ((endpoint.flags & EndpointFlag.WANTS_ROOM) == 0) return false;
  if (endpoint.sendQueued > endpoint.sendLimit / 2) return false;
  endpoint.flags &= ~(<u16>EndpointFlag.WANTS_ROOM);
  return (endpoint.flags & EndpointFlag.CLOSED) == 0;
}

/** Sends one datagram; the octets sent, or a negative status. IRQL: PASSIVE_LEVEL. */
export function sendTo(
  endpoint: Endpoint,
  address: usize,
  length: u32,
  remoteAddress: u32,
  remotePort: u32,
): i32 {
  const file = endpoint.addressFile;
  if (file == null) return Status.INVALID_HANDLE;
  const chunk = allocateChunk(length);
  if (chunk == null) return Status.INSUFFICIENT_RESOURCES;
  const irp = IoAllocateIrp(1);
  if (irp == null) {
    freeChunk(chunk);
    return Status.INSUFFICIENT_RESOURCES;
  }
  RtlCopyMemory(chunk.data, address, length);
  TdiBuildSendDatagram(irp, file, keepRequest, 0, chunk.mdl, length, remoteAddress, remotePort);
  const status = IoCallDriver(file.device, irp);
  IoFreeIrp(irp);
  freeChunk(chunk);
  return status < 0 ? status : <i32>length;
}

/** ClientEventReceive: takes what there is room for. IRQL: DISPATCH_LEVEL. Locks: none. */
export function receiveEvent(
  context: usize,
  connection: usize,
  indication: ReceiveIndication,
): NTSTATUS {
  const endpoint = at<Endpoint>(connection, 0);
  const irql = KeAcquireSpinLock(endpoint.lock);
  const taken = takeLocked(endpoint, indication.tsdu, indication.available);
  // Nothing taken and nothing queued, for want of memory: user mode must come and ask for it.
  const news = taken != 0 || endpoint.receiveQueued == 0;
  const tell = news && endpoint.state == EndpointState.CONNECTED;
  KeReleaseSpinLock(endpoint.lock, irql);
  indication.taken = taken;
  if (tell) signal(endpoint, SocketEvent.READABLE);
  return taken == 0 ? Status.DATA_NOT_ACCEPTED : Status.SUCCESS;
}

/** How many octets of `data` the socket takes. What it leaves, the transport keeps for it. */
function takeLocked(endpoint: Endpoint, data: usize, length: u32): u32 {
  mustHold(endpoint.lock);
  endpoint.received += length;
  if (endpoint.flags & EndpointFlag.SINK) return length;
  const room = endpoint.receiveLimit > endpoint.receiveQueued
    ? endpoint.receiveLimit - endpoint.receiveQueued
    : 0;
  const take = length < room ? length : room;
  const kept = take != 0 && keepLocked(endpoint, data, take, 0, 0) ? take : 0;
  if (kept < length) {
    endpoint.flags |= <u16>EndpointFlag.TRANSPORT_HOLDS;
    endpoint.received -= length - kept;
  }
  return kept;
}

/** Copies octets behind those that wait for user mode; false: no memory. */
function keepLocked(endpoint: Endpoint, data: usize, length: u32, address: u32, port: u32): bool {
  mustHold(endpoint.lock);
  const chunk = allocateChunk(length);
  if (chunk == null) return false;
  RtlCopyMemory(chunk.data, data, length);
  chunk.remoteAddress = address;
  chunk.remotePort = port;
  appendLocked(endpoint, chunk);
  return true;
}

/** Puts a chunk behind those that wait for user mode. */
export function appendLocked(endpoint: Endpoint, chunk: Chunk): void {
  mustHold(endpoint.lock);
  const last = endpoint.last;
  if (last == null) endpoint.first = chunk;
  else last.next = chunk;
  endpoint.last = chunk;
  endpoint.receiveQueued += chunk.length;
}

/** ClientEventReceiveDatagram. What has no room is lost, as datagrams are. */
export function receiveDatagramEvent(context: usize, indication: DatagramIndication): NTSTATUS {
  const endpoint = at<Endpoint>(context, 0);
  const length = indication.length;
  const address = indication.remoteAddress;
  const port = indication.remotePort;
  const irql = KeAcquireSpinLock(endpoint.lock);
  const room = endpoint.receiveQueued + length <= endpoint.receiveLimit;
  const kept = room && keepLocked(endpoint, indication.tsdu, length, address, port);
  if (kept) endpoint.received += length;
  KeReleaseSpinLock(endpoint.lock, irql);
  if (kept) signal(endpoint, SocketEvent.READABLE);
  return kept ? Status.SUCCESS : Status.DATA_NOT_ACCEPTED;
}

/**
 * Takes at most `length` octets: how many, 0 when there are none now, or a negative status;
 * GRACEFUL_DISCONNECT after the peer's last octet. Or one datagram, which may be empty: without
 * one, NO_MORE_ENTRIES. Not beyond the mark of urgent data. IRQL: PASSIVE_LEVEL.
 */
export function receive(endpoint: Endpoint, address: usize, length: u32): i32 {
  if (isMarked(endpoint)) length = upToMark(endpoint, length);
  if (isUnbuffered(endpoint)) fetch(endpoint, length);
  const irql = KeAcquireSpinLock(endpoint.lock);
  const moved = moveLocked(endpoint, address, length);
  const file = wantsRestLocked(endpoint) ? endpoint.connectionFile : null;
  KeReleaseSpinLock(endpoint.lock, irql);
  if (file != null) askFor(endpoint, file, RECEIVE_CUT);
  return moved;
}

/** Asks the transport for as much as user mode wants now, of what is there. */
function fetch(endpoint: Endpoint, length: u32): void {
  const irql = KeAcquireSpinLock(endpoint.lock);
  const file = mayFetchLocked(endpoint, length) ? endpoint.connectionFile : null;
  const missing = length - endpoint.receiveQueued;
  KeReleaseSpinLock(endpoint.lock, irql);
  if (file == null) return;
  const held = queryFile(file, TransportQuery.HELD);
  let wanted = held < missing ? held : missing;
  if (wanted > RECEIVE_CUT) wanted = RECEIVE_CUT;
  if (wanted) askFor(endpoint, file, wanted);
  else endReceiving(endpoint);
}

function mayFetchLocked(endpoint: Endpoint, length: u32): bool {
  mustHold(endpoint.lock);
  if ((endpoint.flags & EndpointFlag.RECEIVING) != 0) return false;
  if (endpoint.receiveQueued >= length || endpoint.connectionFile == null) return false;
  endpoint.flags |= <u16>EndpointFlag.RECEIVING;
  return true;
}

function moveLocked(endpoint: Endpoint, address: usize, length: u32): i32 {
  mustHold(endpoint.lock);
  if (endpoint.kind == SocketKind.DATAGRAM) return takeDatagramLocked(endpoint, address, length);
  let moved: u32 = 0;
  let chunk = endpoint.first;
  while (chunk != null && moved < length) {
    const take = length - moved < chunk.length ? length - moved : chunk.length;
    RtlCopyMemory(address + moved, chunk.data, take);
    moved += take;
    endpoint.receiveQueued -= take;
    chunk.data += take;
    chunk.length -= take;
    if (chunk.length != 0) break;
    dropFirstLocked(endpoint, chunk);
    chunk = endpoint.first;
  }
  return moved != 0 || length == 0 ? <i32>moved : endLocked(endpoint);
}

/** Why nothing more comes, or 0: it may. */
export function endLocked(endpoint: Endpoint): NTSTATUS {
  mustHold(endpoint.lock);
  if (endpoint.flags & EndpointFlag.PEER_CLOSED) return Status.GRACEFUL_DISCONNECT;
  return endpoint.state == EndpointState.DEAD ? endpoint.status : 0;
}

/** The oldest datagram; one that does not fit is cut, as recvfrom does. */
function takeDatagramLocked(endpoint: Endpoint, address: usize, length: u32): i32 {
  mustHold(endpoint.lock);
  const chunk = endpoint.first;
  if (chunk == null) return Status.NO_MORE_ENTRIES;
  const take = length < chunk.length ? length : chunk.length;
  RtlCopyMemory(address, chunk.data, take);
  endpoint.receiveQueued -= chunk.length;
  endpoint.remoteAddress = chunk.remoteAddress;
  endpoint.remotePort = chunk.remotePort;
  dropFirstLocked(endpoint, chunk);
  return <i32>take;
}

/** Lets go of what user mode has not taken. IRQL: <= DISPATCH_LEVEL. */
export function freeReceived(endpoint: Endpoint): void {
  const irql = KeAcquireSpinLock(endpoint.lock);
  const first = endpoint.first;
  endpoint.first = null;
  endpoint.last = null;
  KeReleaseSpinLock(endpoint.lock, irql);
  freeChunks(first);
}

/** The first chunk has been taken. */
export function dropFirstLocked(endpoint: Endpoint, chunk: Chunk): void {
  mustHold(endpoint.lock);
  endpoint.first = chunk.next;
  if (endpoint.first == null) endpoint.last = null;
  freeChunk(chunk);
}

/** The transport keeps octets, there is room for them, and nobody has asked yet. */
function wantsRestLocked(endpoint: Endpoint): bool {
  mustHold(endpoint.lock);
  const flags = endpoint.flags & (EndpointFlag.TRANSPORT_HOLDS | EndpointFlag.RECEIVING);
  if (flags != EndpointFlag.TRANSPORT_HOLDS || isUnbuffered(endpoint)) return false;
  if (endpoint.receiveQueued * 2 > endpoint.receiveLimit) return false;
  endpoint.flags |= <u16>EndpointFlag.RECEIVING;
  return true;
}

/** TDI_RECEIVE for what the transport keeps. Without memory, the next receive asks again. */
function askFor(endpoint: Endpoint, file: FileObject, length: u32): void {
  const chunk = allocateChunk(length);
  if (chunk == null) {
    stopAsking(endpoint);
    return;
  }
  const irp = IoAllocateIrp(1);
  if (irp == null) {
    freeChunk(chunk);
    stopAsking(endpoint);
    return;
  }
  referenceEndpoint(endpoint);
  chunk.owner = changetype<usize>(endpoint);
  const context = changetype<usize>(chunk);
  TdiBuildReceive(irp, file, restDone, context, chunk.mdl, length, ReceiveFlag.NORMAL);
  IoCallDriver(file.device, irp);
}

function stopAsking(endpoint: Endpoint): void {
  endReceiving(endpoint);
  signal(endpoint, SocketEvent.READABLE);
}

/** No TDI_RECEIVE is under way any more. */
export function endReceiving(endpoint: Endpoint): void {
  const irql = KeAcquireSpinLock(endpoint.lock);
  endpoint.flags &= ~(<u16>EndpointFlag.RECEIVING);
  KeReleaseSpinLock(endpoint.lock, irql);
}

/** The transport gave what it kept, or said that there is none. */
function restDone(irp: Irp, context: usize): NTSTATUS {
  const chunk = at<Chunk>(context, 0);
  const endpoint = at<Endpoint>(chunk.owner, 0);
  const length: u32 = irp.status < 0 ? 0 : irp.information;
  const irql = KeAcquireSpinLock(endpoint.lock);
  endpoint.flags &= ~(<u16>EndpointFlag.RECEIVING);
  // Less than was asked for: the transport has no more, and will indicate again.
  if (length < chunk.length) endpoint.flags &= ~(<u16>EndpointFlag.TRANSPORT_HOLDS);
  const sunk = (endpoint.flags & (EndpointFlag.SINK | EndpointFlag.CLOSED)) != 0;
  endpoint.received += length;
  chunk.length = length;
  chunk.owner = 0;
  if (length != 0 && !sunk) appendLocked(endpoint, chunk);
  KeReleaseSpinLock(endpoint.lock, irql);
  if (length == 0 || sunk) freeChunk(chunk);
  if (length != 0) signal(endpoint, SocketEvent.READABLE);
  dereferenceEndpoint(endpoint);
  IoFreeIrp(irp);
  return Status.MORE_PROCESSING_REQUIRED;
}
