/**
 * EX_SPIN_LOCK: a spin lock of one exclusive or many shared owners. Who waits for it exclusive
 * keeps later shared owners out, so that nobody may acquire it shared twice.
 */

import { addressOf, at } from "../nt/embed";
import { NO_IRQL, PLAIN, isHeldBy, noteAcquired, noteRelease } from "../vf/locks";
import { Rule, report } from "../vf/rule";
import { KeLowerIrql, raiseIrql } from "./irql";
import { LockRank } from "./lockorder";
import { Point, schedulingPoint } from "./point";
import { Irql, KIRQL, KeGetCurrentPrcb, KeQueryActiveProcessorCount } from "./processor";
import { KSpinLock, KeInitializeSpinLock, OWNER, mustBeAllowed } from "./spinlock";
import { mustBeAtDispatch, mustNotExceedDispatch } from "./spinlock";
import { DispatcherHeader, waitFor } from "./wait";

/** A reader-writer spin lock; its word names its exclusive owner, as that of a spin lock does. */
@unmanaged
export class ExSpinLock extends KSpinLock {
  /** 1 while another shared owner may come in. */
  isOpen: i32;
  /** 1 while nobody has it. */
  isFree: i32;
  readers: u32;
  /** Who waits for it exclusive. */
  writers: u32;
}

/** Makes a lock, with its place in the order; in the DDK a word of 0 is one. IRQL: any. */
export function initializeSharedLock(lock: ExSpinLock, rank: LockRank): void {
  KeInitializeSpinLock(lock, rank);
  lock.readers = 0;
  lock.writers = 0;
  openGates(lock);
}

/**
 * Acquires `lock` together with others, and returns the IRQL to give back. IRQL: <= DISPATCH_LEVEL.
 * Locks: those before it in lockorder.ts, and not itself.
 */
export function ExAcquireSpinLockShared(lock: ExSpinLock): KIRQL {
  mustNotExceedDispatch(lock);
  schedulingPoint(Point.ENTER, changetype<usize>(lock));
  const old = raiseIrql(Irql.DISPATCH);
  enterShared(lock, old);
  return old;
}

/** As ExAcquireSpinLockShared, where IRQL is DISPATCH_LEVEL already. */
export function ExAcquireSpinLockSharedAtDpcLevel(lock: ExSpinLock): void {
  mustBeAtDispatch(Rule.ACQUIRE_BELOW_DISPATCH, lock);
  schedulingPoint(Point.ENTER, changetype<usize>(lock));
  enterShared(lock, Irql.DISPATCH);
}

/** Lets go what was acquired shared, and lowers IRQL to what it was. IRQL: DISPATCH_LEVEL. */
export function ExReleaseSpinLockShared(lock: ExSpinLock, irql: KIRQL): void {
  mustBeAtDispatch(Rule.RELEASE_BELOW_DISPATCH, lock);
  leaveShared(lock, irql);
  KeLowerIrql(irql);
}

/** Lets go what was acquired shared; IRQL stays at DISPATCH_LEVEL. */
export function ExReleaseSpinLockSharedFromDpcLevel(lock: ExSpinLock): void {
  mustBeAtDispatch(Rule.DPC_RELEASE_BELOW_DISPATCH, lock);
  leaveShared(lock, NO_IRQL);
}

/**
 * Acquires `lock` alone, and returns the IRQL to give back. IRQL: <= DISPATCH_LEVEL. Locks: those
 * before it in lockorder.ts, and not itself.
 */
export function ExAcquireSpinLockExclusive(lock: ExSpinLock): KIRQL {
  mustNotExceedDispatch(lock);
  schedulingPoint(Point.ENTER, changetype<usize>(lock));
  const old = raiseIrql(Irql.DISPATCH);
  enterExclusive(lock, old);
  return old;
}

/** As ExAcquireSpinLockExclusive, where IRQL is DISPATCH_LEVEL already. */
export function ExAcquireSpinLockExclusiveAtDpcLevel(lock: ExSpinLock): void {
  mustBeAtDispatch(Rule.ACQUIRE_BELOW_DISPATCH, lock);
  schedulingPoint(Point.ENTER, changetype<usize>(lock));
  enterExclusive(lock, Irql.DISPATCH);
}

