/** DRIVER_OBJECT: a driver, and what it does for each major function. */

import { NTSTATUS } from "../nt/status";
import { Irp } from "./irp";

/** IRP_MJ_*, as the DDK numbers them. */
export const enum Major {
  CREATE = 0x00,
  CLOSE = 0x02,
  DEVICE_CONTROL = 0x0e,
  INTERNAL_DEVICE_CONTROL = 0x0f,
  CLEANUP = 0x12,
}

/**
 * A dispatch routine; `device` is where its DeviceObject lies. IRQL: <= DISPATCH_LEVEL. Locks:
 * none.
 */
export type DriverDispatch = (device: usize, irp: Irp) => NTSTATUS;
/** What a driver does before it goes. IRQL: PASSIVE_LEVEL. */
export type DriverUnload = (driver: DriverObject) => void;

/** A driver. */
@unmanaged
export class DriverObject {
  create: DriverDispatch;
  close: DriverDispatch;
  cleanup: DriverDispatch;
  deviceControl: DriverDispatch;
  internalDeviceControl: DriverDispatch;
  /** For every other major function. */
  invalid: DriverDispatch;
  unload: DriverUnload;
}

/** Gives every major function the same answer: io/invalid.ts has it for what a driver lacks. */
export function initializeDriver(
  driver: DriverObject,
  unload: DriverUnload,
  invalid: DriverDispatch,
): void {
  driver.create = invalid;
  driver.close = invalid;
  driver.cleanup = invalid;
  driver.deviceControl = invalid;
  driver.internalDeviceControl = invalid;
  driver.invalid = invalid;
  driver.unload = unload;
}

/** MajorFunction[major](device, irp). */
export function dispatchMajor(
  driver: DriverObject,
  major: u32,
  device: usize,
  irp: Irp,
): NTSTATUS {
  switch (major) {
    case Major.CREATE:
      return driver.create(device, irp);
    case Major.CLOSE:
      return driver.close(device, irp);
    case Major.CLEANUP:
      return driver.cleanup(device, irp);
    case Major.DEVICE_CONTROL:
      return driver.deviceControl(device, irp);
    case Major.INTERNAL_DEVICE_CONTROL:
      return driver.internalDeviceControl(device, irp);
    default:
      return driver.invalid(device, irp);
  }
}
