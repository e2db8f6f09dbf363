/** The smallest programs that break the rules of waiting, and the like of each that keeps it. */

import {
  EResource, ExAcquireResourceExclusiveLite, ExAcquireResourceSharedLite, ExDeleteResourceLite,
  ExInitializeResourceLite, ExReleaseResourceLite, RESOURCE_OCTETS,
} from "../../../assembly/ex/resource";
import {
  DispatcherType, ExAcquireFastMutex, ExAcquireFastMutexUnsafe, ExInitializeFastMutex,
  ExReleaseFastMutex, ExReleaseFastMutexUnsafe, FastMutex, INFINITE, Irql, KEvent, KSemaphore,
  KeEnterCriticalRegion, KeInitializeEvent, KeInitializeSemaphore, KeLeaveCriticalRegion,
  KeLowerIrql, KeRaiseIrql, KeReleaseSemaphore, KeSetEvent, KeWaitForSingleObject, LockRank,
} from "../../../assembly/ke";
import { place } from "./machine";

function makeMutex(): FastMutex {
  const mutex = place<FastMutex>(0);
  ExInitializeFastMutex(mutex, LockRank.Unranked);
  return mutex;
}

function makeResource(): EResource {
  const resource = place<EResource>(RESOURCE_OCTETS);
  ExInitializeResourceLite(resource, LockRank.Unranked);
  return resource;
}

function makeEvent(signalled: bool): KEvent {
  const event = place<KEvent>(0);
  KeInitializeEvent(event, DispatcherType.NOTIFICATION, signalled);
  return event;
}

//: FAST_MUTEX_ACQUIRE_IRQL
export function breaksFastMutexAcquireIrql(): void {
  KeRaiseIrql(Irql.DISPATCH);
  ExAcquireFastMutex(makeMutex());
}

export function keepsFastMutexAcquireIrql(): void {
  const mutex = makeMutex();
  ExAcquireFastMutex(mutex);
  ExReleaseFastMutex(mutex);
}

//: FAST_MUTEX_RELEASE_IRQL
export function breaksFastMutexReleaseIrql(): void {
  const mutex = makeMutex();
  ExAcquireFastMutex(mutex);
  KeLowerIrql(Irql.PASSIVE);
  ExReleaseFastMutex(mutex);
}

export function keepsFastMutexReleaseIrql(): void {
  const mutex = makeMutex();
  ExAcquireFastMutex(mutex);
  ExReleaseFastMutex(mutex);
}

//: UNSAFE_ACQUIRE_APCS
export function breaksUnsafeAcquireApcs(): void {
  ExAcquireFastMutexUnsafe(makeMutex());
}

export function keepsUnsafeAcquireApcs(): void {
  const mutex = makeMutex();
  KeEnterCriticalRegion();
  ExAcquireFastMutexUnsafe(mutex);
  ExReleaseFastMutexUnsafe(mutex);
  KeLeaveCriticalRegion();
}

//: UNSAFE_RELEASE_APCS
export function breaksUnsafeReleaseApcs(): void {
  const mutex = makeMutex();
  KeEnterCriticalRegion();
  ExAcquireFastMutexUnsafe(mutex);
  KeLeaveCriticalRegion();
  ExReleaseFastMutexUnsafe(mutex);
}

export function keepsUnsafeReleaseApcs(): void {
  const mutex = makeMutex();
  KeEnterCriticalRegion();
  ExAcquireFastMutexUnsafe(mutex);
  ExReleaseFastMutexUnsafe(mutex);
  KeLeaveCriticalRegion();
}

//: RESOURCE_ACQUIRE_APCS
export function breaksResourceAcquireApcs(): void {
  ExAcquireResourceSharedLite(makeResource(), true);
}

export function keepsResourceAcquireApcs(): void {
  const resource = makeResource();
  KeEnterCriticalRegion();
  ExAcquireResourceSharedLite(resource, true);
  ExReleaseResourceLite(resource);
  KeLeaveCriticalRegion();
}

