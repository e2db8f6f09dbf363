/** Messages through a NetBIOS socket (SOCK_SEQPACKET): each is sent and received whole. */

import { RtlCopyMemory } from "../nt/memory";
import { at } from "../nt/embed";
import { NTSTATUS, Status } from "../nt/status";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { IoCallDriver } from "../io/call";
import { FileObject } from "../io/file";
import { Irp, IoAllocateIrp, IoFreeIrp } from "../io/irp";
import { TdiBuildReceive } from "../tdi/build";
import { ReceiveIndication } from "../tdi/event";
import { ReceiveFlag, SendFlag } from "../tdi/request";
import { Chunk, allocateChunk, freeChunk } from "./chunk";
import { Endpoint, EndpointFlag, EndpointState, SocketEvent } from "./endpoint";
import { dereferenceEndpoint, referenceEndpoint } from "./endpoint";
import { signal } from "./poll";
import { appendLocked, dropFirstLocked, endLocked, endReceiving, sendChunk } from "./transfer";

/**
 * Sends one message; its octets, NO_MORE_ENTRIES where there is no room now (WRITABLE follows), or
 * another negative status. IRQL: PASSIVE_LEVEL.
 */
export function sendMessage(endpoint: Endpoint, address: usize, length: u32): i32 {
  const irql = KeAcquireSpinLock(endpoint.lock);
  const status = reserveLocked(endpoint, length);
  KeReleaseSpinLock(endpoint.lock, irql);
  const file = endpoint.connectionFile;
  if (status != Status.SUCCESS || file == null) return status;
  const sent = sendChunk(endpoint, file, address, length, SendFlag.NONE);
  return sent < 0 ? sent : <i32>length;
}

function reserveLocked(endpoint: Endpoint, length: u32): NTSTATUS {
  mustHold(endpoint.lock);
  if (endpoint.state != EndpointState.CONNECTED) {
    return endpoint.status < 0 ? endpoint.status : Status.CONNECTION_INVALID;
  }
  if (endpoint.flags & EndpointFlag.PEER_CLOSED) return Status.GRACEFUL_DISCONNECT;
  if (endpoint.connectionFile == null) return Status.CONNECTION_INVALID;
  // One message always fits.
  if (endpoint.sendQueued != 0 && endpoint.sendQueued + length > endpoint.sendLimit) {
    endpoint.flags |= <u16>EndpointFlag.WANTS_ROOM;
    return Status.NO_MORE_ENTRIES;
  }
  endpoint.sendQueued += length;
  return Status.SUCCESS;
}

/** ClientEventReceive: the whole message is taken, or asked for, or left where it is. */
export function messageEvent(
  context: usize,
  connection: usize,
  indication: ReceiveIndication,
): NTSTATUS {
  const endpoint = at<Endpoint>(connection, 0);
  const length = indication.available;
  const chunk = mayTake(endpoint, length) ? allocateChunk(length) : null;
  if (chunk == null) {
    leaveThere(endpoint, length);
    return Status.DATA_NOT_ACCEPTED;
  }
  if (indication.indicated == length) {
    RtlCopyMemory(chunk.data, indication.tsdu, length);
    indication.taken = length;
    keep(endpoint, chunk);
    return Status.SUCCESS;
  }
  const irp = requestFor(endpoint, chunk);
  if (irp == null) {
    leaveThere(endpoint, length);
    return Status.DATA_NOT_ACCEPTED;
  }
  indication.irp = irp;
  return Status.MORE_PROCESSING_REQUIRED;
}

/** There is room for it: for one always. */
function mayTake(endpoint: Endpoint, length: u32): bool {
  const irql = KeAcquireSpinLock(endpoint.lock);
  const queued = endpoint.receiveQueued;
  const may = endpoint.first == null || queued + length <= endpoint.receiveLimit;
  KeReleaseSpinLock(endpoint.lock, irql);
  return may;
}

/** The transport keeps it: user mode must come and ask for it. */
function leaveThere(endpoint: Endpoint, length: u32): void {
  const irql = KeAcquireSpinLock(endpoint.lock);
  endpoint.flags |= <u16>EndpointFlag.TRANSPORT_HOLDS;
  endpoint.held = length;
  const tell = endpoint.first == null && endpoint.state == EndpointState.CONNECTED;
  KeReleaseSpinLock(endpoint.lock, irql);
  if (tell) signal(endpoint, SocketEvent.READABLE);
}

