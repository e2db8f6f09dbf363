/** tcpip.sys: \Device\Ip, \Device\Tcp and \Device\Udp. Begin reading here. */

import { NTSTATUS, Status } from "../nt/status";
import { Parameter, queryParameter } from "../ex/registry";
import { Irql } from "../ke/processor";
import { KeLowerIrql, KeRaiseIrql } from "../ke/irql";
import { DeviceName, IoCreateDevice, IoDeleteDevice, IoGetDeviceObjectPointer } from "../io/device";
import { DriverObject, initializeDriver } from "../io/driver";
import { invalidRequest } from "../io/invalid";
import { Adapter, MAXIMUM_ADAPTERS, adapterAt } from "../ndis/adapter";
import { NdisCloseAdapter, NdisOpenAdapter } from "../ndis/protocol";
import { initializeArp } from "./arp";
import { cleanUpNeighbours } from "./neighbour";
import { initializeAddresses } from "./address";
import { initializeCounters } from "./counters";
import { cleanup, close, create, deviceControl, internalDeviceControl } from "./dispatch";
import { addInterface, interfaceAt, removeInterface } from "./interface";
import { cleanUpEcho, initializeEcho } from "./ip/echo";
import { cleanUpReassembly, initializeReassembly } from "./ip/reassemble";
import { dropQueued, initializeSends } from "./ip/send";
import { receivePackets, sendComplete } from "./protocol";
import { initializeNotices } from "./tcp/notice";
import { addGateway, deleteRoutes, initializeRoutes } from "./route";
import { initializeConnect } from "./tcp/connect";
import { initializeConnections } from "./tcp/connection";
import { destroy } from "./tcp/destroy";
import { expire } from "./tcp/expire";
import { repeatSynAcks } from "./tcp/handshake";
import { initializeHash } from "./tcp/hash";
import { initializeSynAttack } from "./tcp/synattack";
import { deleteSynCache, initializeSynCache } from "./tcp/syncache";
import { initializeCookies } from "./tcp/syncookie";
import { deleteTable, initializeTable } from "./tcp/table";
import { NO_POSITION, nextConnection, takeConnectionAt } from "./tcp/walk";
import { initializeChallenges } from "./tcp/challenge";
import { initializeCongestion } from "./tcp/congestion";
import { deleteSentList, initializeSent } from "./tcp/sent";
import { deleteExtensionList, initializeExtensions } from "./tcp/extension";
import { deleteTcbList, dereferenceTcb, initializeTcbs } from "./tcp/tcb";
import { deleteAckDeadlines } from "./tcp/ackdeadline";
import { initializeDelayedAcks } from "./tcp/delayedack";
import { initializeTcpTimers, stopTcpTimers } from "./tcp/timer";

const DRIVER: usize = memory.data(32);
if (offsetof<DriverObject>() > 32) ERROR("DRIVER");

/** DriverEntry. IRQL: PASSIVE_LEVEL. INSUFFICIENT_RESOURCES: no memory for the connection table. */
export function DriverEntry(): NTSTATUS {
  const driver = changetype<DriverObject>(DRIVER);
  initializeDriver(driver, unload, invalidRequest);
  driver.create = create;
  driver.cleanup = cleanup;
  driver.close = close;
  driver.deviceControl = deviceControl;
  driver.internalDeviceControl = internalDeviceControl;
  initializeCounters();
  initializeSends();
  initializeRoutes();
  initializeArp();
  initializeReassembly();
  initializeEcho();
  initializeAddresses();
  initializeConnections();
  initializeNotices();
  initializeTcbs();
  initializeExtensions();
  initializeSent();
  initializeChallenges();
  initializeCongestion();
  initializeHash();
  initializeSynAttack();
  initializeConnect();
  initializeTcpTimers(expire);
  initializeSynCache(repeatSynAcks);
  initializeCookies();
  initializeDelayedAcks();
  if (!initializeTable()) return Status.INSUFFICIENT_RESOURCES;
  IoCreateDevice(driver, DeviceName.Ip);
  IoCreateDevice(driver, DeviceName.Tcp);
  IoCreateDevice(driver, DeviceName.Udp);
  return Status.SUCCESS;
}

/** Binds IP to a card, with its address. IRQL: PASSIVE_LEVEL. */
export function bindInterface(index: u32, address: u32, mask: u32, gateway: u32): NTSTATUS {
  const adapter: Adapter | null = adapterAt(index);
  if (adapter == null) return Status.NO_SUCH_DEVICE;
  if (interfaceAt(index) != null) return Status.ADDRESS_ALREADY_EXISTS;
  const mtu = queryParameter(Parameter.MTU);
  const made = addInterface(adapter, address, mask, gateway, mtu);
  if (made == null) return Status.INSUFFICIENT_RESOURCES;
  return NdisOpenAdapter(adapter, changetype<usize>(made), receivePackets, sendComplete);
}

/**
 * One more default gateway for the interface on a card. Before traffic comes.
 * IRQL: PASSIVE_LEVEL.
 */
export function bindGateway(index: u32, gateway: u32): NTSTATUS {
  const via = interfaceAt(index);
  if (via == null) return Status.NO_SUCH_DEVICE;
  return addGateway(via, gateway) ? Status.SUCCESS : Status.INSUFFICIENT_RESOURCES;
}

/** DriverUnload: every connection ends, every block of pool goes back. */
function unload(driver: DriverObject): void {
  const irql = KeRaiseIrql(Irql.DISPATCH);
  destroyAll();
  cleanUpEcho();
  KeLowerIrql(irql);
  stopTcpTimers();
  deleteAckDeadlines();
  deleteSynCache();
  cleanUpReassembly();
  cleanUpNeighbours();
  dropQueued();
  for (let i: u32 = 0; i < MAXIMUM_ADAPTERS; i++) {
    const adapter = adapterAt(i);
    if (adapter != null && interfaceAt(i) != null) NdisCloseAdapter(adapter);
    removeInterface(i);
  }
  deleteTable();
  deleteRoutes();
  deleteTcbList();
  deleteExtensionList();
  deleteSentList();
  removeDevice(DeviceName.Ip);
  removeDevice(DeviceName.Tcp);
  removeDevice(DeviceName.Udp);
}

/** Ends every connection. What leaves the table lets others move up: a position may come again. */
function destroyAll(): void {
  let position = nextConnection(0);
  while (position != NO_POSITION) {
    const tcb = takeConnectionAt(position);
    if (tcb != null) {
      destroy(tcb);
      dereferenceTcb(tcb);
    }
    position = nextConnection(position);
  }
}

function removeDevice(name: DeviceName): void {
  const device = IoGetDeviceObjectPointer(name);
  if (device != null) IoDeleteDevice(device);
}

/** Unloads the driver. IRQL: PASSIVE_LEVEL. */
export function unloadDriver(): void {
  const driver = changetype<DriverObject>(DRIVER);
  driver.unload(driver);
}
