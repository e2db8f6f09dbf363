/** FAST_MUTEX: a lock that threads wait for at APC_LEVEL, and own once. */

import { checkFastAcquire, checkFastRelease, checkUnsafe } from "../vf/irql";
import { checkDisown, checkOwn, checkUnowned, noteDisowned, noteOwned } from "../vf/owned";
import { noteSelfDeadlock } from "../vf/owned";
import { Rule } from "../vf/rule";
import { KeLowerIrql, raiseIrql } from "./irql";
import { LockRank } from "./lockorder";
import { Point, schedulingPoint } from "./point";
import { Irql, KIRQL, KeGetCurrentPrcb } from "./processor";
import { KeAreApcsDisabled, currentThread } from "./thread";
import { DispatcherHeader, DispatcherType, enterWaiting } from "./wait";

/** A fast mutex: 1 while nobody has it. */
@unmanaged
export class FastMutex extends DispatcherHeader {
  /** The thread that has it, counted from 1; 0: nobody. */
  owner: u32;
  rank: u32;
  /** The level to give back. */
  oldIrql: KIRQL;
}

/**
 * Makes a fast mutex that nobody has, with its place in the order. Its memory is the caller's,
 * nonpaged, until nobody has it or waits for it. IRQL: <= DISPATCH_LEVEL.
 */
export function ExInitializeFastMutex(mutex: FastMutex, rank: LockRank): void {
  if (VERIFIER) checkUnowned(changetype<usize>(mutex), false);
  mutex.signalState = 1;
  mutex.type = DispatcherType.SYNCHRONIZATION;
  mutex.owner = 0;
  mutex.rank = rank;
  mutex.oldIrql = Irql.PASSIVE;
}

/**
 * Acquires `mutex`, waiting for it, and raises IRQL to APC_LEVEL. Its owner must not: it waits for
 * itself. IRQL: <= APC_LEVEL. Locks: those before it in lockorder.ts, and no spin lock.
 */
export function ExAcquireFastMutex(mutex: FastMutex): void {
  if (VERIFIER) checkFastAcquire(KeGetCurrentPrcb().currentIrql, changetype<usize>(mutex));
  const old = raiseIrql(Irql.APC);
  enter(mutex);
  mutex.oldIrql = old;
}

/** Acquires `mutex` if nobody has it; false, and IRQL as it was, if somebody has. IRQL: <= APC. */
export function ExTryToAcquireFastMutex(mutex: FastMutex): bool {
  if (VERIFIER) checkFastAcquire(KeGetCurrentPrcb().currentIrql, changetype<usize>(mutex));
  schedulingPoint(Point.TRY, changetype<usize>(mutex));
  if (mutex.signalState <= 0) return false;
  mutex.oldIrql = raiseIrql(Irql.APC);
  take(mutex);
  return true;
}

/** Gives `mutex` back, and lowers IRQL to what it was before. IRQL: APC_LEVEL. */
export function ExReleaseFastMutex(mutex: FastMutex): void {
  if (VERIFIER) checkFastRelease(KeGetCurrentPrcb().currentIrql, changetype<usize>(mutex));
  const old = mutex.oldIrql;
  leave(mutex);
  KeLowerIrql(old);
}

/** As ExAcquireFastMutex; IRQL stays. IRQL: APC_LEVEL, or below it in a critical region. */
export function ExAcquireFastMutexUnsafe(mutex: FastMutex): void {
  mustKeepApcsOut(Rule.UNSAFE_ACQUIRE_APCS, mutex);
  enter(mutex);
}

/** Gives back what ExAcquireFastMutexUnsafe acquired; IRQL stays. IRQL: as there. */
export function ExReleaseFastMutexUnsafe(mutex: FastMutex): void {
  mustKeepApcsOut(Rule.UNSAFE_RELEASE_APCS, mutex);
  leave(mutex);
}

function mustKeepApcsOut(rule: Rule, mutex: FastMutex): void {
  if (!VERIFIER) return;
  const irql = KeGetCurrentPrcb().currentIrql;
  checkUnsafe(rule, irql, KeAreApcsDisabled(), changetype<usize>(mutex));
}

function enter(mutex: FastMutex): void {
  if (VERIFIER) {
    const thread = currentThread();
    checkOwn(changetype<usize>(mutex), mutex.rank, thread, KeGetCurrentPrcb().number);
    if (mutex.owner == thread) noteSelfDeadlock(changetype<usize>(mutex), thread);
  }
  enterWaiting(mutex);
  take(mutex);
}

function take(mutex: FastMutex): void {
  mutex.signalState = 0;
  mutex.owner = currentThread();
  if (VERIFIER) noteOwned(changetype<usize>(mutex), mutex.rank, mutex.owner);
}

function leave(mutex: FastMutex): void {
  const thread = currentThread();
  schedulingPoint(Point.LEAVE, changetype<usize>(mutex));
  if (VERIFIER) {
    if (!checkDisown(changetype<usize>(mutex), thread, mutex.owner)) return;
    noteDisowned(changetype<usize>(mutex), thread);
  }
  mutex.owner = 0;
  mutex.signalState = 1;
}
