/** Routines of others: each must leave locks, IRQL and critical regions as it finds them. */

import { checkIrql, checkRegions } from "../vf/irql";
import { checkBalanced, heldCount } from "../vf/locks";
import { checkOwnedBalanced, ownedCount } from "../vf/owned";
import { Boundary } from "../vf/rule";
import { KIRQL, KeGetCurrentPrcb } from "./processor";
import { KeGetCurrentThread, currentThread } from "./thread";

/** Where counts lie in the word that `routineBegins` gives. */
const OWNED_SHIFT: u32 = 8;
const REGIONS_SHIFT: u32 = 16;

/**
 * What the running processor and thread have before a routine is called, as one word for
 * `routineEnds`. Verified builds only. IRQL: any.
 */
export function routineBegins(): u32 {
  const held = heldCount(KeGetCurrentPrcb().number);
  const owned = ownedCount(currentThread());
  return held | owned << OWNED_SHIFT | KeGetCurrentThread().apcDisable << REGIONS_SHIFT;
}

/** The routine, called at `irql`, must have left all as it was. Verified builds only. */
export function routineEnds(boundary: Boundary, before: u32, irql: KIRQL): void {
  checkIrql(boundary, irql, routineLeaves(boundary, before));
}

/**
 * The routine must have left locks and critical regions as they were. IRQL is not asked, where it
 * may have been wrong before; returns it. Verified builds only.
 */
export function routineLeaves(boundary: Boundary, before: u32): KIRQL {
  const prcb = KeGetCurrentPrcb();
  checkBalanced(boundary, prcb.number, before & 0xff);
  checkOwnedBalanced(boundary, currentThread(), (before >>> OWNED_SHIFT) & 0xff);
  checkRegions(boundary, before >>> REGIONS_SHIFT, KeGetCurrentThread().apcDisable);
  return prcb.currentIrql;
}
