/** SetTcpEntry, as iphlpapi.dll asks the transport for it. */

import { NTSTATUS, Status } from "../nt/status";
import { IoCallDriver } from "../io/call";
import { DeviceName, IoGetDeviceObjectPointer } from "../io/device";
import { Major } from "../io/driver";
import { IoAllocateIrp, IoFreeIrp } from "../io/irp";
import { IoGetNextIrpStackLocation, IoSetCompletionRoutine, viewOf } from "../io/stack";
import { keepRequest } from "../tdi/client";
import { TcpRow, TcpRowState } from "../tdi/parameters";

/**
 * Deletes the connection with these ends: the peer's port in the high half of `ports`.
 * INVALID_PARAMETER: there is none. IRQL: PASSIVE_LEVEL. Locks: none.
 */
export function deleteTcpEntry(localAddress: u32, remoteAddress: u32, ports: u32): NTSTATUS {
  const device = IoGetDeviceObjectPointer(DeviceName.Tcp);
  if (device == null) return Status.NO_SUCH_DEVICE;
  const irp = IoAllocateIrp(1);
  if (irp == null) return Status.INSUFFICIENT_RESOURCES;
  const next = IoGetNextIrpStackLocation(irp);
  IoSetCompletionRoutine(irp, keepRequest, 0);
  next.major = <u8>Major.DEVICE_CONTROL;
  const row = viewOf<TcpRow>(next);
  row.state = TcpRowState.DELETE_TCB;
  row.localAddress = localAddress;
  row.remoteAddress = remoteAddress;
  row.ports = ports;
  const status = IoCallDriver(device, irp);
  IoFreeIrp(irp);
  return status;
}
