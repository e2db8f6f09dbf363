/** Reference counts: what nobody holds is gone, and must not be held again or let go. */

import { Rule, report } from "./rule";

/** `object` is about to be referenced, while it has `count` references. */
export function noteReference(object: usize, count: u32): void {
  if (count == 0) report(Rule.REFERENCE_COUNT, <u32>object, count, 0);
}

/** A reference of `object` was given back, and `left` are left. */
export function noteDereference(object: usize, left: u32): void {
  if (<i32>left < 0) report(Rule.REFERENCE_COUNT, <u32>object, left, 0);
}