/** Lets go what was acquired exclusive, and lowers IRQL to what it was. IRQL: DISPATCH_LEVEL. */
export function ExReleaseSpinLockExclusive(lock: ExSpinLock, irql: KIRQL): void {
  mustBeAtDispatch(Rule.RELEASE_BELOW_DISPATCH, lock);
  leaveExclusive(lock, irql);
  KeLowerIrql(irql);
}

/** Lets go what was acquired exclusive; IRQL stays at DISPATCH_LEVEL. */
export function ExReleaseSpinLockExclusiveFromDpcLevel(lock: ExSpinLock): void {
  mustBeAtDispatch(Rule.DPC_RELEASE_BELOW_DISPATCH, lock);
  leaveExclusive(lock, NO_IRQL);
}

function openGates(lock: ExSpinLock): void {
  const exclusive = (lock.word & OWNER) != 0;
  lock.isOpen = exclusive || lock.writers != 0 ? 0 : 1;
  lock.isFree = exclusive || lock.readers != 0 ? 0 : 1;
}

/** Verified builds only. */
function mustBeNew(lock: ExSpinLock, processor: u32): void {
  mustBeAllowed(lock, processor, PLAIN);
  if ((lock.word & OWNER) == processor + 1) return;
  if (!isHeldBy(changetype<usize>(lock), processor)) return;
  report(Rule.LOCK_RECURSIVE, changetype<u32>(lock), processor, 0);
}

/** Waits for a gate, the word `offset` octets into `lock`; one processor has nobody to wait for. */
function waitAt(lock: ExSpinLock, offset: usize): void {
  const gate = at<DispatcherHeader>(addressOf(lock), offset);
  if (gate.signalState > 0 || KeQueryActiveProcessorCount() == 1) return;
  waitFor(gate, changetype<usize>(lock));
}

function enterShared(lock: ExSpinLock, irql: KIRQL): void {
  const processor = KeGetCurrentPrcb().number;
  if (VERIFIER) mustBeNew(lock, processor);
  waitAt(lock, offsetof<ExSpinLock>("isOpen"));
  lock.readers++;
  openGates(lock);
  if (VERIFIER) noteAcquired(changetype<usize>(lock), lock.word, processor, irql);
}

function enterExclusive(lock: ExSpinLock, irql: KIRQL): void {
  const processor = KeGetCurrentPrcb().number;
  if (VERIFIER) mustBeNew(lock, processor);
  lock.writers++;
  openGates(lock);
  waitAt(lock, offsetof<ExSpinLock>("isFree"));
  lock.writers--;
  lock.word = (lock.word & ~OWNER) | (processor + 1);
  openGates(lock);
  if (VERIFIER) noteAcquired(changetype<usize>(lock), lock.word, processor, irql);
}

function leaveShared(lock: ExSpinLock, irql: KIRQL): void {
  schedulingPoint(Point.LEAVE, changetype<usize>(lock));
  if (VERIFIER) {
    const processor = KeGetCurrentPrcb().number;
    const at = changetype<usize>(lock);
    // Its word names no shared owner; one who has it exclusive releases as another kind.
    const owner = lock.word & OWNER;
    const kind = owner == processor + 1 ? 0 : PLAIN;
    const held = owner == 0 && isHeldBy(at, processor) ? processor + 1 : owner;
    noteRelease(at, (lock.word & ~OWNER) | held | kind, processor, PLAIN, irql);
  }
  if (lock.readers) lock.readers--;
  openGates(lock);
}

function leaveExclusive(lock: ExSpinLock, irql: KIRQL): void {
  schedulingPoint(Point.LEAVE, changetype<usize>(lock));
  if (VERIFIER) {
    const processor = KeGetCurrentPrcb().number;
    const at = changetype<usize>(lock);
    const shared = (lock.word & OWNER) == 0 && isHeldBy(at, processor);
    const word = shared ? lock.word | (processor + 1) : lock.word | PLAIN;
    noteRelease(at, word, processor, PLAIN, irql);
  }
  lock.word &= ~OWNER;
  openGates(lock);
}
