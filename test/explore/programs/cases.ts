/**
 * The 21 small cases in one module: `size` is the number of the case, from 1 on. 18 of them are
 * defects and have a twin without it; 3 are traps, in which there is nothing to find.
 */

import {
  EResource, ExAcquireResourceExclusiveLite, ExAcquireResourceSharedLite,
  ExAcquireSharedWaitForExclusive, ExAllocatePoolWithTag, ExDeleteResourceLite, ExFreePool,
  ExInitializeResourceLite, ExReleaseResourceLite, Tag, initializePool,
} from "../../../assembly/ex";
import {
  DispatcherType, ExAcquireFastMutex, ExInitializeFastMutex, ExReleaseFastMutex, FastMutex,
  INFINITE, Irql, KMutex, KSpinLock, KeAcquireSpinLock, KeAcquireSpinLockAtDpcLevel,
  KeEnterCriticalRegion, KeInitializeMutex, KeInitializeSpinLock, KeLeaveCriticalRegion,
  KeLowerIrql, KeRaiseIrql, KeReleaseMutex, KeReleaseSpinLock, KeReleaseSpinLockFromDpcLevel,
  KeSetEvent, KeStallExecutionProcessor, KeTryToAcquireSpinLockAtDpcLevel, KeWaitForSingleObject,
  LockRank,
} from "../../../assembly/ke";
import { eventAt, initializeEvent, initializeLocks, lockAt, read, write } from "./ground";

export * from "../../../assembly/explored";

/** The numbers that checkers have been measured with. */
export enum Case {
  ABBA_MUTEX = 1, ABBA_SPIN, THREE_LOCKS, TRAP_ONE_THREAD, TRAP_GATE, ENDS_WITH_MUTEX,
  ENDS_WITH_SPIN, RELEASE_UNOWNED, RELEASE_BY_OTHER, SPIN_RELEASE_BY_OTHER, FREED_HELD,
  DELETED_HELD, USED_AFTER_FREE, INITIALIZED_HELD, RECURSIVE_MUTEX, RECURSIVE_SPIN,
  WAIT_WITH_SPIN, READER_RECURSION, HELD_AT_END, TRAP_TRY, LONG_HOLD,
}

const MUTEXES: usize = memory.data(32);
const RESOURCE: usize = memory.data(168);
const BLOCK_OCTETS: u32 = 64;
/** Words of the ground: the first two events and the words beside them. */
const READY: u32 = 0;
const DONE: u32 = 1;

let chosen: Case = Case.ABBA_MUTEX;
let mended: bool = false;

export function configure(size: u32, fixed: bool): void {
  chosen = size;
  mended = fixed;
}

/** How many take part in the chosen case. */
export function threads(): u32 {
  switch (chosen) {
    case Case.THREE_LOCKS: return 3;
    case Case.ABBA_MUTEX: case Case.ABBA_SPIN: case Case.TRAP_ONE_THREAD: case Case.TRAP_GATE:
    case Case.RELEASE_BY_OTHER: case Case.SPIN_RELEASE_BY_OTHER: case Case.READER_RECURSION:
    case Case.TRAP_TRY: return 2;
    default: return 1;
  }
}

/** What is left at the end is left by a DPC: a thread would be told of when it ends. */
export function levelOf(index: u32): u32 {
  return chosen == Case.HELD_AT_END ? Irql.DISPATCH : Irql.PASSIVE;
}

export function setUp(): void {
  initializePool();
  initializeLocks(4);
  initializeEvent(READY, DispatcherType.NOTIFICATION, false);
  initializeEvent(DONE, DispatcherType.NOTIFICATION, false);
  KeInitializeMutex(mutexAt(0), LockRank.Unranked);
  KeInitializeMutex(mutexAt(1), LockRank.Unranked);
  ExInitializeResourceLite(changetype<EResource>(RESOURCE), LockRank.Unranked);
}

function mutexAt(index: u32): KMutex {
  return changetype<KMutex>(MUTEXES + <usize>(index << 4));
}

