/**
 * Spin locks (nt-facts 9.3). A lock is one word: its rank above, its owner's number plus one
 * below; above the rank the verifier notes how it has been acquired.
 */

import { clearBits, setBits, takeWord, wakeOne } from "../nt/atomic";
import { onSpin } from "../host";
import { Rule, report, Boundary } from "../vf/rule";
import * as watch from "../vf/locks";
import { checkOwnedOrder, isAnyOwned } from "../vf/owned";
import { Irql, KIRQL, KeGetCurrentPrcb, KeQueryActiveProcessorCount } from "./processor";
import { MAXIMUM_PROCESSORS } from "./processor";
import { KeLowerIrql, raiseIrql } from "./irql";
import { LockRank } from "./lockorder";
import { Point, schedulingPoint } from "./point";
import { currentThread } from "./thread";

/** KSPIN_LOCK. */
@unmanaged
export class KSpinLock {
  word: u32;
}

/** In a lock's word: its owner's number plus one; 0: nobody's. */
export const OWNER: u32 = 0xffff;
/** Looks at a lock before its processor sleeps: workers may be more than cores. */
const LOOKS: u32 = 100;
/** `smp`: the lock that each processor spins for, or 0; what watches from outside reads it. */
const SPINS_FOR: usize = memory.data(32);
if (SMP && MAXIMUM_PROCESSORS * 4 > 32) ERROR("SPINS_FOR");
/** What a try gives where the lock was taken: no IRQL. */
export const NOT_TAKEN: KIRQL = -1;

/** Makes a lock, with its place in the order. IRQL: any. */
export function KeInitializeSpinLock(lock: KSpinLock, rank: LockRank): void {
  if (VERIFIER) watch.noteInitialize(changetype<usize>(lock), lock.word);
  lock.word = <u32>rank << 16;
}

/**
 * Acquires `lock` and returns the IRQL to give back. IRQL: <= DISPATCH_LEVEL. Locks: those before
 * it in lockorder.ts.
 */
export function KeAcquireSpinLock(lock: KSpinLock): KIRQL {
  if (!VERIFIER) {
    const before = raiseIrql(Irql.DISPATCH);
    if (!takeAtOnce(lock)) own(lock, Irql.DISPATCH);
    return before;
  }
  // All here: a watched acquire that is put where it is used hides who acquires from stacks.
  mustNotExceedDispatch(lock);
  schedulingPoint(Point.ACQUIRE, changetype<usize>(lock));
  const old = raiseIrql(Irql.DISPATCH);
  own(lock, old);
  return old;
}

/** Releases `lock` and lowers IRQL to what the acquire returned. IRQL: DISPATCH_LEVEL. */
export function KeReleaseSpinLock(lock: KSpinLock, irql: KIRQL): void {
  if (VERIFIER) {
    const current = KeGetCurrentPrcb().currentIrql;
    const wrong = current != Irql.DISPATCH;
    if (wrong) report(Rule.RELEASE_BELOW_DISPATCH, changetype<u32>(lock), current, 0);
  }
  disown(lock, irql);
  KeLowerIrql(irql);
}

/**
 * Acquires `lock` if nobody has it, and returns the IRQL to give back; NOT_TAKEN, and IRQL as it
 * was, if somebody has. IRQL: <= DISPATCH_LEVEL. Locks: any, because it does not wait.
 */
export function KeTryToAcquireSpinLock(lock: KSpinLock): KIRQL {
  const old = KeGetCurrentPrcb().currentIrql;
  mustNotExceedDispatch(lock);
  if (!tryToOwn(lock, old)) return NOT_TAKEN;
  raiseIrql(Irql.DISPATCH);
  return old;
}

/** Acquires `lock` where IRQL is DISPATCH_LEVEL already. */
export function KeAcquireSpinLockAtDpcLevel(lock: KSpinLock): void {
  if (!VERIFIER) {
    if (!takeAtOnce(lock)) own(lock, Irql.DISPATCH);
    return;
  }
  mustBeAtDispatch(Rule.ACQUIRE_BELOW_DISPATCH, lock);
  schedulingPoint(Point.ACQUIRE, changetype<usize>(lock));
  own(lock, Irql.DISPATCH);
}

/** Releases `lock`; IRQL stays at DISPATCH_LEVEL. */
export function KeReleaseSpinLockFromDpcLevel(lock: KSpinLock): void {
  mustBeAtDispatch(Rule.DPC_RELEASE_BELOW_DISPATCH, lock);
  disown(lock, watch.NO_IRQL);
}

/** Acquires `lock` if nobody has it; false if somebody has. IRQL: DISPATCH_LEVEL. Locks: any. */
export function KeTryToAcquireSpinLockAtDpcLevel(lock: KSpinLock): bool {
  mustBeAtDispatch(Rule.ACQUIRE_BELOW_DISPATCH, lock);
  return tryToOwn(lock, Irql.DISPATCH);
}

/** An acquire that raises IRQL to DISPATCH_LEVEL must not lower it. Nothing in a free build. */
export function mustNotExceedDispatch(lock: KSpinLock): void {
  if (!VERIFIER) return;
  const irql = KeGetCurrentPrcb().currentIrql;
  if (irql > Irql.DISPATCH) report(Rule.ACQUIRE_ABOVE_DISPATCH, changetype<u32>(lock), irql, 0);
}

