/** netbt.sys: NetBIOS over TCP/IP (RFC 1001, RFC 1002). Begin reading here. */

import { at } from "../nt/embed";
import { NTSTATUS, NT_SUCCESS, Status } from "../nt/status";
import { RtlCopyMemory, RtlZeroMemory } from "../nt/memory";
import { createStatus } from "../io/create";
import { DeviceName } from "../io/device";
import { IoCreateDevice, IoDeleteDevice, IoGetDeviceObjectPointer } from "../io/device";
import { DriverObject, initializeDriver } from "../io/driver";
import { invalidRequest } from "../io/invalid";
import { MAXIMUM_ADAPTERS } from "../ndis/adapter";
import { closeFile, openAddressFile } from "../tdi/client";
import { DATAGRAM_PORT, NAME_PORT, NetbiosName, SCOPE_LIMIT } from "../wire/nbname";
import { initializeCache, purgeCache, writeHost } from "./cache";
import { deviceControl } from "./control";
import { initializeNbtCounters } from "./counters";
import { DEVICES, boundDevice, deviceName, initializeDevices, netbtDevice } from "./device";
import { cleanup, close, create, internalDeviceControl } from "./dispatch";
import { cleanUpSend, initializeSend } from "./session/send";
import { initializeSessionTimer, stopSessionTimer } from "./session/timer";
import { closeListener, openListener } from "./session/worker";
import { cleanUpDistribution, fillDatagramHandlers, initializeDistribution } from "./distribution";
import { cleanUpNames, expireNames, fillNameHandlers } from "./nameservice";
import { initializeNameState, names, ownScope } from "./state";
import { cancelTrackers, initializeTrackers } from "./tracker";

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
  driver.deviceControl = deviceControl;
  initializeDevices();
  initializeSend();
  initializeSessionTimer();
  initializeNbtCounters();
  initializeNameState();
  initializeCache();
  initializeDistribution();
  initializeTrackers(expireNames);
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
  let status: NTSTATUS = Status.SUCCESS;
  if (device.hasNames && names().nameFile == null) status = openServices();
  if (NT_SUCCESS(status)) status = openListener(device);
  if (!NT_SUCCESS(status)) return status;
  const object = IoCreateDevice(changetype<DriverObject>(DRIVER), deviceName(index));
  object.extension = changetype<usize>(device);
  // A message goes down in its client's own request.
  object.stackSize = 2;
  return Status.SUCCESS;
}

/** The name and the datagram service: ports 137 and 138 of \Device\Udp. */
function openServices(): NTSTATUS {
  const udp = IoGetDeviceObjectPointer(DeviceName.Udp);
  if (udp == null) return Status.NO_SUCH_DEVICE;
  names().nameFile = openAddressFile(udp, 0, NAME_PORT, fillNameHandlers, 0);
  if (names().nameFile == null) return openFailed();
  names().datagramFile = openAddressFile(udp, 0, DATAGRAM_PORT, fillDatagramHandlers, 0);
  if (names().datagramFile != null) return Status.SUCCESS;
  const status = openFailed();
  closeServices();
  return status;
}

/** Why opening failed; it may have succeeded, and its handlers not. */
function openFailed(): NTSTATUS {
  return NT_SUCCESS(createStatus()) ? Status.INSUFFICIENT_RESOURCES : createStatus();
}

function closeServices(): void {
  closeFile(names().nameFile);
  closeFile(names().datagramFile);
  names().nameFile = null;
  names().datagramFile = null;
}

/**
 * Writes a name and one of its addresses, as a line of LMHOSTS does; `flags`: of HostFlag. IRQL:
 * PASSIVE_LEVEL.
 */
export function writeNetbtHost(name: usize, address: u32, flags: u32): NTSTATUS {
  return writeHost(at<NetbiosName>(name, 0), address, flags);
}

/**
 * Writes ScopeId: the labels as they stand on the wire, `length` octets without the last 0. Before
 * anything is bound. IRQL: PASSIVE_LEVEL.
 */
export function writeNetbtScope(labels: usize, length: u32): NTSTATUS {
  if (length >= SCOPE_LIMIT) return Status.INVALID_PARAMETER;
  RtlZeroMemory(ownScope(), SCOPE_LIMIT);
  RtlCopyMemory(ownScope(), labels, length);
  return Status.SUCCESS;
}

/** DriverUnload: its clients have closed what they had. */
function unload(driver: DriverObject): void {
  cancelTrackers();
  closeServices();
  for (let i: u32 = 0; i < DEVICES; i++) {
    const device = IoGetDeviceObjectPointer(deviceName(i));
    if (device == null) continue;
    closeListener(netbtDevice(i));
    IoDeleteDevice(device);
  }
  stopSessionTimer();
  cleanUpSend();
  cleanUpDistribution();
  cleanUpNames();
  purgeCache();
}

/** Unloads the driver. IRQL: PASSIVE_LEVEL. */
export function unloadDriver(): void {
  const driver = changetype<DriverObject>(DRIVER);
  driver.unload(driver);
}
