/**
 * Acknowledgments that wait, in the order in which they are due: all wait equally long, so that a
 * queue serves where others need a wheel. It is one flat array: those of many connections are
 * looked at together, and none is reached through another.
 */

import { RtlCopyMemory } from "../../nt/memory";
import { at } from "../../nt/embed";
import { tickBefore } from "../../nt/time";
import { ExAllocatePoolWithTag, ExFreePool } from "../../ex/pool";
import { Tag } from "../../ex/tag";
import { KeQueryTickCount } from "../../trace/ring";
import { DeferredRoutine, Kdpc, KeInitializeDpc } from "../../ke/dpc";
import { LockRank } from "../../ke/lockorder";
import { KSpinLock, KeAcquireSpinLockAtDpcLevel, KeInitializeSpinLock } from "../../ke/spinlock";
import { KeReleaseSpinLockFromDpcLevel, mustHold } from "../../ke/spinlock";
import { KTimer, KeCancelTimer, KeInitializeTimer, KeSetTimerEx } from "../../ke/timer";
import { TOGETHER, putTaken } from "./taken";
import { Tcb } from "./tcb";

/** A connection whose acknowledgment waits. */
@unmanaged
class Entry {
  /** Null: it has been withdrawn. It is not referenced: whoever ends it withdraws it. */
  tcb: Tcb | null;
  dueTick: u32;
}
const ENTRY_OCTETS: u32 = 8;
if (offsetof<Entry>() != 8) ERROR("ENTRY_OCTETS");

@unmanaged
class Queue {
  private lockWord: u32;
  // Under `lock`, and every connection's `ackPlace` too:
  entries: usize;
  /** Entries that there is room for: 0 or a power of two. */
  capacity: u32;
  /** The running numbers of the oldest entry and of the next one; they wrap. */
  head: u32;
  tail: u32;
  /** Entries that have not been withdrawn. */
  waiting: u32;
  /** 1 while the timer runs, for the oldest entry, or its DPC is on its way. */
  runs: u32;
  get lock(): KSpinLock {
    return at<KSpinLock>(changetype<usize>(this), 0);
  }
}
const QUEUE: usize = memory.data(32);
const DPC: usize = memory.data(32);
const TIMER: usize = memory.data(32);
if (offsetof<Queue>() > 32 || offsetof<KTimer>() > 32 || offsetof<Kdpc>() > 32) ERROR("QUEUE");

/** Room at first; more than `KEPT` is given back when the queue is empty. */
const LEAST: u32 = 64;
const KEPT: u32 = 4096;

function queue(): Queue {
  return changetype<Queue>(QUEUE);
}

/** Where its lock lies, for the host. */
export function ackQueueLock(): usize {
  return QUEUE;
}

/** Makes an empty queue; `play` is to call `takeDueAcks`. Once, at start. */
export function initializeAckQueue(play: DeferredRoutine): void {
  KeInitializeSpinLock(queue().lock, LockRank.TcpAckQueue);
  queue().entries = 0;
  queue().capacity = 0;
  queue().head = 0;
  queue().tail = 0;
  queue().waiting = 0;
  queue().runs = 0;
  KeInitializeTimer(changetype<KTimer>(TIMER));
  KeInitializeDpc(changetype<Kdpc>(DPC), play, 0);
}

/** Stops the timer and gives the memory back. At the end, when no connection is left. */
export function deleteAckQueue(): void {
  KeCancelTimer(changetype<KTimer>(TIMER));
  if (queue().capacity) ExFreePool(queue().entries);
  queue().capacity = 0;
}

/** Acknowledgments that wait. */
export function waitingAcks(): u32 {
  return queue().waiting;
}

function entryAt(number: u32): Entry {
  return at<Entry>(queue().entries, <usize>(number & (queue().capacity - 1)) << 3);
}

/**
 * Lets the acknowledgment of `tcb`, which is not in the queue, wait for `ticks` ticks, as all do.
 * False: no memory. IRQL: DISPATCH_LEVEL.
 */
