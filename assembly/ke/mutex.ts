/** KMUTEX: a lock that threads wait for with KeWaitForSingleObject, and may own several times. */

import { checkDisown, checkUnowned, noteDisowned } from "../vf/owned";
import { LockRank } from "./lockorder";
import { mustBeAtMost } from "./irql";
import { Point, schedulingPoint } from "./point";
import { Irql } from "./processor";
import { KeGetCurrentThread, currentThread } from "./thread";
import { DispatcherType, KMutex } from "./wait";

/**
 * Makes a mutex that nobody has, with its place in the order; the DDK's level is always 0. Its
 * memory is the caller's, nonpaged, until nobody has it or waits for it. IRQL: any.
 */
export function KeInitializeMutex(mutex: KMutex, rank: LockRank): void {
  if (VERIFIER) checkUnowned(changetype<usize>(mutex), false);
  mutex.signalState = 1;
  mutex.type = DispatcherType.MUTEX;
  mutex.owner = 0;
  mutex.rank = rank;
}

/**
 * Gives `mutex` back once, and returns its state before: 0, or below it how often more its owner
 * has it. Only its owner may. IRQL: <= DISPATCH_LEVEL.
 */
export function KeReleaseMutex(mutex: KMutex): i32 {
  mustBeAtMost(Irql.DISPATCH);
  const number = currentThread();
  const before = mutex.signalState;
  if (VERIFIER && !checkDisown(changetype<usize>(mutex), number, mutex.owner)) return before;
  schedulingPoint(Point.LEAVE, changetype<usize>(mutex));
  if (VERIFIER) noteDisowned(changetype<usize>(mutex), number);
  const thread = KeGetCurrentThread();
  if (thread.apcDisable) thread.apcDisable--;
  if (++mutex.signalState > 0) mutex.owner = 0;
  return before;
}

/** 1 while nobody has `mutex`. IRQL: any. */
export function KeReadStateMutex(mutex: KMutex): i32 {
  schedulingPoint(Point.READ, changetype<usize>(mutex));
  return mutex.signalState;
}