export function thread(index: u32): void {
  switch (chosen) {
    case Case.ABBA_MUTEX: return nestMutexes(index == 1 && !mended);
    case Case.ABBA_SPIN: return index == 1 && !mended ? nest(1, 0) : nest(0, 1);
    case Case.THREE_LOCKS: return index == 2 ? (mended ? nest(0, 2) : nest(2, 0))
      : nest(index, index + 1);
    case Case.TRAP_ONE_THREAD: return bothOrders(index);
    case Case.TRAP_GATE: return behindGate(index);
    case Case.ENDS_WITH_MUTEX: return endWithMutex();
    case Case.ENDS_WITH_SPIN: return endWithSpin();
    case Case.RELEASE_UNOWNED: return releaseUnowned();
    case Case.RELEASE_BY_OTHER: return releaseByOther(index);
    case Case.SPIN_RELEASE_BY_OTHER: return releaseSpinByOther(index);
    case Case.FREED_HELD: return freeHeld();
    case Case.DELETED_HELD: return deleteHeld();
    case Case.USED_AFTER_FREE: return useAfterFree();
    case Case.INITIALIZED_HELD: return initializeHeld();
    case Case.RECURSIVE_MUTEX: return takeMutexTwice();
    case Case.RECURSIVE_SPIN: return takeSpinTwice();
    case Case.WAIT_WITH_SPIN: return waitWithSpin();
    case Case.READER_RECURSION: return readTwice(index);
    case Case.HELD_AT_END: return holdAtEnd();
    case Case.TRAP_TRY: return tryInversion(index);
    default: return holdLong();
  }
}

export function check(): void {}

/** Spin lock `inner` in `outer`. */
function nest(outer: u32, inner: u32): void {
  const irql = KeAcquireSpinLock(lockAt(outer));
  KeAcquireSpinLockAtDpcLevel(lockAt(inner));
  write(0, read(0) + 1);
  KeReleaseSpinLockFromDpcLevel(lockAt(inner));
  KeReleaseSpinLock(lockAt(outer), irql);
}

function nestMutexes(turned: bool): void {
  const outer = mutexAt(turned ? 1 : 0);
  const inner = mutexAt(turned ? 0 : 1);
  KeWaitForSingleObject(outer, INFINITE);
  KeWaitForSingleObject(inner, INFINITE);
  KeReleaseMutex(inner);
  KeReleaseMutex(outer);
}

/** Nobody else takes one of them while it holds the other. */
function bothOrders(index: u32): void {
  if (index == 0) {
    nest(0, 1);
    nest(1, 0);
    return;
  }
  for (let i: u32 = 0; i < 2; i++) {
    const irql = KeAcquireSpinLock(lockAt(i));
    KeReleaseSpinLock(lockAt(i), irql);
  }
}

/** Lock 2 keeps the two orders apart. */
function behindGate(index: u32): void {
  const irql = KeAcquireSpinLock(lockAt(2));
  if (index == 0) nest(0, 1);
  else nest(1, 0);
  KeReleaseSpinLock(lockAt(2), irql);
}

function endWithMutex(): void {
  KeWaitForSingleObject(mutexAt(0), INFINITE);
  if (mended) KeReleaseMutex(mutexAt(0));
}

function endWithSpin(): void {
  const irql = KeAcquireSpinLock(lockAt(0));
  if (mended) KeReleaseSpinLock(lockAt(0), irql);
}

function releaseUnowned(): void {
  if (mended) KeWaitForSingleObject(mutexAt(0), INFINITE);
  KeReleaseMutex(mutexAt(0));
}

function releaseByOther(index: u32): void {
  if (index == 1) {
    KeWaitForSingleObject(eventAt(READY), INFINITE);
    if (!mended) KeReleaseMutex(mutexAt(0));
    KeSetEvent(eventAt(DONE));
    return;
  }
  KeWaitForSingleObject(mutexAt(0), INFINITE);
  KeSetEvent(eventAt(READY));
  KeWaitForSingleObject(eventAt(DONE), INFINITE);
  KeReleaseMutex(mutexAt(0));
}

/** The other is told while the lock is still held; the twin takes it itself. */
function releaseSpinByOther(index: u32): void {
  if (index == 1) {
    KeWaitForSingleObject(eventAt(READY), INFINITE);
    const irql = KeRaiseIrql(Irql.DISPATCH);
    if (mended) KeAcquireSpinLockAtDpcLevel(lockAt(0));
    KeReleaseSpinLockFromDpcLevel(lockAt(0));
    KeLowerIrql(irql);
    return;
  }
  const irql = KeAcquireSpinLock(lockAt(0));
  KeSetEvent(eventAt(READY));
  KeAcquireSpinLockAtDpcLevel(lockAt(1));
  KeReleaseSpinLockFromDpcLevel(lockAt(1));
  KeReleaseSpinLock(lockAt(0), irql);
}

