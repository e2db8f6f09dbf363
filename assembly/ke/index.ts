/**
 * `ntstack/assembly/ke`: locks, IRQL, DPCs and timers as a library, for modules that are not ours.
 * A module that is explored writes `export * from "ntstack/assembly/explored"` beside it.
 */

export { Irql, KIRQL, KeGetCurrentProcessorNumber } from "./processor";
export { KeGetCurrentIrql, KeLowerIrql, KeRaiseIrql } from "./irql";
export { LockRank } from "./lockorder";
export {
  KSpinLock, KeAcquireSpinLock, KeAcquireSpinLockAtDpcLevel, KeInitializeSpinLock,
  KeReleaseSpinLock, KeReleaseSpinLockFromDpcLevel, KeTryToAcquireSpinLock,
  KeTryToAcquireSpinLockAtDpcLevel, NOT_TAKEN, mustHold, mustHoldNothing,
} from "./spinlock";
export {
  KLockQueueHandle, KeAcquireInStackQueuedSpinLock, KeAcquireInStackQueuedSpinLockAtDpcLevel,
  KeReleaseInStackQueuedSpinLock, KeReleaseInStackQueuedSpinLockFromDpcLevel,
} from "./queuedlock";
export {
  ExAcquireSpinLockExclusive, ExAcquireSpinLockExclusiveAtDpcLevel, ExAcquireSpinLockShared,
  ExAcquireSpinLockSharedAtDpcLevel, ExReleaseSpinLockExclusive,
  ExReleaseSpinLockExclusiveFromDpcLevel, ExReleaseSpinLockShared,
  ExReleaseSpinLockSharedFromDpcLevel, ExSpinLock, initializeSharedLock,
} from "./sharedlock";
export { KeInitializeMutex, KeReadStateMutex, KeReleaseMutex } from "./mutex";
export { KSemaphore, KeInitializeSemaphore, KeReadStateSemaphore, KeReleaseSemaphore } from
  "./semaphore";
export {
  ExAcquireFastMutex, ExAcquireFastMutexUnsafe, ExInitializeFastMutex, ExReleaseFastMutex,
  ExReleaseFastMutexUnsafe, ExTryToAcquireFastMutex, FastMutex,
} from "./fastmutex";
export {
  KeAreApcsDisabled, KeEnterCriticalRegion, KeGetCurrentThread, KeLeaveCriticalRegion,
  noteThreadEnd,
} from "./thread";
export { DispatcherHeader, DispatcherType, INFINITE, KMutex, KeWaitForSingleObject } from
  "./wait";
export { KEvent, KeInitializeEvent, KeReadStateEvent, KeResetEvent, KeSetEvent } from "./event";
export { Kdpc, DeferredRoutine, KeInitializeDpc, KeInsertQueueDpc } from "./dpc";
export { KTimer, KeCancelTimer, KeInitializeTimer, KeSetTimerEx } from "./timer";
export { KeStallExecutionProcessor } from "./stall";
export { IoConnectInterrupt, IoDisconnectInterrupt, deliverInterrupt } from "./interrupt";
export { Point, schedulingPoint } from "./point";
