/** Which transport stands behind a socket. */

import { DeviceName, DeviceObject, IoGetDeviceObjectPointer } from "../io/device";
import { SocketKind } from "./endpoint";

/** The transport for sockets of `kind`; null: it is not there. IRQL: any. */
export function transportOf(kind: u32): DeviceObject | null {
  return IoGetDeviceObjectPointer(kind == SocketKind.DATAGRAM ? DeviceName.Udp : DeviceName.Tcp);
}
