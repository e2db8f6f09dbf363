/**
 * Spin locks (nt-facts 9.3). A lock is one word: its rank above, its owner's number plus one
 * below.
 */

import { onPreempt, onSpin } from "../host";
import { Rule, report, Boundary } from "../vf/rule";
import * as watch from "../vf/locks";
import { Irql, KIRQL, KeGetCurrentPrcb, KeQueryActiveProcessorCount } from "./processor";
import { KeLowerIrql, KeRaiseIrql } from "./irql";
import { LockRank } from "./lockorder";

/** KSPIN_LOCK. */
@unmanaged
export class KSpinLock {
  word: u32;
}

const OWNER: u32 = 0xffff;

/** What is about to happen at a scheduling point. */
export const enum Point {
  ACQUIRE,
  RELEASE,
}

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
  if (VERIFIER) {
    const irql = KeGetCurrentPrcb().currentIrql;
    if (irql > Irql.DISPATCH) report(Rule.ACQUIRE_ABOVE_DISPATCH, changetype<u32>(lock), irql, 0);
  }
  const old = KeRaiseIrql(Irql.DISPATCH);
  own(lock, old);
  return old;
}

/** Releases `lock` and lowers IRQL to what the acquire returned. IRQL: DISPATCH_LEVEL. */
export function KeReleaseSpinLock(lock: KSpinLock, irql: KIRQL): void {
  disown(lock);
  KeLowerIrql(irql);
}

/** Acquires `lock` where IRQL is DISPATCH_LEVEL already. */
export function KeAcquireSpinLockAtDpcLevel(lock: KSpinLock): void {
  if (VERIFIER) {
    const irql = KeGetCurrentPrcb().currentIrql;
    if (irql < Irql.DISPATCH) report(Rule.ACQUIRE_BELOW_DISPATCH, changetype<u32>(lock), irql, 0);
  }
  own(lock, Irql.DISPATCH);
}

/** Releases `lock`; IRQL stays at DISPATCH_LEVEL. */
export function KeReleaseSpinLockFromDpcLevel(lock: KSpinLock): void {
  disown(lock);
}

function own(lock: KSpinLock, irql: KIRQL): void {
  const processor = KeGetCurrentPrcb().number;
  if (EXPLORE) onPreempt(Point.ACQUIRE, changetype<usize>(lock));
  if (VERIFIER) watch.noteAcquire(changetype<usize>(lock), lock.word, processor, irql);
  let word = lock.word;
  if (word & OWNER) {
    contend(lock, processor);
    word = lock.word;
  }
  lock.word = word | (processor + 1);
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

function disown(lock: KSpinLock): void {
  if (VERIFIER) {
    const prcb = KeGetCurrentPrcb();
    watch.noteRelease(changetype<usize>(lock), lock.word, prcb.number);
    if (prcb.currentIrql < Irql.DISPATCH) {
      report(Rule.RELEASE_BELOW_DISPATCH, changetype<u32>(lock), prcb.currentIrql, 0);
    }
  }
  lock.word &= ~OWNER;
  if (EXPLORE) onPreempt(Point.RELEASE, changetype<usize>(lock));
}

/** The caller must hold `lock`. Nothing in a free build. */
export function mustHold(lock: KSpinLock): void {
  if (VERIFIER) watch.checkHeld(changetype<usize>(lock), KeGetCurrentPrcb().number);
}

/** The caller must hold no lock, because control passes `boundary`. Nothing in a free build. */
export function mustHoldNothing(boundary: Boundary): void {
  if (VERIFIER) watch.checkNothingHeld(boundary, KeGetCurrentPrcb().number);
}
