/** Three threads that take one lock of each kind, for the explorer: who came when, who got in. */

import {
  EResource, ExAcquireResourceExclusiveLite, ExAcquireResourceSharedLite,
  ExAcquireSharedStarveExclusive, ExAcquireSharedWaitForExclusive, ExInitializeResourceLite,
  ExIsResourceAcquiredExclusiveLite, ExIsResourceAcquiredSharedLite, ExReleaseResourceLite,
  ReadULongAcquire,
} from "../../../assembly/ex";
import {
  DispatcherType, ExAcquireFastMutex, ExAcquireSpinLockExclusive,
  ExAcquireSpinLockExclusiveAtDpcLevel, ExAcquireSpinLockShared,
  ExAcquireSpinLockSharedAtDpcLevel, ExInitializeFastMutex, ExReleaseFastMutex,
  ExReleaseSpinLockExclusive, ExReleaseSpinLockExclusiveFromDpcLevel, ExReleaseSpinLockShared,
  ExReleaseSpinLockSharedFromDpcLevel, ExSpinLock, ExTryToAcquireFastMutex, FastMutex, INFINITE,
  Irql, KEvent, KLockQueueHandle, KMutex, KSemaphore,
  KSpinLock, KeAcquireInStackQueuedSpinLock, KeAcquireSpinLock, KeEnterCriticalRegion,
  KeInitializeEvent, KeInitializeMutex, KeInitializeSemaphore, KeInitializeSpinLock,
  KeLeaveCriticalRegion, KeRaiseIrql, KeReleaseInStackQueuedSpinLock, KeReleaseMutex,
  KeReleaseSemaphore, KeReleaseSpinLock, KeSetEvent, KeTryToAcquireSpinLock,
  KeWaitForSingleObject, LockRank, NOT_TAKEN, initializeSharedLock, noteThreadEnd,
} from "../../../assembly/ke";

export * from "../../../assembly/explored";

/** What the threads do. */
export const enum Program {
  QUEUED,
  MUTEX,
  SEMAPHORE,
  FAST_MUTEX,
  EXCLUSIVE,
  /** Two shared, one exclusive. */
  READERS,
  TRY,
  TRY_FAST,
  /** One has it shared and asks again, the second waits for it exclusive. */
  SHARED_TWICE,
  /** The same, but the second time behind who waits. */
  SHARED_BEHIND,
  /** A newcomer, behind who waits exclusive and past it. */
  NEWCOMER,
  STARVING,
  /** A mutex that its thread does not give back. */
  KEPT_MUTEX,
  /** Who has it shared asks for it exclusive. */
  UPGRADE,
  /** A reader-writer spin lock: one exclusive, two shared. */
  SHARED_SPIN,
  /** One has it shared and asks again, another wants it exclusive. */
  SHARED_SPIN_TWICE,
  /** Who has it shared releases it as exclusive, and the other way round. */
  SHARED_SPIN_KIND,
}

export const THREADS: u32 = 3;

const WORDS: usize = memory.data(64);
const LOCK: usize = memory.data(256);
const HANDLES: usize = memory.data(128);
const EVENTS: usize = memory.data(64);

@unmanaged
class State {
  program: Program;
  /** Who is inside now, and at most. */
  inside: u32;
  most: u32;
  /** How many got in. */
  entered: u32;
  /** Who got in, an octet each, the first in the lowest. */
  order: u32;
}

function state(): State {
  return changetype<State>(WORDS);
}

/** Where the lock of all threads lies. */
export function lockOf(): usize {
  return LOCK;
}

export function mostInside(): u32 {
  return state().most;
}

export function entered(): u32 {
  return state().entered;
}

/** The `index`-th who got in. */
export function enteredAt(index: u32): u32 {
  return (state().order >>> (index << 3)) & 0xff;
}

export function configure(size: u32, fixed: bool): void {
  state().program = size;
}

export function setUp(): void {
  KeInitializeEvent(eventAt(0), DispatcherType.NOTIFICATION, false);
  KeInitializeEvent(eventAt(1), DispatcherType.NOTIFICATION, false);
  switch (state().program) {
    case Program.QUEUED:
    case Program.TRY:
      return KeInitializeSpinLock(changetype<KSpinLock>(LOCK), LockRank.Unranked);
    case Program.MUTEX:
    case Program.KEPT_MUTEX:
      return KeInitializeMutex(changetype<KMutex>(LOCK), LockRank.Unranked);
    case Program.SHARED_SPIN:
    case Program.SHARED_SPIN_TWICE:
    case Program.SHARED_SPIN_KIND:
      return initializeSharedLock(changetype<ExSpinLock>(LOCK), LockRank.Unranked);
    case Program.SEMAPHORE:
      return KeInitializeSemaphore(changetype<KSemaphore>(LOCK), 2, 2);
    case Program.FAST_MUTEX:
    case Program.TRY_FAST:
      return ExInitializeFastMutex(changetype<FastMutex>(LOCK), LockRank.Unranked);
    default:
      return ExInitializeResourceLite(changetype<EResource>(LOCK), LockRank.Unranked);
  }
}

function eventAt(index: u32): KEvent {
  return changetype<KEvent>(EVENTS + <usize>(index << 4));
}

/** In the critical section others may run: at most `most` are ever inside. */
function beInside(index: u32): void {
  const all = state();
  all.order |= index << (all.entered << 3);
  all.entered++;
  all.inside++;
  if (all.inside > all.most) all.most = all.inside;
  ReadULongAcquire(WORDS);
  all.inside--;
}

