/** Who holds which spin lock: order, ownership, and what is left behind at a boundary. */

import { at } from "../nt/embed";
import { onSite } from "../host";
import { Boundary, Rule, report } from "./rule";

/** One lock that a processor holds. */
@unmanaged
export class HeldLock {
  lock: usize;
  rank: u32;
  /** IRQL before the acquire. */
  irql: u32;
  /** Counts all acquires since boot; names the site that the host keeps. */
  sequence: u32;
}

/** The locks that one processor holds, oldest first. */
@unmanaged
export class HeldStack {
  count: u32;
  /** The acquire of which it was told last that IRQL fell below its level. */
  toldBelow: u32;
  /** Microseconds that it has stalled since it took the oldest. */
  stalledUs: u32;
}

/** LockRank.Unranked (ke/lockorder.ts): no order is stated. */
const UNRANKED: u32 = 127;
/** In a lock's word: the rank, and how it has been acquired (ke/spinlock.ts). */
const RANK_SHIFT: u32 = 16;
const RANKS: u32 = 127;
/** Acquired with KeAcquireSpinLock and its like. */
export const PLAIN: u32 = 1 << 24;
/** Acquired with KeAcquireInStackQueuedSpinLock and its like. */
export const QUEUED: u32 = 1 << 25;
/** In `smp`: somebody sleeps until it is let go. */
export const WAITED: u32 = SMP ? 1 << 26 : 0;
/** What no word of a lock has: octets of pool that was freed do. */
const NO_LOCK: u32 = 0xfc800000 & ~WAITED;
/** What a release restores that leaves IRQL as it is. */
export const NO_IRQL: i32 = -1;
/** DISPATCH_LEVEL (ke/processor.ts): the level of every spin lock. */
const DISPATCH: i32 = 2;
/** Locks that one processor can hold at a time and be watched. */
export const HELD_DEPTH: u32 = 15;
/** What a DPC may take, as stop code 0x133 has it: others wait as long for a lock. */
const MOST_STALLED_US: u32 = 100;
const STACK_OCTETS: usize = 256;
/** Processors whose locks are watched: PRCB_COUNT of ke/processor.ts. */
const STACK_COUNT: u32 = EXPLORE ? 128 : 8;
const STACKS: usize = memory.data(EXPLORE ? 32768 : 2048);
if (offsetof<HeldLock>() != 16) ERROR("host/kernel/inspect.ts reads HeldLock as 16 octets");

/** Words of the verifier's own: [0] acquires so far, [1] whether sites are wanted. */
const WORDS: usize = memory.data(8);

/** Orders seen: one bit for each pair of ranks (outer * 128 + inner). */
const EDGES: usize = memory.data(2048);

function stackOf(processor: u32): HeldStack {
  return changetype<HeldStack>(STACKS + <usize>processor * STACK_OCTETS);
}

function entryOf(stack: HeldStack, index: u32): HeldLock {
  return at<HeldLock>(changetype<usize>(stack) + 16 + (<usize>index << 4), 0);
}

/** Where the stacks lie, for the host. */
export function heldStacks(): usize {
  return STACKS;
}

/** Where the orders seen lie, for the host: 128 * 128 bits, outer rank first. */
export function lockEdges(): usize {
  return EDGES;
}

/** Whether the host is told of every acquire, so that it can keep its stack. */
export function wantSites(on: bool): void {
  store<u32>(WORDS + 4, <u32>on);
}

/** Counts what happens to `object`, and has the host keep its stack where stacks are wanted. */
export function noteSite(object: usize): u32 {
  const sequence = load<u32>(WORDS) + 1;
  store<u32>(WORDS, sequence);
  if (load<u32>(WORDS + 4)) onSite(object, sequence);
  return sequence;
}

/** The rank in the word of a lock. */
export function rankOf(word: u32): u32 {
  return (word >>> RANK_SHIFT) & RANKS;
}

