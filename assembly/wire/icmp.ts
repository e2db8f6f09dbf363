/** ICMP (RFC 792). */

import { be16, setBe16, setBe32 } from "./bytes";

/** Where each field begins. */
const enum Field {
  Type = 0,
  Code = 1,
  Checksum = 2,
  Identifier = 4,
  SequenceNumber = 6,
  NextHopMtu = 6,
}

/** Octets of a header. */
export const ICMP_HEADER: u32 = 8;
/** Octets of the datagram's payload that an error quotes at least. */
export const ICMP_QUOTE: u32 = 8;

/** Types of message. */
export const enum IcmpType {
  ECHO_REPLY = 0,
  DESTINATION_UNREACHABLE = 3,
  SOURCE_QUENCH = 4,
  REDIRECT = 5,
  ECHO = 8,
  TIME_EXCEEDED = 11,
  PARAMETER_PROBLEM = 12,
}

/** Codes of DESTINATION_UNREACHABLE. */
export const enum Unreachable {
  NET = 0,
  HOST = 1,
  PROTOCOL = 2,
  PORT = 3,
  FRAGMENTATION_NEEDED = 4,
  SOURCE_ROUTE_FAILED = 5,
  NET_PROHIBITED = 9,
  HOST_PROHIBITED = 10,
  COMMUNICATION_PROHIBITED = 13,
}

/** An ICMP message where it lies. */
@unmanaged
export class IcmpHeader {
  get type(): u32 {
    return load<u8>(changetype<usize>(this) + Field.Type);
  }
  get code(): u32 {
    return load<u8>(changetype<usize>(this) + Field.Code);
  }
  get identifier(): u32 {
    return be16(changetype<usize>(this), Field.Identifier);
  }
  get sequenceNumber(): u32 {
    return be16(changetype<usize>(this), Field.SequenceNumber);
  }
  /** RFC 1191, 4. */
  get nextHopMtu(): u32 {
    return be16(changetype<usize>(this), Field.NextHopMtu);
  }
  set identifier(value: u32) {
    setBe16(changetype<usize>(this), Field.Identifier, value);
  }
  set sequenceNumber(value: u32) {
    setBe16(changetype<usize>(this), Field.SequenceNumber, value);
  }
  set checksum(value: u16) {
    store<u16>(changetype<usize>(this) + Field.Checksum, value);
  }
  /** Writes type and code, and clears checksum and the word behind it. */
  begin(type: u32, code: u32): void {
    const base = changetype<usize>(this);
    store<u8>(base + Field.Type, <u8>type);
    store<u8>(base + Field.Code, <u8>code);
    store<u16>(base + Field.Checksum, 0);
    setBe32(base, Field.Identifier, 0);
  }
}
