/** Listen and accept: endpoints made beforehand, because a SYN comes at DISPATCH_LEVEL. */

import { at } from "../nt/embed";
import { InsertTailList, IsListEmpty, ListEntry } from "../nt/list";
import { RemoveEntryList, RemoveHeadList } from "../nt/list";
import { NTSTATUS, NT_SUCCESS, Status } from "../nt/status";
import { ExQueueWorkItem } from "../ex/workitem";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { INFINITE, KeWaitForSingleObject } from "../ke/wait";
import { FileObject } from "../io/file";
import { Irp, IoAllocateIrp, IoFreeIrp } from "../io/irp";
import { copyNetbiosAddress } from "../tdi/address";
import { TdiBuildAccept } from "../tdi/build";
import { closeFile, openConnectionFile } from "../tdi/client";
import { ConnectIndication } from "../tdi/event";
import { Endpoint, EndpointState, SocketEvent, allocateEndpoint } from "./endpoint";
import { EndpointFlag, dereferenceEndpoint, referenceEndpoint } from "./endpoint";
import { leaveHandle } from "./handle";
import { queryLinger, setLinger } from "./linger";
import { Listener } from "./listener";
import { signal } from "./poll";
import { freeReceived } from "./transfer";

/** The endpoint whose place in a backlog is `entry`. */
function endpointOf(entry: ListEntry): Endpoint {
  return changetype<Endpoint>(entry);
}

/**
 * Fills the backlog of `socket`, in which the caller is; one that is dynamic grows where few of it
 * are idle. IRQL: PASSIVE_LEVEL. Locks: none.
 */
export function refill(socket: Endpoint): void {
  const listener = socket.listener;
  const address = socket.addressFile;
  if (listener == null || address == null) return;
  for (let left = missing(socket, listener); left != 0; left--) {
    const made = makeIdle(socket, address);
    if (made == null) return;
    const irql = KeAcquireSpinLock(socket.lock);
    InsertTailList(listener.idle, made);
    listener.count++;
    listener.free++;
    KeReleaseSpinLock(socket.lock, irql);
  }
}

/** How many endpoints are to be made. */
function missing(socket: Endpoint, listener: Listener): u32 {
  const irql = KeAcquireSpinLock(socket.lock);
  const count = listener.count;
  const short = count < listener.backlog ? listener.backlog - count : 0;
  const grows = growthLocked(socket, listener);
  KeReleaseSpinLock(socket.lock, irql);
  return short > grows ? short : grows;
}

/** How many a dynamic backlog is to grow by; 0: enough are idle, or as many as may be. */
function growthLocked(socket: Endpoint, listener: Listener): u32 {
  mustHold(socket.lock);
  const waiting = listener.free + listener.half;
  if (listener.growth == 0 || listener.free >= listener.least || waiting >= listener.most) return 0;
  const room = listener.most - waiting;
  return listener.growth < room ? listener.growth : room;
}

/** An endpoint that waits for a connection; null: no memory. */
function makeIdle(socket: Endpoint, address: FileObject): Endpoint | null {
  const made = allocateEndpoint(socket.kind, 0);
  if (made == null) return null;
  const file = openConnectionFile(address, changetype<usize>(made));
  if (file == null) {
    dereferenceEndpoint(made);
    return null;
  }
  referenceEndpoint(socket);
  made.parent = changetype<usize>(socket);
  made.connectionFile = file;
  made.state = <u8>EndpointState.BACKLOG;
  made.receiveLimit = socket.receiveLimit;
  made.sendLimit = socket.sendLimit;
  // What a listener's socket was set to, those of its connections have.
  if (socket.linger == 0 || NT_SUCCESS(setLinger(made, queryLinger(socket)))) return made;
  closeFile(file);
  leaveParent(made);
  dereferenceEndpoint(made);
  return null;
}

