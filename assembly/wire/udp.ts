/** UDP (RFC 768). */

import { be16, setBe16 } from "./bytes";

/** Where each field begins. */
const enum Field {
  SourcePort = 0,
  DestinationPort = 2,
  Length = 4,
  Checksum = 6,
}

/** Octets of a header. */
export const UDP_HEADER: u32 = 8;

/** A UDP header where it lies. */
@unmanaged
export class UdpHeader {
  get sourcePort(): u32 {
    return be16(changetype<usize>(this), Field.SourcePort);
  }
  get destinationPort(): u32 {
    return be16(changetype<usize>(this), Field.DestinationPort);
  }
  /** Octets of header and data. */
  get length(): u32 {
    return be16(changetype<usize>(this), Field.Length);
  }
  /** 0: the sender made none. */
  get checksum(): u32 {
    return be16(changetype<usize>(this), Field.Checksum);
  }
  set sourcePort(value: u32) {
    setBe16(changetype<usize>(this), Field.SourcePort, value);
  }
  set destinationPort(value: u32) {
    setBe16(changetype<usize>(this), Field.DestinationPort, value);
  }
  set length(value: u32) {
    setBe16(changetype<usize>(this), Field.Length, value);
  }
  /** Stores a checksum as wire/checksum.ts makes it; 0 is sent as all ones. */
  seal(checksum: u16): void {
    store<u16>(changetype<usize>(this) + Field.Checksum, checksum ? checksum : 0xffff);
  }
  clearChecksum(): void {
    store<u16>(changetype<usize>(this) + Field.Checksum, 0);
  }
}
