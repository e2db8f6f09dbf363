/** What the programs stand on: a few locks, events and words, and the stop where one is wrong. */

import { LockRank } from "../../../assembly/ke/lockorder";
import { KEvent, KeInitializeEvent } from "../../../assembly/ke/event";
import { KSpinLock, KeInitializeSpinLock } from "../../../assembly/ke/spinlock";
import { DispatcherType } from "../../../assembly/ke/wait";
import { KeBugCheckEx, Stop } from "../../../assembly/nt/bugcheck";
import { ReadULongAcquire, WriteULongRelease } from "../../../assembly/ex/interlocked";

const LOCKS: usize = memory.data(32);
const EVENTS: usize = memory.data(128);
const WORDS: usize = memory.data(256);

/** Lock `index`, of 8. */
export function lockAt(index: u32): KSpinLock {
  return changetype<KSpinLock>(LOCKS + <usize>(index << 2));
}

/** Prepares the first `count` locks. */
export function initializeLocks(count: u32): void {
  for (let i: u32 = 0; i < count; i++) KeInitializeSpinLock(lockAt(i), LockRank.Unranked);
}

/** Event `index`, of 8. */
export function eventAt(index: u32): KEvent {
  return changetype<KEvent>(EVENTS + <usize>(index << 4));
}

/** Prepares event `index`. */
export function initializeEvent(index: u32, type: DispatcherType, signalled: bool): void {
  KeInitializeEvent(eventAt(index), type, signalled);
}

/** Where word `index`, of 64, lies. */
export function wordAt(index: u32): usize {
  return WORDS + <usize>(index << 2);
}

/** Reads word `index`, which others may write meanwhile. */
export function read(index: u32): u32 {
  return ReadULongAcquire(wordAt(index));
}

/** Writes word `index`, which others may read meanwhile. */
export function write(index: u32, value: u32): void {
  WriteULongRelease(wordAt(index), value);
}

/** Stops the machine unless `holds`; `which` and the two words tell what was seen. */
export function mustBe(holds: bool, which: u32, one: u32, other: u32): void {
  if (!holds) KeBugCheckEx(Stop.KERNEL_SECURITY_CHECK_FAILURE, which, one, other, 0);
}
