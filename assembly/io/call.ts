/** IoCallDriver: a request passes to the next driver. */

import { KeBugCheckEx, Stop } from "../nt/bugcheck";
import { NTSTATUS, Status } from "../nt/status";
import { Boundary, Rule, report } from "../vf/rule";
import { IrpState, beginCall, endCall } from "../vf/irps";
import { routineBegins, routineEnds } from "../ke/boundary";
import { KeGetCurrentIrql } from "../ke/irql";
import { mustHoldNothing } from "../ke/spinlock";
import { DeviceObject } from "./device";
import { dispatchMajor } from "./driver";
import { Irp } from "./irp";
import { IoGetCurrentIrpStackLocation } from "./stack";

/**
 * Gives `irp` to the driver of `device`, who owns it from here on; the answer is PENDING or the
 * status with which it was completed. IRQL: <= DISPATCH_LEVEL. Locks: none.
 */
export function IoCallDriver(device: DeviceObject, irp: Irp): NTSTATUS {
  mustHoldNothing(Boundary.DISPATCH);
  if (irp.currentLocation == 0) {
    if (VERIFIER) report(Rule.IRP_STACK, changetype<u32>(irp), 0, 0);
    KeBugCheckEx(Stop.NO_MORE_IRP_STACK_LOCATIONS, changetype<u32>(irp), 0, 0, 0);
  }
  irp.currentLocation--;
  irp.state = IrpState.IN_DRIVER;
  const stack = IoGetCurrentIrpStackLocation(irp);
  stack.device = device;
  const where = changetype<usize>(device);
  if (!VERIFIER) return dispatchMajor(device.driver, stack.major, where, irp);
  const before = routineBegins();
  const irql = KeGetCurrentIrql();
  const call = beginCall(changetype<usize>(irp));
  const status = dispatchMajor(device.driver, stack.major, where, irp);
  endCall(call, status, status == Status.PENDING);
  routineEnds(Boundary.DISPATCH, before, irql);
  return status;
}

/**
 * IoSetNextIrpStackLocation: a driver takes over a request that its client has built and handed it
 * in answer to an event, as if it had been sent. IRQL: <= DISPATCH_LEVEL.
 */
export function IoSetNextIrpStackLocation(irp: Irp): void {
  irp.currentLocation--;
  irp.state = IrpState.IN_DRIVER;
}
