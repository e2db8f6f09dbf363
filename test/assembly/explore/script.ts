/** Threads that do what a table says: small programs without number, out of one module. */

import { InterlockedIncrement } from "../../../assembly/ex/interlocked";
import { ReadULongAcquire, WriteULongRelease } from "../../../assembly/ex/interlocked";
import { KEvent, KeInitializeEvent, KeResetEvent, KeSetEvent } from "../../../assembly/ke/event";
import { KeLowerIrql, KeRaiseIrql } from "../../../assembly/ke/irql";
import { LockRank } from "../../../assembly/ke/lockorder";
import { Point, schedulingPoint } from "../../../assembly/ke/point";
import { ExAcquireSpinLockExclusiveAtDpcLevel, ExAcquireSpinLockSharedAtDpcLevel } from
  "../../../assembly/ke/sharedlock";
import { ExReleaseSpinLockExclusiveFromDpcLevel, ExReleaseSpinLockSharedFromDpcLevel } from
  "../../../assembly/ke/sharedlock";
import { ExSpinLock, initializeSharedLock } from "../../../assembly/ke/sharedlock";
import { KSpinLock, KeAcquireSpinLock, KeInitializeSpinLock } from "../../../assembly/ke/spinlock";
import { KeAcquireSpinLockAtDpcLevel, KeReleaseSpinLock } from "../../../assembly/ke/spinlock";
import { KeReleaseSpinLockFromDpcLevel } from "../../../assembly/ke/spinlock";
import { DispatcherType, INFINITE, KeWaitForSingleObject } from "../../../assembly/ke/wait";
import { KeBugCheckEx, Stop } from "../../../assembly/nt/bugcheck";

export * from "../../../assembly/explored";

/** What a word of the table says: the operation, and above it an index and a number. */
export const enum Do {
  END,
  ACQUIRE,
  RELEASE,
  /** A lock of its own kind, that can be tried: where it is taken, `number` words are passed. */
  TAKE,
  TRY,
  PUT,
  SET,
  WAIT,
  RESET,
  INCREMENT,
  READ,
  WRITE,
  RAISE,
  LOWER,
  /** The machine stops where the last READ gave `number`. */
  STOP_IF,
  /** No scheduling point tells of it: a word that a lock protects. */
  ADD_QUIETLY,
  /** The same locks as ACQUIRE's, at the level that is. */
  ACQUIRE_AT_DPC,
  RELEASE_FROM_DPC,
  INITIALIZE,
  /** To the level that is the number, whatever was raised. */
  LOWER_TO,
  /** Locks of one exclusive or many shared owners, at the level that is. */
  EXCLUSIVE,
  LEAVE_EXCLUSIVE,
  SHARED,
  LEAVE_SHARED,
}

/** Threads, and words of each one's table, at most. */
export const MOST_THREADS: u32 = 8;
export const MOST_WORDS: u32 = 32;

const TABLE: usize = memory.data(1024);
const LOCKS: usize = memory.data(32);
const SHARED_LOCKS: usize = memory.data(160);
if (offsetof<ExSpinLock>() != 20) ERROR("SHARED_LOCKS holds eight");
const TRIED: usize = memory.data(32);
const EVENTS: usize = memory.data(128);
const WORDS: usize = memory.data(32);
const QUIET: usize = memory.data(32);
/** Of each thread: the last READ, and the levels to come back to. */
const LAST: usize = memory.data(32);
const LEVELS: usize = memory.data(512);

/** Where the table of `thread` lies. */
export function tableOf(thread: u32): usize {
  return TABLE + <usize>(thread * MOST_WORDS << 2);
}

export function threads(): u32 {
  return 0;
}

export function lockAt(index: u32): KSpinLock {
  return changetype<KSpinLock>(LOCKS + <usize>(index << 2));
}

function sharedAt(index: u32): ExSpinLock {
  return changetype<ExSpinLock>(SHARED_LOCKS + <usize>(index * 20));
}

function eventAt(index: u32): KEvent {
  return changetype<KEvent>(EVENTS + <usize>(index << 4));
}

/** Events with an odd number are signalled for one wait. */
export function setUp(): void {
  for (let i: u32 = 0; i < 8; i++) {
    KeInitializeSpinLock(lockAt(i), LockRank.Unranked);
    initializeSharedLock(sharedAt(i), LockRank.Unranked);
    const type = i & 1 ? DispatcherType.SYNCHRONIZATION : DispatcherType.NOTIFICATION;
    KeInitializeEvent(eventAt(i), type, false);
  }
}

