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
  private reserved2: u16;
  challengeTick: u32;

  /** Where the block of that number lies. */
  blockAt(index: u32): Block {
    const base = changetype<usize>(this) + offsetof<this>("blocks0");
    return at<Block>(base, <usize>index << 3);
  }
}
if (offsetof<Extension>() != 64) ERROR("an extension is a cache line");

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

/** Gives an extension back. IRQL: <= DISPATCH_LEVEL. */
export function freeExtension(extension: Extension): void {
  ExFreeToNPagedLookasideList(list(), changetype<usize>(extension));
}
