/** KeStallExecutionProcessor: a processor's time that passes without work. */

import { noteStall } from "../vf/locks";
import { KeGetCurrentPrcb } from "./processor";

/**
 * Keeps the running processor busy for `microseconds`; the DDK asks for 50 at most. Virtual time
 * stands still within a call: only the verifier counts them. IRQL: any.
 */
export function KeStallExecutionProcessor(microseconds: u32): void {
  if (VERIFIER) noteStall(KeGetCurrentPrcb().number, microseconds);
}
