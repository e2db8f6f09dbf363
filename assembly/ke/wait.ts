/** Waiting for a dispatcher object: the thread goes on once the object is signalled. */

import { onSpin } from "../host";
import { addressOf, at } from "../nt/embed";
import { NTSTATUS, Status } from "../nt/status";
import { checkWaitIrql } from "../vf/irql";
import { checkOwn, noteOwned } from "../vf/owned";
import { Point, schedulingPoint } from "./point";
import { KeGetCurrentPrcb } from "./processor";
import { KThread, KeGetCurrentThread, currentThread } from "./thread";

/** What a wait that is satisfied does to its object. */
export const enum DispatcherType {
  /** Nothing: it stays signalled. */
  NOTIFICATION,
  /** It is signalled for one wait. */
  SYNCHRONIZATION,
  /** One is counted down. */
  SEMAPHORE,
  /** It is the thread's from then on; of the thread that has it already, once more. */
  MUTEX,
}

/** DISPATCHER_HEADER: what every object that can be waited for begins with. */
@unmanaged
export class DispatcherHeader {
  /** Greater than 0: signalled. */
  signalState: i32;
  type: DispatcherType;
}

/** KMUTEX: signalled while nobody has it; below that, how often more its owner has acquired it. */
@unmanaged
export class KMutex extends DispatcherHeader {
  /** The thread that has it, counted from 1; 0: nobody. */
  owner: u32;
  rank: u32;
}

/** A wait without an end. */
export const INFINITE: u32 = 0xffffffff;

/**
 * Waits until `object` is signalled, `timeoutTicks` at most; TIMEOUT: it was not in time. A kernel
 * that is not explored has nobody who could signal it meanwhile: the host is told, as of a spin.
 * IRQL: < DISPATCH_LEVEL, or DISPATCH_LEVEL where `timeoutTicks` is 0. Locks: none.
 */
export function KeWaitForSingleObject(object: DispatcherHeader, timeoutTicks: u32): NTSTATUS {
  if (VERIFIER) {
    checkWaitIrql(KeGetCurrentPrcb().currentIrql, timeoutTicks, changetype<usize>(object));
  }
  if (object.type == DispatcherType.MUTEX) {
    return waitForMutex(at<KMutex>(addressOf(object), 0), timeoutTicks);
  }
  if (timeoutTicks == INFINITE) waitForSignal(object);
  else schedulingPoint(Point.WAIT_TIMED, changetype<usize>(object));
  if (object.signalState <= 0) return Status.TIMEOUT;
  if (object.type == DispatcherType.SYNCHRONIZATION) object.signalState = 0;
  else if (object.type == DispatcherType.SEMAPHORE) object.signalState--;
  return Status.SUCCESS;
}

/** A thread that has a mutex is in a critical region: NT counts it so. */
function waitForMutex(mutex: KMutex, timeoutTicks: u32): NTSTATUS {
  const number = currentThread();
  const thread = KeGetCurrentThread();
  if (mutex.owner == number) {
    mutex.signalState--;
    ownOnceMore(mutex, thread, number);
    return Status.SUCCESS;
  }
  if (VERIFIER) {
    checkOwn(changetype<usize>(mutex), mutex.rank, number, KeGetCurrentPrcb().number);
  }
  if (timeoutTicks == INFINITE) enterWaiting(mutex);
  else schedulingPoint(Point.WAIT_TIMED, changetype<usize>(mutex));
  if (mutex.signalState <= 0) return Status.TIMEOUT;
  mutex.signalState = 0;
  mutex.owner = number;
  ownOnceMore(mutex, thread, number);
  return Status.SUCCESS;
}

function ownOnceMore(mutex: KMutex, thread: KThread, number: u32): void {
  thread.apcDisable++;
  if (VERIFIER) noteOwned(changetype<usize>(mutex), mutex.rank, number);
}

/** Waits for a lock whose word is greater than 0 while nobody has it. IRQL: <= APC_LEVEL. */
export function enterWaiting(lock: DispatcherHeader): void {
  schedulingPoint(Point.ENTER, changetype<usize>(lock));
  if (lock.signalState <= 0) waitForSignal(lock);
}

/** Waits for `object` without an end, and leaves it as it is. IRQL: <= DISPATCH_LEVEL. */
function waitForSignal(object: DispatcherHeader): void {
  waitFor(object, changetype<usize>(object));
}

/** As `waitForSignal`; what the host is told of is `lock`. IRQL: <= DISPATCH_LEVEL. */
export function waitFor(object: DispatcherHeader, lock: usize): void {
  schedulingPoint(Point.WAIT, changetype<usize>(object));
  const processor = KeGetCurrentPrcb().number;
  while (object.signalState <= 0) onSpin(lock, processor);
}
