/** Cancel routines and the system's cancel lock (nt-facts 9.4). */

import { at } from "../nt/embed";
import { InterlockedExchange } from "../ex/interlocked";
import { Boundary } from "../vf/rule";
import { routineBegins, routineEnds } from "../ke/boundary";
import { KIRQL } from "../ke/processor";
import { LockRank } from "../ke/lockorder";
import { KSpinLock, KeAcquireSpinLock, KeInitializeSpinLock } from "../ke/spinlock";
import { KeReleaseSpinLock } from "../ke/spinlock";
import { CancelRoutine, Irp } from "./irp";

const LOCK: usize = memory.data(4);

function lock(): KSpinLock {
  return changetype<KSpinLock>(LOCK);
}

/** Where its lock lies, for the host. */
export function cancelLock(): usize {
  return LOCK;
}

/** Makes the cancel lock. Once, at boot. */
export function initializeCancel(): void {
  KeInitializeSpinLock(lock(), LockRank.IoCancel);
}

export function IoAcquireCancelSpinLock(): KIRQL {
  return KeAcquireSpinLock(lock());
}

export function IoReleaseCancelSpinLock(irql: KIRQL): void {
  KeReleaseSpinLock(lock(), irql);
}

/**
 * Sets or, with null, takes away the cancel routine, and returns the one before: whoever takes one
 * that is not null owns the completion. IRQL: <= DISPATCH_LEVEL.
 */
export function IoSetCancelRoutine(irp: Irp, routine: CancelRoutine | null): CancelRoutine | null {
  const field = changetype<usize>(irp) + offsetof<Irp>("cancelRoutine");
  return at<CancelRoutine | null>(InterlockedExchange(field, changetype<u32>(routine)), 0);
}

/** Asks the owner of `irp` to complete it; false when it cannot be cancelled now. */
export function IoCancelIrp(irp: Irp): bool {
  const before = VERIFIER ? routineBegins() : 0;
  const irql = IoAcquireCancelSpinLock();
  irp.cancel = 1;
  const routine = IoSetCancelRoutine(irp, null);
  if (routine == null) {
    IoReleaseCancelSpinLock(irql);
    return false;
  }
  irp.cancelIrql = irql;
  routine(irp);
  if (VERIFIER) routineEnds(Boundary.CANCEL, before, irql);
  return true;
}
