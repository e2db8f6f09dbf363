/** IRP_MJ_* and TDI minor codes to routines. */

import { RtlCopyMemory } from "../nt/memory";
import { NTSTATUS, Status } from "../nt/status";
import { at } from "../nt/embed";
import { Irql, KIRQL, KeGetCurrentProcessorNumber } from "../ke/processor";
import { KeLowerIrql, KeRaiseIrql } from "../ke/irql";
import { CreateParameters } from "../io/create";
import { DeviceName, DeviceObject } from "../io/device";
import { FileObject } from "../io/file";
import { IoCompleteRequest } from "../io/complete";
import { Irp } from "../io/irp";
import { IoGetCurrentIrpStackLocation, parametersOf, viewOf } from "../io/stack";
import { EventHandlers } from "../tdi/event";
import { TdiInformation, TdiSendDatagram, TdiSetEvents } from "../tdi/parameters";
import { Tdi, TransportObject, TransportQuery } from "../tdi/request";
import { Protocol } from "../wire/ipv4";
import { AddressObject, OpenedAddress } from "./address";
import { dereferenceAddress, openAddress } from "./address";
import { startEcho } from "./ip/echo";
import { cleanUpAddress, closeConnection, disassociateAddress } from "./tcp/association";
import { setTcpRow } from "./tcp/row";
import { associate, cleanUpConnection, connect, disconnect, receive } from "./tcp/request";
import { queryConnection, send, setInformation } from "./tcp/request";
import { openConnection } from "./tcp/connection";
import { Connection } from "./tcp/endpoint";
import { sendUdp } from "./udp/send";

/** One result for each processor: it lives during the call. */
const OPENED: usize = memory.data(64);
if (offsetof<OpenedAddress>() > 8) ERROR("OPENED");

/** Completes a request that its routine did not keep, with what it left in `information`. */
function finish(irp: Irp, status: NTSTATUS, irql: KIRQL): NTSTATUS {
  if (status != Status.PENDING) IoCompleteRequest(irp, status, irp.information);
  KeLowerIrql(irql);
  return status;
}

/** IRP_MJ_CREATE: an address, a connection endpoint, or a control channel. */
export function create(device: usize, irp: Irp): NTSTATUS {
  const irql = KeRaiseIrql(Irql.DISPATCH);
  const parameters = parametersOf<CreateParameters>(irp);
  const file = parameters.file;
  let status: NTSTATUS = Status.INVALID_PARAMETER;
  if (file != null) status = open(at<DeviceObject>(device, 0), file, parameters);
  return finish(irp, status, irql);
}

function open(device: DeviceObject, file: FileObject, parameters: CreateParameters): NTSTATUS {
  switch (parameters.kind) {
    case TransportObject.ADDRESS: {
      const protocol = device.name == DeviceName.Udp ? Protocol.UDP : Protocol.TCP;
      const opened = at<OpenedAddress>(OPENED, <usize>KeGetCurrentProcessorNumber() << 3);
      openAddress(protocol, parameters.word0, parameters.word1, opened);
      file.fsContext = changetype<usize>(opened.object);
      return opened.status;
    }
    case TransportObject.CONNECTION: {
      const connection = openConnection(parameters.word0);
      file.fsContext = changetype<usize>(connection);
      return connection == null ? Status.INSUFFICIENT_RESOURCES : Status.SUCCESS;
    }
    case TransportObject.CONTROL:
      return Status.SUCCESS;
    default:
      return Status.INVALID_PARAMETER;
  }
}

/** IRP_MJ_CLEANUP: what the object has under way ends, and its client is called no more. */
export function cleanup(device: usize, irp: Irp): NTSTATUS {
  const irql = KeRaiseIrql(Irql.DISPATCH);
  const file = IoGetCurrentIrpStackLocation(irp).file;
  let status: NTSTATUS = Status.SUCCESS;
  if (file != null && file.fsContext2 == TransportObject.CONNECTION) {
    status = cleanUpConnection(at<Connection>(file.fsContext, 0), irp);
  } else if (file != null && file.fsContext2 == TransportObject.ADDRESS) {
    status = cleanUpAddress(at<AddressObject>(file.fsContext, 0), irp);
  }
  return finish(irp, status, irql);
}

