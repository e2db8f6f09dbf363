/** TDI requests for a connection endpoint, from the stack location to the connection. */

import { at } from "../../nt/embed";
import { Fault, faulty } from "../../kb/faults";
import { InsertTailList } from "../../nt/list";
import { NTSTATUS, Status } from "../../nt/status";
import { KeAcquireSpinLockAtDpcLevel, KeReleaseSpinLockFromDpcLevel } from "../../ke/spinlock";
import { mustHold } from "../../ke/spinlock";
import { Irp } from "../../io/irp";
import { IoMarkIrpPending, parametersOf } from "../../io/stack";
import { TdiAssociate, TdiConnect, TdiDisconnect, TdiInformation } from "../../tdi/parameters";
import { TdiTransfer } from "../../tdi/parameters";
import { ConnectionOption, DisconnectFlag, ReceiveFlag, SendFlag } from "../../tdi/request";
import { TransportQuery } from "../../tdi/request";
import { AddressObject } from "../address";
import { flushSends } from "../ip/send";
import { associateAddress } from "./association";
import { abortLocked, closeLocked, orphanLocked } from "./close";
import { startConnect } from "./connect";
import { connectionTcb, detach, endLastCall } from "./connection";
import { letGoLocked, setServiceLocked } from "./connection";
import { fillReceivesLocked, peekLocked, queueReceiveLocked } from "./deliver";
import { Connection, ConnectionFlag, ConnectionShift, replaceBits } from "./endpoint";
import { startKeepAliveLocked } from "./keepalive";
import { output, outputLocked } from "./output";
import { settle } from "./settle";
import { takeSoftErrorLocked } from "./softerror";
import { TcpState, isSynchronized, mayReceive, maySend } from "./state";
import { Tcb, TcbFlag, TcpTimer, dereferenceTcb } from "./tcb";
import { receiveUrgentLocked, urgentDistanceLocked } from "./urgent";

/*
 * Each answers PENDING when it keeps the request, else the status with which the dispatcher
 * completes it. IRQL: DISPATCH_LEVEL. Locks: none.
 */

/** TDI_ASSOCIATE_ADDRESS */
export function associate(connection: Connection, irp: Irp): NTSTATUS {
  const view = parametersOf<TdiAssociate>(irp);
  const file = view.address;
  if (file == null) return Status.INVALID_HANDLE;
  return associateAddress(connection, at<AddressObject>(file.fsContext, 0));
}

/** TDI_CONNECT */
export function connect(connection: Connection, irp: Irp): NTSTATUS {
  const view = parametersOf<TdiConnect>(irp);
  return startConnect(connection, irp, view.remoteAddress, view.remotePort, view.route);
}

/** TDI_DISCONNECT: RELEASE sends a FIN after all that was sent, ABORT a RST at once. */
export function disconnect(connection: Connection, irp: Irp): NTSTATUS {
  const view = parametersOf<TdiDisconnect>(irp);
  const tcb = connectionTcb(connection);
  if (tcb == null) return Status.CONNECTION_INVALID;
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  const status = disconnectLocked(tcb, irp, view.disconnectFlags);
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
  output(tcb);
  if (tcb.todo) settle(tcb);
  dereferenceTcb(tcb);
  flushSends();
  return status;
}

function disconnectLocked(tcb: Tcb, irp: Irp, flags: u32): NTSTATUS {
  mustHold(tcb.lock);
  if (flags & DisconnectFlag.ABORT) {
    abortLocked(tcb, Status.LOCAL_DISCONNECT);
    return Status.SUCCESS;
  }
  const status = closeLocked(tcb);
  if (status != Status.SUCCESS || (flags & DisconnectFlag.WAIT) == 0) return status;
  if (tcb.closeIrp != null) return Status.CONNECTION_INVALID;
  IoMarkIrpPending(irp);
  tcb.closeIrp = irp;
  return Status.PENDING;
}

/**
 * TDI_SEND: completes when all its octets are acknowledged. With TDI_SEND_EXPEDITED they are
 * urgent.
 */
export function send(connection: Connection, irp: Irp): NTSTATUS {
  const view = parametersOf<TdiTransfer>(irp);
  const tcb = connectionTcb(connection);
  if (tcb == null) return Status.CONNECTION_INVALID;
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  const status = sendLocked(tcb, irp, view.length, view.transferFlags);
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
  output(tcb);
  dereferenceTcb(tcb);
  flushSends();
  return status;
}

function sendLocked(tcb: Tcb, irp: Irp, length: u32, flags: u32): NTSTATUS {
  mustHold(tcb.lock);
  if ((tcb.flags & TcbFlag.FIN_QUEUED) != 0 || !maySend(tcb.state)) {
    return Status.CONNECTION_INVALID;
  }
  if (length == 0) return Status.SUCCESS;
  IoMarkIrpPending(irp);
  irp.driverContext = tcb.sndEnd;
  irp.driverOffset = length;
  InsertTailList(tcb.sends, irp.queue);
  tcb.sndEnd += length;
  // Said at once, also where neither window nor Nagle's algorithm lets the text go.
  if (flags & SendFlag.EXPEDITED) tcb.flags |= TcbFlag.URGENT | TcbFlag.ACK_NOW;
  return Status.PENDING;
}

/**
 * TDI_RECEIVE: completes with what there is, as soon as there is any; with TDI_RECEIVE_PEEK at
 * once, with a copy of what there is; with TDI_RECEIVE_EXPEDITED at once, as
 * `receiveUrgentLocked` says.
 */
