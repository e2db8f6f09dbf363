/** IoCompleteRequest: a request goes back up to whoever sent it. */

import { KeBugCheckEx, Stop } from "../nt/bugcheck";
import { NTSTATUS, Status } from "../nt/status";
import { Boundary } from "../vf/rule";
import { IrpState, noteComplete } from "../vf/irps";
import { routineBegins, routineEnds } from "../ke/boundary";
import { KeGetCurrentIrql, mustBeAtMost } from "../ke/irql";
import { Irql } from "../ke/processor";
import { mustHoldNothing } from "../ke/spinlock";
import { IoFreeIrp, Irp } from "./irp";
import { CompletionRoutine, stackLocation } from "./stack";

/**
 * Completes `irp` with `status` and `information`; the caller no longer owns it. Completion
 * routines run, lowest first; one that answers MORE_PROCESSING_REQUIRED owns the IRP, else it is
 * freed. IRQL: <= DISPATCH_LEVEL. Locks: none.
 */
export function IoCompleteRequest(irp: Irp, status: NTSTATUS, information: u32): void {
  mustBeAtMost(Irql.DISPATCH);
  mustHoldNothing(Boundary.COMPLETION);
  if (VERIFIER) {
    const cancelable = irp.cancelRoutine != null;
    noteComplete(changetype<usize>(irp), irp.state, cancelable, status == Status.PENDING);
  }
  if (irp.state != IrpState.IN_DRIVER) {
    KeBugCheckEx(Stop.MULTIPLE_IRP_COMPLETE_REQUESTS, changetype<u32>(irp), irp.state, 0, 0);
  }
  irp.status = status;
  irp.information = information;
  const count: u32 = irp.stackCount;
  for (let index: u32 = irp.currentLocation; index < count; index++) {
    const location = stackLocation(irp, index);
    const routine = location.completion;
    irp.currentLocation = <u8>(index + 1);
    // A driver that keeps it completes it again, for those above; the allocator frees it.
    irp.state = index + 1 < count ? IrpState.IN_DRIVER : IrpState.COMPLETED;
    if (routine == null) continue;
    if (callBack(routine, irp, location.context) == Status.MORE_PROCESSING_REQUIRED) return;
  }
  IoFreeIrp(irp);
}

function callBack(routine: CompletionRoutine, irp: Irp, context: usize): NTSTATUS {
  if (!VERIFIER) return routine(irp, context);
  const before = routineBegins();
  const irql = KeGetCurrentIrql();
  const answer = routine(irp, context);
  routineEnds(Boundary.COMPLETION, before, irql);
  return answer;
}
