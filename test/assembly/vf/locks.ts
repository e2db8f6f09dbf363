/** The smallest programs that break the rules of spin locks, and the like of each that keeps it. */

import { Tag } from "../../../assembly/ex/tag";
import { ExAllocatePoolWithTag, ExFreePool } from "../../../assembly/ex/pool";
import { ExInitializeWorkItem, ExQueueWorkItem, WorkItem } from "../../../assembly/ex/workitem";
import { at } from "../../../assembly/nt/embed";
import {
  Irql, KLockQueueHandle, KSpinLock, KeAcquireInStackQueuedSpinLock,
  KeAcquireInStackQueuedSpinLockAtDpcLevel, KeAcquireSpinLock, KeAcquireSpinLockAtDpcLevel,
  KeInitializeSpinLock, KeLowerIrql, KeRaiseIrql, KeReleaseInStackQueuedSpinLock,
  KeReleaseInStackQueuedSpinLockFromDpcLevel, KeReleaseSpinLock, KeReleaseSpinLockFromDpcLevel,
  KeStallExecutionProcessor, LockRank, mustHold, mustHoldNothing, noteThreadEnd,
} from "../../../assembly/ke";
import { Boundary } from "../../../assembly/vf/rule";
import { otherProcessor, place, runWork } from "./machine";

function makeLock(rank: LockRank): KSpinLock {
  const lock = place<KSpinLock>(0);
  KeInitializeSpinLock(lock, rank);
  return lock;
}

//: LOCK_RECURSIVE
export function breaksLockRecursive(): void {
  const lock = makeLock(LockRank.Unranked);
  KeAcquireSpinLock(lock);
  KeAcquireSpinLock(lock);
}

export function keepsLockRecursive(): void {
  const lock = makeLock(LockRank.Unranked);
  KeReleaseSpinLock(lock, KeAcquireSpinLock(lock));
  KeReleaseSpinLock(lock, KeAcquireSpinLock(lock));
}

//: LOCK_ORDER
export function breaksLockOrder(): void {
  const table = makeLock(LockRank.TcpTable);
  const tcb = makeLock(LockRank.TcpTcb);
  const outer = KeAcquireSpinLock(tcb);
  const inner = KeAcquireSpinLock(table);
  KeReleaseSpinLock(table, inner);
  KeReleaseSpinLock(tcb, outer);
}

export function keepsLockOrder(): void {
  const table = makeLock(LockRank.TcpTable);
  const tcb = makeLock(LockRank.TcpTcb);
  const outer = KeAcquireSpinLock(table);
  const inner = KeAcquireSpinLock(tcb);
  KeReleaseSpinLock(tcb, inner);
  KeReleaseSpinLock(table, outer);
}

//: LOCK_NOT_INITIALIZED
export function breaksLockNotInitialized(): void {
  const lock = place<KSpinLock>(0);
  KeReleaseSpinLock(lock, KeAcquireSpinLock(lock));
}

export function keepsLockNotInitialized(): void {
  const lock = place<KSpinLock>(0);
  KeInitializeSpinLock(lock, LockRank.TcpTcb);
  KeReleaseSpinLock(lock, KeAcquireSpinLock(lock));
}

//: LOCK_RELEASE_ORDER
export function breaksLockReleaseOrder(): void {
  const outer = makeLock(LockRank.TcpTable);
  const inner = makeLock(LockRank.TcpTcb);
  const passive = KeAcquireSpinLock(outer);
  const dispatch = KeAcquireSpinLock(inner);
  KeReleaseSpinLock(outer, dispatch);
  KeReleaseSpinLock(inner, passive);
}

export function keepsLockReleaseOrder(): void {
  const outer = makeLock(LockRank.TcpTable);
  const inner = makeLock(LockRank.TcpTcb);
  const passive = KeAcquireSpinLock(outer);
  const dispatch = KeAcquireSpinLock(inner);
  KeReleaseSpinLock(inner, dispatch);
  KeReleaseSpinLock(outer, passive);
}

