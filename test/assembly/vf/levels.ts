/** The smallest programs that break the rules of IRQL and critical regions, and the like. */

import { Status, NTSTATUS } from "../../../assembly/nt/status";
import { IoCompleteRequest } from "../../../assembly/io/complete";
import { Irp } from "../../../assembly/io/irp";
import { ExInitializeWorkItem, ExQueueWorkItem, WorkItem } from "../../../assembly/ex/workitem";
import {
  IoConnectInterrupt, Irql, Kdpc, KeEnterCriticalRegion, KeInitializeDpc, KeInsertQueueDpc,
  KeLeaveCriticalRegion, KeLowerIrql, KeRaiseIrql, deliverInterrupt,
} from "../../../assembly/ke";
import { mustBeAt } from "../../../assembly/ke/irql";
import { place, runDpcs, runWork } from "./machine";
import { completeWith, sendTo } from "./driver";

//: IRQL_RAISE
export function breaksIrqlRaise(): void {
  KeRaiseIrql(Irql.DISPATCH);
  KeRaiseIrql(Irql.APC);
}

export function keepsIrqlRaise(): void {
  KeRaiseIrql(Irql.APC);
  KeRaiseIrql(Irql.DISPATCH);
}

//: IRQL_LOWER
function lowersTooFar(dpc: Kdpc, context: usize): void {
  KeLowerIrql(Irql.PASSIVE);
  KeRaiseIrql(Irql.DISPATCH);
}

export function breaksIrqlLower(): void {
  const dpc = place<Kdpc>(0);
  KeInitializeDpc(dpc, lowersTooFar, 0);
  KeInsertQueueDpc(dpc);
  runDpcs();
}

function raisesAndLowers(dpc: Kdpc, context: usize): void {
  KeLowerIrql(KeRaiseIrql(Irql.DEVICE));
}

export function keepsIrqlLower(): void {
  const dpc = place<Kdpc>(0);
  KeInitializeDpc(dpc, raisesAndLowers, 0);
  KeInsertQueueDpc(dpc);
  runDpcs();
}

//: IRQL_LEAKED
function comesBackRaised(context: usize): void {
  KeRaiseIrql(Irql.DISPATCH);
}

export function breaksIrqlLeaked(): void {
  const item = place<WorkItem>(0);
  ExInitializeWorkItem(item, comesBackRaised, 0);
  ExQueueWorkItem(item);
  runWork();
}

function comesBackAsItWent(context: usize): void {
  KeLowerIrql(KeRaiseIrql(Irql.DISPATCH));
}

export function keepsIrqlLeaked(): void {
  const item = place<WorkItem>(0);
  ExInitializeWorkItem(item, comesBackAsItWent, 0);
  ExQueueWorkItem(item);
  runWork();
}

//: IRQL_WRONG
export function breaksIrqlWrong(): void {
  mustBeAt(Irql.DISPATCH);
}

export function keepsIrqlWrong(): void {
  KeRaiseIrql(Irql.DISPATCH);
  mustBeAt(Irql.DISPATCH);
}

//: ISR_IRQL
function interruptLowers(context: usize): bool {
  KeLowerIrql(Irql.DISPATCH);
  return true;
}

export function breaksIsrIrql(): void {
  IoConnectInterrupt(3, interruptLowers, 0);
  deliverInterrupt(3);
}

function interruptKeeps(context: usize): bool {
  return true;
}

export function keepsIsrIrql(): void {
  IoConnectInterrupt(3, interruptKeeps, 0);
  deliverInterrupt(3);
}

//: COMPLETION_IRQL
function completionRaises(irp: Irp, context: usize): NTSTATUS {
  KeRaiseIrql(Irql.DISPATCH);
  return Status.SUCCESS;
}

export function breaksCompletionIrql(): void {
  completeWith(completionRaises);
}

function completionKeeps(irp: Irp, context: usize): NTSTATUS {
  KeLowerIrql(KeRaiseIrql(Irql.DISPATCH));
  return Status.SUCCESS;
}

export function keepsCompletionIrql(): void {
  completeWith(completionKeeps);
}

//: COMPLETION_REGION
function completionEnters(irp: Irp, context: usize): NTSTATUS {
  KeEnterCriticalRegion();
  return Status.SUCCESS;
}

export function breaksCompletionRegion(): void {
  completeWith(completionEnters);
}

function completionLeaves(irp: Irp, context: usize): NTSTATUS {
  KeEnterCriticalRegion();
  KeLeaveCriticalRegion();
  return Status.SUCCESS;
}

export function keepsCompletionRegion(): void {
  completeWith(completionLeaves);
}

//: DISPATCH_REGION
function dispatchEnters(device: usize, irp: Irp): NTSTATUS {
  KeEnterCriticalRegion();
  IoCompleteRequest(irp, Status.SUCCESS, 0);
  return Status.SUCCESS;
}

export function breaksDispatchRegion(): void {
  sendTo(dispatchEnters);
}

function dispatchLeaves(device: usize, irp: Irp): NTSTATUS {
  KeEnterCriticalRegion();
  KeLeaveCriticalRegion();
  IoCompleteRequest(irp, Status.SUCCESS, 0);
  return Status.SUCCESS;
}

export function keepsDispatchRegion(): void {
  sendTo(dispatchLeaves);
}

//: REGION_LEAKED
function workerEnters(context: usize): void {
  KeEnterCriticalRegion();
}

export function breaksRegionLeaked(): void {
  const item = place<WorkItem>(0);
  ExInitializeWorkItem(item, workerEnters, 0);
  ExQueueWorkItem(item);
  runWork();
}

function workerLeaves(context: usize): void {
  KeEnterCriticalRegion();
  KeLeaveCriticalRegion();
}

export function keepsRegionLeaked(): void {
  const item = place<WorkItem>(0);
  ExInitializeWorkItem(item, workerLeaves, 0);
  ExQueueWorkItem(item);
  runWork();
}

//: REGION_NOT_ENTERED
export function breaksRegionNotEntered(): void {
  KeLeaveCriticalRegion();
}

export function keepsRegionNotEntered(): void {
  KeEnterCriticalRegion();
  KeLeaveCriticalRegion();
}

//: REGION_ENTER_IRQL
export function breaksRegionEnterIrql(): void {
  KeRaiseIrql(Irql.DISPATCH);
  KeEnterCriticalRegion();
}

export function keepsRegionEnterIrql(): void {
  KeRaiseIrql(Irql.APC);
  KeEnterCriticalRegion();
  KeLeaveCriticalRegion();
}

//: REGION_LEAVE_IRQL
export function breaksRegionLeaveIrql(): void {
  KeEnterCriticalRegion();
  KeRaiseIrql(Irql.DISPATCH);
  KeLeaveCriticalRegion();
}

export function keepsRegionLeaveIrql(): void {
  KeEnterCriticalRegion();
  KeLowerIrql(KeRaiseIrql(Irql.DISPATCH));
  KeLeaveCriticalRegion();
}
