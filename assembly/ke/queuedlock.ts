/**
 * In-stack queued spin locks: a KSPIN_LOCK whose waiters stand in a queue, each on a handle of its
 * own. It is let go to who came first, and to nobody else.
 */

import { onSpin } from "../host";
import { addressOf, at } from "../nt/embed";
import { NO_IRQL, QUEUED, noteAcquired, noteRelease } from "../vf/locks";
import { Rule, report } from "../vf/rule";
import { KeLowerIrql, raiseIrql } from "./irql";
import { Point, schedulingPoint } from "./point";
import { Irql, KIRQL, KeGetCurrentPrcb, KeQueryActiveProcessorCount, prcbOf } from "./processor";
import { KSpinLock, OWNER, mustBeAllowed } from "./spinlock";
import { mustBeAtDispatch, mustNotExceedDispatch } from "./spinlock";
import { DispatcherHeader, waitFor } from "./wait";

/**
 * KLOCK_QUEUE_HANDLE: the caller's, and its alone, from the acquire to the release. Signalled once
 * the lock is its processor's. A lock's queue begins with its owner's handle.
 */
@unmanaged
export class KLockQueueHandle extends DispatcherHeader {
  /** The lock, while it is held or waited for. */
  lock: KSpinLock | null;
  /** Who waits behind this handle for the same lock. */
  next: KLockQueueHandle | null;
  /** What its processor acquired before. */
  older: usize;
  processor: u32;
  oldIrql: KIRQL;
}

/** Handles in a queue, and locks of a processor, at most. */
const MOST: u32 = 128;

/**
 * Acquires `lock` with the caller's `handle`, behind all who wait for it already, and raises IRQL
 * to DISPATCH_LEVEL. IRQL: <= DISPATCH_LEVEL. Locks: those before it in lockorder.ts.
 */
export function KeAcquireInStackQueuedSpinLock(lock: KSpinLock, handle: KLockQueueHandle): void {
  mustNotExceedDispatch(lock);
  schedulingPoint(Point.ENTER, changetype<usize>(lock));
  enter(lock, handle, raiseIrql(Irql.DISPATCH));
}

/** Lets go what `handle` holds, and lowers IRQL to what it was. IRQL: DISPATCH_LEVEL. */
export function KeReleaseInStackQueuedSpinLock(handle: KLockQueueHandle): void {
  if (VERIFIER) {
    const irql = KeGetCurrentPrcb().currentIrql;
    const wrong = irql != Irql.DISPATCH;
    if (wrong) report(Rule.QUEUED_RELEASE_IRQL, changetype<u32>(handle.lock), irql, 0);
  }
  const irql = handle.oldIrql;
  leave(handle);
  KeLowerIrql(irql);
}

/** As KeAcquireInStackQueuedSpinLock, where IRQL is DISPATCH_LEVEL already. */
export function KeAcquireInStackQueuedSpinLockAtDpcLevel(
  lock: KSpinLock, handle: KLockQueueHandle,
): void {
  mustBeAtDispatch(Rule.ACQUIRE_BELOW_DISPATCH, lock);
  schedulingPoint(Point.ENTER, changetype<usize>(lock));
  enter(lock, handle, Irql.DISPATCH);
}

/** Lets go what `handle` holds; IRQL stays at DISPATCH_LEVEL. */
export function KeReleaseInStackQueuedSpinLockFromDpcLevel(handle: KLockQueueHandle): void {
  const lock = handle.lock;
  if (lock != null) mustBeAtDispatch(Rule.DPC_RELEASE_BELOW_DISPATCH, lock);
  leave(handle);
}

