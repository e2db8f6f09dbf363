/** IRQL: raised only upwards, lowered only downwards, and as it was when a routine ends. */

import { Boundary, Rule, report } from "./rule";

/** Irql.APC and Irql.DISPATCH (ke/processor.ts). */
const APC: u32 = 1;
const DISPATCH: u32 = 2;
/** INFINITE (ke/wait.ts). */
const ENDLESS: u32 = 0xffffffff;

/** IRQL is about to be raised. */
export function noteRaise(current: u32, asked: u32): void {
  if (asked < current) report(Rule.IRQL_RAISE, current, asked, 0);
}

/** IRQL is about to be lowered; `inDpc`: while a DPC runs. */
export function noteLower(current: u32, asked: u32, inDpc: bool): void {
  if (asked > current || (inDpc && asked < DISPATCH)) report(Rule.IRQL_LOWER, current, asked, 0);
}

/** A routine that began at `before` must end there. */
export function checkIrql(boundary: Boundary, before: u32, after: u32): void {
  if (before == after) return;
  if (boundary == Boundary.COMPLETION) report(Rule.COMPLETION_IRQL, boundary, before, after);
  else if (boundary == Boundary.ISR) report(Rule.ISR_IRQL, boundary, before, after);
  else report(Rule.IRQL_LEAKED, boundary, before, after);
}

/** A routine that may run at `highest` and below only. */
export function checkIrqlAtMost(current: u32, highest: u32): void {
  if (current > highest) report(Rule.IRQL_WRONG, current, highest, 0);
}

/** A routine that must run at exactly `wanted`. */
export function checkIrqlAt(current: u32, wanted: u32): void {
  if (current != wanted) report(Rule.IRQL_WRONG, current, wanted, 1);
}

/** KeSetEvent, at DISPATCH_LEVEL and below only. */
export function checkEventIrql(current: u32, event: usize): void {
  if (current > DISPATCH) report(Rule.EVENT_IRQL, current, <u32>event, 0);
}

/** KeWaitForSingleObject: below DISPATCH_LEVEL, or there where it does not wait. */
export function checkWaitIrql(current: u32, timeoutTicks: u32, object: usize): void {
  if (current < DISPATCH) return;
  if (current > DISPATCH) report(Rule.WAIT_ABOVE_DISPATCH, current, <u32>object, 0);
  else if (timeoutTicks == ENDLESS) report(Rule.WAIT_ENDLESS, current, <u32>object, 0);
  else if (timeoutTicks != 0) report(Rule.WAIT_TIMEOUT, current, <u32>object, 0);
}

/** A routine that waits if it must: below DISPATCH_LEVEL only. */
export function checkMayWait(current: u32, object: usize): void {
  if (current >= DISPATCH) report(Rule.WAIT_AT_DISPATCH, <u32>object, current, 0);
}

/** A fast mutex is about to be acquired, which raises IRQL to APC_LEVEL. */
export function checkFastAcquire(current: u32, mutex: usize): void {
  if (current > APC) report(Rule.FAST_MUTEX_ACQUIRE_IRQL, <u32>mutex, current, 0);
}

/** A fast mutex is about to be released, which lowers IRQL from APC_LEVEL. */
export function checkFastRelease(current: u32, mutex: usize): void {
  if (current != APC) report(Rule.FAST_MUTEX_RELEASE_IRQL, <u32>mutex, current, 0);
}

/** The unsafe routines of a fast mutex: at APC_LEVEL, or below in a critical region. */
export function checkUnsafe(rule: Rule, current: u32, disabled: bool, mutex: usize): void {
  if (current > APC || !disabled) report(rule, <u32>mutex, current, 0);
}

/** An ERESOURCE is about to be acquired or released: where no APC can come between. */
export function checkApcsDisabled(rule: Rule, current: u32, disabled: bool, lock: usize): void {
  if (!disabled) report(rule, <u32>lock, current, 0);
}

/** A critical region is about to be entered. */
export function noteEnterRegion(current: u32): void {
  if (current > APC) report(Rule.REGION_ENTER_IRQL, current, 0, 0);
}

/** A critical region is about to be left, of which `thread` is in `count`. */
export function noteLeaveRegion(current: u32, count: u32, thread: u32): void {
  if (current > APC) report(Rule.REGION_LEAVE_IRQL, current, 0, 0);
  if (count == 0) report(Rule.REGION_NOT_ENTERED, thread, 0, 0);
}

/** A routine that began in `before` critical regions must end in as many. */
export function checkRegions(boundary: Boundary, before: u32, after: u32): void {
  if (before == after) return;
  if (boundary == Boundary.DISPATCH) report(Rule.DISPATCH_REGION, boundary, before, after);
  else if (boundary == Boundary.COMPLETION) report(Rule.COMPLETION_REGION, boundary, before, after);
  else report(Rule.REGION_LEAKED, boundary, before, after);
}