/** IRP_MJ_CLOSE: the object goes. */
export function close(device: usize, irp: Irp): NTSTATUS {
  const irql = KeRaiseIrql(Irql.DISPATCH);
  const file = IoGetCurrentIrpStackLocation(irp).file;
  if (file != null && file.fsContext2 == TransportObject.CONNECTION) {
    closeConnection(at<Connection>(file.fsContext, 0));
  } else if (file != null && file.fsContext2 == TransportObject.ADDRESS) {
    dereferenceAddress(at<AddressObject>(file.fsContext, 0));
  }
  return finish(irp, Status.SUCCESS, irql);
}

/**
 * IRP_MJ_DEVICE_CONTROL: IOCTL_ICMP_ECHO_REQUEST of \Device\Ip, IOCTL_TCP_SET_INFORMATION_EX of
 * \Device\Tcp.
 */
export function deviceControl(device: usize, irp: Irp): NTSTATUS {
  const irql = KeRaiseIrql(Irql.DISPATCH);
  const name = at<DeviceObject>(device, 0).name;
  if (name == DeviceName.Tcp) return finish(irp, setTcpRow(irp), irql);
  if (name != DeviceName.Ip) return finish(irp, Status.INVALID_DEVICE_REQUEST, irql);
  const status = startEcho(irp);
  KeLowerIrql(irql);
  return status;
}

/** IRP_MJ_INTERNAL_DEVICE_CONTROL: TDI. What is asked of an address runs at its caller's IRQL. */
export function internalDeviceControl(device: usize, irp: Irp): NTSTATUS {
  const file = IoGetCurrentIrpStackLocation(irp).file;
  const kind: u32 = file == null ? TransportObject.CONTROL : file.fsContext2;
  let status: NTSTATUS = Status.INVALID_HANDLE;
  if (file != null && kind == TransportObject.CONNECTION) {
    const irql = KeRaiseIrql(Irql.DISPATCH);
    status = requestConnection(at<Connection>(file.fsContext, 0), irp);
    return finish(irp, status, irql);
  }
  if (file != null && kind == TransportObject.ADDRESS) {
    status = requestAddress(at<AddressObject>(file.fsContext, 0), irp);
  }
  IoCompleteRequest(irp, status, 0);
  return status;
}

function requestConnection(connection: Connection, irp: Irp): NTSTATUS {
  const minor: u32 = IoGetCurrentIrpStackLocation(irp).minor;
  switch (minor) {
    case Tdi.ASSOCIATE_ADDRESS:
      return associate(connection, irp);
    case Tdi.DISASSOCIATE_ADDRESS:
      return disassociateAddress(connection);
    case Tdi.CONNECT:
      return connect(connection, irp);
    case Tdi.DISCONNECT:
      return disconnect(connection, irp);
    case Tdi.SEND:
      return send(connection, irp);
    case Tdi.RECEIVE:
      return receive(connection, irp);
    case Tdi.SET_INFORMATION:
      return setInformation(connection, irp);
    case Tdi.QUERY_INFORMATION:
      return queryConnection(connection, irp);
    default:
      return Status.INVALID_DEVICE_REQUEST;
  }
}

function requestAddress(address: AddressObject, irp: Irp): NTSTATUS {
  const stack = IoGetCurrentIrpStackLocation(irp);
  const minor: u32 = stack.minor;
  switch (minor) {
    case Tdi.SET_EVENT_HANDLER: {
      const handlers = viewOf<TdiSetEvents>(stack).handlers;
      if (handlers == null) return Status.INVALID_PARAMETER;
      const length = offsetof<EventHandlers>();
      RtlCopyMemory(changetype<usize>(address.handlers), changetype<usize>(handlers), length);
      return Status.SUCCESS;
    }
    case Tdi.QUERY_INFORMATION: {
      const view = viewOf<TdiInformation>(stack);
      view.value = view.option == TransportQuery.LOCAL_PORT ? address.port : address.address;
      return Status.SUCCESS;
    }
    case Tdi.SEND_DATAGRAM: {
      const view = viewOf<TdiSendDatagram>(stack);
      return sendUdp(address, irp.mdl, view.length, view.remoteAddress, view.remotePort);
    }
    default:
      return Status.INVALID_DEVICE_REQUEST;
  }
}