function enter(lock: KSpinLock, handle: KLockQueueHandle, irql: KIRQL): void {
  const prcb = KeGetCurrentPrcb();
  if (VERIFIER) {
    mustBeAllowed(lock, prcb.number, QUEUED);
    if (isInUse(handle)) {
      report(Rule.LOCK_HANDLE_IN_USE, changetype<u32>(lock), changetype<u32>(handle), 0);
    }
  }
  handle.signalState = 0;
  handle.lock = lock;
  handle.next = null;
  handle.processor = prcb.number;
  handle.oldIrql = irql;
  const taken = (lock.word & OWNER) != 0 && KeQueryActiveProcessorCount() != 1;
  if (!taken || !waitInQueue(lock, handle)) link(handle);
  let word = (lock.word & ~OWNER) | (prcb.number + 1);
  if (VERIFIER) {
    word |= QUEUED;
    noteAcquired(changetype<usize>(lock), word, prcb.number, irql);
  }
  lock.word = word;
}

/** From here on its processor holds a lock with `handle`. */
function link(handle: KLockQueueHandle): void {
  const prcb = prcbOf(handle.processor);
  handle.older = prcb.lockQueue;
  handle.signalState = 1;
  prcb.lockQueue = changetype<usize>(handle);
}

/** Whether the running processor has `handle` already. */
function isInUse(handle: KLockQueueHandle): bool {
  let held = KeGetCurrentPrcb().lockQueue;
  for (let left = MOST; left != 0 && held != 0; left--) {
    if (held == changetype<usize>(handle)) return true;
    held = at<KLockQueueHandle>(held, 0).older;
  }
  return false;
}

/** The handle with which the owner of `lock` holds it; null where it was acquired plainly. */
function findOwners(lock: KSpinLock): KLockQueueHandle | null {
  let held = prcbOf((lock.word & OWNER) - 1).lockQueue;
  for (let left = MOST; left != 0 && held != 0; left--) {
    const handle = at<KLockQueueHandle>(held, 0);
    if (handle.lock == lock) return handle;
    held = handle.older;
  }
  return null;
}

/** True: the lock was handed over. False: it was let go, and nobody has it. */
function waitInQueue(lock: KSpinLock, handle: KLockQueueHandle): bool {
  let last = findOwners(lock);
  if (last == null) {
    // Its owner has no handle to wait behind: as a plain acquire does.
    schedulingPoint(Point.ACQUIRE, changetype<usize>(lock));
    while (lock.word & OWNER) onSpin(changetype<usize>(lock), handle.processor);
    return false;
  }
  for (let left = MOST; left != 0; left--) {
    const next: KLockQueueHandle | null = last == null ? null : last.next;
    if (next == null) break;
    last = next;
  }
  if (last != null) last.next = handle;
  waitFor(at<DispatcherHeader>(addressOf(handle), 0), changetype<usize>(lock));
  return true;
}

function leave(handle: KLockQueueHandle): void {
  const lock = handle.lock;
  const prcb = KeGetCurrentPrcb();
  if (lock == null) {
    if (VERIFIER) report(Rule.LOCK_NOT_OWNED, 0, prcb.number, 0);
    return;
  }
  schedulingPoint(Point.LEAVE, changetype<usize>(lock));
  if (VERIFIER) noteRelease(changetype<usize>(lock), lock.word, prcb.number, QUEUED, NO_IRQL);
  forget(handle);
  const next = handle.next;
  handle.next = null;
  handle.lock = null;
  handle.signalState = 0;
  if (next == null) {
    lock.word &= ~OWNER;
  } else {
    lock.word = (lock.word & ~OWNER) | (next.processor + 1);
    link(next);
  }
  schedulingPoint(Point.RELEASED, changetype<usize>(lock));
}

/** Takes `handle` out of what its processor holds. */
function forget(handle: KLockQueueHandle): void {
  const prcb = prcbOf(handle.processor);
  if (prcb.lockQueue == changetype<usize>(handle)) {
    prcb.lockQueue = handle.older;
    return;
  }
  let held = prcb.lockQueue;
  for (let left = MOST; left != 0 && held != 0; left--) {
    const newer = at<KLockQueueHandle>(held, 0);
    if (newer.older == changetype<usize>(handle)) {
      newer.older = handle.older;
      return;
    }
    held = newer.older;
  }
}
