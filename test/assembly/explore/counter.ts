/** A counter of two threads: `configure` says how they keep from losing counts. */

import { InterlockedDecrement, InterlockedIncrement } from "../../../assembly/ex/interlocked";
import { ReadULongAcquire } from "../../../assembly/ex/interlocked";
import { KEvent, KeInitializeEvent, KeSetEvent } from "../../../assembly/ke/event";
import { LockRank } from "../../../assembly/ke/lockorder";
import { KSpinLock, KeAcquireSpinLock, KeInitializeSpinLock } from "../../../assembly/ke/spinlock";
import { KeReleaseSpinLock } from "../../../assembly/ke/spinlock";
import { DispatcherType, INFINITE, KeWaitForSingleObject } from "../../../assembly/ke/wait";

export * from "../../../assembly/explored";

/** How the counter is counted. */
export const enum Way {
  PLAINLY,
  LOCKED,
  INTERLOCKED,
  /** Under the lock, but for the last count of each thread. */
  TOO_LATE,
  /** By the first thread; by the second when it reads that the first has counted down. */
  HANDED_OVER,
  /** So, but it reads without acquiring. */
  PEEKED,
  /** By the first thread; by the second when that has signalled an event, which it uses anew. */
  SIGNALLED,
}

export const THREADS: u32 = 2;

/** A lock, the counter, and what is counted down. */
const WORDS: usize = memory.data(12);
const LEFT: usize = WORDS + 8;
const WAY: usize = memory.data(4);
const EVENT: usize = memory.data(16);
if (offsetof<KEvent>() > 16) ERROR("EVENT");

function lock(): KSpinLock {
  return changetype<KSpinLock>(WORDS);
}

function event(): KEvent {
  return changetype<KEvent>(EVENT);
}

function count(): void {
  store<u32>(WORDS, load<u32>(WORDS, 4) + 1, 4);
}

export function configure(way: u32, _: u32): void {
  store<u32>(WAY, way);
}

export function setUp(): void {
  KeInitializeSpinLock(lock(), LockRank.Unranked);
  store<u32>(LEFT, 1);
  KeInitializeEvent(event(), DispatcherType.NOTIFICATION, false);
}

/** Whether the other thread has counted down. */
function isDone(): bool {
  if (load<u32>(WAY) == Way.PEEKED) return load<u32>(LEFT) == 0;
  return ReadULongAcquire(LEFT) == 0;
}

function handOver(): void {
  count();
  InterlockedDecrement(LEFT);
}

function signal(): void {
  count();
  KeSetEvent(event());
}

/** The event is this thread's again: who signalled it has done with it. */
function takeBack(): void {
  KeWaitForSingleObject(event(), INFINITE);
  count();
  KeInitializeEvent(event(), DispatcherType.NOTIFICATION, false);
}

export function thread(number: u32): void {
  switch (load<u32>(WAY)) {
    case Way.PLAINLY:
      count();
      return;
    case Way.INTERLOCKED:
      InterlockedIncrement(WORDS + 4);
      return;
    case Way.HANDED_OVER:
    case Way.PEEKED:
      if (number == 0) handOver();
      else if (isDone()) count();
      return;
    case Way.SIGNALLED:
      if (number == 0) signal();
      else takeBack();
      return;
    default: {
      const irql = KeAcquireSpinLock(lock());
      count();
      KeReleaseSpinLock(lock(), irql);
      if (load<u32>(WAY) == Way.TOO_LATE) count();
    }
  }
}
