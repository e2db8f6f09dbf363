/**
 * KeRaiseIrql and KeLowerIrql: when IRQL falls below DISPATCH_LEVEL, the DPCs that wait run
 * first.
 */

import { checkIrqlAt, checkIrqlAtMost, noteLower, noteRaise } from "../vf/irql";
import { checkBelow } from "../vf/locks";
import { Irql, KIRQL, KeGetCurrentPrcb } from "./processor";
import { drainDpcs } from "./dpc";
import { Point, schedulingPoint } from "./point";

export function KeGetCurrentIrql(): KIRQL {
  return KeGetCurrentPrcb().currentIrql;
}

/** Raises IRQL and returns what it was. IRQL: <= `irql`. */
export function KeRaiseIrql(irql: KIRQL): KIRQL {
  schedulingPoint(Point.IRQL, <usize>KeGetCurrentPrcb().currentIrql);
  return raiseIrql(irql);
}

/** `KeRaiseIrql` for routines that were a scheduling point already. */
export function raiseIrql(irql: KIRQL): KIRQL {
  const prcb = KeGetCurrentPrcb();
  const old = prcb.currentIrql;
  if (VERIFIER) noteRaise(old, irql);
  prcb.currentIrql = irql;
  return old;
}

/** Lowers IRQL to what KeRaiseIrql returned. IRQL: >= `irql`. */
export function KeLowerIrql(irql: KIRQL): void {
  const prcb = KeGetCurrentPrcb();
  if (VERIFIER) {
    noteLower(prcb.currentIrql, irql, prcb.dpcActive != 0);
    checkBelow(prcb.number, irql);
  }
  if (irql < Irql.DISPATCH && prcb.dpcCount != 0) {
    prcb.currentIrql = Irql.DISPATCH;
    drainDpcs(prcb);
  }
  prcb.currentIrql = irql;
  schedulingPoint(Point.IRQL, <usize>irql);
}

/** The caller must run at exactly `irql`. Nothing in a free build. */
export function mustBeAt(irql: KIRQL): void {
  if (VERIFIER) checkIrqlAt(KeGetCurrentPrcb().currentIrql, irql);
}

/** The caller must run at `irql` or below. Nothing in a free build. */
export function mustBeAtMost(irql: KIRQL): void {
  if (VERIFIER) checkIrqlAtMost(KeGetCurrentPrcb().currentIrql, irql);
}
