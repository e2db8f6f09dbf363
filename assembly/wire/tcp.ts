/** TCP (RFC 9293, 3.1): the fixed header where it lies, and its flags. */

import { be16, be32, setBe16, setBe32 } from "./bytes";
import { ordered } from "./checksum";

/** Where each field begins. */
const enum Field {
  SourcePort = 0,
  DestinationPort = 2,
  SequenceNumber = 4,
  AcknowledgmentNumber = 8,
  DataOffset = 12,
  Flags = 13,
  Window = 14,
  Checksum = 16,
  UrgentPointer = 18,
}

/** Octets of a header without options. */
export const TCP_HEADER: u32 = 20;

/** The control bits. */
export const enum TcpFlag {
  FIN = 0x01,
  SYN = 0x02,
  RST = 0x04,
  PSH = 0x08,
  ACK = 0x10,
  URG = 0x20,
  ECE = 0x40,
  CWR = 0x80,
}

/** A TCP header where it lies in the frame. */
@unmanaged
export class TcpHeader {
  get sourcePort(): u32 {
    return be16(changetype<usize>(this), Field.SourcePort);
  }
  get destinationPort(): u32 {
    return be16(changetype<usize>(this), Field.DestinationPort);
  }
  /** Both ports in one word: the source in the high half. */
  get ports(): u32 {
    return be32(changetype<usize>(this), Field.SourcePort);
  }
  get sequenceNumber(): u32 {
    return be32(changetype<usize>(this), Field.SequenceNumber);
  }
  get acknowledgmentNumber(): u32 {
    return be32(changetype<usize>(this), Field.AcknowledgmentNumber);
  }
  /** Octets of the header, options included. */
  get length(): u32 {
    return (<u32>load<u8>(changetype<usize>(this) + Field.DataOffset) >>> 4) << 2;
  }
  get flags(): u32 {
    return load<u8>(changetype<usize>(this) + Field.Flags);
  }
  get window(): u32 {
    return be16(changetype<usize>(this), Field.Window);
  }
  get urgentPointer(): u32 {
    return be16(changetype<usize>(this), Field.UrgentPointer);
  }
  set sequenceNumber(value: u32) {
    setBe32(changetype<usize>(this), Field.SequenceNumber, value);
  }
  set acknowledgmentNumber(value: u32) {
    setBe32(changetype<usize>(this), Field.AcknowledgmentNumber, value);
  }
  set window(value: u32) {
    setBe16(changetype<usize>(this), Field.Window, value);
  }
  set checksum(value: u16) {
    store<u16>(changetype<usize>(this) + Field.Checksum, value);
  }
  /** Writes both ports, from one word: the source in the high half. */
  setPorts(ports: u32): void {
    setBe32(changetype<usize>(this), Field.SourcePort, ports);
  }
  /**
   * Writes the fixed part of a header of `length` octets, with checksum and urgent pointer zero,
   * and gives its partial sum, from words that are at hand.
   */
  write(
    ports: u32,
    sequenceNumber: u32,
    acknowledgmentNumber: u32,
    length: u32,
    flags: u32,
    window: u32,
  ): u32 {
    const base = changetype<usize>(this);
    const control = (length << 10) | flags;
    setBe32(base, Field.SourcePort, ports);
    setBe32(base, Field.SequenceNumber, sequenceNumber);
    setBe32(base, Field.AcknowledgmentNumber, acknowledgmentNumber);
    setBe32(base, Field.DataOffset, (control << 16) | window);
    store<u32>(base + Field.Checksum, 0);
    return ordered(
      (ports >>> 16) + (ports & 0xffff) + (sequenceNumber >>> 16) + (sequenceNumber & 0xffff) +
        (acknowledgmentNumber >>> 16) + (acknowledgmentNumber & 0xffff) + control + window,
    );
  }
  /** Writes the urgent pointer, and gives what it adds to the partial sum. */
  pointTo(pointer: u32): u32 {
    setBe16(changetype<usize>(this), Field.UrgentPointer, pointer);
    return ordered(pointer);
  }
  /** Writes header length and flags, and clears checksum and urgent pointer. */
  begin(length: u32, flags: u32): void {
    const base = changetype<usize>(this);
    store<u8>(base + Field.DataOffset, <u8>(length << 2));
    store<u8>(base + Field.Flags, <u8>flags);
    store<u32>(base + Field.Checksum, 0);
  }
}
