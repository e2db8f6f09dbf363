/** What options and recovery need of a connection; one that has agreed on none has none. */

import { RtlZeroMemory } from "../../nt/memory";
import { at } from "../../nt/embed";
import { LOOKASIDE_OCTETS, LookasideList } from "../../ex/lookaside";
import { ExAllocateFromNPagedLookasideList, ExDeleteNPagedLookasideList } from "../../ex/lookaside";
import { ExFreeToNPagedLookasideList, ExInitializeNPagedLookasideList } from "../../ex/lookaside";
import { Tag } from "../../ex/tag";

/** A range of sequence numbers, from `left` to before `right`. */
@unmanaged
export class Block {
  left: u32;
  right: u32;
}

/** Bits of `Extension.marks`. */
export const enum ExtensionMark {
  /** RACK.reordering_seen */
  REORDERED = 1,
  /** The peer's text was marked on its way: our acknowledgments say so (RFC 3168, 6.1.3). */
  ECE_DUE = 2,
  /** We have sent less for a mark, and say so with the next text (6.1.2). */
  CWR_DUE = 4,
  /** `Tcb.recover` is where the window ends for which a mark has been heeded. */
  REDUCED = 8,
}

/** Blocks that a receiver remembers: as many as a segment without other options reports. */
export const BLOCKS: u32 = 4;

/** Under the lock of its connection. */
@unmanaged
export class Extension {
  // Timestamps (RFC 7323, 3)
  /** TS.Recent, and the tick at which it came. */
  tsRecent: u32;
  tsRecentTick: u32;
  /** Last.ACK.sent */
  lastAckSent: u32;
  /** What our clock is ahead of the machine's for this connection. */
  tsOffset: u32;
  // The receiver's blocks (RFC 2018, 4), the latest first
  private blocks0: u64;
  private blocks1: u64;
  private blocks2: u64;
  private blocks3: u64;
  /** What came twice and is to be reported once (RFC 2883); empty: nothing. */
  duplicateLeft: u32;
  duplicateRight: u32;
  blockCount: u8;
  /** Challenges sent in the second from `challengeTick` on (RFC 5961, 7). */
  challenges: u8;
  /** `Tcb.mss` as it was before the path was found to be narrower; 0: it was not. */
  fullMss: u16;
  challengeTick: u32;

  // 64: what was sent (sent.ts): a ring of `Sent`, from `sentHead` on; 0: there is none
  sent: usize;
  sentHead: u32;
  sentCount: u32;
  sentMask: u32;
  /** Octets of records that the peer has, and of those that are lost and not yet sent again. */
  sackedOctets: u32;
  lostOctets: u32;
  // Loss detection (RFC 8985, 5.2)
  /** RACK.xmit_ts, RACK.end_seq, RACK.rtt and RACK.min_RTT, in microseconds. */
  rackUs: u32;
  rackRight: u32;
  rackRttUs: u32;
  leastRttUs: u32;
  /** RACK.fack: the highest number that the peer has. */
  highest: u32;
  // CUBIC (RFC 9438, 4.1.2)
  /** W_max, octets. */
  cubicMost: u32;
  /** t_epoch, microseconds; 0: none. */
  epochUs: u32;
  /** K, milliseconds. */
  cubicKMs: u32;
  /** W_est, octets. */
  cubicEstimate: u32;
  /** RACK.segs_sacked */
  sackedCount: u16;
  /** `ExtensionMark` */
  marks: u8;
  /** TLP: 0 none is out, 1 one of new text, 2 one of old. */
  tailProbe: u8;

  /** prr_delivered (RFC 6937, 3), in recovery, when no epoch of CUBIC runs. */
  get prrDelivered(): u32 {
    return this.epochUs;
  }
  set prrDelivered(octets: u32) {
    this.epochUs = octets;
  }
  /** prr_out */
  get prrOut(): u32 {
    return this.cubicKMs;
  }
  set prrOut(octets: u32) {
    this.cubicKMs = octets;
  }
  /** RecoverFS */
  get prrFlight(): u32 {
    return this.cubicEstimate;
  }
  set prrFlight(octets: u32) {
    this.cubicEstimate = octets;
  }
  /** Where the block of that number lies. */
  blockAt(index: u32): Block {
    const base = changetype<usize>(this) + offsetof<this>("blocks0");
    return at<Block>(base, <usize>index << 3);
  }
}
if (offsetof<Extension>("sent") != 64) ERROR("what options need ends at 64 octets");
if (offsetof<Extension>() != 128) ERROR("an extension is two cache lines");

const LIST: usize = memory.data(24);
if (LOOKASIDE_OCTETS > 24) ERROR("LIST");
/** Freed extensions kept back at most. */
const KEPT: u32 = 4096;

function list(): LookasideList {
  return changetype<LookasideList>(LIST);
}

/** Makes the lookaside list. Once, at start. */
export function initializeExtensions(): void {
  ExInitializeNPagedLookasideList(list(), <u32>offsetof<Extension>(), Tag.Extension, KEPT);
}

/** Gives what the lookaside list kept back to the pool. At the end. */
export function deleteExtensionList(): void {
  ExDeleteNPagedLookasideList(list());
}

/** An extension with nothing in it; null: no memory. IRQL: <= DISPATCH_LEVEL. */
export function allocateExtension(): Extension | null {
  const block = ExAllocateFromNPagedLookasideList(list());
  if (block == 0) return null;
  RtlZeroMemory(block, offsetof<Extension>());
  return at<Extension>(block, 0);
}

/** Gives an extension back, which has no records. IRQL: <= DISPATCH_LEVEL. */
export function freeExtension(extension: Extension): void {
  ExFreeToNPagedLookasideList(list(), changetype<usize>(extension));
}
