/** Scheduling points: where, in `explore`, another processor may be made to run. */

import { onPreempt } from "../host";

/** What is about to happen at a scheduling point, and to which object. */
export const enum Point {
  /** A spin lock is acquired: possible once the low half of its word is 0. */
  ACQUIRE,
  /** A spin lock is released. */
  RELEASE,
  /** A lock that waiters queue for is entered: at once, or after a `WAIT` of its own. */
  ENTER,
  /** Such a lock is left. */
  LEAVE,
  /** The word at the object is waited for: until it is greater than 0. */
  WAIT,
  /** As `WAIT`, but time may run out instead. */
  WAIT_TIMED,
  /** The word at the object may be raised above 0. */
  SIGNAL,
  /** A spin lock is tried: taken or not, the processor goes on. */
  TRY,
  /** An interlocked operation on the word at the object. */
  INTERLOCKED,
  /** A word that others may write is read. */
  READ,
  /** A word that others may read is written. */
  WRITE,
  /** IRQL has fallen to, or is about to rise from, the level that is the object. */
  IRQL,
  /** A spin lock, or a lock that waiters queue for, has been let go. */
  RELEASED,
}

/** Here another processor may run: `point` says what is about to happen to `object`. IRQL: any. */
export function schedulingPoint(point: Point, object: usize): void {
  if (EXPLORE) onPreempt(point, object);
}