function keep(endpoint: Endpoint, chunk: Chunk): void {
  const irql = KeAcquireSpinLock(endpoint.lock);
  endpoint.received += chunk.length;
  const sunk = (endpoint.flags & (EndpointFlag.SINK | EndpointFlag.CLOSED)) != 0;
  if (!sunk) appendLocked(endpoint, chunk);
  const tell = endpoint.state == EndpointState.CONNECTED;
  KeReleaseSpinLock(endpoint.lock, irql);
  if (sunk) freeChunk(chunk);
  if (tell) signal(endpoint, SocketEvent.READABLE);
}

/** TDI_RECEIVE for a message that goes into `chunk`; null: no memory, and the chunk is gone. */
function requestFor(endpoint: Endpoint, chunk: Chunk): Irp | null {
  const irp = IoAllocateIrp(1);
  const file = endpoint.connectionFile;
  if (irp == null || file == null) {
    if (irp != null) IoFreeIrp(irp);
    freeChunk(chunk);
    return null;
  }
  chunk.owner = changetype<usize>(endpoint);
  const context = changetype<usize>(chunk);
  TdiBuildReceive(irp, file, messageDone, context, chunk.mdl, chunk.length, ReceiveFlag.NORMAL);
  referenceEndpoint(endpoint);
  return irp;
}

function messageDone(irp: Irp, context: usize): NTSTATUS {
  const chunk = at<Chunk>(context, 0);
  const endpoint = at<Endpoint>(chunk.owner, 0);
  const came = irp.status >= 0;
  chunk.length = came ? irp.information : 0;
  chunk.owner = 0;
  IoFreeIrp(irp);
  endReceiving(endpoint);
  if (came) keep(endpoint, chunk);
  else freeChunk(chunk);
  dereferenceEndpoint(endpoint);
  return Status.MORE_PROCESSING_REQUIRED;
}

/** Octets of the oldest message, cut at `length`; without one, why. */
export function takeMessageLocked(endpoint: Endpoint, address: usize, length: u32): i32 {
  mustHold(endpoint.lock);
  const chunk = endpoint.first;
  if (chunk == null) {
    const end = endLocked(endpoint);
    return end ? end : Status.NO_MORE_ENTRIES;
  }
  const take = length < chunk.length ? length : chunk.length;
  RtlCopyMemory(address, chunk.data, take);
  endpoint.receiveQueued -= chunk.length;
  dropFirstLocked(endpoint, chunk);
  return <i32>take;
}

/** Takes one message. IRQL: PASSIVE_LEVEL. */
export function receiveMessage(endpoint: Endpoint, address: usize, length: u32): i32 {
  const irql = KeAcquireSpinLock(endpoint.lock);
  const taken = takeMessageLocked(endpoint, address, length);
  const file = wantsRestLocked(endpoint) ? endpoint.connectionFile : null;
  const held = endpoint.held;
  KeReleaseSpinLock(endpoint.lock, irql);
  if (file == null) return taken;
  askForRest(endpoint, file, held);
  return taken == Status.NO_MORE_ENTRIES ? again(endpoint, address, length) : taken;
}

/** What the transport kept may be there by now. */
function again(endpoint: Endpoint, address: usize, length: u32): i32 {
  const irql = KeAcquireSpinLock(endpoint.lock);
  const taken = takeMessageLocked(endpoint, address, length);
  KeReleaseSpinLock(endpoint.lock, irql);
  return taken;
}

function wantsRestLocked(endpoint: Endpoint): bool {
  mustHold(endpoint.lock);
  const flags = endpoint.flags & (EndpointFlag.TRANSPORT_HOLDS | EndpointFlag.RECEIVING);
  if (flags != EndpointFlag.TRANSPORT_HOLDS) return false;
  if (endpoint.first != null && endpoint.receiveQueued * 2 > endpoint.receiveLimit) return false;
  endpoint.flags |= <u16>EndpointFlag.RECEIVING;
  return true;
}

/** TDI_RECEIVE for the octets that the transport keeps. Without memory the next call asks. */
function askForRest(endpoint: Endpoint, file: FileObject, held: u32): void {
  const chunk = allocateChunk(held);
  const irp = chunk != null ? requestFor(endpoint, chunk) : null;
  if (irp == null) {
    endReceiving(endpoint);
    return;
  }
  const irql = KeAcquireSpinLock(endpoint.lock);
  endpoint.flags &= ~(<u16>EndpointFlag.TRANSPORT_HOLDS);
  KeReleaseSpinLock(endpoint.lock, irql);
  IoCallDriver(file.device, irp);
}