export function receive(connection: Connection, irp: Irp): NTSTATUS {
  const tcb = connectionTcb(connection);
  if (tcb == null) return Status.CONNECTION_INVALID;
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  const status = receiveLocked(tcb, irp);
  if (tcb.flags & TcbFlag.ACK_NOW) outputLocked(tcb);
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
  // "attempts to free the same spinlock twice"
  if (faulty(Fault.Q243878)) KeReleaseSpinLockFromDpcLevel(tcb.lock);
  if (tcb.todo) settle(tcb);
  dereferenceTcb(tcb);
  flushSends();
  return status;
}

function receiveLocked(tcb: Tcb, irp: Irp): NTSTATUS {
  mustHold(tcb.lock);
  const flags = parametersOf<TdiTransfer>(irp).transferFlags;
  if (flags & ReceiveFlag.EXPEDITED) return receiveUrgentLocked(tcb, irp);
  // What is being indicated may yet be kept: then it is before the FIN.
  if (tcb.held == null && (tcb.flags & TcbFlag.INDICATING) == 0) {
    if (tcb.flags & TcbFlag.FIN_RECEIVED) return Status.GRACEFUL_DISCONNECT;
    if (!mayReceive(tcb.state)) return Status.CONNECTION_INVALID;
  }
  if (flags & ReceiveFlag.PEEK) {
    irp.information = peekLocked(tcb, irp);
    return Status.SUCCESS;
  }
  IoMarkIrpPending(irp);
  queueReceiveLocked(tcb, irp);
  fillReceivesLocked(tcb);
  return Status.PENDING;
}

/** TDI_SET_INFORMATION */
export function setInformation(connection: Connection, irp: Irp): NTSTATUS {
  const view = parametersOf<TdiInformation>(irp);
  const mask = maskOf(view.option);
  if (mask == 0 || view.value > 0xff) return Status.INVALID_PARAMETER;
  replaceBits(connection, mask, bitsOf(view.option, mask, view.value));
  const tcb = connectionTcb(connection);
  if (tcb == null) return Status.SUCCESS;
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  if (tcb.connection == connection) resetOptionsLocked(tcb, connection);
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
  dereferenceTcb(tcb);
  return Status.SUCCESS;
}

/** The part of `Connection.flags` that an option is; 0: there is no such option. */
function maskOf(option: u32): u32 {
  switch (option) {
    case ConnectionOption.NO_DELAY:
      return TcbFlag.NO_DELAY;
    case ConnectionOption.KEEP_ALIVE:
      return TcbFlag.KEEP_ALIVE;
    case ConnectionOption.EXPEDITED_INLINE:
      return ConnectionFlag.INLINE;
    case ConnectionOption.RETRANSMISSIONS:
      return ConnectionFlag.RETRANSMISSIONS;
    case ConnectionOption.TYPE_OF_SERVICE:
      return ConnectionFlag.SERVICE;
    default:
      return 0;
  }
}

function bitsOf(option: u32, mask: u32, value: u32): u32 {
  if (option == ConnectionOption.RETRANSMISSIONS) return value << ConnectionShift.RETRANSMISSIONS;
  if (option == ConnectionOption.TYPE_OF_SERVICE) return (value << ConnectionShift.SERVICE) & mask;
  return value ? mask : 0;
}

/** What the client of `connection` has set holds for `tcb` from here on. */
function resetOptionsLocked(tcb: Tcb, connection: Connection): void {
  mustHold(tcb.lock);
  tcb.flags = (tcb.flags & ~(<u32>ConnectionFlag.OPTIONS)) | connection.options;
  setServiceLocked(tcb, connection.typeOfService);
  if (isSynchronized(tcb.state) && tcb.timer == TcpTimer.NONE) startKeepAliveLocked(tcb);
}

/** TDI_QUERY_INFORMATION */
export function queryConnection(connection: Connection, irp: Irp): NTSTATUS {
  const view = parametersOf<TdiInformation>(irp);
  const tcb = connectionTcb(connection);
  if (tcb == null) return Status.CONNECTION_INVALID;
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  view.value = factLocked(tcb, view.option);
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
  dereferenceTcb(tcb);
  return Status.SUCCESS;
}

function factLocked(tcb: Tcb, option: u32): u32 {
  mustHold(tcb.lock);
  if (option == TransportQuery.HELD) return tcb.heldOctets;
  if (option == TransportQuery.URGENT) return urgentDistanceLocked(tcb);
  if (option == TransportQuery.SOFT_ERROR) return takeSoftErrorLocked(tcb);
  return option == TransportQuery.LOCAL_PORT ? tcb.localPort : tcb.localAddress;
}

/**
 * IRP_MJ_CLEANUP: the last handle is gone; the connection ends, now or by itself. The client is
 * called no more; PENDING: another processor is calling it, and completes the request.
 */
export function cleanUpConnection(connection: Connection, irp: Irp): NTSTATUS {
  const tcb = connectionTcb(connection);
  if (tcb != null) {
    KeAcquireSpinLockAtDpcLevel(tcb.lock);
    leaveClientLocked(tcb, connection);
    KeReleaseSpinLockFromDpcLevel(tcb.lock);
    settle(tcb);
    detach(connection, tcb);
    dereferenceTcb(tcb);
    flushSends();
  }
  return endLastCall(connection, irp);
}

/** What `tcb` owes its client is owed no more. */
function leaveClientLocked(tcb: Tcb, connection: Connection): void {
  mustHold(tcb.lock);
  if (tcb.state == TcpState.SYN_SENT) abortLocked(tcb, Status.CANCELLED);
  else orphanLocked(tcb);
  if (tcb.connection == connection) letGoLocked(tcb);
}