export function thread(index: u32): void {
  const resource = changetype<EResource>(LOCK);
  KeEnterCriticalRegion();
  switch (state().program) {
    case Program.QUEUED: {
      const handle = changetype<KLockQueueHandle>(HANDLES + <usize>(index << 5));
      KeAcquireInStackQueuedSpinLock(changetype<KSpinLock>(LOCK), handle);
      beInside(index);
      KeReleaseInStackQueuedSpinLock(handle);
      break;
    }
    case Program.MUTEX: {
      const mutex = changetype<KMutex>(LOCK);
      KeWaitForSingleObject(mutex, INFINITE);
      KeWaitForSingleObject(mutex, INFINITE);
      beInside(index);
      KeReleaseMutex(mutex);
      KeReleaseMutex(mutex);
      break;
    }
    case Program.SEMAPHORE: {
      const semaphore = changetype<KSemaphore>(LOCK);
      KeWaitForSingleObject(semaphore, INFINITE);
      beInside(index);
      KeReleaseSemaphore(semaphore, 1);
      break;
    }
    case Program.FAST_MUTEX:
      ExAcquireFastMutex(changetype<FastMutex>(LOCK));
      beInside(index);
      ExReleaseFastMutex(changetype<FastMutex>(LOCK));
      break;
    case Program.EXCLUSIVE:
    case Program.READERS:
      if (index == 0 || state().program == Program.EXCLUSIVE) {
        ExAcquireResourceExclusiveLite(resource, true);
      } else ExAcquireResourceSharedLite(resource, true);
      beInside(index);
      if (!isMine(resource, index)) state().most = 99;
      ExReleaseResourceLite(resource);
      break;
    case Program.SHARED_SPIN:
    case Program.SHARED_SPIN_TWICE:
      spinShared(changetype<ExSpinLock>(LOCK), index);
      break;
    case Program.SHARED_SPIN_KIND:
      if (index == 0) releaseAsAnother(changetype<ExSpinLock>(LOCK));
      break;
    case Program.TRY:
      tryLock(index);
      break;
    case Program.TRY_FAST:
      if (!ExTryToAcquireFastMutex(changetype<FastMutex>(LOCK))) break;
      beInside(index);
      ExReleaseFastMutex(changetype<FastMutex>(LOCK));
      break;
    case Program.KEPT_MUTEX:
      if (index == 0) KeWaitForSingleObject(changetype<KMutex>(LOCK), INFINITE);
      if (index == 0) noteThreadEnd();
      break;
    case Program.UPGRADE:
      if (index != 0) break;
      ExAcquireResourceSharedLite(resource, true);
      ExAcquireResourceExclusiveLite(resource, true);
      break;
    default:
      queueUp(resource, index);
  }
  KeLeaveCriticalRegion();
}

/** Whether a thread is told that it has what it has. */
function isMine(resource: EResource, index: u32): bool {
  const shared = ExIsResourceAcquiredSharedLite(resource);
  const exclusive = index == 0 || state().program == Program.EXCLUSIVE;
  return shared == 1 && ExIsResourceAcquiredExclusiveLite(resource) == exclusive;
}

function spinShared(lock: ExSpinLock, index: u32): void {
  if (index == 0) {
    const irql = ExAcquireSpinLockExclusive(lock);
    beInside(index);
    ExReleaseSpinLockExclusive(lock, irql);
    return;
  }
  const irql = ExAcquireSpinLockShared(lock);
  beInside(index);
  if (state().program == Program.SHARED_SPIN_TWICE) {
    ExAcquireSpinLockSharedAtDpcLevel(lock);
    ExReleaseSpinLockSharedFromDpcLevel(lock);
  }
  ExReleaseSpinLockShared(lock, irql);
}

function releaseAsAnother(lock: ExSpinLock): void {
  KeRaiseIrql(Irql.DISPATCH);
  ExAcquireSpinLockSharedAtDpcLevel(lock);
  ExReleaseSpinLockExclusiveFromDpcLevel(lock);
  initializeSharedLock(lock, LockRank.Unranked);
  ExAcquireSpinLockExclusiveAtDpcLevel(lock);
  ExReleaseSpinLockSharedFromDpcLevel(lock);
}

function tryLock(index: u32): void {
  const lock = changetype<KSpinLock>(LOCK);
  const irql = KeTryToAcquireSpinLock(lock);
  if (irql != NOT_TAKEN) {
    beInside(index);
    KeReleaseSpinLock(lock, irql);
  }
  KeReleaseSpinLock(lock, KeAcquireSpinLock(lock));
}

/** Thread 0 has it shared, thread 1 waits for it exclusive; then who else wants it shared? */
function queueUp(resource: EResource, index: u32): void {
  const program = state().program;
  if (index == 0) {
    ExAcquireResourceSharedLite(resource, true);
    KeSetEvent(eventAt(0));
    KeWaitForSingleObject(eventAt(1), INFINITE);
    if (program == Program.SHARED_TWICE || program == Program.SHARED_BEHIND) {
      if (program == Program.SHARED_TWICE) ExAcquireResourceSharedLite(resource, true);
      else ExAcquireSharedWaitForExclusive(resource, true);
      beInside(index);
      ExReleaseResourceLite(resource);
    }
    ExReleaseResourceLite(resource);
    return;
  }
  KeWaitForSingleObject(eventAt(0), INFINITE);
  if (index == 1) {
    KeSetEvent(eventAt(1));
    ExAcquireResourceExclusiveLite(resource, true);
    beInside(index);
    ExReleaseResourceLite(resource);
  } else if (program == Program.NEWCOMER || program == Program.STARVING) {
    if (program == Program.NEWCOMER) ExAcquireResourceSharedLite(resource, true);
    else ExAcquireSharedStarveExclusive(resource, true);
    beInside(index);
    ExReleaseResourceLite(resource);
  }
}
