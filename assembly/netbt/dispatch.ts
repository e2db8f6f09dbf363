/** IRP_MJ_* and TDI minor codes to routines. */

import { RtlCopyMemory } from "../nt/memory";
import { at } from "../nt/embed";
import { NTSTATUS, Status } from "../nt/status";
import { CreateParameters } from "../io/create";
import { DeviceObject } from "../io/device";
import { IoCompleteRequest } from "../io/complete";
import { Irp } from "../io/irp";
import { IoGetCurrentIrpStackLocation, parametersOf, viewOf } from "../io/stack";
import { NetbiosAddress } from "../tdi/address";
import { EventHandlers, TdiDefaultConnectHandler } from "../tdi/event";
import { TdiSetEvents } from "../tdi/parameters";
import { Tdi, TransportObject } from "../tdi/request";
import { NetbtAddress, cleanUpAddress, dereferenceAddress, listenOn, openAddress } from "./address";
import { sendDatagram } from "./datagram";
import { NetbtDevice, extensionOf } from "./device";
import { NetbtConnection } from "./session/block";
import { closeEndpoint, openConnection } from "./session/endpoint";
import { cleanUpConnection, requestConnection } from "./session/request";

/** Completes a request that its routine did not keep. */
function finish(irp: Irp, status: NTSTATUS): NTSTATUS {
  if (status != Status.PENDING) IoCompleteRequest(irp, status, irp.information);
  return status;
}

/** IRP_MJ_CREATE: an address, a connection endpoint, or a control channel. */
export function create(device: usize, irp: Irp): NTSTATUS {
  return finish(irp, open(extensionOf(at<DeviceObject>(device, 0)), irp));
}

function open(device: NetbtDevice, irp: Irp): NTSTATUS {
  const parameters = parametersOf<CreateParameters>(irp);
  switch (parameters.kind) {
    case TransportObject.ADDRESS: {
      if (parameters.word0 == 0) return Status.INVALID_PARAMETER;
      return openAddress(device, at<NetbiosAddress>(<usize>parameters.word0, 0), irp);
    }
    case TransportObject.CONNECTION: {
      const endpoint = openConnection(device, parameters.word0);
      const file = parameters.file;
      if (file != null) file.fsContext = changetype<usize>(endpoint);
      return endpoint == null ? Status.INSUFFICIENT_RESOURCES : Status.SUCCESS;
    }
    case TransportObject.CONTROL:
      return Status.SUCCESS;
    default:
      return Status.INVALID_PARAMETER;
  }
}

/** IRP_MJ_CLEANUP: what the object has under way ends, and its client is called no more. */
export function cleanup(device: usize, irp: Irp): NTSTATUS {
  const file = IoGetCurrentIrpStackLocation(irp).file;
  let status: NTSTATUS = Status.SUCCESS;
  if (file != null && file.fsContext2 == TransportObject.ADDRESS) {
    status = cleanUpAddress(at<NetbtAddress>(file.fsContext, 0), irp);
  } else if (file != null && file.fsContext2 == TransportObject.CONNECTION) {
    status = cleanUpConnection(at<NetbtConnection>(file.fsContext, 0), irp);
  }
  return finish(irp, status);
}

/** IRP_MJ_CLOSE: the object goes. */
export function close(device: usize, irp: Irp): NTSTATUS {
  const file = IoGetCurrentIrpStackLocation(irp).file;
  if (file != null && file.fsContext2 == TransportObject.ADDRESS) {
    dereferenceAddress(at<NetbtAddress>(file.fsContext, 0));
  } else if (file != null && file.fsContext2 == TransportObject.CONNECTION) {
    closeEndpoint(at<NetbtConnection>(file.fsContext, 0));
  }
  return finish(irp, Status.SUCCESS);
}

/** IRP_MJ_INTERNAL_DEVICE_CONTROL: TDI. */
export function internalDeviceControl(device: usize, irp: Irp): NTSTATUS {
  const file = IoGetCurrentIrpStackLocation(irp).file;
  const kind: u32 = file == null ? TransportObject.CONTROL : file.fsContext2;
  let status: NTSTATUS = Status.INVALID_DEVICE_REQUEST;
  if (file != null && kind == TransportObject.ADDRESS) {
    status = requestAddress(at<NetbtAddress>(file.fsContext, 0), irp);
  } else if (file != null && kind == TransportObject.CONNECTION) {
    status = requestConnection(at<NetbtConnection>(file.fsContext, 0), irp);
  }
  return finish(irp, status);
}

function requestAddress(address: NetbtAddress, irp: Irp): NTSTATUS {
  const stack = IoGetCurrentIrpStackLocation(irp);
  const minor: u32 = stack.minor;
  switch (minor) {
    case Tdi.SET_EVENT_HANDLER: {
      const handlers = viewOf<TdiSetEvents>(stack).handlers;
      if (handlers == null) return Status.INVALID_PARAMETER;
      const length = offsetof<EventHandlers>();
      RtlCopyMemory(changetype<usize>(address.handlers), changetype<usize>(handlers), length);
      if (handlers.connect != TdiDefaultConnectHandler) listenOn(address);
      return Status.SUCCESS;
    }
    case Tdi.SEND_DATAGRAM:
      return sendDatagram(address, irp);
    default:
      return Status.INVALID_DEVICE_REQUEST;
  }
}
