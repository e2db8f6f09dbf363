/** IPv4 (RFC 791): the header where it lies, its options, its addresses. */

import { be16, be32, setBe16, setBe32 } from "./bytes";
import { fold } from "./checksum";

/** RFC 791, 3.1: where each field begins. */
const enum Field {
  VersionIhl = 0,
  TypeOfService = 1,
  TotalLength = 2,
  Identification = 4,
  FlagsOffset = 6,
  TimeToLive = 8,
  Protocol = 9,
  HeaderChecksum = 10,
  Source = 12,
  Destination = 16,
}

/** The version that a header must say. */
export const IPV4_VERSION: u32 = 4;
/** Octets of a header without options. */
export const IPV4_HEADER: u32 = 20;
/** The first 16 bits of a header without options, for service of no particular type. */
const PLAIN: u32 = 0x4500;
/** The largest datagram. */
export const IPV4_LIMIT: u32 = 65535;

/** Protocols above IP. */
export const enum Protocol {
  ICMP = 1,
  TCP = 6,
  UDP = 17,
}

/** Flags of the fragment word. */
export const enum Fragment {
  DONT = 0x4000,
  MORE = 0x2000,
  OFFSET = 0x1fff,
}

/** RFC 3168, 5: what a router may mark, and has, in the type of service. */
export const enum Ecn {
  NOT_ECT = 0,
  ECT0 = 2,
  CE = 3,
  MASK = 3,
}

/** An IPv4 header where it lies in the frame. */
@unmanaged
export class Ipv4Header {
  get version(): u32 {
    return <u32>load<u8>(changetype<usize>(this)) >>> 4;
  }
  /** Octets of the header. */
  get headerLength(): u32 {
    return (<u32>load<u8>(changetype<usize>(this)) & 15) << 2;
  }
  get typeOfService(): u32 {
    return load<u8>(changetype<usize>(this) + Field.TypeOfService);
  }
  get totalLength(): u32 {
    return be16(changetype<usize>(this), Field.TotalLength);
  }
  get identification(): u32 {
    return be16(changetype<usize>(this), Field.Identification);
  }
  /** Flags and offset in one word; see `Fragment`. */
  get fragment(): u32 {
    return be16(changetype<usize>(this), Field.FlagsOffset);
  }
  get timeToLive(): u32 {
    return load<u8>(changetype<usize>(this) + Field.TimeToLive);
  }
  get protocol(): u32 {
    return load<u8>(changetype<usize>(this) + Field.Protocol);
  }
  get source(): u32 {
    return be32(changetype<usize>(this), Field.Source);
  }
  get destination(): u32 {
    return be32(changetype<usize>(this), Field.Destination);
  }
  set typeOfService(value: u32) {
    store<u8>(changetype<usize>(this) + Field.TypeOfService, <u8>value);
  }
  set totalLength(value: u32) {
    setBe16(changetype<usize>(this), Field.TotalLength, value);
  }
  set identification(value: u32) {
    setBe16(changetype<usize>(this), Field.Identification, value);
  }
  set fragment(value: u32) {
    setBe16(changetype<usize>(this), Field.FlagsOffset, value);
  }
  set timeToLive(value: u32) {
    store<u8>(changetype<usize>(this) + Field.TimeToLive, <u8>value);
  }
  set protocol(value: u32) {
    store<u8>(changetype<usize>(this) + Field.Protocol, <u8>value);
  }
  set source(value: u32) {
    setBe32(changetype<usize>(this), Field.Source, value);
  }
  set destination(value: u32) {
    setBe32(changetype<usize>(this), Field.Destination, value);
  }
  /** The sum over the header as it stands; 0xffff when it verifies. */
  get headerSum(): u32 {
    const base = changetype<usize>(this);
    let sum: u32 = this.plainSum;
    for (let at = IPV4_HEADER; at < this.headerLength; at += 4) {
      sum += <u32>load<u16>(base + at) + <u32>load<u16>(base + at, 2);
    }
    sum = (sum & 0xffff) + (sum >>> 16);
    return (sum & 0xffff) + (sum >>> 16);
  }
  /** The same, for a header without options. */
  get plainSum(): u32 {
    const base = changetype<usize>(this);
    const a = load<u64>(base);
    const b = load<u64>(base, 8);
    const first = (a & 0xffffffff) + (a >>> 32);
    const second = (b & 0xffffffff) + (b >>> 32);
    let sum = first + second + <u64>load<u32>(base, 16);
    sum = (sum & 0xffff) + ((sum >>> 16) & 0xffff) + (sum >>> 32);
    sum = (sum & 0xffff) + (sum >>> 16);
    return <u32>((sum & 0xffff) + (sum >>> 16));
  }
  /**
   * Writes a whole header without options, its checksum included, from words that are at hand: what
   * was just written in small pieces would be slow to read back. `fragment`: flags and offset,
   * and above them the type of service.
   */
  write(
    totalLength: u32,
    identification: u32,
    fragment: u32,
    timeToLive: u32,
    protocol: u32,
    source: u32,
    destination: u32,
  ): void {
    const base = changetype<usize>(this);
    const piece = (identification << 16) | (fragment & 0xffff);
    const life = (timeToLive << 8) | protocol;
    const plain = PLAIN + (fragment >>> 16);
    const words = plain + totalLength + (piece >>> 16) + (piece & 0xffff) + life +
      (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff);
    const checksum = <u32>fold(words) ^ 0xffff;
    setBe32(base, Field.VersionIhl, (plain << 16) | totalLength);
    setBe32(base, Field.Identification, piece);
    setBe32(base, Field.TimeToLive, (life << 16) | checksum);
    setBe32(base, Field.Source, source);
    setBe32(base, Field.Destination, destination);
  }
  /** Writes version and header length, for `length` octets of header. */
  begin(length: u32): void {
    store<u8>(changetype<usize>(this), <u8>(0x40 | (length >>> 2)));
  }
  /** Computes the header checksum. */
  seal(): void {
    const base = changetype<usize>(this);
    store<u16>(base + Field.HeaderChecksum, 0);
    store<u16>(base + Field.HeaderChecksum, <u16>~this.headerSum);
  }
}

/** 255.255.255.255 */
export const LIMITED_BROADCAST: u32 = 0xffffffff;

/** Class D. */
export function isMulticast(address: u32): bool {
  return address >>> 28 == 14;
}

/** An address that no host may have as its source: 0, loopback, class D and E, broadcast. */
export function isInvalidSource(address: u32): bool {
  return address >>> 28 >= 14 || address >>> 24 == 127 || address >>> 24 == 0;
}
