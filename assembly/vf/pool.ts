/** Pool: what is freed was allocated, once, and was not written past its end. */

import { checkFreedObjects } from "./active";
import { checkFreedLocks } from "./locks";
import { checkFreedOwned } from "./owned";
import { Rule, report } from "./rule";

const GUARD: u32 = 0x4b4f4f44;
const POISON: u8 = 0xdd;

/** Octets that the verifier adds to a block. */
export const GUARD_OCTETS: u32 = VERIFIER ? 4 : 0;

/** Pool is asked for: at `highest` and below only. */
export function checkPoolIrql(current: u32, highest: u32, tag: u32): void {
  if (current > highest) report(Rule.POOL_IRQL, current, tag, 0);
}

/** The block is freed: at `highest` and below only. */
export function checkFreeIrql(current: u32, highest: u32, block: usize): void {
  if (current > highest) report(Rule.POOL_FREE_IRQL, current, <u32>block, 0);
}

/** A block of `length` octets was allocated. */
export function noteAllocate(block: usize, length: u32): void {
  memory.fill(block, POISON, length);
  store<u32>(block + length, GUARD);
}

/** A block is about to be freed. Its contents are destroyed, so that use after free shows. */
export function noteFree(block: usize, length: u32, tag: u32): void {
  if (load<u32>(block + length) != GUARD) report(Rule.POOL_OVERRUN, <u32>block, tag, length);
  checkFreedLocks(block, length);
  checkFreedOwned(block, length);
  checkFreedObjects(block, length);
  memory.fill(block, POISON, length);
}

/** What was freed is not a block in use. */
export function noteBadFree(block: usize, twice: bool, tag: u32): void {
  report(twice ? Rule.POOL_DOUBLE_FREE : Rule.POOL_BAD_ADDRESS, <u32>block, tag, 0);
}