export function thread(index: u32): void {
  const table = tableOf(index);
  for (let i: u32 = 0; i < MOST_WORDS; i++) {
    const word = load<u32>(table + <usize>(i << 2));
    if ((word & 0xff) == Do.END) return;
    if (!perform(index, word & 0xff, word >>> 8 & 7, word >>> 16)) i += word >>> 16;
  }
}

/** False: the words that follow are passed. */
function perform(thread: u32, what: u32, index: u32, number: u32): bool {
  const at = <usize>(index << 2);
  const last = LAST + <usize>(thread << 2);
  const level = LEVELS + <usize>(thread << 6) + at;
  switch (what) {
    case Do.ACQUIRE: store<i32>(level, KeAcquireSpinLock(lockAt(index))); break;
    case Do.RELEASE: KeReleaseSpinLock(lockAt(index), load<i32>(level)); break;
    case Do.TAKE:
      schedulingPoint(Point.ACQUIRE, TRIED + at);
      store<u32>(TRIED + at, thread + 1);
      break;
    case Do.TRY:
      schedulingPoint(Point.TRY, TRIED + at);
      if (load<u32>(TRIED + at) != 0) return false;
      store<u32>(TRIED + at, thread + 1);
      break;
    case Do.PUT:
      schedulingPoint(Point.RELEASE, TRIED + at);
      store<u32>(TRIED + at, 0);
      break;
    case Do.SET: KeSetEvent(eventAt(index)); break;
    case Do.WAIT: KeWaitForSingleObject(eventAt(index), INFINITE); break;
    case Do.RESET: KeResetEvent(eventAt(index)); break;
    case Do.INCREMENT: InterlockedIncrement(WORDS + at); break;
    case Do.READ: store<u32>(last, load<u32>(last) * 31 + ReadULongAcquire(WORDS + at)); break;
    case Do.WRITE: WriteULongRelease(WORDS + at, number + load<u32>(last)); break;
    case Do.RAISE: store<i32>(level + 32, KeRaiseIrql(<i32>number)); break;
    case Do.LOWER: KeLowerIrql(load<i32>(level + 32)); break;
    case Do.STOP_IF:
      if (load<u32>(last) == number) {
        KeBugCheckEx(Stop.KERNEL_SECURITY_CHECK_FAILURE, thread, number, 0, 0);
      }
      break;
    case Do.ADD_QUIETLY:
      store<u32>(QUIET + at, load<u32>(QUIET + at) * 7 + thread + 1);
      break;
    default:
      performAtLevel(what, index, number);
  }
  return true;
}

/** What leaves IRQL as it is, or takes it where the table says. */
function performAtLevel(what: u32, index: u32, number: u32): void {
  switch (what) {
    case Do.ACQUIRE_AT_DPC: KeAcquireSpinLockAtDpcLevel(lockAt(index)); break;
    case Do.RELEASE_FROM_DPC: KeReleaseSpinLockFromDpcLevel(lockAt(index)); break;
    case Do.INITIALIZE: KeInitializeSpinLock(lockAt(index), LockRank.Unranked); break;
    case Do.LOWER_TO: KeLowerIrql(<i32>number); break;
    case Do.EXCLUSIVE: ExAcquireSpinLockExclusiveAtDpcLevel(sharedAt(index)); break;
    case Do.LEAVE_EXCLUSIVE: ExReleaseSpinLockExclusiveFromDpcLevel(sharedAt(index)); break;
    case Do.SHARED: ExAcquireSpinLockSharedAtDpcLevel(sharedAt(index)); break;
    case Do.LEAVE_SHARED: ExReleaseSpinLockSharedFromDpcLevel(sharedAt(index)); break;
  }
}

/** What all words came to, in one. */
export function digest(): u32 {
  let sum: u32 = 0;
  for (let i: usize = 0; i < 32; i += 4) {
    sum = (sum ^ load<u32>(WORDS + i)) * 0x01000193;
    sum = (sum ^ load<u32>(QUIET + i)) * 0x01000193;
    sum = (sum ^ load<u32>(LAST + i)) * 0x01000193;
  }
  return sum;
}
