/** DEVICE_OBJECT: what requests are sent to; devices are named by number. */

import { DriverObject } from "./driver";

/** The names under \Device. */
export const enum DeviceName {
  /** \Device\Ip */
  Ip,
  /** \Device\Tcp */
  Tcp,
  /** \Device\Udp */
  Udp,
  /** \Device\Afd */
  Afd,
  /** \Device\NetBT_…, one for each card that it is bound to: NetBT and the card's number. */
  NetBT,
  /** \Device\NetbiosSmb: sessions without names, on port 445. */
  NetbiosSmb = 12,
  COUNT,
}

/** A device. */
@unmanaged
export class DeviceObject {
  driver: DriverObject;
  name: DeviceName;
  /** 1 from IoCreateDevice to IoDeleteDevice. */
  present: u16;
  /** Locations that a request to it needs: its own, and those of the devices below it. */
  stackSize: u16;
  /** Its driver's own structure (DeviceExtension), or 0. */
  extension: usize;
}

const DEVICES: usize = memory.data(256);
if (DeviceName.COUNT * 16 > 256) ERROR("DEVICES holds one DeviceObject for each name");
if (offsetof<DeviceObject>() != 16) ERROR("DeviceObject");

function deviceAt(name: DeviceName): DeviceObject {
  return changetype<DeviceObject>(DEVICES + (<usize>name << 4));
}

/** Makes the device of that name. IRQL: PASSIVE_LEVEL. */
export function IoCreateDevice(driver: DriverObject, name: DeviceName): DeviceObject {
  const device = deviceAt(name);
  device.driver = driver;
  device.name = name;
  device.stackSize = 1;
  device.extension = 0;
  device.present = 1;
  return device;
}

export function IoDeleteDevice(device: DeviceObject): void {
  device.present = 0;
}

/** The device of that name, or null. IRQL: any. */
export function IoGetDeviceObjectPointer(name: DeviceName): DeviceObject | null {
  const device = deviceAt(name);
  return device.present ? device : null;
}
