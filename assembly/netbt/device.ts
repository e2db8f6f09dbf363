/** \Device\NetBT_… of each card, and \Device\NetbiosSmb: what NetBT has on each. */

import { at } from "../nt/embed";
import { InitializeListHead, ListEntry } from "../nt/list";
import { Parameter, queryParameter } from "../ex/registry";
import { WorkItem } from "../ex/workitem";
import { LockRank } from "../ke/lockorder";
import { KSpinLock, KeInitializeSpinLock, mustHold } from "../ke/spinlock";
import { DeviceName, DeviceObject, IoGetDeviceObjectPointer } from "../io/device";
import { FileObject } from "../io/file";
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
  private listenFlink: usize;
  private listenBlink: usize;
  private freeFlink: usize;
  private freeBlink: usize;
  private busyFlink: usize;
  private busyBlink: usize;
  private openingFlink: usize;
  private openingBlink: usize;
  private retiredFlink: usize;
  private retiredBlink: usize;
  // Written under `lock`:
  /** Connection blocks that wait for a connection. */
  free: u32;
  /** Those that have one that came in, sessions included. */
  inbound: u32;
  /** Sessions that came in. */
  sessions: u32;
  /** Blocks that clients have added, and those that calls have (BacklogIncrement). */
  added: u32;
  grown: u32;
  /** What listens below: port 139 of the card's address, or 445. */
  listener: FileObject | null;
  // The work queue's own:
  private item0: u32;
  private item1: u32;
  private item2: u32;
  private item3: u32;
  private item4: u32;
  get lock(): KSpinLock {
    return at<KSpinLock>(changetype<usize>(this), offsetof<this>("lockWord"));
  }
  /** The addresses that clients have opened (address.ts). */
  get addresses(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("addressFlink"));
  }
  /** Endpoints with a TDI_LISTEN. */
  get listeners(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("listenFlink"));
  }
  /** Connection blocks that wait for a connection. */
  get freeBlocks(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("freeFlink"));
  }
  /** Those that have one, or want one. */
  get busyBlocks(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("busyFlink"));
  }
  /** Outgoing ones that the worker is to open. */
  get openingBlocks(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("openingFlink"));
  }
  /** Those whose connection is over: the worker closes it. */
  get retiredBlocks(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("retiredFlink"));
  }
  /** Opens and closes what can only be at PASSIVE_LEVEL. */
  get worker(): WorkItem {
    return at<WorkItem>(changetype<usize>(this), offsetof<this>("item0"));
  }
  /** Whether sessions begin with a session request, for which names are. */
  get hasNames(): bool {
    return this.index != MAXIMUM_ADAPTERS;
  }
}

/** Devices: one for each card, and \Device\NetbiosSmb. */
export const DEVICES: u32 = MAXIMUM_ADAPTERS + 1;
const DEVICE_OCTETS: usize = 128;
const TABLE: usize = memory.data(1152);
if (offsetof<NetbtDevice>() > DEVICE_OCTETS) ERROR("TABLE: a device has 128 octets");
if (offsetof<WorkItem>() > 20) ERROR("a device has room for a WorkItem");
if (<u32>DEVICE_OCTETS * DEVICES > 1152) ERROR("TABLE holds all devices");
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

/**
 * A client of `device` begins to listen, or has done with it: connection blocks come and go with
 * it (session/pool.ts), by the worker, which the caller queues.
 */
export function countListenerLocked(device: NetbtDevice, listens: bool): void {
  mustHold(device.lock);
  const count = queryParameter(Parameter.NtstackClientBlocks);
  device.added += listens ? count : 0 - count;
}

/** Makes all devices, none of them bound. Once, at start. */
export function initializeDevices(): void {
  for (let i: u32 = 0; i < DEVICES; i++) {
    const device = netbtDevice(i);
    KeInitializeSpinLock(device.lock, LockRank.NetbtDevice);
    device.index = i;
    InitializeListHead(device.addresses);
    InitializeListHead(device.listeners);
    InitializeListHead(device.freeBlocks);
    InitializeListHead(device.busyBlocks);
    InitializeListHead(device.openingBlocks);
    InitializeListHead(device.retiredBlocks);
  }
}