/** Before an acquire as `kind`, PLAIN or QUEUED: is it allowed? */
export function checkAcquire(lock: usize, word: u32, processor: u32, kind: u32): void {
  const rank = rankOf(word);
  if (rank == 0 || (word & NO_LOCK) != 0) {
    report(Rule.LOCK_NOT_INITIALIZED, <u32>lock, processor, 0);
  } else if (word & (kind ^ (PLAIN | QUEUED))) {
    report(Rule.LOCK_ACQUIRE_KIND, <u32>lock, processor, 0);
  }
  if ((word & 0xffff) == processor + 1) report(Rule.LOCK_RECURSIVE, <u32>lock, processor, 0);
  checkOrder(lock, rank, processor);
}

/** No lock of a spin lock's rank or below it may be held by `processor`. */
export function checkOrder(lock: usize, rank: u32, processor: u32): void {
  const stack = stackOf(processor);
  for (let i: u32 = 0; i < stack.count; i++) {
    const held = entryOf(stack, i);
    judgeOrder(lock, rank, held.lock, held.rank);
  }
}

/** A lock of `rank` is acquired by one who has `held`. */
export function judgeOrder(lock: usize, rank: u32, held: usize, heldRank: u32): void {
  noteEdge(heldRank, rank);
  if (heldRank < rank || rank == UNRANKED || heldRank == UNRANKED) return;
  report(Rule.LOCK_ORDER, <u32>lock, <u32>held, heldRank);
}

/** The lock was acquired by `processor`, whose IRQL was `irql` before. */
export function noteAcquired(lock: usize, word: u32, processor: u32, irql: u32): void {
  const stack = stackOf(processor);
  const sequence = noteSite(lock);
  if (stack.count == HELD_DEPTH) return;
  if (stack.count == 0) stack.stalledUs = 0;
  const entry = entryOf(stack, stack.count);
  entry.lock = lock;
  entry.rank = rankOf(word);
  entry.irql = irql;
  entry.sequence = sequence;
  stack.count++;
}

function noteEdge(outer: u32, inner: u32): void {
  const bit = (outer & 127) * 128 + (inner & 127);
  const at = EDGES + <usize>(bit >>> 3);
  store<u8>(at, load<u8>(at) | <u8>((<u32>1) << (bit & 7)));
}

/** Before a release as `kind` that restores `irql`, or NO_IRQL: is it allowed? */
export function noteRelease(
  lock: usize, word: u32, processor: u32, kind: u32, irql: i32,
): void {
  const owner = word & 0xffff;
  if (owner == 0) {
    report(Rule.LOCK_NOT_OWNED, <u32>lock, processor, 0);
    return;
  }
  if (owner != processor + 1) report(Rule.LOCK_RELEASED_BY_OTHER, <u32>lock, processor, owner - 1);
  else if ((word & kind) == 0) report(Rule.LOCK_RELEASE_KIND, <u32>lock, processor, 0);
  const stack = stackOf(processor);
  let index = stack.count;
  while (index > 0 && entryOf(stack, index - 1).lock != lock) index--;
  if (index == 0) return;
  const saved = entryOf(stack, index - 1).irql;
  if (index < stack.count) {
    report(Rule.LOCK_RELEASE_ORDER, <u32>lock, <u32>entryOf(stack, stack.count - 1).lock, 0);
    // Its level is left to be restored by the release of the one acquired after it.
    entryOf(stack, index).irql = saved;
  } else if (irql != NO_IRQL && irql != <i32>saved) {
    report(Rule.RELEASE_IRQL, <u32>lock, saved, irql);
  }
  for (let i = index; i < stack.count; i++) {
    memory.copy(changetype<usize>(entryOf(stack, i - 1)), changetype<usize>(entryOf(stack, i)), 16);
  }
  stack.count--;
}

