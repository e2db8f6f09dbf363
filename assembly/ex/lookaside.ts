/** Lookaside lists: equal blocks, kept back so that the pool is not asked again. */

import { LockRank } from "../ke/lockorder";
import { KSpinLock, KeAcquireSpinLock, KeInitializeSpinLock } from "../ke/spinlock";
import { KeReleaseSpinLock } from "../ke/spinlock";
import { ExAllocatePoolWithTag, ExFreePool } from "./pool";
import { Tag } from "./tag";

/** NPAGED_LOOKASIDE_LIST. */
@unmanaged
export class LookasideList {
  private lockWord: u32;
  tag: Tag;
  length: u32;
  // Under `lock`:
  /** How many blocks are kept at most. */
  depth: u32;
  first: usize;
  count: u32;
  get lock(): KSpinLock {
    return changetype<KSpinLock>(changetype<usize>(this));
  }
}
/** Octets of a list, for memory.data. */
export const LOOKASIDE_OCTETS: i32 = 24;
if (offsetof<LookasideList>() != LOOKASIDE_OCTETS) ERROR("LOOKASIDE_OCTETS");

/** Prepares a list of blocks of `length` octets. IRQL: <= DISPATCH_LEVEL. */
export function ExInitializeNPagedLookasideList(
  list: LookasideList,
  length: u32,
  tag: Tag,
  depth: u32,
): void {
  KeInitializeSpinLock(list.lock, LockRank.ExLookaside);
  list.tag = tag;
  list.length = length;
  list.depth = depth;
  list.first = 0;
  list.count = 0;
}

/** A block, contents undefined; 0 when there is no memory. IRQL: <= DISPATCH_LEVEL. */
export function ExAllocateFromNPagedLookasideList(list: LookasideList): usize {
  const irql = KeAcquireSpinLock(list.lock);
  const block = list.first;
  if (block) {
    list.first = load<usize>(block);
    list.count--;
  }
  KeReleaseSpinLock(list.lock, irql);
  return block ? block : ExAllocatePoolWithTag(list.length, list.tag);
}

/** Gives a block back. IRQL: <= DISPATCH_LEVEL. */
export function ExFreeToNPagedLookasideList(list: LookasideList, block: usize): void {
  const irql = KeAcquireSpinLock(list.lock);
  const keep = list.count < list.depth;
  if (keep) {
    store<usize>(block, list.first);
    list.first = block;
    list.count++;
  }
  KeReleaseSpinLock(list.lock, irql);
  if (!keep) ExFreePool(block);
}

/**
 * Gives all that the list kept back to the pool; a block that comes back later goes there at once.
 * IRQL: <= DISPATCH_LEVEL.
 */
export function ExDeleteNPagedLookasideList(list: LookasideList): void {
  const irql = KeAcquireSpinLock(list.lock);
  let block = list.first;
  list.first = 0;
  list.count = 0;
  list.depth = 0;
  KeReleaseSpinLock(list.lock, irql);
  while (block) {
    const next = load<usize>(block);
    ExFreePool(block);
    block = next;
  }
}
