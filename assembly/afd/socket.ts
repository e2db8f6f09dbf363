/** What user mode may do with a socket: open, bind, listen, connect, shut down, close. */

import { at } from "../nt/embed";
import { NTSTATUS, NT_SUCCESS, Status } from "../nt/status";
import { ExAllocate } from "../ex/pool";
import { Parameter, queryParameter } from "../ex/registry";
import { Tag } from "../ex/tag";
import { ExInitializeWorkItem } from "../ex/workitem";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { IoCallDriver } from "../io/call";
import { createStatus } from "../io/create";
import { FileObject } from "../io/file";
import { Irp, IoAllocateIrp, IoFreeIrp } from "../io/irp";
import { NetbiosAddress, copyNetbiosAddress } from "../tdi/address";
import { TdiBuildConnect, TdiBuildConnectName } from "../tdi/build";
import { closeFile, disconnectFile, openAddressFile, openConnectionFile } from "../tdi/client";
import { queryFile, setFileOption, setHandlers } from "../tdi/client";
import { EventHandlers } from "../tdi/event";
import { ConnectionOption, DisconnectFlag, TransportQuery } from "../tdi/request";
import { SourceRoute } from "../wire/sourceroute";
import { closeBacklog, connectEvent, refill, refillWorker } from "./backlog";
import { Endpoint, EndpointFlag, EndpointState, SocketEvent, SocketKind } from "./endpoint";
import { dereferenceEndpoint, isMessageKind, isUnbuffered, referenceEndpoint } from
  "./endpoint";
import { allocateListener } from "./listener";
import { messageEvent } from "./message";
import { beginLinger, isHardClose, mustLinger, stopLingerLocked } from "./linger";
import { indicatePolls, signal } from "./poll";
import { heldOctets } from "./readiness";
import { silence } from "./ready";
import { freeReceived, receiveDatagramEvent, receiveEvent } from "./transfer";
import { transportOf } from "./transport";
import { errorEvent, receiveExpeditedEvent, takeSoftError, urgentLeft } from "./urgent";

/** The handlers of a listener's address: it is told of connections, too. */
function fillListening(handlers: EventHandlers, context: usize): void {
  fillHandlers(handlers, context);
  handlers.connect = connectEvent;
  handlers.connectContext = context;
}

/** The handlers of a socket's address. */
function fillHandlers(handlers: EventHandlers, context: usize): void {
  handlers.disconnect = disconnectEvent;
  handlers.disconnectContext = context;
  const kind = at<Endpoint>(context, 0).kind;
  handlers.receive = isMessageKind(kind) ? messageEvent : receiveEvent;
  handlers.receiveContext = context;
  handlers.receiveExpedited = receiveExpeditedEvent;
  handlers.receiveExpeditedContext = context;
  handlers.error = errorEvent;
  handlers.errorContext = context;
  handlers.receiveDatagram = receiveDatagramEvent;
  handlers.receiveDatagramContext = context;
}

/** Binds to `port` of `address`; 0 is any, and any free one. IRQL: PASSIVE_LEVEL. */
export function bind(endpoint: Endpoint, address: u32, port: u32): NTSTATUS {
  if (endpoint.state != EndpointState.OPEN) return Status.INVALID_PARAMETER;
  const context = changetype<usize>(endpoint);
  const device = transportOf(endpoint.kind);
  if (device == null) return Status.NO_SUCH_DEVICE;
  const file = openAddressFile(device, address, port, fillHandlers, context);
  if (file == null) {
    // Opened, and closed again: there was no memory for the request that follows.
    const status = createStatus();
    return NT_SUCCESS(status) ? Status.INSUFFICIENT_RESOURCES : status;
  }
  endpoint.addressFile = file;
  endpoint.localAddress = address;
  endpoint.localPort = port ? port : queryFile(file, TransportQuery.LOCAL_PORT);
  setState(endpoint, EndpointState.BOUND);
  return Status.SUCCESS;
}

/** Binds to the NetBIOS address at `name`. IRQL: PASSIVE_LEVEL. */
export function bindName(endpoint: Endpoint, name: usize): NTSTATUS {
  if (!isMessageKind(endpoint.kind)) return Status.INVALID_PARAMETER;
  return bind(endpoint, <u32>name, 0);
}

