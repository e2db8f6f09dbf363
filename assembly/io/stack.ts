/** IO_STACK_LOCATION: what one driver is asked. */

import { at } from "../nt/embed";
import { NTSTATUS } from "../nt/status";
import { noteMarked } from "../vf/irps";
import { DeviceObject } from "./device";
import { FileObject } from "./file";
import { IRP_OCTETS, Irp, STACK_OCTETS } from "./irp";

/** Called when a lower driver has completed the request. IRQL: <= DISPATCH_LEVEL. Locks: none. */
export type CompletionRoutine = (irp: Irp, context: usize) => NTSTATUS;

/** The head that all views of the parameters share. */
@unmanaged
export class StackHead {
  major: u8;
  minor: u8;
  control: u8;
  flags: u8;
  device: DeviceObject | null;
  file: FileObject | null;
  completion: CompletionRoutine | null;
  context: usize;
}

/** A stack location; each request has its own view of the parameters (tdi/parameters.ts). */
@unmanaged
export class StackLocation extends StackHead {
  parameter0: u32;
  parameter1: u32;
  parameter2: u32;
  parameter3: u32;
  parameter4: u32;
}
if (offsetof<StackLocation>() != STACK_OCTETS) ERROR("io/irp.ts: STACK_OCTETS");

function locationAt(irp: Irp, index: u32): StackLocation {
  return at<StackLocation>(changetype<usize>(irp), IRP_OCTETS + STACK_OCTETS * index);
}

/** What the driver that owns `irp` is asked. */
export function IoGetCurrentIrpStackLocation(irp: Irp): StackLocation {
  return locationAt(irp, irp.currentLocation);
}

/** What the next lower driver is to be asked. */
export function IoGetNextIrpStackLocation(irp: Irp): StackLocation {
  return locationAt(irp, <u32>irp.currentLocation - 1);
}

/** The location at `index`, 0 for the lowest driver. */
export function stackLocation(irp: Irp, index: u32): StackLocation {
  return locationAt(irp, index);
}

/** A location as the view of its request that T is (tdi/parameters.ts). */
export function viewOf<T>(location: StackLocation): T {
  return changetype<T>(location);
}

/** What the driver that owns `irp` is asked, as the view of the request that T is. */
export function parametersOf<T>(irp: Irp): T {
  return changetype<T>(IoGetCurrentIrpStackLocation(irp));
}

/** Asks to be told when the next lower driver has completed `irp`. */
export function IoSetCompletionRoutine(
  irp: Irp,
  routine: CompletionRoutine,
  context: usize,
): void {
  const next = IoGetNextIrpStackLocation(irp);
  next.completion = routine;
  next.context = context;
}

/** The owner answers PENDING and completes the request later. */
export function IoMarkIrpPending(irp: Irp): void {
  irp.pendingReturned = 1;
  if (VERIFIER) noteMarked(changetype<usize>(irp));
}