/** What leaves IRQL alone needs DISPATCH_LEVEL: else it breaks `rule`. Nothing in a free build. */
export function mustBeAtDispatch(rule: Rule, lock: KSpinLock): void {
  if (!VERIFIER) return;
  const irql = KeGetCurrentPrcb().currentIrql;
  if (irql < Irql.DISPATCH) report(rule, changetype<u32>(lock), irql, 0);
}

/** No order is asked: what does not wait closes no circle. */
function tryToOwn(lock: KSpinLock, irql: KIRQL): bool {
  schedulingPoint(Point.TRY, changetype<usize>(lock));
  const processor = KeGetCurrentPrcb().number;
  if (SMP) {
    if (!takeWord(changetype<usize>(lock), OWNER, bitsOf(processor))) return false;
    if (VERIFIER) watch.noteAcquired(changetype<usize>(lock), lock.word, processor, irql);
    return true;
  }
  if (lock.word & OWNER) return false;
  take(lock, processor, irql);
  return true;
}

/** What a lock's word says of its owner. */
function bitsOf(processor: u32): u32 {
  return VERIFIER ? (processor + 1) | watch.PLAIN : processor + 1;
}

function take(lock: KSpinLock, processor: u32, irql: KIRQL): void {
  let word = lock.word | (processor + 1);
  if (VERIFIER) {
    word |= watch.PLAIN;
    watch.noteAcquired(changetype<usize>(lock), word, processor, irql);
  }
  lock.word = word;
}

/** Unwatched: takes `lock` if it is free. Calls nothing: the compiler puts it where it is used. */
function takeAtOnce(lock: KSpinLock): bool {
  if (SMP) return takeWord(changetype<usize>(lock), OWNER, KeGetCurrentPrcb().number + 1);
  const word = lock.word;
  if (word & OWNER) return false;
  lock.word = word | (KeGetCurrentPrcb().number + 1);
  return true;
}

function own(lock: KSpinLock, irql: KIRQL): void {
  const processor = KeGetCurrentPrcb().number;
  if (VERIFIER) mustBeAllowed(lock, processor, watch.PLAIN);
  if (SMP) {
    sleepFor(changetype<usize>(lock), processor);
    if (VERIFIER) watch.noteAcquired(changetype<usize>(lock), lock.word, processor, irql);
    return;
  }
  if (lock.word & OWNER) contend(lock, processor);
  take(lock, processor, irql);
}

/** `processor` may acquire `lock` as `kind`. Verified builds only. */
export function mustBeAllowed(lock: KSpinLock, processor: u32, kind: u32): void {
  watch.checkAcquire(changetype<usize>(lock), lock.word, processor, kind);
  if (!isAnyOwned()) return;
  checkOwnedOrder(changetype<usize>(lock), watch.rankOf(lock.word), currentThread());
}

/**
 * The lock is taken. On one processor NT's kernel has no spin in it: the acquire is the rise of
 * IRQL alone, and goes on (nt-facts 9.3). On several, the processor spins until it is let go.
 */
function contend(lock: KSpinLock, processor: u32): void {
  if (KeQueryActiveProcessorCount() == 1) {
    lock.word &= ~OWNER;
    return;
  }
  while (lock.word & OWNER) onSpin(changetype<usize>(lock), processor);
}

/**
 * `smp`: spins for a while, then sleeps in the host until the word changes. Who has slept leaves
 * word that others may sleep still.
 */
function sleepFor(lock: usize, processor: u32): void {
  const spins = SPINS_FOR + (<usize>processor << 2);
  let bits = bitsOf(processor);
  for (let looks: u32 = 0; !takeWord(lock, OWNER, bits); looks++) {
    if (looks < LOOKS) continue;
    if (looks == LOOKS) setBits(spins, <u32>lock);
    bits |= watch.WAITED;
    setBits(lock, watch.WAITED);
    onSpin(lock, processor);
  }
  if (bits & watch.WAITED) clearBits(spins, 0xffffffff);
}

function disown(lock: KSpinLock, irql: KIRQL): void {
  schedulingPoint(Point.RELEASE, changetype<usize>(lock));
  if (VERIFIER) {
    const processor = KeGetCurrentPrcb().number;
    watch.noteRelease(changetype<usize>(lock), lock.word, processor, watch.PLAIN, irql);
  }
  if (SMP) {
    const word = clearBits(changetype<usize>(lock), OWNER | watch.WAITED);
    if (word & watch.WAITED) wakeOne(changetype<usize>(lock));
    return;
  }
  lock.word &= ~OWNER;
  schedulingPoint(Point.RELEASED, changetype<usize>(lock));
}

/** Where `smp` writes which lock each processor spins for: a word for each. */
export function spinsFor(): usize {
  return SPINS_FOR;
}

/** The caller must hold `lock`. Nothing in a free build. */
export function mustHold(lock: KSpinLock): void {
  if (VERIFIER) watch.checkHeld(changetype<usize>(lock), KeGetCurrentPrcb().number);
}

/** The caller must hold no lock, because control passes `boundary`. Nothing in a free build. */
export function mustHoldNothing(boundary: Boundary): void {
  if (VERIFIER) watch.checkNothingHeld(boundary, KeGetCurrentPrcb().number);
}
