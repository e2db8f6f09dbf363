/** The smallest programs that break the rules of pool and of what lies in it, and the like. */

import { Tag } from "../../../assembly/ex/tag";
import { ExAllocatePoolWithTag, ExFreePool } from "../../../assembly/ex/pool";
import { EResource, ExDeleteResourceLite, ExInitializeResourceLite, RESOURCE_OCTETS } from
  "../../../assembly/ex/resource";
import { ExInitializeWorkItem, ExQueueWorkItem, WorkItem } from "../../../assembly/ex/workitem";
import { at } from "../../../assembly/nt/embed";
import {
  Irql, KTimer, Kdpc, KeCancelTimer, KeInitializeDpc, KeInitializeTimer, KeInsertQueueDpc,
  KeLowerIrql, KeRaiseIrql, KeSetTimerEx, LockRank,
} from "../../../assembly/ke";
import { place, runDpcs, runWork, unload } from "./machine";

function poolFor<T>(more: u32): T {
  return at<T>(ExAllocatePoolWithTag(<u32>offsetof<T>() + more, Tag.User), 0);
}

function free<T>(structure: T): void {
  ExFreePool(changetype<usize>(structure));
}

function defers(dpc: Kdpc, context: usize): void {}

function makeDpc(): Kdpc {
  const dpc = place<Kdpc>(0);
  KeInitializeDpc(dpc, defers, 0);
  return dpc;
}

function works(context: usize): void {}

//: POOL_IRQL
export function breaksPoolIrql(): void {
  KeRaiseIrql(Irql.DEVICE);
  ExAllocatePoolWithTag(64, Tag.User);
}

export function keepsPoolIrql(): void {
  KeRaiseIrql(Irql.DISPATCH);
  ExAllocatePoolWithTag(64, Tag.User);
}

//: POOL_FREE_IRQL
export function breaksPoolFreeIrql(): void {
  const block = ExAllocatePoolWithTag(64, Tag.User);
  KeRaiseIrql(Irql.DEVICE);
  ExFreePool(block);
}

export function keepsPoolFreeIrql(): void {
  const block = ExAllocatePoolWithTag(64, Tag.User);
  KeRaiseIrql(Irql.DISPATCH);
  ExFreePool(block);
}

//: POOL_BAD_ADDRESS
export function breaksPoolBadAddress(): void {
  ExFreePool(ExAllocatePoolWithTag(64, Tag.User) + 16);
}

export function keepsPoolBadAddress(): void {
  ExFreePool(ExAllocatePoolWithTag(64, Tag.User));
}

//: POOL_DOUBLE_FREE
export function breaksPoolDoubleFree(): void {
  const block = ExAllocatePoolWithTag(64, Tag.User);
  ExFreePool(block);
  ExFreePool(block);
}

export function keepsPoolDoubleFree(): void {
  ExFreePool(ExAllocatePoolWithTag(64, Tag.User));
  ExFreePool(ExAllocatePoolWithTag(64, Tag.User));
}

//: POOL_OVERRUN
export function breaksPoolOverrun(): void {
  const block = ExAllocatePoolWithTag(64, Tag.User);
  memory.fill(block, 0, 65);
  ExFreePool(block);
}

export function keepsPoolOverrun(): void {
  const block = ExAllocatePoolWithTag(64, Tag.User);
  memory.fill(block, 0, 64);
  ExFreePool(block);
}

//: POOL_LEAKED
export function breaksPoolLeaked(): void {
  ExAllocatePoolWithTag(64, Tag.User);
  unload();
}

export function keepsPoolLeaked(): void {
  ExFreePool(ExAllocatePoolWithTag(64, Tag.User));
  unload();
}

//: POOL_HAS_TIMER
export function breaksPoolHasTimer(): void {
  const timer = poolFor<KTimer>(0);
  KeInitializeTimer(timer);
  KeSetTimerEx(timer, 100, 0, makeDpc());
  free(timer);
}

export function keepsPoolHasTimer(): void {
  const timer = poolFor<KTimer>(0);
  KeInitializeTimer(timer);
  KeSetTimerEx(timer, 100, 0, makeDpc());
  KeCancelTimer(timer);
  free(timer);
}

//: POOL_HAS_DPC
export function breaksPoolHasDpc(): void {
  KeRaiseIrql(Irql.DISPATCH);
  const dpc = poolFor<Kdpc>(0);
  KeInitializeDpc(dpc, defers, 0);
  KeInsertQueueDpc(dpc);
  free(dpc);
}

export function keepsPoolHasDpc(): void {
  const irql = KeRaiseIrql(Irql.DISPATCH);
  const dpc = poolFor<Kdpc>(0);
  KeInitializeDpc(dpc, defers, 0);
  KeInsertQueueDpc(dpc);
  KeLowerIrql(irql);
  free(dpc);
}

//: POOL_HAS_WORK_ITEM
export function breaksPoolHasWorkItem(): void {
  const item = poolFor<WorkItem>(0);
  ExInitializeWorkItem(item, works, 0);
  ExQueueWorkItem(item);
  free(item);
}

export function keepsPoolHasWorkItem(): void {
  const item = poolFor<WorkItem>(0);
  ExInitializeWorkItem(item, works, 0);
  ExQueueWorkItem(item);
  runWork();
  free(item);
}

//: POOL_HAS_RESOURCE
export function breaksPoolHasResource(): void {
  const resource = poolFor<EResource>(RESOURCE_OCTETS);
  ExInitializeResourceLite(resource, LockRank.Unranked);
  free(resource);
}

export function keepsPoolHasResource(): void {
  const resource = poolFor<EResource>(RESOURCE_OCTETS);
  ExInitializeResourceLite(resource, LockRank.Unranked);
  ExDeleteResourceLite(resource);
  free(resource);
}

//: OBJECT_INITIALIZED_TWICE
export function breaksObjectInitializedTwice(): void {
  const dpc = makeDpc();
  KeInsertQueueDpc(dpc);
  KeInitializeDpc(dpc, defers, 0);
}

export function keepsObjectInitializedTwice(): void {
  const dpc = makeDpc();
  KeInsertQueueDpc(dpc);
  runDpcs();
  KeInitializeDpc(dpc, defers, 0);
}

//: LEFT_AT_UNLOAD
export function breaksLeftAtUnload(): void {
  const timer = place<KTimer>(0);
  KeInitializeTimer(timer);
  KeSetTimerEx(timer, 100, 0, makeDpc());
  unload();
}

export function keepsLeftAtUnload(): void {
  const timer = place<KTimer>(0);
  KeInitializeTimer(timer);
  KeSetTimerEx(timer, 100, 0, makeDpc());
  KeCancelTimer(timer);
  unload();
}
