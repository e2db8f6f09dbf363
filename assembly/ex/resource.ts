/**
 * ERESOURCE: a lock of one exclusive or many shared owners, that threads wait for. Who waits
 * exclusive keeps later shared owners out; a release hands it to those who wait.
 */

import { RtlZeroMemory } from "../nt/memory";
import { addressOf, at } from "../nt/embed";
import { Active, isActive, noteActive, noteInactive } from "../vf/active";
import { checkApcsDisabled, checkMayWait } from "../vf/irql";
import { checkDisown, checkOwn, checkUnowned, noteDisowned, noteOwned } from "../vf/owned";
import { noteSelfDeadlock } from "../vf/owned";
import { Rule, report } from "../vf/rule";
import { LockRank } from "../ke/lockorder";
import { Point, schedulingPoint } from "../ke/point";
import { KeGetCurrentPrcb } from "../ke/processor";
import { KeAreApcsDisabled, currentThread } from "../ke/thread";
import { DispatcherHeader, waitFor } from "../ke/wait";

/** The head of an ERESOURCE; how often each thread has it shared lies behind, an octet each. */
@unmanaged
export class EResource {
  /** Signalled once for each shared waiter that is let in. */
  sharedSignal: i32;
  private sharedType: u32;
  /** Signalled for one exclusive waiter. */
  exclusiveSignal: i32;
  private exclusiveType: u32;
  rank: u32;
  /** The thread that has it exclusive, counted from 1; 0: nobody. */
  owner: u32;
  /** How often its exclusive owner has it, or how often it is had shared. */
  active: u32;
  sharedWaiters: u32;
  exclusiveWaiters: u32;
}

/** Behind whose exclusive wait a shared acquire waits. */
const enum Behind {
  NOBODY,
  /** Who has it already does not wait. */
  NEWCOMERS,
  EVERYBODY,
}

/** Threads that can own one: numbered from 1 (ke/thread.ts). */
const THREADS: usize = EXPLORE ? 129 : 9;
const SHARED: usize = 36;
if (offsetof<EResource>() != SHARED) ERROR("SHARED");
/** Octets of an ERESOURCE, a multiple of 4. */
export const RESOURCE_OCTETS: i32 = EXPLORE ? 168 : 48;

function sharedCount(resource: EResource, thread: u32): u32 {
  return load<u8>(changetype<usize>(resource) + SHARED + (<usize>thread % THREADS));
}

function addShared(resource: EResource, thread: u32, by: i32): void {
  const place = changetype<usize>(resource) + SHARED + (<usize>thread % THREADS);
  store<u8>(place, <u8>(<i32>load<u8>(place) + by));
}

/**
 * Makes a resource that nobody has, with its place in the order. Its memory is the caller's,
 * nonpaged, until ExDeleteResourceLite. IRQL: <= DISPATCH_LEVEL.
 */
export function ExInitializeResourceLite(resource: EResource, rank: LockRank): void {
  if (VERIFIER) {
    const at = changetype<usize>(resource);
    if (isActive(at)) report(Rule.RESOURCE_INITIALIZED_TWICE, <u32>at, 0, 0);
    else noteActive(at, Active.RESOURCE);
    checkUnowned(at, false);
  }
  RtlZeroMemory(changetype<usize>(resource), RESOURCE_OCTETS);
  resource.rank = rank;
}

/** The end of a resource that nobody has or waits for. IRQL: <= DISPATCH_LEVEL. */
export function ExDeleteResourceLite(resource: EResource): void {
  if (VERIFIER) {
    const at = changetype<usize>(resource);
    if (!isActive(at)) report(Rule.RESOURCE_NOT_INITIALIZED, <u32>at, 0, 0);
    checkUnowned(at, true);
    noteInactive(at);
  }
  resource.rank = 0;
}

/**
 * Acquires `resource` for the running thread alone; false, without `wait`, where it cannot be had
 * at once. Who has it exclusive may again, who has it shared must not: it waits for itself.
 * IRQL: <= APC_LEVEL, in a critical region. Locks: those before it in lockorder.ts, no spin lock.
 */
export function ExAcquireResourceExclusiveLite(resource: EResource, wait: bool): bool {
  const thread = currentThread();
  if (VERIFIER) mustBeAcquirable(resource, thread, wait);
  begin(resource, wait);
  if (resource.active != 0 && resource.owner != thread) {
    if (!wait) return false;
    if (VERIFIER && sharedCount(resource, thread)) noteSelfDeadlock(addressOf(resource), thread);
    resource.exclusiveWaiters++;
    waitFor(at<DispatcherHeader>(addressOf(resource), offsetof<EResource>("exclusiveSignal")),
      changetype<usize>(resource));
    resource.exclusiveSignal = 0;
  } else resource.active++;
  resource.owner = thread;
  if (VERIFIER) noteOwned(changetype<usize>(resource), resource.rank, thread);
  return true;
}