//: LOCK_RELEASED_BY_OTHER
export function breaksLockReleasedByOther(): void {
  const lock = makeLock(LockRank.TcpTcb);
  KeAcquireSpinLock(lock);
  otherProcessor();
  KeReleaseSpinLock(lock, Irql.DISPATCH);
}

export function keepsLockReleasedByOther(): void {
  const lock = makeLock(LockRank.TcpTcb);
  KeReleaseSpinLock(lock, KeAcquireSpinLock(lock));
  otherProcessor();
  KeReleaseSpinLock(lock, KeAcquireSpinLock(lock));
}

//: LOCK_INITIALIZED_TWICE
export function breaksLockInitializedTwice(): void {
  const lock = makeLock(LockRank.TcpTcb);
  KeAcquireSpinLock(lock);
  KeInitializeSpinLock(lock, LockRank.TcpTcb);
}

export function keepsLockInitializedTwice(): void {
  const lock = makeLock(LockRank.TcpTcb);
  KeReleaseSpinLock(lock, KeAcquireSpinLock(lock));
  KeInitializeSpinLock(lock, LockRank.TcpTcb);
}

//: LOCK_NOT_OWNED
export function breaksLockNotOwned(): void {
  const lock = makeLock(LockRank.TcpTcb);
  const irql = KeAcquireSpinLock(lock);
  KeReleaseSpinLockFromDpcLevel(lock);
  KeReleaseSpinLock(lock, irql);
}

export function keepsLockNotOwned(): void {
  const lock = makeLock(LockRank.TcpTcb);
  const irql = KeAcquireSpinLock(lock);
  KeReleaseSpinLock(lock, irql);
}

//: LOCK_ACQUIRE_KIND
export function breaksLockAcquireKind(): void {
  const lock = makeLock(LockRank.TcpTcb);
  const handle = place<KLockQueueHandle>(0);
  KeAcquireInStackQueuedSpinLock(lock, handle);
  KeReleaseInStackQueuedSpinLock(handle);
  KeReleaseSpinLock(lock, KeAcquireSpinLock(lock));
}

export function keepsLockAcquireKind(): void {
  const lock = makeLock(LockRank.TcpTcb);
  const handle = place<KLockQueueHandle>(0);
  KeAcquireInStackQueuedSpinLock(lock, handle);
  KeReleaseInStackQueuedSpinLock(handle);
  KeAcquireInStackQueuedSpinLock(lock, handle);
  KeReleaseInStackQueuedSpinLock(handle);
}

//: LOCK_RELEASE_KIND
export function breaksLockReleaseKind(): void {
  const lock = makeLock(LockRank.TcpTcb);
  const handle = place<KLockQueueHandle>(0);
  KeAcquireInStackQueuedSpinLock(lock, handle);
  KeReleaseSpinLock(lock, handle.oldIrql);
}

export function keepsLockReleaseKind(): void {
  const lock = makeLock(LockRank.TcpTcb);
  const handle = place<KLockQueueHandle>(0);
  KeAcquireInStackQueuedSpinLock(lock, handle);
  KeReleaseInStackQueuedSpinLock(handle);
}

//: LOCK_THREAD_ENDED
export function breaksLockThreadEnded(): void {
  const lock = makeLock(LockRank.TcpTcb);
  KeAcquireSpinLock(lock);
  noteThreadEnd();
}

export function keepsLockThreadEnded(): void {
  const lock = makeLock(LockRank.TcpTcb);
  KeReleaseSpinLock(lock, KeAcquireSpinLock(lock));
  noteThreadEnd();
}

//: LOCK_FREED
export function breaksLockFreed(): void {
  const lock = at<KSpinLock>(ExAllocatePoolWithTag(64, Tag.User), 0);
  KeInitializeSpinLock(lock, LockRank.TcpTcb);
  KeAcquireSpinLock(lock);
  ExFreePool(changetype<usize>(lock));
}