/** Listens, with room for `backlog` connections. IRQL: PASSIVE_LEVEL. */
export function listen(endpoint: Endpoint, backlog: u32): NTSTATUS {
  if (endpoint.state != EndpointState.BOUND || endpoint.kind == SocketKind.DATAGRAM) {
    return Status.INVALID_PARAMETER;
  }
  const address = endpoint.addressFile;
  const context = changetype<usize>(endpoint);
  if (address == null || !setHandlers(address, fillListening, context)) {
    return Status.INSUFFICIENT_RESOURCES;
  }
  const listener = allocateListener(legalBacklog(backlog));
  if (listener == null) return Status.INSUFFICIENT_RESOURCES;
  ExInitializeWorkItem(listener.refill, refillWorker, context);
  endpoint.listener = listener;
  setState(endpoint, EndpointState.LISTENING);
  refill(endpoint);
  return listener.count ? Status.SUCCESS : Status.INSUFFICIENT_RESOURCES;
}

/** The nearest that is legal: at most SOMAXCONN of the release (Q113576, Q127144). */
function legalBacklog(backlog: u32): u32 {
  const most = queryParameter(Parameter.NtstackListenBacklog);
  if (backlog == 0) return 1;
  return backlog < most ? backlog : most;
}

/** Connects; CONNECTED or FAILED follows when the answer is PENDING. IRQL: PASSIVE_LEVEL. */
export function connect(endpoint: Endpoint, remoteAddress: u32, remotePort: u32): NTSTATUS {
  if (endpoint.kind == SocketKind.DATAGRAM) return Status.INVALID_PARAMETER;
  if (endpoint.state == EndpointState.OPEN) {
    const bound = bind(endpoint, 0, 0);
    if (!NT_SUCCESS(bound)) return bound;
  }
  const address = endpoint.addressFile;
  if (endpoint.state != EndpointState.BOUND || address == null) return Status.INVALID_PARAMETER;
  const irp = IoAllocateIrp(1);
  if (irp == null) return Status.INSUFFICIENT_RESOURCES;
  let file = endpoint.connectionFile;
  if (file == null) file = openConnectionFile(address, changetype<usize>(endpoint));
  if (file == null) {
    IoFreeIrp(irp);
    return Status.INSUFFICIENT_RESOURCES;
  }
  endpoint.connectionFile = file;
  endpoint.remoteAddress = remoteAddress;
  endpoint.remotePort = remotePort;
  setState(endpoint, EndpointState.CONNECTING);
  return callConnect(endpoint, file, irp);
}

/**
 * Connects a bound socket to the NetBIOS address at `name`; to `remoteAddress` where that is not 0.
 * IRQL: PASSIVE_LEVEL.
 */
export function connectName(endpoint: Endpoint, name: usize, remoteAddress: u32): NTSTATUS {
  const own = endpoint.remoteName;
  const bound = endpoint.state == EndpointState.BOUND;
  if (own == null || !bound) return Status.INVALID_PARAMETER;
  copyNetbiosAddress(own, at<NetbiosAddress>(name, 0));
  return connect(endpoint, remoteAddress, 0);
}

function callConnect(endpoint: Endpoint, file: FileObject, irp: Irp): NTSTATUS {
  const remote = endpoint.remoteAddress;
  const context = changetype<usize>(endpoint);
  const name = endpoint.remoteName;
  if (name == null) {
    const port = endpoint.remotePort;
    TdiBuildConnect(irp, file, connectDone, context, remote, port, endpoint.route);
  } else {
    TdiBuildConnectName(irp, file, connectDone, context, name, remote);
  }
  referenceEndpoint(endpoint);
  return IoCallDriver(file.device, irp);
}

/** The connect has ended. */
function connectDone(irp: Irp, context: usize): NTSTATUS {
  const endpoint = at<Endpoint>(context, 0);
  const status = irp.status;
  const irql = KeAcquireSpinLock(endpoint.lock);
  const tell = endpoint.state == EndpointState.CONNECTING;
  const state = NT_SUCCESS(status) ? EndpointState.CONNECTED : EndpointState.DEAD;
  if (tell) {
    endpoint.state = <u8>state;
    endpoint.status = status;
    if (!NT_SUCCESS(status)) endpoint.flags |= <u16>EndpointFlag.CONNECT_FAILED;
  }
  KeReleaseSpinLock(endpoint.lock, irql);
  if (tell) signal(endpoint, NT_SUCCESS(status) ? SocketEvent.CONNECTED : SocketEvent.FAILED);
  dereferenceEndpoint(endpoint);
  IoFreeIrp(irp);
  return Status.MORE_PROCESSING_REQUIRED;
}

