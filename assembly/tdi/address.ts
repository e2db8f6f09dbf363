/**
 * Transport addresses (TA_ADDRESS): of IP, an address and a port, two words of the request; of
 * NetBIOS, a structure that the request points at (nt-facts 4.1, 5.1).
 */

import { RtlCopyMemory } from "../nt/memory";
import { NetbiosName } from "../wire/nbname";

/** TDI_ADDRESS_NETBIOS_TYPE_*: how a name is to be had. */
export const enum NetbiosNameType {
  UNIQUE = 0,
  GROUP = 1,
  /** Nobody is asked whether they have it: those of a machine's own. */
  QUICK_UNIQUE = 2,
  QUICK_GROUP = 3,
}

/**
 * TDI_ADDRESS_NETBIOS: a name and what it is, 16 octets first. Where an address object is opened
 * with one, word0 of IRP_MJ_CREATE says where it lies; in TDI_CONNECT and TDI_SEND_DATAGRAM it lies
 * there until the request completes; in an indication, during the call.
 */
@unmanaged
export class NetbiosAddress extends NetbiosName {
  type: NetbiosNameType;
  get isGroup(): bool {
    return this.type == NetbiosNameType.GROUP || this.type == NetbiosNameType.QUICK_GROUP;
  }
}
if (offsetof<NetbiosAddress>("type") != 16) ERROR("a NetBIOS name has 16 octets");

/** Copies name and type. */
export function copyNetbiosAddress(target: NetbiosAddress, source: NetbiosAddress): void {
  RtlCopyMemory(changetype<usize>(target), changetype<usize>(source), offsetof<NetbiosAddress>());
}
