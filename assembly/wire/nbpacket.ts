/** A packet of the name service, taken apart where it lies: one question, two records at most. */

import { be16, be32 } from "./bytes";
import { CLASS_IN, NAME_HEADER, NameHeader, NetbiosName, QUESTION_FIELDS } from "./nbname";
import { RECORD_FIELDS, SCOPE_LIMIT, isSameName, readName } from "./nbname";

/** Why a packet cannot be read. */
export const enum NameFault {
  NONE,
  /** Shorter than a header. */
  SHORT,
  /** More questions or records than any packet of the name service has. */
  COUNTS,
  /** A name that is none, or does not end. */
  NAME,
  /** A question or a record that does not end. */
  RECORD,
  /** A class that is not the Internet's. */
  CLASS,
}

/** What `readNamePacket` found. Its owner is who calls. */
@unmanaged
export class NamePacket {
  header: NameHeader;
  /** Octets of the packet. */
  length: u32;
  /** 1: there is a question. */
  hasQuestion: u32;
  questionType: u32;
  /** How many of the records below there are. */
  records: u32;
  /** Of the first record. `ttl`: seconds; `data`: its address; `dataLength`: octets. */
  type: u32;
  ttl: u32;
  data: usize;
  dataLength: u32;
  /** The last record, of a redirect: the address of the server to ask. */
  secondType: u32;
  secondData: usize;
  secondLength: u32;
  // The name of the question, else of the first record; the records' own may be a pointer to it.
  private nameWords0: u64;
  private nameWords1: u64;
  // The first record's name: a packet with a question and another name in its record is no one's.
  private recordWords0: u64;
  private recordWords1: u64;
  /** Whom the packet is about. */
  get name(): NetbiosName {
    return changetype<NetbiosName>(changetype<usize>(this) + offsetof<this>("nameWords0"));
  }
  private get recordName(): NetbiosName {
    return changetype<NetbiosName>(changetype<usize>(this) + offsetof<this>("recordWords0"));
  }
  /** The labels of its scope, SCOPE_LIMIT octets at most: behind the structure. */
  get scope(): usize {
    return changetype<usize>(this) + offsetof<NamePacket>();
  }
  /** Reads the packet of `length` octets that begins with `header`. */
  read(header: NameHeader, length: u32): NameFault {
    const packet = changetype<usize>(header);
    if (length < NAME_HEADER) return NameFault.SHORT;
    this.header = header;
    this.length = length;
    const records = header.answers + header.authorities + header.additionals;
    this.hasQuestion = header.questions;
    this.records = records;
    if (header.questions > 1 || records > 2) return NameFault.COUNTS;
    if (header.questions + records == 0) return NameFault.COUNTS;
    let offset = NAME_HEADER;
    if (header.questions == 1) {
      offset = readName(packet, length, offset, this.name, this.scope);
      if (offset == 0) return NameFault.NAME;
      if (offset + QUESTION_FIELDS > length) return NameFault.RECORD;
      this.questionType = be16(packet, offset);
      if (be16(packet, offset + 2) != CLASS_IN) return NameFault.CLASS;
      offset += QUESTION_FIELDS;
    }
    return records == 0 ? NameFault.NONE : this.readRecords(packet, offset);
  }
  private readRecords(packet: usize, offset: u32): NameFault {
    const name = this.hasQuestion ? this.recordName : this.name;
    const scope = this.hasQuestion ? this.scope + SCOPE_LIMIT : this.scope;
    offset = readName(packet, this.length, offset, name, scope);
    if (offset == 0) return NameFault.NAME;
    if (offset + RECORD_FIELDS > this.length) return NameFault.RECORD;
    this.type = be16(packet, offset);
    if (be16(packet, offset + 2) != CLASS_IN) return NameFault.CLASS;
    this.ttl = be32(packet, offset + 4);
    this.dataLength = be16(packet, offset + 8);
    this.data = packet + offset + RECORD_FIELDS;
    offset += RECORD_FIELDS + this.dataLength;
    if (offset > this.length) return NameFault.RECORD;
    if (!isSameName(name, this.name)) return NameFault.NAME;
    return this.records == 1 ? NameFault.NONE : this.readSecond(packet, offset);
  }
  /** The second record's name is a server's, not NetBIOS': it is only passed over. */
  private readSecond(packet: usize, offset: u32): NameFault {
    offset = skipName(packet, this.length, offset);
    if (offset == 0) return NameFault.NAME;
    if (offset + RECORD_FIELDS > this.length) return NameFault.RECORD;
    this.secondType = be16(packet, offset);
    this.secondLength = be16(packet, offset + 8);
    this.secondData = packet + offset + RECORD_FIELDS;
    const end = offset + RECORD_FIELDS + this.secondLength;
    return end > this.length ? NameFault.RECORD : NameFault.NONE;
  }
}
/** Octets of a NamePacket, with room for two scopes. */
export const NAME_PACKET: u32 = <u32>offsetof<NamePacket>() + 2 * SCOPE_LIMIT;

/** The offset behind the domain name at `offset`; 0 where it does not end. */
function skipName(packet: usize, length: u32, offset: u32): u32 {
  while (offset < length) {
    const size = <u32>load<u8>(packet + offset);
    if (size == 0) return offset + 1;
    if (size > 63) return offset + 2 <= length ? offset + 2 : 0;
    offset += 1 + size;
  }
  return 0;
}