/** The worker thread: an endpoint was taken, make another. */
export function refillWorker(context: usize): void {
  const socket = at<Endpoint>(context, 0);
  // In its turn: the socket is not closed meanwhile, and one that was has no address any more.
  KeWaitForSingleObject(socket.turn, INFINITE);
  refill(socket);
  leaveHandle(socket);
}

/** An endpoint has left the backlog, or few of it are idle: new ones are due. */
function wantRefill(socket: Endpoint): void {
  const listener = socket.listener;
  if (listener == null || listener.closed) return;
  referenceEndpoint(socket);
  if (!ExQueueWorkItem(listener.refill)) dereferenceEndpoint(socket);
}

/** ClientEventConnect: an idle endpoint for a peer, or none. IRQL: DISPATCH_LEVEL. Locks: none. */
export function connectEvent(context: usize, indication: ConnectIndication): NTSTATUS {
  const socket = at<Endpoint>(context, 0);
  const irp = IoAllocateIrp(1);
  if (irp == null) return Status.INSUFFICIENT_RESOURCES;
  const irql = KeAcquireSpinLock(socket.lock);
  const taken = takeIdleLocked(socket);
  const listener = socket.listener;
  const grows = listener != null && growthLocked(socket, listener) != 0;
  KeReleaseSpinLock(socket.lock, irql);
  if (grows) wantRefill(socket);
  if (taken == null) return refuse(irp);
  // It has had one since it was made.
  const file = taken.connectionFile;
  if (file == null) return refuse(irp);
  taken.remoteAddress = indication.remoteAddress;
  taken.remotePort = indication.remotePort;
  const name = taken.remoteName;
  const caller = indication.remoteName;
  if (name != null && caller != null) copyNetbiosAddress(name, caller);
  TdiBuildAccept(irp, file, acceptDone, changetype<usize>(taken));
  indication.connectionContext = changetype<usize>(taken);
  indication.irp = irp;
  return Status.MORE_PROCESSING_REQUIRED;
}

/** The request is not needed: nobody accepts. */
function refuse(irp: Irp): NTSTATUS {
  IoFreeIrp(irp);
  return Status.CONNECTION_REFUSED;
}

/** The endpoint, which the request references. */
function takeIdleLocked(socket: Endpoint): Endpoint | null {
  mustHold(socket.lock);
  const listener = socket.listener;
  if (listener == null || IsListEmpty(listener.idle)) return null;
  const taken = endpointOf(RemoveHeadList(listener.idle));
  referenceEndpoint(taken);
  InsertTailList(listener.asked, taken);
  listener.free--;
  listener.half++;
  return taken;
}

/** The handshake is over, or has failed: then the endpoint waits for the next. */
function acceptDone(irp: Irp, context: usize): NTSTATUS {
  const endpoint = at<Endpoint>(context, 0);
  const socket = referenceParent(endpoint);
  if (socket != null) {
    const irql = KeAcquireSpinLock(socket.lock);
    const arrived = moveLocked(socket, endpoint, NT_SUCCESS(irp.status));
    KeReleaseSpinLock(socket.lock, irql);
    if (arrived) signal(socket, SocketEvent.ACCEPT);
    dereferenceEndpoint(socket);
  }
  dereferenceEndpoint(endpoint);
  IoFreeIrp(irp);
  return Status.MORE_PROCESSING_REQUIRED;
}

/** The listening socket in whose backlog `endpoint` is, referenced; null: in none any more. */
function referenceParent(endpoint: Endpoint): Endpoint | null {
  const irql = KeAcquireSpinLock(endpoint.lock);
  const parent = endpoint.parent;
  if (parent) referenceEndpoint(at<Endpoint>(parent, 0));
  KeReleaseSpinLock(endpoint.lock, irql);
  return parent ? at<Endpoint>(parent, 0) : null;
}

/** `endpoint` is in no backlog from here on, and holds its parent no more. */
function leaveParent(endpoint: Endpoint): void {
  const irql = KeAcquireSpinLock(endpoint.lock);
  const parent = endpoint.parent;
  endpoint.parent = 0;
  KeReleaseSpinLock(endpoint.lock, irql);
  if (parent) dereferenceEndpoint(at<Endpoint>(parent, 0));
}

