/** Which transport stands behind a socket. */

import { DeviceName, DeviceObject, IoGetDeviceObjectPointer } from "../io/device";
import { SocketKind } from "./endpoint";

/** The transport for sockets of `kind`; null: it is not there. IRQL: any. */
export function transportOf(kind: u32): DeviceObject | null {
  switch (kind) {
    case SocketKind.DATAGRAM:
      return IoGetDeviceObjectPointer(DeviceName.Udp);
    case SocketKind.NETBIOS:
      return IoGetDeviceObjectPointer(DeviceName.NetBT);
    case SocketKind.NETBIOS_DIRECT:
      return IoGetDeviceObjectPointer(DeviceName.NetbiosSmb);
    default:
      return IoGetDeviceObjectPointer(DeviceName.Tcp);
  }
}
