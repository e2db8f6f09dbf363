/** KSEMAPHORE: a count that threads wait for with KeWaitForSingleObject. */

import { Rule, report } from "../vf/rule";
import { mustBeAtMost } from "./irql";
import { Point, schedulingPoint } from "./point";
import { Irql } from "./processor";
import { DispatcherHeader, DispatcherType } from "./wait";

/** A semaphore: signalled while its count is above 0. */
@unmanaged
export class KSemaphore extends DispatcherHeader {
  limit: i32;
}

/**
 * Makes a semaphore with a count of at most `limit`. Its memory is the caller's, nonpaged, until
 * nobody waits for it. IRQL: any.
 */
export function KeInitializeSemaphore(semaphore: KSemaphore, count: i32, limit: i32): void {
  semaphore.signalState = count;
  semaphore.type = DispatcherType.SEMAPHORE;
  semaphore.limit = limit;
}

/**
 * Adds `adjustment`, which is above 0, and returns the count before; past the limit nothing is
 * added. IRQL: <= DISPATCH_LEVEL.
 */
export function KeReleaseSemaphore(semaphore: KSemaphore, adjustment: i32): i32 {
  mustBeAtMost(Irql.DISPATCH);
  schedulingPoint(Point.SIGNAL, changetype<usize>(semaphore));
  const before = semaphore.signalState;
  const room = semaphore.limit - before;
  if (adjustment <= room && adjustment > 0) semaphore.signalState = before + adjustment;
  else if (VERIFIER) {
    report(Rule.SEMAPHORE_LIMIT, changetype<u32>(semaphore), before + adjustment, semaphore.limit);
  }
  return before;
}

/** The count. IRQL: any. */
export function KeReadStateSemaphore(semaphore: KSemaphore): i32 {
  schedulingPoint(Point.READ, changetype<usize>(semaphore));
  return semaphore.signalState;
}
