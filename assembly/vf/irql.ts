/** IRQL: raised only upwards, lowered only downwards, and as it was when a routine ends. */

import { Boundary, Rule, report } from "./rule";

/** IRQL is about to be raised. */
export function noteRaise(current: u32, asked: u32): void {
  if (asked < current) report(Rule.IRQL_RAISE, current, asked, 0);
}

/** IRQL is about to be lowered. */
export function noteLower(current: u32, asked: u32): void {
  if (asked > current) report(Rule.IRQL_LOWER, current, asked, 0);
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
