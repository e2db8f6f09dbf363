/**
 * The packets of the datagram service (RFC 1002, 4.4): header, names, and which part of the data;
 * read where they lie, never past their end.
 */

import { be16, be32, setBe16, setBe32, setOctet } from "./bytes";
import { NetbiosName, SCOPE_LIMIT, readName } from "./nbname";

/** Where each field begins. */
const enum Field {
  Type = 0,
  Flags = 1,
  DatagramId = 2,
  SourceAddress = 4,
  SourcePort = 8,
  /** Of an error: its code, and the end. */
  ErrorCode = 10,
  /** Of a datagram. */
  Length = 10,
  Offset = 12,
}

/** Octets that every packet begins with. */
export const DATAGRAM_COMMON: u32 = 10;
/** Octets of a datagram's header, before its names. */
export const DATAGRAM_HEADER: u32 = 14;
/** Octets of an error. */
export const DATAGRAM_ERROR: u32 = 11;

/** MSG_TYPE */
export const enum DatagramType {
  DIRECT_UNIQUE = 0x10,
  DIRECT_GROUP = 0x11,
  BROADCAST = 0x12,
  ERROR = 0x13,
  QUERY_REQUEST = 0x14,
  POSITIVE_QUERY_RESPONSE = 0x15,
  NEGATIVE_QUERY_RESPONSE = 0x16,
}

/** FLAGS */
export const enum DatagramFlag {
  MORE = 0x01,
  FIRST = 0x02,
  NODE_SHIFT = 2,
}

/** ERROR_CODE */
export const enum DatagramError {
  DESTINATION_NOT_PRESENT = 0x82,
  SOURCE_NAME = 0x83,
  DESTINATION_NAME = 0x84,
}

/** A header where it lies. */
@unmanaged
export class DatagramHeader {
  get type(): u32 {
    return load<u8>(changetype<usize>(this) + Field.Type);
  }
  get flags(): u32 {
    return load<u8>(changetype<usize>(this) + Field.Flags);
  }
  get datagramId(): u32 {
    return be16(changetype<usize>(this), Field.DatagramId);
  }
  get sourceAddress(): u32 {
    return be32(changetype<usize>(this), Field.SourceAddress);
  }
  get sourcePort(): u32 {
    return be16(changetype<usize>(this), Field.SourcePort);
  }
  get errorCode(): u32 {
    return load<u8>(changetype<usize>(this) + Field.ErrorCode);
  }
  /** Octets of both names and of the data in this packet. */
  get length(): u32 {
    return be16(changetype<usize>(this), Field.Length);
  }
  /** Where the data of this packet begins in the data of the datagram. */
  get offset(): u32 {
    return be16(changetype<usize>(this), Field.Offset);
  }
  /** Writes what every packet begins with. */
  begin(type: u32, flags: u32, datagramId: u32, sourceAddress: u32, sourcePort: u32): void {
    const base = changetype<usize>(this);
    setOctet(base, Field.Type, type);
    setOctet(base, Field.Flags, flags);
    setBe16(base, Field.DatagramId, datagramId);
    setBe32(base, Field.SourceAddress, sourceAddress);
    setBe16(base, Field.SourcePort, sourcePort);
  }
  set errorCode(value: u32) {
    setOctet(changetype<usize>(this), Field.ErrorCode, value);
  }
  set length(value: u32) {
    setBe16(changetype<usize>(this), Field.Length, value);
  }
  set offset(value: u32) {
    setBe16(changetype<usize>(this), Field.Offset, value);
  }
}

/** Why a packet cannot be read. */
export const enum DatagramFault {
  NONE,
  /** Shorter than what every packet begins with, or than its kind has. */
  SHORT,
  /** A MSG_TYPE that is none. */
  TYPE,
  /** The source's name is none, or does not end. */
  SOURCE_NAME,
  /** The destination's name is none, or does not end. */
  DESTINATION_NAME,
  /** DGM_LENGTH is more than there is. */
  LENGTH,
}

/** What `read` found. Its owner is who calls. */
@unmanaged
export class DatagramPacket {
  header: DatagramHeader;
  /** The data of this packet, and its octets. */
  data: usize;
  dataLength: u32;
  private reserved: u32;
  private fromWords0: u64;
  private fromWords1: u64;
  private toWords0: u64;
  private toWords1: u64;
  /** Who sent it. Of a datagram only. */
  get from(): NetbiosName {
    return changetype<NetbiosName>(changetype<usize>(this) + offsetof<this>("fromWords0"));
  }
  /** Whom it is for. Not of an error. */
  get to(): NetbiosName {
    return changetype<NetbiosName>(changetype<usize>(this) + offsetof<this>("toWords0"));
  }
  /** The labels of the scope of whom it is for, as `readName` gives them. */
  get scope(): usize {
    return changetype<usize>(this) + offsetof<DatagramPacket>();
  }
  private get fromScope(): usize {
    return this.scope + SCOPE_LIMIT;
  }
  /** Reads the packet of `length` octets that begins with `header`. */
  read(header: DatagramHeader, length: u32): DatagramFault {
    const packet = changetype<usize>(header);
    if (length < DATAGRAM_COMMON) return DatagramFault.SHORT;
    this.header = header;
    const type = <i32>header.type;
    if (type < DatagramType.DIRECT_UNIQUE || type > DatagramType.NEGATIVE_QUERY_RESPONSE) {
      return DatagramFault.TYPE;
    }
    if (type == DatagramType.ERROR) {
      return length < DATAGRAM_ERROR ? DatagramFault.SHORT : DatagramFault.NONE;
    }
    if (type > DatagramType.ERROR) {
      const end = readName(packet, length, DATAGRAM_COMMON, this.to, this.scope);
      return end == 0 ? DatagramFault.DESTINATION_NAME : DatagramFault.NONE;
    }
    return length < DATAGRAM_HEADER ? DatagramFault.SHORT : this.readBody(packet, length);
  }
  private readBody(packet: usize, length: u32): DatagramFault {
    const end = DATAGRAM_HEADER + this.header.length;
    if (end > length) return DatagramFault.LENGTH;
    const middle = readName(packet, end, DATAGRAM_HEADER, this.from, this.fromScope);
    if (middle == 0) return DatagramFault.SOURCE_NAME;
    const start = readName(packet, end, middle, this.to, this.scope);
    if (start == 0) return DatagramFault.DESTINATION_NAME;
    this.data = packet + start;
    this.dataLength = end - start;
    return DatagramFault.NONE;
  }
}
/** Octets of a DatagramPacket, with room for two scopes. */
export const DATAGRAM_PACKET: u32 = <u32>offsetof<DatagramPacket>() + 2 * SCOPE_LIMIT;
