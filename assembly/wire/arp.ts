/** ARP for IPv4 on Ethernet (RFC 826). */

import { be16, be32, setBe16, setBe32 } from "./bytes";
import { ETHERNET_ADDRESS, EtherType } from "./ethernet";

/** Where each field begins. */
const enum Field {
  HardwareType = 0,
  ProtocolType = 2,
  HardwareLength = 4,
  ProtocolLength = 5,
  Operation = 6,
  SenderHardware = 8,
  SenderProtocol = 14,
  TargetHardware = 18,
  TargetProtocol = 24,
}

/** Octets of a packet. */
export const ARP_PACKET: u32 = 28;

/** ar$op. */
export const enum ArpOperation {
  REQUEST = 1,
  REPLY = 2,
}

/** ar$hrd, for Ethernet. */
const HARDWARE_ETHERNET: u32 = 1;

/** An ARP packet where it lies in the frame. */
@unmanaged
export class ArpPacket {
  /** True when it is about IPv4 addresses on Ethernet. */
  get isIpv4OnEthernet(): bool {
    const base = changetype<usize>(this);
    return (
      be16(base, Field.HardwareType) == HARDWARE_ETHERNET &&
      be16(base, Field.ProtocolType) == EtherType.IPV4 &&
      load<u8>(base + Field.HardwareLength) == <u8>ETHERNET_ADDRESS &&
      load<u8>(base + Field.ProtocolLength) == 4
    );
  }
  get operation(): u32 {
    return be16(changetype<usize>(this), Field.Operation);
  }
  get senderProtocol(): u32 {
    return be32(changetype<usize>(this), Field.SenderProtocol);
  }
  get targetProtocol(): u32 {
    return be32(changetype<usize>(this), Field.TargetProtocol);
  }
  get senderHardware(): usize {
    return changetype<usize>(this) + Field.SenderHardware;
  }
  get targetHardware(): usize {
    return changetype<usize>(this) + Field.TargetHardware;
  }
  set operation(value: u32) {
    setBe16(changetype<usize>(this), Field.Operation, value);
  }
  set senderProtocol(value: u32) {
    setBe32(changetype<usize>(this), Field.SenderProtocol, value);
  }
  set targetProtocol(value: u32) {
    setBe32(changetype<usize>(this), Field.TargetProtocol, value);
  }
  /** Writes the fields that are always the same here. */
  begin(): void {
    const base = changetype<usize>(this);
    setBe16(base, Field.HardwareType, HARDWARE_ETHERNET);
    setBe16(base, Field.ProtocolType, EtherType.IPV4);
    store<u8>(base + Field.HardwareLength, <u8>ETHERNET_ADDRESS);
    store<u8>(base + Field.ProtocolLength, 4);
  }
}
