/** ping: an ICMP echo for user mode, as icmp.dll asks for it. */

import { NTSTATUS, Status } from "../nt/status";
import { IoCallDriver } from "../io/call";
import { DeviceName, IoGetDeviceObjectPointer } from "../io/device";
import { Major } from "../io/driver";
import { Irp, IoAllocateIrp } from "../io/irp";
import { IoGetNextIrpStackLocation } from "../io/stack";
import { signalEcho } from "./ready";

/**
 * Sends an echo of `length` octets; an ECHO event with `context` tells how it ended.
 * INSUFFICIENT_RESOURCES: it was not sent, and none follows. IRQL: PASSIVE_LEVEL.
 */
export function sendEcho(
  remoteAddress: u32,
  identifier: u32,
  sequence: u32,
  length: u32,
  timeoutTicks: u32,
  context: u32,
): NTSTATUS {
  const device = IoGetDeviceObjectPointer(DeviceName.Ip);
  if (device == null) return Status.NO_SUCH_DEVICE;
  const irp = IoAllocateIrp(1);
  if (irp == null) return Status.INSUFFICIENT_RESOURCES;
  const next = IoGetNextIrpStackLocation(irp);
  next.major = <u8>Major.DEVICE_CONTROL;
  next.completion = echoDone;
  next.context = context;
  next.parameter0 = remoteAddress;
  next.parameter1 = identifier;
  next.parameter2 = sequence;
  next.parameter3 = length;
  next.parameter4 = timeoutTicks;
  return IoCallDriver(device, irp);
}

/** The request waits until user mode has read of it. */
function echoDone(irp: Irp, context: usize): NTSTATUS {
  irp.driverContext = context;
  signalEcho(irp);
  return Status.MORE_PROCESSING_REQUIRED;
}