/** ClientEventDisconnect. IRQL: DISPATCH_LEVEL. Locks: none. */
export function disconnectEvent(
  context: usize,
  connection: usize,
  flags: DisconnectFlag,
): NTSTATUS {
  const endpoint = at<Endpoint>(connection, 0);
  const irql = KeAcquireSpinLock(endpoint.lock);
  const events = endLocked(endpoint, flags);
  KeReleaseSpinLock(endpoint.lock, irql);
  if (events) signal(endpoint, events);
  return Status.SUCCESS;
}

/** What user mode is to be told: nothing while it does not know the socket. */
function endLocked(endpoint: Endpoint, flags: DisconnectFlag): u32 {
  mustHold(endpoint.lock);
  const known = endpoint.state != EndpointState.BACKLOG;
  if (flags == DisconnectFlag.RELEASE) {
    endpoint.flags |= <u16>EndpointFlag.PEER_CLOSED;
    return known ? SocketEvent.CLOSED : 0;
  }
  endpoint.state = <u8>EndpointState.DEAD;
  endpoint.status =
    flags & DisconnectFlag.TIMED_OUT ? Status.IO_TIMEOUT : Status.CONNECTION_RESET;
  return known ? SocketEvent.ABORTED : 0;
}

/** No more will be sent: FIN. IRQL: PASSIVE_LEVEL. */
export function shutdown(endpoint: Endpoint): NTSTATUS {
  const irql = KeAcquireSpinLock(endpoint.lock);
  const may = endpoint.state == EndpointState.CONNECTED;
  const file = may && (endpoint.flags & EndpointFlag.SHUT) == 0 ? endpoint.connectionFile : null;
  if (may) endpoint.flags |= <u16>EndpointFlag.SHUT;
  KeReleaseSpinLock(endpoint.lock, irql);
  if (!may) return Status.CONNECTION_INVALID;
  if (file == null) return Status.SUCCESS;
  const status = disconnectFile(file, DisconnectFlag.RELEASE);
  if (!NT_SUCCESS(status)) setFlag(endpoint, EndpointFlag.SHUT, false);
  return status;
}

/**
 * No more is sent, and a FIN goes after what was, where SO_LINGER has a close wait: PENDING, and
 * LINGERED tells the end. SUCCESS: it has nothing to wait for. Without memory nothing has begun.
 * IRQL: PASSIVE_LEVEL. Locks: none.
 */
export function linger(endpoint: Endpoint): NTSTATUS {
  if (!mustLinger(endpoint)) return Status.SUCCESS;
  const status = shutdown(endpoint);
  return NT_SUCCESS(status) ? beginLinger(endpoint) : status;
}

function setState(endpoint: Endpoint, state: EndpointState): void {
  const irql = KeAcquireSpinLock(endpoint.lock);
  endpoint.state = <u8>state;
  KeReleaseSpinLock(endpoint.lock, irql);
}

/** Sets a flag of a socket, or clears it. IRQL: <= DISPATCH_LEVEL. */
export function setFlag(endpoint: Endpoint, flag: EndpointFlag, on: bool): void {
  const irql = KeAcquireSpinLock(endpoint.lock);
  if (on) endpoint.flags |= <u16>flag;
  else endpoint.flags &= ~(<u16>flag);
  KeReleaseSpinLock(endpoint.lock, irql);
}

/**
 * Closes: what was sent still goes out, then FIN; or, with `abort`, or when octets were not read,
 * or SO_LINGER gives no time, RST. The handle is gone. IRQL: PASSIVE_LEVEL.
 */
export function close(endpoint: Endpoint, abort: bool): void {
  const held = heldOctets(endpoint);
  const hard = abort || isHardClose(endpoint);
  const irql = KeAcquireSpinLock(endpoint.lock);
  const open = endpoint.state == EndpointState.CONNECTED;
  const unread = endpoint.first != null || held != 0;
  const shut = (endpoint.flags & EndpointFlag.SHUT) != 0;
  const connection = endpoint.connectionFile;
  endpoint.flags |= <u16>EndpointFlag.CLOSED;
  endpoint.state = <u8>EndpointState.DEAD;
  stopLingerLocked(endpoint);
  KeReleaseSpinLock(endpoint.lock, irql);
  // The address first: no accept is half-way then when the backlog goes.
  const address = endpoint.addressFile;
  endpoint.addressFile = null;
  closeFile(address);
  closeBacklog(endpoint);
  if (connection != null) {
    if (open && (hard || unread)) disconnectFile(connection, DisconnectFlag.ABORT);
    else if (open && !shut) disconnectFile(connection, DisconnectFlag.RELEASE);
    endpoint.connectionFile = null;
    closeFile(connection);
  }
  silence(endpoint);
  indicatePolls(endpoint, 0);
  freeReceived(endpoint);
  dereferenceEndpoint(endpoint);
}
