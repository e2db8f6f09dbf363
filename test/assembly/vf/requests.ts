/** The smallest programs that break the rules of IRPs, and the like of each that keeps it. */

import { NTSTATUS, Status } from "../../../assembly/nt/status";
import { IoCallDriver } from "../../../assembly/io/call";
import { IoSetCancelRoutine } from "../../../assembly/io/cancel";
import { IoCompleteRequest } from "../../../assembly/io/complete";
import { IoFreeIrp, Irp } from "../../../assembly/io/irp";
import { IoMarkIrpPending } from "../../../assembly/io/stack";
import { noteDereference, noteReference } from "../../../assembly/vf/references";
import { keepsRequest, makeDevice, makeIrp, sendTo } from "./driver";
import { place } from "./machine";

@unmanaged
class Counted {
  references: u32;
}

//: IRP_COMPLETED_TWICE
export function breaksIrpCompletedTwice(): void {
  const irp = sendTo(keepsRequest);
  IoCompleteRequest(irp, Status.SUCCESS, 0);
  IoCompleteRequest(irp, Status.SUCCESS, 0);
}

export function keepsIrpCompletedTwice(): void {
  const irp = sendTo(keepsRequest);
  IoCompleteRequest(irp, Status.SUCCESS, 0);
}

//: IRP_FREED_IN_USE
export function breaksIrpFreedInUse(): void {
  const irp = sendTo(keepsRequest);
  IoFreeIrp(irp);
}

export function keepsIrpFreedInUse(): void {
  const irp = sendTo(keepsRequest);
  IoCompleteRequest(irp, Status.SUCCESS, 0);
  IoFreeIrp(irp);
}

//: IRP_CANCELABLE
function cancels(irp: Irp): void {}

export function breaksIrpCancelable(): void {
  const irp = sendTo(keepsRequest);
  IoSetCancelRoutine(irp, cancels);
  IoCompleteRequest(irp, Status.CANCELLED, 0);
}

export function keepsIrpCancelable(): void {
  const irp = sendTo(keepsRequest);
  IoSetCancelRoutine(irp, cancels);
  if (IoSetCancelRoutine(irp, null) != null) IoCompleteRequest(irp, Status.SUCCESS, 0);
}

//: IRP_STACK
export function breaksIrpStack(): void {
  const device = makeDevice(keepsRequest);
  const irp = makeIrp();
  IoCallDriver(device, irp);
  IoCallDriver(device, irp);
}

export function keepsIrpStack(): void {
  IoCallDriver(makeDevice(keepsRequest), makeIrp());
}

//: IRP_COMPLETED_PENDING
export function breaksIrpCompletedPending(): void {
  IoCompleteRequest(sendTo(keepsRequest), Status.PENDING, 0);
}

export function keepsIrpCompletedPending(): void {
  IoCompleteRequest(sendTo(keepsRequest), Status.SUCCESS, 0);
}

//: IRP_FORGOTTEN
function forgetsRequest(device: usize, irp: Irp): NTSTATUS {
  return Status.INVALID_DEVICE_REQUEST;
}

export function breaksIrpForgotten(): void {
  sendTo(forgetsRequest);
}

function refusesRequest(device: usize, irp: Irp): NTSTATUS {
  IoCompleteRequest(irp, Status.INVALID_DEVICE_REQUEST, 0);
  return Status.INVALID_DEVICE_REQUEST;
}

export function keepsIrpForgotten(): void {
  sendTo(refusesRequest);
}

//: IRP_MARKED
function marksAndAnswers(device: usize, irp: Irp): NTSTATUS {
  IoMarkIrpPending(irp);
  IoCompleteRequest(irp, Status.SUCCESS, 0);
  return Status.SUCCESS;
}

export function breaksIrpMarked(): void {
  sendTo(marksAndAnswers);
}

function marksAndSaysSo(device: usize, irp: Irp): NTSTATUS {
  IoMarkIrpPending(irp);
  IoCompleteRequest(irp, Status.SUCCESS, 0);
  return Status.PENDING;
}

export function keepsIrpMarked(): void {
  sendTo(marksAndSaysSo);
}

//: IRP_NOT_MARKED
function keepsUnmarked(device: usize, irp: Irp): NTSTATUS {
  return Status.PENDING;
}

export function breaksIrpNotMarked(): void {
  sendTo(keepsUnmarked);
}

export function keepsIrpNotMarked(): void {
  sendTo(keepsRequest);
}

//: REFERENCE_COUNT
function reference(object: Counted): void {
  if (VERIFIER) noteReference(changetype<usize>(object), object.references);
  object.references++;
}

function dereference(object: Counted): void {
  object.references--;
  if (VERIFIER) noteDereference(changetype<usize>(object), object.references);
}

export function breaksReferenceCount(): void {
  const object = place<Counted>(0);
  object.references = 1;
  dereference(object);
  reference(object);
}

export function keepsReferenceCount(): void {
  const object = place<Counted>(0);
  object.references = 1;
  reference(object);
  dereference(object);
  dereference(object);
}