function moveLocked(socket: Endpoint, endpoint: Endpoint, open: bool): bool {
  mustHold(socket.lock);
  const listener = socket.listener;
  if (listener == null || listener.closed) return false;
  RemoveEntryList(endpoint);
  InsertTailList(open ? listener.arrived : listener.idle, endpoint);
  listener.half--;
  if (!open) listener.free++;
  return open;
}

/**
 * The oldest connection that waits, which `begin` follows when it has a handle; null: none waits.
 * IRQL: PASSIVE_LEVEL.
 */
export function takeArrived(socket: Endpoint): Endpoint | null {
  const irql = KeAcquireSpinLock(socket.lock);
  const endpoint = takeArrivedLocked(socket);
  KeReleaseSpinLock(socket.lock, irql);
  if (endpoint != null) wantRefill(socket);
  return endpoint;
}

/**
 * `endpoint` of the backlog of `socket` is user mode's from here on: who hears of it is told the
 * handle that it has. IRQL: PASSIVE_LEVEL.
 */
export function begin(endpoint: Endpoint, socket: Endpoint, context: u32): void {
  const irql = KeAcquireSpinLock(endpoint.lock);
  const events = beginLocked(endpoint, context);
  KeReleaseSpinLock(endpoint.lock, irql);
  dereferenceEndpoint(socket);
  if (events) signal(endpoint, events);
}

function takeArrivedLocked(socket: Endpoint): Endpoint | null {
  mustHold(socket.lock);
  const listener = socket.listener;
  if (listener == null || IsListEmpty(listener.arrived)) return null;
  listener.count--;
  return endpointOf(RemoveHeadList(listener.arrived));
}

/** What has happened while it waited is told now. */
function beginLocked(endpoint: Endpoint, context: u32): u32 {
  mustHold(endpoint.lock);
  let events: u32 = 0;
  endpoint.context = context;
  endpoint.parent = 0;
  if (endpoint.state == EndpointState.BACKLOG) endpoint.state = <u8>EndpointState.CONNECTED;
  else events |= SocketEvent.ABORTED;
  if (endpoint.receiveQueued != 0 || endpoint.flags & EndpointFlag.TRANSPORT_HOLDS) {
    events |= SocketEvent.READABLE;
  }
  if (endpoint.flags & EndpointFlag.PEER_CLOSED) events |= SocketEvent.CLOSED;
  return events;
}

/** Lets go of the whole backlog: what is open or half open is reset. IRQL: PASSIVE_LEVEL. */
export function closeBacklog(socket: Endpoint): void {
  const listener = socket.listener;
  if (listener == null) return;
  const irql = KeAcquireSpinLock(socket.lock);
  listener.closed = 1;
  KeReleaseSpinLock(socket.lock, irql);
  let endpoint = takeAny(socket, listener);
  while (endpoint != null) {
    leaveParent(endpoint);
    const file = endpoint.connectionFile;
    endpoint.connectionFile = null;
    closeFile(file);
    freeReceived(endpoint);
    dereferenceEndpoint(endpoint);
    endpoint = takeAny(socket, listener);
  }
}

/** One of the backlog, whatever it waits for; null: it is empty. */
function takeAny(socket: Endpoint, listener: Listener): Endpoint | null {
  const irql = KeAcquireSpinLock(socket.lock);
  const endpoint = takeAnyLocked(socket, listener);
  KeReleaseSpinLock(socket.lock, irql);
  return endpoint;
}

function takeAnyLocked(socket: Endpoint, listener: Listener): Endpoint | null {
  mustHold(socket.lock);
  let list = listener.idle;
  if (IsListEmpty(list)) list = listener.asked;
  if (IsListEmpty(list)) list = listener.arrived;
  if (IsListEmpty(list)) return null;
  listener.count--;
  return endpointOf(RemoveHeadList(list));
}
