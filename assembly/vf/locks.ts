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
  reserved: u32;
}

/** Locks that one processor can hold at a time and be watched. */
export const HELD_DEPTH: u32 = 15;
const STACK_OCTETS: usize = 256;
const STACKS: usize = memory.data(2048);
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

/** Before an acquire: is it allowed? */
export function noteAcquire(lock: usize, word: u32, processor: u32, irql: u32): void {
  const rank = word >>> 16;
  const stack = stackOf(processor);
  if (rank == 0) report(Rule.LOCK_NOT_INITIALIZED, <u32>lock, processor, 0);
  if ((word & 0xffff) == processor + 1) report(Rule.LOCK_RECURSIVE, <u32>lock, processor, 0);
  for (let i: u32 = 0; i < stack.count; i++) {
    const held = entryOf(stack, i);
    noteEdge(held.rank, rank);
    if (held.rank >= rank) report(Rule.LOCK_ORDER, <u32>lock, <u32>held.lock, held.rank);
  }
  const sequence = load<u32>(WORDS) + 1;
  store<u32>(WORDS, sequence);
  if (stack.count < HELD_DEPTH) {
    const entry = entryOf(stack, stack.count);
    entry.lock = lock;
    entry.rank = rank;
    entry.irql = irql;
    entry.sequence = sequence;
    stack.count++;
  }
  if (load<u32>(WORDS + 4)) onSite(lock, sequence);
}

function noteEdge(outer: u32, inner: u32): void {
  const bit = (outer & 127) * 128 + (inner & 127);
  const at = EDGES + <usize>(bit >>> 3);
  store<u8>(at, load<u8>(at) | <u8>((<u32>1) << (bit & 7)));
}

/** Before a release: is it allowed? */
export function noteRelease(lock: usize, word: u32, processor: u32): void {
  const owner = word & 0xffff;
  if (owner == 0) {
    report(Rule.LOCK_NOT_OWNED, <u32>lock, processor, 0);
    return;
  }
  if (owner != processor + 1) report(Rule.LOCK_RELEASED_BY_OTHER, <u32>lock, processor, owner - 1);
  const stack = stackOf(processor);
  let index = stack.count;
  while (index > 0 && entryOf(stack, index - 1).lock != lock) index--;
  if (index == 0) return;
  if (index < stack.count) {
    report(Rule.LOCK_RELEASE_ORDER, <u32>lock, <u32>entryOf(stack, stack.count - 1).lock, 0);
  }
  for (let i = index; i < stack.count; i++) {
    memory.copy(changetype<usize>(entryOf(stack, i - 1)), changetype<usize>(entryOf(stack, i)), 16);
  }
  stack.count--;
}

/** A lock that is about to be initialized. */
export function noteInitialize(lock: usize, word: u32): void {
  for (let processor: u32 = 0; processor < 8; processor++) {
    const stack = stackOf(processor);
    for (let i: u32 = 0; i < stack.count; i++) {
      if (entryOf(stack, i).lock == lock) report(Rule.LOCK_INITIALIZED_TWICE, <u32>lock, word, 0);
    }
  }
}

/** How many locks `processor` holds. */
export function heldCount(processor: u32): u32 {
  return stackOf(processor).count;
}

/** The caller must hold `lock`. */
export function checkHeld(lock: usize, processor: u32): void {
  const stack = stackOf(processor);
  for (let i: u32 = 0; i < stack.count; i++) if (entryOf(stack, i).lock == lock) return;
  report(Rule.LOCK_NOT_HELD, <u32>lock, processor, 0);
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
  }
}
