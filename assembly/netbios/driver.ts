/**
 * netbios.sys, as far as names and datagrams of programs need it: a client of \Device\NetBT. The
 * calls are user mode's: index.ts exports them. Not done: Netbios(NCB) with its sessions and LANAs
 * (nt-facts 6), which is for the driver to come.
 */

import { at } from "../nt/embed";
import { NTSTATUS, Status } from "../nt/status";
import { DeviceName, DeviceObject, IoGetDeviceObjectPointer } from "../io/device";
import { NetbiosAddress } from "../tdi/address";
import { NetbtControl } from "../tdi/netbt";
import { NetbiosName } from "../wire/nbname";
import { AddedName, addName, deleteName, receiveDatagram, sendDatagram } from "./name";
import { statusOfName } from "./name";
import { Asked, ask, statusOf, takeAnswer } from "./request";

/** Names of all programs, and requests under way, at most; a handle is an index counted from 1. */
const MOST: u32 = 256;
const NAMES: usize = memory.data(1024);
const REQUESTS: usize = memory.data(1024);

@unmanaged
class NameSlot {
  value: AddedName | null;
}

@unmanaged
class RequestSlot {
  value: Asked | null;
}

function nameSlot(handle: u32): NameSlot {
  return changetype<NameSlot>(NAMES + (<usize>(handle - 1) << 2));
}

function requestSlot(handle: u32): RequestSlot {
  return changetype<RequestSlot>(REQUESTS + (<usize>(handle - 1) << 2));
}

function nameOf(handle: u32): AddedName | null {
  return handle == 0 || handle > MOST ? null : nameSlot(handle).value;
}

function requestOf(handle: u32): Asked | null {
  return handle == 0 || handle > MOST ? null : requestSlot(handle).value;
}

function netbt(): DeviceObject | null {
  return IoGetDeviceObjectPointer(DeviceName.NetBT);
}

/** Unloads the driver: what programs left is closed. IRQL: PASSIVE_LEVEL. */
export function unloadDriver(): void {
  for (let handle: u32 = 1; handle <= MOST; handle++) netbiosDelete(handle);
}

/** What programs left of requests: once \Device\NetBT has ended them. IRQL: PASSIVE_LEVEL. */
export function deleteRequests(): void {
  for (let handle: u32 = 1; handle <= MOST; handle++) netbiosAnswer(handle, 0, 0);
}

/*
 * What user mode calls. A call on what is no handle is answered with INVALID_HANDLE. IRQL:
 * PASSIVE_LEVEL. Locks: none.
 */

/** Adds the name of the NetbiosAddress at `address`; a handle, or a negative NTSTATUS. */
export function netbiosAdd(address: usize): i32 {
  const device = netbt();
  if (device == null) return Status.NO_SUCH_DEVICE;
  for (let handle: u32 = 1; handle <= MOST; handle++) {
    if (nameSlot(handle).value != null) continue;
    const name = addName(device, at<NetbiosAddress>(address, 0));
    nameSlot(handle).value = name;
    return name == null ? Status.INSUFFICIENT_RESOURCES : <i32>handle;
  }
  return Status.INSUFFICIENT_RESOURCES;
}

/** How adding it went; PENDING: it is still asked for. */
export function netbiosStatus(handle: u32): NTSTATUS {
  const name = nameOf(handle);
  return name == null ? Status.INVALID_HANDLE : statusOfName(name);
}

/** Deletes it; the handle is gone. */
export function netbiosDelete(handle: u32): NTSTATUS {
  const name = nameOf(handle);
  if (name == null) return Status.INVALID_HANDLE;
  nameSlot(handle).value = null;
  deleteName(name);
  return Status.SUCCESS;
}

/** Sends a datagram to the NetbiosAddress at `to`. */
export function netbiosSend(handle: u32, to: usize, buffer: usize, length: u32): NTSTATUS {
  const name = nameOf(handle);
  if (name == null) return Status.INVALID_HANDLE;
  return sendDatagram(name, at<NetbiosAddress>(to, 0), buffer, length);
}

/** The oldest datagram that came: its sender's name and address, then its data. */
export function netbiosReceive(handle: u32, buffer: usize, length: u32): i32 {
  const name = nameOf(handle);
  return name == null ? Status.INVALID_HANDLE : receiveDatagram(name, buffer, length);
}

/** A NetbtControl; `octets`: room for its answer. A handle, or a negative NTSTATUS. */
export function netbiosAsk(code: i32, name: usize, address: u32, octets: u32): i32 {
  const device = netbt();
  if (device == null) return Status.NO_SUCH_DEVICE;
  for (let handle: u32 = 1; handle <= MOST; handle++) {
    if (requestSlot(handle).value != null) continue;
    const asked = ask(device, <NetbtControl>code, at<NetbiosName>(name, 0), address, octets);
    requestSlot(handle).value = asked;
    return asked == null ? Status.INSUFFICIENT_RESOURCES : <i32>handle;
  }
  return Status.INSUFFICIENT_RESOURCES;
}

/** How a request ended; PENDING: it has not. */
export function netbiosAsked(handle: u32): NTSTATUS {
  const asked = requestOf(handle);
  return asked == null ? Status.INVALID_HANDLE : statusOf(asked);
}

/** Octets of its answer, copied to `buffer`; the handle is gone. 0 while it has not ended. */
export function netbiosAnswer(handle: u32, buffer: usize, length: u32): u32 {
  const asked = requestOf(handle);
  if (asked == null || statusOf(asked) == Status.PENDING) return 0;
  requestSlot(handle).value = null;
  return takeAnswer(asked, buffer, length);
}