export function queueAckLocked(tcb: Tcb, ticks: u32): bool {
  mustHold(tcb.lock);
  KeAcquireSpinLockAtDpcLevel(queue().lock);
  const queued = putLocked(tcb, ticks);
  KeReleaseSpinLockFromDpcLevel(queue().lock);
  return queued;
}

function putLocked(tcb: Tcb, ticks: u32): bool {
  mustHold(queue().lock);
  if (queue().tail - queue().head == queue().capacity && !growLocked()) return false;
  const number = queue().tail++;
  const entry = entryAt(number);
  entry.tcb = tcb;
  entry.dueTick = KeQueryTickCount() + ticks;
  tcb.ackPlace = number;
  queue().waiting++;
  if (!queue().runs) startLocked(ticks);
  return true;
}

function startLocked(ticks: u32): void {
  mustHold(queue().lock);
  queue().runs = 1;
  KeSetTimerEx(changetype<KTimer>(TIMER), ticks, 0, changetype<Kdpc>(DPC));
}

/** Twice the room, the oldest entry first. False: no memory. */
function growLocked(): bool {
  mustHold(queue().lock);
  const old = queue().capacity;
  const capacity = old == 0 ? LEAST : old * 2;
  const bigger = ExAllocatePoolWithTag(capacity * ENTRY_OCTETS, Tag.AckQueue);
  if (bigger == 0) return false;
  const from = queue().entries;
  const head = queue().head;
  queue().entries = bigger;
  queue().capacity = capacity;
  for (let number = head; number != queue().tail; number++) {
    const source = from + (<usize>(number & (old - 1)) << 3);
    RtlCopyMemory(changetype<usize>(entryAt(number)), source, ENTRY_OCTETS);
  }
  if (old) ExFreePool(from);
  return true;
}

/** `tcb` is over: nothing in the queue knows it any more. IRQL: DISPATCH_LEVEL. */
export function withdrawAck(tcb: Tcb): void {
  KeAcquireSpinLockAtDpcLevel(queue().lock);
  withdrawLocked(tcb);
  KeReleaseSpinLockFromDpcLevel(queue().lock);
}

function withdrawLocked(tcb: Tcb): void {
  mustHold(queue().lock);
  const number = tcb.ackPlace;
  // What has been taken out leaves its place behind, which may be another's by now.
  if (number - queue().head >= queue().tail - queue().head) return;
  const entry = entryAt(number);
  if (entry.tcb != tcb) return;
  entry.tcb = null;
  queue().waiting--;
}

/**
 * Takes connections whose acknowledgment is due out of the queue, each with a reference
 * (`takenAt`); how many. 0: none is due, and the timer is set for the next.
 * IRQL: DISPATCH_LEVEL, in the DPC. Locks: none.
 */
export function takeDueAcks(): u32 {
  KeAcquireSpinLockAtDpcLevel(queue().lock);
  const count = takeDueLocked();
  KeReleaseSpinLockFromDpcLevel(queue().lock);
  return count;
}

function takeDueLocked(): u32 {
  mustHold(queue().lock);
  const now = KeQueryTickCount();
  let count: u32 = 0;
  while (count < TOGETHER && queue().head != queue().tail) {
    const entry = entryAt(queue().head);
    if (tickBefore(now, entry.dueTick)) break;
    queue().head++;
    const tcb = entry.tcb;
    if (tcb == null) continue;
    putTaken(count, tcb);
    count++;
  }
  queue().waiting -= count;
  if (count == 0) restLocked(now);
  return count;
}

/** None is due now. */
function restLocked(now: u32): void {
  mustHold(queue().lock);
  if (queue().head != queue().tail) {
    startLocked(entryAt(queue().head).dueTick - now);
    return;
  }
  queue().runs = 0;
  if (queue().capacity <= KEPT) return;
  ExFreePool(queue().entries);
  queue().capacity = 0;
}
