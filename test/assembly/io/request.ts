/** Devices, requests, completion and cancellation as exports, over those of the floors below. */

import { NTSTATUS } from "../../../assembly/nt/status";
import { ExAllocate } from "../../../assembly/ex/pool";
import { Tag } from "../../../assembly/ex/tag";
import { DeviceName, DeviceObject, IoCreateDevice } from "../../../assembly/io/device";
import { DriverObject, initializeDriver } from "../../../assembly/io/driver";
import { invalidRequest } from "../../../assembly/io/invalid";
import { CreateParameters } from "../../../assembly/io/create";
import { FileObject } from "../../../assembly/io/file";
import { Irp } from "../../../assembly/io/irp";
import { Mdl } from "../../../assembly/io/mdl";
import { IoSetCancelRoutine } from "../../../assembly/io/cancel";
import { IoSetCompletionRoutine, StackLocation, parametersOf } from
  "../../../assembly/io/stack";
import { onRoutine } from "../routine";

export * from "../ex/memory";
export { Status, NT_SUCCESS } from "../../../assembly/nt/status";
export { IrpState } from "../../../assembly/vf/irps";
export { DeviceName, IoDeleteDevice, IoGetDeviceObjectPointer } from
  "../../../assembly/io/device";
export { Major } from "../../../assembly/io/driver";
export {
  IoAllocateIrp, IoFreeIrp, IoInitializeIrp, MAXIMUM_STACK, deleteIrpLists, initializeIrps,
  irpsInUse,
} from "../../../assembly/io/irp";
export { IoGetCurrentIrpStackLocation, IoGetNextIrpStackLocation, IoMarkIrpPending,
  stackLocation } from "../../../assembly/io/stack";
export { IoCallDriver, IoSetNextIrpStackLocation } from "../../../assembly/io/call";
export { IoCompleteRequest } from "../../../assembly/io/complete";
export {
  IoAcquireCancelSpinLock, IoCancelIrp, IoReleaseCancelSpinLock, cancelLock, initializeCancel,
} from "../../../assembly/io/cancel";
export { IoCloseFile, IoCreateFile, createStatus } from "../../../assembly/io/create";
export { copyToMdl, describe, mdlLength } from "../../../assembly/io/mdl";

/** Octets of the structures. */
export const MDL_OCTETS: u32 = <u32>offsetof<Mdl>();
export const LOCATION_OCTETS: u32 = <u32>offsetof<StackLocation>();

/** The number of the routine of each device, by its name. */
const DISPATCH: usize = memory.data(64);

function dispatch(device: usize, irp: Irp): NTSTATUS {
  const name = <usize>changetype<DeviceObject>(device).name;
  return onRoutine(load<u32>(DISPATCH + (name << 2)), device, changetype<usize>(irp));
}

function completed(irp: Irp, context: usize): NTSTATUS {
  return onRoutine(context, changetype<usize>(irp), context);
}

function cancelled(irp: Irp): void {
  onRoutine(irp.driverContext, changetype<usize>(irp), 0);
}

function unload(driver: DriverObject): void {}

/** A device whose driver runs the routine `id`, but for DEVICE_CONTROL; 0: there is no memory. */
export function createDevice(name: DeviceName, id: u32): usize {
  const driver = ExAllocate<DriverObject>(Tag.Driver);
  if (driver == null) return 0;
  initializeDriver(driver, unload, invalidRequest);
  driver.create = dispatch;
  driver.close = dispatch;
  driver.cleanup = dispatch;
  driver.internalDeviceControl = dispatch;
  store<u32>(DISPATCH + (<usize>name << 2), id);
  return changetype<usize>(IoCreateDevice(driver, name));
}

/** Has the routine `id` run when the next lower driver has completed `irp`. */
export function setCompletion(irp: Irp, id: u32): void {
  IoSetCompletionRoutine(irp, completed, id);
}

/** Makes `irp` cancelable by the routine `id`; true when it was already. */
export function setCancel(irp: Irp, id: u32): bool {
  irp.driverContext = id;
  return IoSetCancelRoutine(irp, cancelled) != null;
}

/** Takes the cancel routine away; true when there was one: the caller owns the completion. */
export function clearCancel(irp: Irp): bool {
  return IoSetCancelRoutine(irp, null) != null;
}

export function isCancelable(irp: Irp): bool {
  return irp.cancelRoutine != null;
}

/** Whether IoCancelIrp was called. */
export function isCancelled(irp: Irp): bool {
  return irp.cancel != 0;
}

export function cancelIrqlOf(irp: Irp): i32 {
  return irp.cancelIrql;
}

export function statusOf(irp: Irp): NTSTATUS {
  return irp.status;
}

export function informationOf(irp: Irp): u32 {
  return irp.information;
}

export function stateOf(irp: Irp): u32 {
  return irp.state;
}

export function stackCountOf(irp: Irp): u32 {
  return irp.stackCount;
}

export function currentLocationOf(irp: Irp): u32 {
  return irp.currentLocation;
}

export function isPending(irp: Irp): bool {
  return irp.pendingReturned != 0;
}

export function setLocation(location: StackLocation, major: u32, parameter0: u32): void {
  location.major = <u8>major;
  location.parameter0 = parameter0;
}

export function majorOf(location: StackLocation): u32 {
  return location.major;
}

export function parameterOf(location: StackLocation): u32 {
  return location.parameter0;
}

export function deviceOf(location: StackLocation): usize {
  return changetype<usize>(location.device);
}

export function fileOf(location: StackLocation): usize {
  return changetype<usize>(location.file);
}

export function createKind(irp: Irp): u32 {
  return parametersOf<CreateParameters>(irp).kind;
}

export function createWord0(irp: Irp): u32 {
  return parametersOf<CreateParameters>(irp).word0;
}

export function createWord1(irp: Irp): u32 {
  return parametersOf<CreateParameters>(irp).word1;
}

export function fileDevice(file: FileObject): usize {
  return changetype<usize>(file.device);
}

export function fileKind(file: FileObject): u32 {
  return file.fsContext2;
}

/** Puts `next` behind `mdl`. */
export function chain(mdl: Mdl, next: Mdl): void {
  mdl.next = next;
}