//: RESOURCE_RELEASE_APCS
export function breaksResourceReleaseApcs(): void {
  const resource = makeResource();
  KeEnterCriticalRegion();
  ExAcquireResourceExclusiveLite(resource, true);
  KeLeaveCriticalRegion();
  ExReleaseResourceLite(resource);
}

export function keepsResourceReleaseApcs(): void {
  const resource = makeResource();
  KeEnterCriticalRegion();
  ExAcquireResourceExclusiveLite(resource, true);
  ExReleaseResourceLite(resource);
  KeLeaveCriticalRegion();
}

//: RESOURCE_INITIALIZED_TWICE
export function breaksResourceInitializedTwice(): void {
  const resource = makeResource();
  ExInitializeResourceLite(resource, LockRank.Unranked);
}

export function keepsResourceInitializedTwice(): void {
  const resource = makeResource();
  ExDeleteResourceLite(resource);
  ExInitializeResourceLite(resource, LockRank.Unranked);
}

//: RESOURCE_NOT_INITIALIZED
export function breaksResourceNotInitialized(): void {
  const resource = makeResource();
  ExDeleteResourceLite(resource);
  ExDeleteResourceLite(resource);
}

export function keepsResourceNotInitialized(): void {
  ExDeleteResourceLite(makeResource());
}

//: WAIT_AT_DISPATCH
export function breaksWaitAtDispatch(): void {
  KeRaiseIrql(Irql.DISPATCH);
  ExAcquireResourceSharedLite(makeResource(), true);
}

export function keepsWaitAtDispatch(): void {
  const resource = makeResource();
  const irql = KeRaiseIrql(Irql.APC);
  ExAcquireResourceSharedLite(resource, true);
  ExReleaseResourceLite(resource);
  KeLowerIrql(irql);
}

//: WAIT_ABOVE_DISPATCH
export function breaksWaitAboveDispatch(): void {
  const event = makeEvent(true);
  KeRaiseIrql(Irql.DEVICE);
  KeWaitForSingleObject(event, 0);
}

export function keepsWaitAboveDispatch(): void {
  const event = makeEvent(true);
  KeRaiseIrql(Irql.DISPATCH);
  KeWaitForSingleObject(event, 0);
}

//: WAIT_ENDLESS
export function breaksWaitEndless(): void {
  const event = makeEvent(true);
  KeRaiseIrql(Irql.DISPATCH);
  KeWaitForSingleObject(event, INFINITE);
}

export function keepsWaitEndless(): void {
  KeWaitForSingleObject(makeEvent(true), INFINITE);
}

//: WAIT_TIMEOUT
export function breaksWaitTimeout(): void {
  const event = makeEvent(true);
  KeRaiseIrql(Irql.DISPATCH);
  KeWaitForSingleObject(event, 10);
}

export function keepsWaitTimeout(): void {
  const event = makeEvent(true);
  KeRaiseIrql(Irql.DISPATCH);
  KeWaitForSingleObject(event, 0);
}

//: EVENT_IRQL
export function breaksEventIrql(): void {
  const event = makeEvent(false);
  KeRaiseIrql(Irql.DEVICE);
  KeSetEvent(event);
}

export function keepsEventIrql(): void {
  const event = makeEvent(false);
  KeRaiseIrql(Irql.DISPATCH);
  KeSetEvent(event);
}

//: SEMAPHORE_LIMIT
export function breaksSemaphoreLimit(): void {
  const semaphore = place<KSemaphore>(0);
  KeInitializeSemaphore(semaphore, 1, 1);
  KeReleaseSemaphore(semaphore, 1);
}

export function keepsSemaphoreLimit(): void {
  const semaphore = place<KSemaphore>(0);
  KeInitializeSemaphore(semaphore, 1, 1);
  KeWaitForSingleObject(semaphore, INFINITE);
  KeReleaseSemaphore(semaphore, 1);
}
