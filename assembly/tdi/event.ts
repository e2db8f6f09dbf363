/** TDI events: how a transport tells its clients, and the handlers of those who do not ask. */

import { NTSTATUS, Status } from "../nt/status";
import { Irp } from "../io/irp";
import { NetbiosAddress } from "./address";
import { DisconnectFlag } from "./request";

/** What ClientEventReceive is told and what it answers. Its owner is the transport. */
@unmanaged
export class ReceiveIndication {
  /** TDI_RECEIVE_* */
  flags: u32;
  /** Octets at `tsdu`. */
  indicated: u32;
  /** Octets the transport holds, `indicated` included. */
  available: u32;
  /** The first octet; valid during the call only. */
  tsdu: usize;
  /** Answer: how many octets the client took. */
  taken: u32;
  /** Answer, with MORE_PROCESSING_REQUIRED: a TDI_RECEIVE request for the rest. */
  irp: Irp | null;
}

/** What ClientEventConnect is told and what it answers. Its owner is the transport. */
@unmanaged
export class ConnectIndication {
  remoteAddress: u32;
  remotePort: u32;
  /** Of NetBIOS: who calls; valid during the call only. Null of IP. */
  remoteName: NetbiosAddress | null;
  /** Answer: the context of an idle, associated connection endpoint. */
  connectionContext: usize;
  /** Answer: a TDI_ACCEPT request. */
  irp: Irp | null;
}

/** What ClientEventReceiveDatagram is told. Its owner is the transport. */
@unmanaged
export class DatagramIndication {
  remoteAddress: u32;
  remotePort: u32;
  /** Of NetBIOS: who sent it; valid during the call only. Null of IP. */
  remoteName: NetbiosAddress | null;
  /** 1: it was sent to everybody (TDI_RECEIVE_BROADCAST). */
  toGroup: u32;
  /** The first octet; valid during the call only. */
  tsdu: usize;
  length: u32;
}

/** ClientEventConnect. IRQL: DISPATCH_LEVEL. Locks: none of the transport's. */
export type ConnectEvent = (context: usize, indication: ConnectIndication) => NTSTATUS;
/** ClientEventDisconnect. IRQL: DISPATCH_LEVEL. Locks: none of the transport's. */
export type DisconnectEvent = (
  context: usize,
  connection: usize,
  flags: DisconnectFlag,
) => NTSTATUS;
/** ClientEventReceive. IRQL: DISPATCH_LEVEL. Locks: none of the transport's. */
export type ReceiveEvent = (
  context: usize,
  connection: usize,
  indication: ReceiveIndication,
) => NTSTATUS;
/** ClientEventReceiveDatagram. IRQL: DISPATCH_LEVEL. Locks: none of the transport's. */
export type ReceiveDatagramEvent = (
  context: usize,
  indication: DatagramIndication,
) => NTSTATUS;
/**
 * ClientEventError: an error that belongs to no request, and may pass. Here it says of which
 * connection, as ClientEventErrorEx does. IRQL: DISPATCH_LEVEL. Locks: none of the transport's.
 */
export type ErrorEvent = (context: usize, connection: usize, status: NTSTATUS) => NTSTATUS;

/** The handlers of one address object; never null: who does not ask has the default. */
@unmanaged
export class EventHandlers {
  connect: ConnectEvent;
  connectContext: usize;
  disconnect: DisconnectEvent;
  disconnectContext: usize;
  receive: ReceiveEvent;
  receiveContext: usize;
  receiveDatagram: ReceiveDatagramEvent;
  receiveDatagramContext: usize;
  /** ClientEventReceiveExpedited; nothing of `available`: more of it is known, and none is here. */
  receiveExpedited: ReceiveEvent;
  receiveExpeditedContext: usize;
  error: ErrorEvent;
  errorContext: usize;
}

/** Gives every event its default. */
export function initializeHandlers(handlers: EventHandlers): void {
  handlers.connect = TdiDefaultConnectHandler;
  handlers.disconnect = TdiDefaultDisconnectHandler;
  handlers.receive = TdiDefaultReceiveHandler;
  handlers.receiveDatagram = TdiDefaultRcvDatagramHandler;
  handlers.receiveExpedited = TdiDefaultRcvExpeditedHandler;
  handlers.error = TdiDefaultErrorHandler;
}

export function TdiDefaultConnectHandler(context: usize, indication: ConnectIndication): NTSTATUS {
  return Status.INSUFFICIENT_RESOURCES;
}

export function TdiDefaultDisconnectHandler(
  context: usize,
  connection: usize,
  flags: DisconnectFlag,
): NTSTATUS {
  return Status.SUCCESS;
}

export function TdiDefaultReceiveHandler(
  context: usize,
  connection: usize,
  indication: ReceiveIndication,
): NTSTATUS {
  return Status.DATA_NOT_ACCEPTED;
}

export function TdiDefaultRcvDatagramHandler(
  context: usize,
  indication: DatagramIndication,
): NTSTATUS {
  return Status.DATA_NOT_ACCEPTED;
}

export function TdiDefaultRcvExpeditedHandler(
  context: usize,
  connection: usize,
  indication: ReceiveIndication,
): NTSTATUS {
  return Status.DATA_NOT_ACCEPTED;
}

export function TdiDefaultErrorHandler(
  context: usize,
  connection: usize,
  status: NTSTATUS,
): NTSTATUS {
  return Status.SUCCESS;
}
