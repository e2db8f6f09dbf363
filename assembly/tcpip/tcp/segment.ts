/** A segment on its way through the steps, and the batch that it came in. */

import { addressOf, at } from "../../nt/embed";
import { KeGetCurrentProcessorNumber, MAXIMUM_PROCESSORS } from "../../ke/processor";
import { TCP_HEADER, TcpHeader } from "../../wire/tcp";
import { Ipv4Header } from "../../wire/ipv4";
import { Interface } from "../interface";
import { Tcb } from "./tcb";

/** One segment, as the steps see it: what is outside the window is trimmed away on the way. */
@unmanaged
export class Segment {
  // This processor's own:
  /** The connection that it belongs to, referenced; null: not found (yet). */
  tcb: Tcb | null;
  header: TcpHeader;
  ip: Ipv4Header;
  on: Interface;
  /** Where the text lies, and how many octets. */
  data: usize;
  length: u32;
  sequence: u32;
  acknowledgment: u32;
  window: u32;
  flags: u32;
  /** As it came: source and destination of the datagram, ports in one word. */
  source: u32;
  destination: u32;
  ports: u32;
  hash: u32;
  /** Octets of header and text. */
  whole: u32;
  /** 1: the checksum is right: the card, or stage a, has verified it. */
  verified: u16;
  /** 1: the table had nothing where it would be. */
  absent: u8;
  /** The next one of the batch in the same partition, as its place plus one; 0: the last. */
  follows: u8;
  /** Until the batch is looked up: where its connection probably lies (`askForBatch`). */
  get guess(): usize {
    return addressOf(this.tcb);
  }
  set guess(address: usize) {
    this.tcb = at<Tcb | null>(address, 0);
  }
}
if (offsetof<Segment>() != 64) ERROR("a segment is one cache line");

/** Bits of `Segment.flags` above the header's. */
export const enum SegmentMark {
  /** It came by a source route that is over. */
  ROUTED = 0x10000,
}

/** What is left to do when the lock is let go. */
export const enum Next {
  NOTHING,
  /** Indicate the segment's text. */
  INDICATE,
  /** Indicate what waited, if its turn has come. */
  READY,
  /** Answer with RST. */
  RESET,
  /** The connection is over: the segment is for a listener. */
  LISTEN,
  /** Tell the client of the connection, then look at the segment again. */
  INDICATE_LATE,
}

/** Places of a batch: the 64 that miniport/ring.ts hands up at most, and one (batch.ts). */
export const BATCH: u32 = 65;
const EACH: usize = 4160;
const BATCHES: usize = memory.data(33280, 64);
if (BATCH * 64 > <u32>EACH || <u32>EACH * MAXIMUM_PROCESSORS > 33280) ERROR("BATCHES");

/** The first segment of the running processor's batch; its others lie behind it. */
export function firstSegment(): Segment {
  return at<Segment>(BATCHES, <usize>KeGetCurrentProcessorNumber() * EACH);
}

/** The segment `places` places behind `first`. */
export function segmentFrom(first: Segment, places: u32): Segment {
  return at<Segment>(changetype<usize>(first), <usize>places << 6);
}

/** The segment behind that one in its batch. */
export function segmentAfter(segment: Segment): Segment {
  return at<Segment>(changetype<usize>(segment), offsetof<Segment>());
}

/**
 * Reads a header of which `whole` octets are there with their text. False: too short.
 * The options, if any, lie between header and text.
 */
export function readSegment(segment: Segment, header: TcpHeader, whole: u32): bool {
  if (whole < TCP_HEADER) return false;
  const length = header.length;
  segment.header = header;
  segment.whole = whole;
  segment.data = changetype<usize>(header) + length;
  segment.length = whole - length;
  segment.sequence = header.sequenceNumber;
  segment.acknowledgment = header.acknowledgmentNumber;
  segment.window = header.window;
  segment.flags = header.flags;
  return length >= TCP_HEADER && length <= whole;
}
