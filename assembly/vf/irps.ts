/** IRPs: owned by one, completed once, never freed in use. */

import { Rule, report } from "./rule";

/** Where an IRP is in its life; kept in the IRP in every build. */
export const enum IrpState {
  FREE,
  /** Belongs to whoever allocated it. */
  IDLE,
  /** Belongs to a driver. */
  IN_DRIVER,
  COMPLETED,
}

/** An IRP is about to be completed. */
export function noteComplete(irp: usize, state: IrpState, cancelable: bool): void {
  if (state != IrpState.IN_DRIVER) report(Rule.IRP_COMPLETED_TWICE, <u32>irp, state, 0);
  if (cancelable) report(Rule.IRP_CANCELABLE, <u32>irp, 0, 0);
}

/** An IRP is about to be freed. */
export function noteFreeIrp(irp: usize, state: IrpState): void {
  if (state == IrpState.IN_DRIVER || state == IrpState.FREE) {
    report(Rule.IRP_FREED_IN_USE, <u32>irp, state, 0);
  }
}
