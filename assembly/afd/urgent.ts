/** Urgent data of a socket (MSG_OOB, SIOCATMARK), and errors that may pass. */

import { RtlCopyMemory } from "../nt/memory";
import { NTSTATUS, Status } from "../nt/status";
import { at } from "../nt/embed";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { IoCallDriver } from "../io/call";
import { IoAllocateIrp, IoFreeIrp } from "../io/irp";
import { TdiBuildReceive } from "../tdi/build";
import { keepRequest, queryFile } from "../tdi/client";
import { ReceiveIndication } from "../tdi/event";
import { ReceiveFlag, TransportQuery } from "../tdi/request";
import { allocateChunk, freeChunk } from "./chunk";
import { Endpoint, EndpointFlag, EndpointState, SocketEvent } from "./endpoint";
import { signal } from "./poll";

/** What SocketQuery.URGENT_LEFT answers where no urgent data is ahead. */
const NONE_URGENT: u32 = 0xffffffff;

/**
 * ClientEventReceiveExpedited: user mode is told, and asks for the octet, which the transport
 * keeps: one, however many come (Q293841). A sink takes it. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function receiveExpeditedEvent(
  context: usize,
  connection: usize,
  indication: ReceiveIndication,
): NTSTATUS {
  const endpoint = at<Endpoint>(connection, 0);
  const irql = KeAcquireSpinLock(endpoint.lock);
  const sink = (endpoint.flags & EndpointFlag.SINK) != 0;
  if (!sink) noteUrgentLocked(endpoint, indication.available != 0);
  const known = endpoint.state == EndpointState.CONNECTED;
  KeReleaseSpinLock(endpoint.lock, irql);
  if (sink) indication.taken = indication.available;
  else if (known) signal(endpoint, SocketEvent.URGENT);
  return sink ? Status.SUCCESS : Status.DATA_NOT_ACCEPTED;
}

/** Urgent data is known of; `here`: its octet has come, and takes an earlier one's place. */
function noteUrgentLocked(endpoint: Endpoint, here: bool): void {
  mustHold(endpoint.lock);
  endpoint.flags |= <u16>EndpointFlag.URGENT;
  if (here) endpoint.flags |= <u16>EndpointFlag.URGENT_WAITS;
  else endpoint.flags &= ~(<u16>EndpointFlag.URGENT_WAITS);
}

/**
 * The urgent octet: 1 where it is at `address` now, 0 where it was announced and has not come.
 * INVALID_PARAMETER: there is none, or it was received already, or is among the others.
 * IRQL: PASSIVE_LEVEL.
 */
export function receiveUrgent(endpoint: Endpoint, address: usize): i32 {
  const file = endpoint.connectionFile;
  if (file == null) return Status.CONNECTION_INVALID;
  const chunk = allocateChunk(1);
  if (chunk == null) return Status.INSUFFICIENT_RESOURCES;
  const irp = IoAllocateIrp(1);
  if (irp == null) {
    freeChunk(chunk);
    return Status.INSUFFICIENT_RESOURCES;
  }
  TdiBuildReceive(irp, file, keepRequest, 0, chunk.mdl, 1, ReceiveFlag.EXPEDITED);
  // Before it is asked for: of one that comes after it we are told again.
  forgetWaiting(endpoint);
  const status = IoCallDriver(file.device, irp);
  const received: u32 = status == Status.SUCCESS ? irp.information : 0;
  RtlCopyMemory(address, chunk.data, received);
  IoFreeIrp(irp);
  freeChunk(chunk);
  if (status == Status.NO_MORE_ENTRIES) return Status.INVALID_PARAMETER;
  return status < 0 ? status : <i32>received;
}

/** User mode gets the octet that is there. */
function forgetWaiting(endpoint: Endpoint): void {
  const irql = KeAcquireSpinLock(endpoint.lock);
  endpoint.flags &= ~(<u16>EndpointFlag.URGENT_WAITS);
  KeReleaseSpinLock(endpoint.lock, irql);
}

/**
 * Octets that can be received before the urgent one is the next, or was: 0 is the mark.
 * NONE_URGENT: none is ahead, or the connection is over. While octets come it is as of a moment
 * ago. IRQL: PASSIVE_LEVEL.
 */
export function urgentLeft(endpoint: Endpoint): u32 {
  const file = endpoint.connectionFile;
  if (file == null || !isMarked(endpoint)) return NONE_URGENT;
  const distance = <i32>queryFile(file, TransportQuery.URGENT);
  if (distance == 0) return NONE_URGENT;
  const left = (distance >> 1) + <i32>endpoint.receiveQueued;
  return left < 0 ? NONE_URGENT : <u32>left;
}

/** Whether the end of urgent data is ahead, or was, as of a moment ago. IRQL: any. */
export function isMarked(endpoint: Endpoint): bool {
  return (endpoint.flags & EndpointFlag.URGENT) != 0;
}

/** What a receive of `length` octets may take at once: it stops at the mark, and then goes on. */
export function upToMark(endpoint: Endpoint, length: u32): u32 {
  const left = urgentLeft(endpoint);
  if (left == 0 || left == NONE_URGENT) {
    const irql = KeAcquireSpinLock(endpoint.lock);
    endpoint.flags &= ~(<u16>EndpointFlag.URGENT);
    KeReleaseSpinLock(endpoint.lock, irql);
    return length;
  }
  return left < length ? left : length;
}

/**
 * ClientEventError: user mode may ask for it, and is told where it wants to be (SHLD-20), which at
 * first it does not: it would have to know what to make of it.
 */
export function errorEvent(context: usize, connection: usize, status: NTSTATUS): NTSTATUS {
  const endpoint = at<Endpoint>(connection, 0);
  const irql = KeAcquireSpinLock(endpoint.lock);
  const known = endpoint.state == EndpointState.CONNECTED
    || endpoint.state == EndpointState.CONNECTING;
  const tell = known && (endpoint.flags & EndpointFlag.SOFT_ERRORS) != 0;
  if (known) endpoint.softError = status;
  KeReleaseSpinLock(endpoint.lock, irql);
  if (tell) signal(endpoint, SocketEvent.SOFT_ERROR);
  return Status.SUCCESS;
}

/** The last error that may pass, since this was asked; SUCCESS: none. IRQL: PASSIVE_LEVEL. */
export function takeSoftError(endpoint: Endpoint): u32 {
  const irql = KeAcquireSpinLock(endpoint.lock);
  const status = endpoint.softError;
  endpoint.softError = Status.SUCCESS;
  KeReleaseSpinLock(endpoint.lock, irql);
  return <u32>status;
}
