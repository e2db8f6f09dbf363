/** \Device\NetBT_… of each card, and \Device\NetbiosSmb: what NetBT has on each. */

import { at } from "../nt/embed";
import { InitializeListHead, ListEntry } from "../nt/list";
import { LockRank } from "../ke/lockorder";
import { KSpinLock, KeInitializeSpinLock } from "../ke/spinlock";
import { DeviceName, DeviceObject, IoGetDeviceObjectPointer } from "../io/device";
import { MAXIMUM_ADAPTERS } from "../ndis/adapter";

/** What a device is: its DeviceExtension. */
@unmanaged
export class NetbtDevice {
  private lockWord: u32;
  /** The card's number; MAXIMUM_ADAPTERS of \Device\NetbiosSmb. */
  index: u32;
  /** The card's address and mask; 0 of \Device\NetbiosSmb: any of this machine's. */
  address: u32;
  mask: u32;
  // Under `lock`:
  private addressFlink: usize;
  private addressBlink: usize;
  get lock(): KSpinLock {
    return at<KSpinLock>(changetype<usize>(this), offsetof<this>("lockWord"));
  }
  /** The addresses that clients have opened (address.ts). */
  get addresses(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("addressFlink"));
  }
  /** Whether sessions begin with a session request, for which names are. */
  get hasNames(): bool {
    return this.index != MAXIMUM_ADAPTERS;
  }
}

/** Devices: one for each card, and \Device\NetbiosSmb. */
export const DEVICES: u32 = MAXIMUM_ADAPTERS + 1;
const DEVICE_OCTETS: usize = 64;
const TABLE: usize = memory.data(576);
if (offsetof<NetbtDevice>() > DEVICE_OCTETS) ERROR("TABLE: a device has 64 octets");
if (<u32>DEVICE_OCTETS * DEVICES > 576) ERROR("TABLE holds all devices");
if (<i32>MAXIMUM_ADAPTERS > DeviceName.NetbiosSmb - DeviceName.NetBT) ERROR("a name for each card");

/** The device of that number, bound or not. IRQL: any. */
export function netbtDevice(index: u32): NetbtDevice {
  return at<NetbtDevice>(TABLE, <usize>index * DEVICE_OCTETS);
}

/** Its name. */
export function deviceName(index: u32): DeviceName {
  return index == MAXIMUM_ADAPTERS ? DeviceName.NetbiosSmb : DeviceName.NetBT + index;
}

/** The device of that number where it is bound, or null. IRQL: any. */
export function boundDevice(index: u32): NetbtDevice | null {
  return IoGetDeviceObjectPointer(deviceName(index)) == null ? null : netbtDevice(index);
}

/** What NetBT has on `device`. */
export function extensionOf(device: DeviceObject): NetbtDevice {
  return at<NetbtDevice>(device.extension, 0);
}

/** Makes all devices, none of them bound. Once, at start. */
export function initializeDevices(): void {
  for (let i: u32 = 0; i < DEVICES; i++) {
    const device = netbtDevice(i);
    KeInitializeSpinLock(device.lock, LockRank.NetbtDevice);
    device.index = i;
    InitializeListHead(device.addresses);
  }
}
