/** Ethernet: addresses and types; IEEE 802.3 with SNAP (RFC 894, RFC 1042). */

import { be16, setBe16 } from "./bytes";

/** Where each field begins. */
const enum Field {
  Destination = 0,
  Source = 6,
  Type = 12,
  LlcSnap = 14,
  SnapType = 20,
}

/** Octets of a header. */
export const ETHERNET_HEADER: u32 = 14;
/** Header with LLC and SNAP behind it. */
export const SNAP_HEADER: u32 = 22;
/** Octets of an address. */
export const ETHERNET_ADDRESS: u32 = 6;

/** Types of what a frame carries. */
export const enum EtherType {
  IPV4 = 0x0800,
  ARP = 0x0806,
}

/** What is below this is a length, not a type. */
const FIRST_TYPE: u32 = 0x0600;

/** Type of the frame, or its length. */
export function etherType(frame: usize): u32 {
  return be16(frame, Field.Type);
}

/** True when the frame is IEEE 802.3 and carries SNAP with an Ethernet type. */
export function isSnap(frame: usize, length: u32): bool {
  if (length < SNAP_HEADER || etherType(frame) >= FIRST_TYPE) return false;
  const organization = load<u16>(frame + Field.LlcSnap + 4);
  return load<u32>(frame + Field.LlcSnap) == 0x0003aaaa && organization == 0;
}

/** The type behind LLC and SNAP. */
export function snapType(frame: usize): u32 {
  return be16(frame, Field.SnapType);
}

/** Octets before the datagram of a frame that is Ethernet, or SNAP. */
export function linkHeaderLength(frame: usize): u32 {
  return etherType(frame) >= FIRST_TYPE ? ETHERNET_HEADER : SNAP_HEADER;
}

/** The group bit: broadcast or multicast. */
export function isGroup(frame: usize): bool {
  return (load<u8>(frame) & 1) != 0;
}

/** Where the destination address lies. */
export function destinationOf(frame: usize): usize {
  return frame + Field.Destination;
}

/** Where the source address lies. */
export function sourceOf(frame: usize): usize {
  return frame + Field.Source;
}

/** Copies an address of six octets. */
export function copyAddress(target: usize, source: usize): void {
  store<u32>(target, load<u32>(source));
  store<u16>(target + 4, load<u16>(source + 4));
}

/** True when two addresses are equal. */
export function isSameAddress(a: usize, b: usize): bool {
  return load<u32>(a) == load<u32>(b) && load<u16>(a + 4) == load<u16>(b + 4);
}

/** ff-ff-ff-ff-ff-ff */
export function setBroadcast(target: usize): void {
  store<u32>(target, 0xffffffff);
  store<u16>(target + 4, 0xffff);
}

/** Writes the type. */
export function setEtherType(frame: usize, type: EtherType): void {
  setBe16(frame, Field.Type, type);
}
