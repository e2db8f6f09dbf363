/** Who listens: clients that want to be asked when somebody connects to their address. */

import { TdiDefaultConnectHandler } from "../../tdi/event";
import { Protocol } from "../../wire/ipv4";
import { AddressObject, findAddress, leaveAddress } from "../address";

/** The client of `address` wants to be asked. */
export function isListening(address: AddressObject): bool {
  return address.handlers.connect != TdiDefaultConnectHandler;
}

/** Somebody listens on `port` of `localAddress`. IRQL: DISPATCH_LEVEL. Locks: none. */
export function isListenedFor(localAddress: u32, port: u32): bool {
  const address = findAddress(Protocol.TCP, localAddress, port);
  if (address == null) return false;
  const listens = isListening(address);
  leaveAddress(address);
  return listens;
}
