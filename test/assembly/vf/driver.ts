/** A driver with one routine, a device of it, and a request that is sent to it. */

import { at } from "../../../assembly/nt/embed";
import { NTSTATUS, Status } from "../../../assembly/nt/status";
import { IoCallDriver } from "../../../assembly/io/call";
import { IoCompleteRequest } from "../../../assembly/io/complete";
import { DeviceObject } from "../../../assembly/io/device";
import { DriverDispatch, DriverObject, Major, initializeDriver } from
  "../../../assembly/io/driver";
import { IoAllocateIrp, Irp } from "../../../assembly/io/irp";
import { CompletionRoutine, IoGetNextIrpStackLocation, IoMarkIrpPending, IoSetCompletionRoutine }
  from "../../../assembly/io/stack";
import { place } from "./machine";

function unloads(driver: DriverObject): void {}

/** A device whose driver answers every request with `routine`. */
export function makeDevice(routine: DriverDispatch): DeviceObject {
  const driver = place<DriverObject>(0);
  initializeDriver(driver, unloads, routine);
  const device = place<DeviceObject>(0);
  device.driver = driver;
  return device;
}

/** An IRP with one stack location, for an internal device control. */
export function makeIrp(): Irp {
  const found = IoAllocateIrp(1);
  if (found == null) return place<Irp>(64);
  IoGetNextIrpStackLocation(found).major = <u8>Major.INTERNAL_DEVICE_CONTROL;
  return found;
}

function answersKeep(irp: Irp, context: usize): NTSTATUS {
  return Status.MORE_PROCESSING_REQUIRED;
}

/** Sends a request to a driver whose dispatch routine is `routine`; its IRP, which is not freed. */
export function sendTo(routine: DriverDispatch): Irp {
  const irp = makeIrp();
  IoSetCompletionRoutine(irp, answersKeep, 0);
  IoCallDriver(makeDevice(routine), irp);
  return irp;
}

/** A dispatch routine that keeps its request, and says so. */
export function keepsRequest(device: usize, irp: Irp): NTSTATUS {
  IoMarkIrpPending(irp);
  return Status.PENDING;
}

/** Sends a request whose completion routine is `routine`, and completes it. */
export function completeWith(routine: CompletionRoutine): void {
  const irp = makeIrp();
  IoSetCompletionRoutine(irp, routine, 0);
  IoCallDriver(makeDevice(keepsRequest), irp);
  IoCompleteRequest(at<Irp>(changetype<usize>(irp), 0), Status.SUCCESS, 0);
}
