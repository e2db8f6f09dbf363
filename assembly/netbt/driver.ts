/** netbt.sys: NetBIOS over TCP/IP (RFC 1001, RFC 1002). Begin reading here. */

import { at } from "../nt/embed";
import { NTSTATUS, NT_SUCCESS, Status } from "../nt/status";
import { IoCreateDevice, IoDeleteDevice, IoGetDeviceObjectPointer } from "../io/device";
import { DriverObject, initializeDriver } from "../io/driver";
import { invalidRequest } from "../io/invalid";
import { MAXIMUM_ADAPTERS } from "../ndis/adapter";
import { NetbiosAddress } from "../tdi/address";
import { DEVICES, boundDevice, deviceName, initializeDevices, netbtDevice } from "./device";
import { cleanup, close, create, internalDeviceControl } from "./dispatch";
import { cleanUpResolve, initializeResolve, writeHost } from "./resolve";
import { cleanUpSend, initializeSend } from "./session/send";
import { initializeSessionTimer, stopSessionTimer } from "./session/timer";
import { closeListener, openListener } from "./session/worker";

const DRIVER: usize = memory.data(32);
if (offsetof<DriverObject>() > 32) ERROR("DRIVER");

/** DriverEntry: devices come with `bindNetbt`. IRQL: PASSIVE_LEVEL. */
export function DriverEntry(): NTSTATUS {
  const driver = changetype<DriverObject>(DRIVER);
  initializeDriver(driver, unload, invalidRequest);
  driver.create = create;
  driver.cleanup = cleanup;
  driver.close = close;
  driver.internalDeviceControl = internalDeviceControl;
  initializeDevices();
  initializeResolve();
  initializeSend();
  initializeSessionTimer();
  return Status.SUCCESS;
}

/**
 * Makes the device of a card, whose address the interface on it has, or, for `index`
 * MAXIMUM_ADAPTERS, \Device\NetbiosSmb. ADDRESS_ALREADY_EXISTS: it is there. IRQL: PASSIVE_LEVEL.
 */
export function bindNetbt(index: u32, address: u32, mask: u32): NTSTATUS {
  if (index > MAXIMUM_ADAPTERS) return Status.NO_SUCH_DEVICE;
  if (boundDevice(index) != null) return Status.ADDRESS_ALREADY_EXISTS;
  const device = netbtDevice(index);
  device.address = address;
  device.mask = mask;
  const status = openListener(device);
  if (!NT_SUCCESS(status)) return status;
  const object = IoCreateDevice(changetype<DriverObject>(DRIVER), deviceName(index));
  object.extension = changetype<usize>(device);
  // A message goes down in its client's own request.
  object.stackSize = 2;
  return Status.SUCCESS;
}

/** Writes a name and its address, as a line of LMHOSTS does. IRQL: PASSIVE_LEVEL. */
export function writeNetbtHost(name: usize, address: u32): NTSTATUS {
  return writeHost(at<NetbiosAddress>(name, 0), address);
}

/** DriverUnload: its clients have closed what they had. */
function unload(driver: DriverObject): void {
  for (let i: u32 = 0; i < DEVICES; i++) {
    const device = IoGetDeviceObjectPointer(deviceName(i));
    if (device == null) continue;
    closeListener(netbtDevice(i));
    IoDeleteDevice(device);
  }
  stopSessionTimer();
  cleanUpSend();
  cleanUpResolve();
}

/** Unloads the driver. IRQL: PASSIVE_LEVEL. */
export function unloadDriver(): void {
  const driver = changetype<DriverObject>(DRIVER);
  driver.unload(driver);
}