/**
 * Acquires `resource` together with others; false, without `wait`, where it cannot be had at once:
 * while another has it exclusive, or waits for it so. Who has it already may again, either way.
 * IRQL: <= APC_LEVEL, in a critical region. Locks: those before it in lockorder.ts, no spin lock.
 */
export function ExAcquireResourceSharedLite(resource: EResource, wait: bool): bool {
  return acquireShared(resource, wait, Behind.NEWCOMERS);
}

/** As ExAcquireResourceSharedLite, but past those who wait for it exclusive. */
export function ExAcquireSharedStarveExclusive(resource: EResource, wait: bool): bool {
  return acquireShared(resource, wait, Behind.NOBODY);
}

/** As ExAcquireResourceSharedLite, but behind those who wait for it exclusive, each time. */
export function ExAcquireSharedWaitForExclusive(resource: EResource, wait: bool): bool {
  return acquireShared(resource, wait, Behind.EVERYBODY);
}

function acquireShared(resource: EResource, wait: bool, behind: Behind): bool {
  const thread = currentThread();
  if (VERIFIER) mustBeAcquirable(resource, thread, wait);
  begin(resource, wait);
  if (resource.owner == thread) {
    // To its exclusive owner a shared acquire is one more exclusive one.
    resource.active++;
  } else {
    if (isOpen(resource, thread, behind)) resource.active++;
    else if (!wait) return false;
    else waitShared(resource, thread);
    addShared(resource, thread, 1);
  }
  if (VERIFIER) noteOwned(changetype<usize>(resource), resource.rank, thread);
  return true;
}

/** Whether `thread` may have it shared at once. */
function isOpen(resource: EResource, thread: u32, behind: Behind): bool {
  if (resource.owner != 0) return false;
  if (resource.exclusiveWaiters == 0 || behind == Behind.NOBODY) return true;
  return behind == Behind.NEWCOMERS && sharedCount(resource, thread) != 0;
}

function waitShared(resource: EResource, thread: u32): void {
  if (VERIFIER && sharedCount(resource, thread)) noteSelfDeadlock(addressOf(resource), thread);
  resource.sharedWaiters++;
  waitFor(at<DispatcherHeader>(addressOf(resource), 0), changetype<usize>(resource));
  resource.sharedSignal--;
}

function mustBeAcquirable(resource: EResource, thread: u32, wait: bool): void {
  const lock = changetype<usize>(resource);
  const prcb = KeGetCurrentPrcb();
  if (wait) {
    checkMayWait(prcb.currentIrql, lock);
    if (resource.owner != thread) checkOwn(lock, resource.rank, thread, prcb.number);
  }
  checkApcsDisabled(Rule.RESOURCE_ACQUIRE_APCS, prcb.currentIrql, KeAreApcsDisabled(), lock);
}

function begin(resource: EResource, wait: bool): void {
  schedulingPoint(wait ? Point.ENTER : Point.TRY, changetype<usize>(resource));
}

/**
 * Gives `resource` back once; the last release lets in all who wait shared, or else one who waits
 * exclusive, as NT's does. IRQL: <= DISPATCH_LEVEL, in a critical region.
 */
export function ExReleaseResourceLite(resource: EResource): void {
  const thread = currentThread();
  const lock = changetype<usize>(resource);
  const exclusive = resource.owner != 0;
  if (VERIFIER) {
    const irql = KeGetCurrentPrcb().currentIrql;
    checkApcsDisabled(Rule.RESOURCE_RELEASE_APCS, irql, KeAreApcsDisabled(), lock);
    const mine = sharedCount(resource, thread) ? thread : 0;
    if (!checkDisown(lock, thread, exclusive ? resource.owner : mine)) return;
    noteDisowned(lock, thread);
  }
  schedulingPoint(Point.LEAVE, lock);
  if (!exclusive) addShared(resource, thread, -1);
  if (--resource.active != 0) return;
  resource.owner = 0;
  if (exclusive && resource.sharedWaiters != 0) letSharedIn(resource);
  else if (resource.exclusiveWaiters != 0) letExclusiveIn(resource);
  else if (resource.sharedWaiters != 0) letSharedIn(resource);
}

function letSharedIn(resource: EResource): void {
  resource.active = resource.sharedWaiters;
  resource.sharedSignal += <i32>resource.sharedWaiters;
  resource.sharedWaiters = 0;
}

/** `owner` is nobody's number until who was let in runs. */
function letExclusiveIn(resource: EResource): void {
  resource.active = 1;
  resource.owner = 0xffffffff;
  resource.exclusiveWaiters--;
  resource.exclusiveSignal = 1;
}

/** Whether the running thread has `resource` for itself alone. IRQL: <= DISPATCH_LEVEL. */
export function ExIsResourceAcquiredExclusiveLite(resource: EResource): bool {
  return resource.owner == currentThread();
}

/** How often the running thread has `resource`, exclusive or shared. IRQL: <= DISPATCH_LEVEL. */
export function ExIsResourceAcquiredSharedLite(resource: EResource): u32 {
  const thread = currentThread();
  return resource.owner == thread ? resource.active : sharedCount(resource, thread);
}
