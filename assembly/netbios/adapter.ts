/** ADAPTER_STATUS with its NAME_BUFFERs, as nb30.h lays them out (nt-facts 6.3). */

import { at } from "../nt/embed";
import { RtlCopyMemory, RtlZeroMemory } from "../nt/memory";
import { ETHERNET_ADDRESS } from "../wire/ethernet";
import { NAME_OCTETS } from "./ncb";

/** `adapter_type`: an Ethernet's. */
const ETHERNET_ADAPTER: u8 = 0xfe;
/** NetBIOS 3.0. */
const REVISION: u8 = 3;
/** Names, sessions and NCBs that a LANA has at most. */
const MOST: u16 = 254;
/** Octets of a message, and of a datagram, at most. */
const MOST_MESSAGE: u16 = 0xffff;
const MOST_DATAGRAM: u16 = 0xf000;

/** Bits of `name_flags` besides NameState (environment.ts). */
export const enum NameBufferFlag {
  /** A duplicate was detected. */
  DUPLICATE = 6,
  GROUP_NAME = 0x80,
}

/** ADAPTER_STATUS. Not done: counts of frames, which NT's NetBT does not give either. */
@unmanaged
class AdapterStatus {
  private address0: u16;
  private address1: u16;
  private address2: u16;
  revisionMajor: u8;
  private reserved0: u8;
  adapterType: u8;
  revisionMinor: u8;
  private words0: u16;
  private words1: u16;
  private words2: u16;
  private words3: u16;
  private words4: u16;
  private counts0: u32;
  private counts1: u32;
  private words5: u16;
  private words6: u16;
  private words7: u16;
  private words8: u16;
  private reserved1: u32;
  freeNcbs: u16;
  mostConfiguredNcbs: u16;
  mostNcbs: u16;
  private words9: u16;
  mostDatagram: u16;
  pendingSessions: u16;
  mostConfiguredSessions: u16;
  mostSessions: u16;
  mostMessage: u16;
  nameCount: u16;
}
/** Octets of an ADAPTER_STATUS. */
export const STATUS_OCTETS: u32 = 60;
if (offsetof<AdapterStatus>() != 60) ERROR("ADAPTER_STATUS has 60 octets");

/** NAME_BUFFER, behind the 16 octets of the name. */
@unmanaged
class NameTail {
  number: u8;
  flags: u8;
}
/** Octets of a NAME_BUFFER. */
export const NAME_BUFFER: u32 = 18;

/** Writes all but the names; `mac`: six octets, or 0. */
export function writeAdapterStatus(
  place: usize,
  mac: usize,
  names: u32,
  pendingSessions: u32,
): void {
  RtlZeroMemory(place, STATUS_OCTETS);
  const status = at<AdapterStatus>(place, 0);
  if (mac) RtlCopyMemory(place, mac, ETHERNET_ADDRESS);
  status.revisionMajor = REVISION;
  status.adapterType = ETHERNET_ADAPTER;
  status.freeNcbs = MOST;
  status.mostConfiguredNcbs = MOST;
  status.mostNcbs = MOST;
  status.mostDatagram = MOST_DATAGRAM;
  status.pendingSessions = <u16>pendingSessions;
  status.mostConfiguredSessions = MOST;
  status.mostSessions = MOST;
  status.mostMessage = MOST_MESSAGE;
  status.nameCount = <u16>names;
}

/** Writes one name; returns where the next one goes. */
export function writeNameBuffer(place: usize, octets: usize, number: u32, flags: u32): usize {
  RtlCopyMemory(place, octets, NAME_OCTETS);
  const tail = at<NameTail>(place, NAME_OCTETS);
  tail.number = <u8>number;
  tail.flags = <u8>flags;
  return place + NAME_BUFFER;
}