/** IRQL is about to be lowered to `irql`: below DISPATCH_LEVEL no spin lock may be held. */
export function checkBelow(processor: u32, irql: i32): void {
  const stack = stackOf(processor);
  if (stack.count == 0 || irql >= DISPATCH) return;
  const newest = entryOf(stack, stack.count - 1);
  if (newest.sequence == stack.toldBelow) return;
  stack.toldBelow = newest.sequence;
  report(Rule.IRQL_BELOW_LOCK, <u32>newest.lock, irql, newest.sequence);
}

/** `processor` stalls: those who wait for its locks wait as long. Told once. */
export function noteStall(processor: u32, microseconds: u32): void {
  const stack = stackOf(processor);
  if (stack.count == 0) return;
  const before = stack.stalledUs;
  stack.stalledUs = before + microseconds;
  if (before > MOST_STALLED_US || stack.stalledUs <= MOST_STALLED_US) return;
  report(Rule.LOCK_HELD_LONG, <u32>entryOf(stack, 0).lock, stack.stalledUs, MOST_STALLED_US);
}

/** A lock that is about to be initialized; a site in `explore` too, of sequence 0. */
export function noteInitialize(lock: usize, word: u32): void {
  for (let processor: u32 = 0; processor < STACK_COUNT; processor++) {
    const stack = stackOf(processor);
    for (let i: u32 = 0; i < stack.count; i++) {
      if (entryOf(stack, i).lock == lock) report(Rule.LOCK_INITIALIZED_TWICE, <u32>lock, word, 0);
    }
  }
  if (EXPLORE && load<u32>(WORDS + 4)) onSite(lock, 0);
}

/** The block of `length` octets is about to be freed: no lock in it may be held. */
export function checkFreedLocks(block: usize, length: u32): void {
  for (let processor: u32 = 0; processor < STACK_COUNT; processor++) {
    const stack = stackOf(processor);
    for (let i: u32 = 0; i < stack.count; i++) {
      const lock = entryOf(stack, i).lock;
      if (lock - block < length) report(Rule.LOCK_FREED, <u32>lock, <u32>block, processor);
    }
  }
}

/** `thread` ends on `processor`, which may keep no spin lock. */
export function checkEnded(processor: u32, thread: u32): void {
  const stack = stackOf(processor);
  for (let i: u32 = 0; i < stack.count; i++) {
    const entry = entryOf(stack, i);
    report(Rule.LOCK_THREAD_ENDED, <u32>entry.lock, thread, entry.sequence);
  }
}

/** How many locks `processor` holds. */
export function heldCount(processor: u32): u32 {
  return stackOf(processor).count;
}

/** The caller must hold `lock`. */
export function checkHeld(lock: usize, processor: u32): void {
  if (!isHeldBy(lock, processor)) report(Rule.LOCK_NOT_HELD, <u32>lock, processor, 0);
}

/** Whether `processor` holds `lock`. */
export function isHeldBy(lock: usize, processor: u32): bool {
  const stack = stackOf(processor);
  for (let i: u32 = 0; i < stack.count; i++) if (entryOf(stack, i).lock == lock) return true;
  return false;
}

/** No lock may be held when control passes `boundary`. */
export function checkNothingHeld(boundary: Boundary, processor: u32): void {
  const stack = stackOf(processor);
  if (stack.count == 0) return;
  const newest = entryOf(stack, stack.count - 1);
  report(Rule.LOCK_HELD_AT_BOUNDARY, <u32>newest.lock, boundary, newest.sequence);
}

/** A routine that began with `before` locks must end with as many. */
export function checkBalanced(boundary: Boundary, processor: u32, before: u32): void {
  const stack = stackOf(processor);
  for (let i = before; i < stack.count; i++) {
    const entry = entryOf(stack, i);
    report(Rule.LOCK_LEAKED, <u32>entry.lock, boundary, entry.sequence);
    stack.toldBelow = entry.sequence;
  }
}