function freeHeld(): void {
  const block = ExAllocatePoolWithTag(BLOCK_OCTETS, Tag.Driver);
  const lock = changetype<KSpinLock>(block);
  KeInitializeSpinLock(lock, LockRank.Unranked);
  const irql = KeAcquireSpinLock(lock);
  if (mended) KeReleaseSpinLock(lock, irql);
  ExFreePool(block);
}

function deleteHeld(): void {
  const resource = changetype<EResource>(RESOURCE);
  KeEnterCriticalRegion();
  ExAcquireResourceExclusiveLite(resource, true);
  if (!mended) ExDeleteResourceLite(resource);
  ExReleaseResourceLite(resource);
  KeLeaveCriticalRegion();
  if (mended) ExDeleteResourceLite(resource);
}

function useAfterFree(): void {
  const block = ExAllocatePoolWithTag(BLOCK_OCTETS, Tag.Driver);
  const mutex = changetype<FastMutex>(block);
  ExInitializeFastMutex(mutex, LockRank.Unranked);
  if (!mended) ExFreePool(block);
  ExAcquireFastMutex(mutex);
  ExReleaseFastMutex(mutex);
  if (mended) ExFreePool(block);
}

function initializeHeld(): void {
  KeWaitForSingleObject(mutexAt(0), INFINITE);
  if (mended) KeReleaseMutex(mutexAt(0));
  KeInitializeMutex(mutexAt(0), LockRank.Unranked);
}

/** A fast mutex: of a KMUTEX its owner may have more. */
function takeMutexTwice(): void {
  const mutex = changetype<FastMutex>(RESOURCE);
  ExInitializeFastMutex(mutex, LockRank.Unranked);
  ExAcquireFastMutex(mutex);
  if (mended) ExReleaseFastMutex(mutex);
  ExAcquireFastMutex(mutex);
  ExReleaseFastMutex(mutex);
}

function takeSpinTwice(): void {
  const irql = KeAcquireSpinLock(lockAt(0));
  if (mended) KeReleaseSpinLock(lockAt(0), irql);
  const inner = KeAcquireSpinLock(lockAt(0));
  KeReleaseSpinLock(lockAt(0), inner);
}

function waitWithSpin(): void {
  const irql = KeAcquireSpinLock(lockAt(0));
  if (mended) KeReleaseSpinLock(lockAt(0), irql);
  KeWaitForSingleObject(eventAt(READY), 3);
  if (!mended) KeReleaseSpinLock(lockAt(0), irql);
}

/** A reader that waits behind who waits for it to leave; the twin's second time is let in. */
function readTwice(index: u32): void {
  const resource = changetype<EResource>(RESOURCE);
  KeEnterCriticalRegion();
  if (index == 1) ExAcquireResourceExclusiveLite(resource, true);
  else {
    ExAcquireResourceSharedLite(resource, true);
    if (mended) ExAcquireResourceSharedLite(resource, true);
    else ExAcquireSharedWaitForExclusive(resource, true);
    ExReleaseResourceLite(resource);
  }
  ExReleaseResourceLite(resource);
  KeLeaveCriticalRegion();
}

function holdAtEnd(): void {
  const irql = KeRaiseIrql(Irql.DISPATCH);
  KeAcquireSpinLockAtDpcLevel(lockAt(0));
  if (!mended) return;
  KeReleaseSpinLockFromDpcLevel(lockAt(0));
  KeLowerIrql(irql);
}

/** Who would take the locks the other way round only tries. */
function tryInversion(index: u32): void {
  if (index == 0) return nest(0, 1);
  const irql = KeAcquireSpinLock(lockAt(1));
  if (KeTryToAcquireSpinLockAtDpcLevel(lockAt(0))) KeReleaseSpinLockFromDpcLevel(lockAt(0));
  KeReleaseSpinLock(lockAt(1), irql);
}

/** The twin asks, lets go, and stalls after that. */
function holdLong(): void {
  const irql = KeAcquireSpinLock(lockAt(0));
  if (mended) KeReleaseSpinLock(lockAt(0), irql);
  KeStallExecutionProcessor(300000);
  if (!mended) KeReleaseSpinLock(lockAt(0), irql);
}