export function keepsLockFreed(): void {
  const lock = at<KSpinLock>(ExAllocatePoolWithTag(64, Tag.User), 0);
  KeInitializeSpinLock(lock, LockRank.TcpTcb);
  KeReleaseSpinLock(lock, KeAcquireSpinLock(lock));
  ExFreePool(changetype<usize>(lock));
}

//: LOCK_NOT_HELD
export function breaksLockNotHeld(): void {
  const lock = makeLock(LockRank.TcpTcb);
  mustHold(lock);
}

export function keepsLockNotHeld(): void {
  const lock = makeLock(LockRank.TcpTcb);
  const irql = KeAcquireSpinLock(lock);
  mustHold(lock);
  KeReleaseSpinLock(lock, irql);
}

//: LOCK_HELD_AT_BOUNDARY
export function breaksLockHeldAtBoundary(): void {
  const lock = makeLock(LockRank.TcpTcb);
  const irql = KeAcquireSpinLock(lock);
  mustHoldNothing(Boundary.NDIS_SEND);
  KeReleaseSpinLock(lock, irql);
}

export function keepsLockHeldAtBoundary(): void {
  const lock = makeLock(LockRank.TcpTcb);
  const irql = KeAcquireSpinLock(lock);
  KeReleaseSpinLock(lock, irql);
  mustHoldNothing(Boundary.NDIS_SEND);
}

//: LOCK_LEAKED
function leak(context: usize): void {
  KeAcquireSpinLock(at<KSpinLock>(context, 0));
}

export function breaksLockLeaked(): void {
  const item = place<WorkItem>(0);
  ExInitializeWorkItem(item, leak, changetype<usize>(makeLock(LockRank.TcpTcb)));
  ExQueueWorkItem(item);
  runWork();
}

function giveBack(context: usize): void {
  const lock = at<KSpinLock>(context, 0);
  KeReleaseSpinLock(lock, KeAcquireSpinLock(lock));
}

export function keepsLockLeaked(): void {
  const item = place<WorkItem>(0);
  ExInitializeWorkItem(item, giveBack, changetype<usize>(makeLock(LockRank.TcpTcb)));
  ExQueueWorkItem(item);
  runWork();
}

//: LOCK_HANDLE_IN_USE
export function breaksLockHandleInUse(): void {
  const handle = place<KLockQueueHandle>(0);
  KeAcquireInStackQueuedSpinLock(makeLock(LockRank.TcpTable), handle);
  KeAcquireInStackQueuedSpinLockAtDpcLevel(makeLock(LockRank.TcpTcb), handle);
}

export function keepsLockHandleInUse(): void {
  const outer = place<KLockQueueHandle>(0);
  const inner = place<KLockQueueHandle>(0);
  KeAcquireInStackQueuedSpinLock(makeLock(LockRank.TcpTable), outer);
  KeAcquireInStackQueuedSpinLockAtDpcLevel(makeLock(LockRank.TcpTcb), inner);
  KeReleaseInStackQueuedSpinLockFromDpcLevel(inner);
  KeReleaseInStackQueuedSpinLock(outer);
}

//: LOCK_HELD_LONG
export function breaksLockHeldLong(): void {
  const lock = makeLock(LockRank.TcpTcb);
  const irql = KeAcquireSpinLock(lock);
  KeStallExecutionProcessor(50);
  KeStallExecutionProcessor(51);
  KeStallExecutionProcessor(50);
  KeReleaseSpinLock(lock, irql);
}

export function keepsLockHeldLong(): void {
  const lock = makeLock(LockRank.TcpTcb);
  for (let i: u32 = 0; i < 3; i++) {
    const irql = KeAcquireSpinLock(lock);
    KeStallExecutionProcessor(50);
    KeStallExecutionProcessor(50);
    KeReleaseSpinLock(lock, irql);
    KeStallExecutionProcessor(300000);
  }
}

//: RELEASE_BELOW_DISPATCH
export function breaksReleaseBelowDispatch(): void {
  const lock = makeLock(LockRank.TcpTcb);
  KeAcquireSpinLock(lock);
  KeLowerIrql(Irql.PASSIVE);
  KeReleaseSpinLock(lock, Irql.PASSIVE);
}

export function keepsReleaseBelowDispatch(): void {
  const lock = makeLock(LockRank.TcpTcb);
  const irql = KeAcquireSpinLock(lock);
  KeReleaseSpinLock(lock, irql);
}

//: QUEUED_RELEASE_IRQL
export function breaksQueuedReleaseIrql(): void {
  const handle = place<KLockQueueHandle>(0);
  KeAcquireInStackQueuedSpinLock(makeLock(LockRank.TcpTcb), handle);
  KeLowerIrql(Irql.PASSIVE);
  KeReleaseInStackQueuedSpinLock(handle);
}

export function keepsQueuedReleaseIrql(): void {
  const handle = place<KLockQueueHandle>(0);
  KeAcquireInStackQueuedSpinLock(makeLock(LockRank.TcpTcb), handle);
  KeReleaseInStackQueuedSpinLock(handle);
}

//: ACQUIRE_BELOW_DISPATCH
export function breaksAcquireBelowDispatch(): void {
  KeAcquireSpinLockAtDpcLevel(makeLock(LockRank.TcpTcb));
}

export function keepsAcquireBelowDispatch(): void {
  const lock = makeLock(LockRank.TcpTcb);
  const irql = KeRaiseIrql(Irql.DISPATCH);
  KeAcquireSpinLockAtDpcLevel(lock);
  KeReleaseSpinLockFromDpcLevel(lock);
  KeLowerIrql(irql);
}

//: DPC_RELEASE_BELOW_DISPATCH
export function breaksDpcReleaseBelowDispatch(): void {
  const lock = makeLock(LockRank.TcpTcb);
  const irql = KeAcquireSpinLock(lock);
  KeLowerIrql(irql);
  KeReleaseSpinLockFromDpcLevel(lock);
}

export function keepsDpcReleaseBelowDispatch(): void {
  const lock = makeLock(LockRank.TcpTcb);
  const irql = KeAcquireSpinLock(lock);
  KeReleaseSpinLockFromDpcLevel(lock);
  KeLowerIrql(irql);
}

//: ACQUIRE_ABOVE_DISPATCH
export function breaksAcquireAboveDispatch(): void {
  const lock = makeLock(LockRank.TcpTcb);
  KeRaiseIrql(Irql.DEVICE);
  KeAcquireSpinLock(lock);
}

export function keepsAcquireAboveDispatch(): void {
  const lock = makeLock(LockRank.TcpTcb);
  KeRaiseIrql(Irql.DISPATCH);
  KeReleaseSpinLock(lock, KeAcquireSpinLock(lock));
}

//: RELEASE_IRQL
export function breaksReleaseIrql(): void {
  const lock = makeLock(LockRank.TcpTcb);
  KeAcquireSpinLock(lock);
  KeReleaseSpinLock(lock, Irql.DISPATCH);
}

export function keepsReleaseIrql(): void {
  const lock = makeLock(LockRank.TcpTcb);
  const irql = KeAcquireSpinLock(lock);
  KeReleaseSpinLock(lock, irql);
}

//: IRQL_BELOW_LOCK
export function breaksIrqlBelowLock(): void {
  const irql = KeRaiseIrql(Irql.DISPATCH);
  KeAcquireSpinLockAtDpcLevel(makeLock(LockRank.TcpTcb));
  KeLowerIrql(irql);
}

export function keepsIrqlBelowLock(): void {
  const lock = makeLock(LockRank.TcpTcb);
  const irql = KeRaiseIrql(Irql.DISPATCH);
  KeAcquireSpinLockAtDpcLevel(lock);
  KeReleaseSpinLockFromDpcLevel(lock);
  KeLowerIrql(irql);
}
