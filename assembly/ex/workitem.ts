/** Work items: what runs at PASSIVE_LEVEL, on the system's worker thread. */

import { InitializeListHead, InsertTailList, IsListEmpty, ListEntry } from "../nt/list";
import { RemoveHeadList } from "../nt/list";
import { Boundary } from "../vf/rule";
import { Active, checkNotActive, noteActive, noteInactive } from "../vf/active";
import { routineBegins, routineEnds } from "../ke/boundary";
import { Irql, KeGetCurrentPrcb } from "../ke/processor";
import { LockRank } from "../ke/lockorder";
import { KSpinLock, KeAcquireSpinLock, KeInitializeSpinLock } from "../ke/spinlock";
import { KeReleaseSpinLock } from "../ke/spinlock";

/** What a work item does. IRQL: PASSIVE_LEVEL. Locks: none. */
export type WorkerRoutine = (context: usize) => void;

/** WORK_QUEUE_ITEM. It must live until its routine has begun: reference what it is in (Q164396). */
@unmanaged
export class WorkItem extends ListEntry {
  routine: WorkerRoutine;
  context: usize;
  // Under `lock()`:
  queued: u32;
}

const QUEUE: usize = memory.data(8);
const LOCK: usize = memory.data(4);
/** [0]: items that wait. */
const WORDS: usize = memory.data(4);

function lock(): KSpinLock {
  return changetype<KSpinLock>(LOCK);
}

/** Items that wait. Under `lock()`. */
function queue(): ListEntry {
  return changetype<ListEntry>(QUEUE);
}

/** Where its lock lies, for the host. */
export function workQueueLock(): usize {
  return LOCK;
}

/** Makes the queue. Once, at boot. */
export function initializeWorkQueue(): void {
  KeInitializeSpinLock(lock(), LockRank.ExWorkQueue);
  InitializeListHead(queue());
  store<u32>(WORDS, 0);
}

export function ExInitializeWorkItem(item: WorkItem, routine: WorkerRoutine, context: usize): void {
  if (VERIFIER) checkNotActive(changetype<usize>(item));
  item.routine = routine;
  item.context = context;
  item.queued = 0;
}

/** Queues `item`; false when it is queued already. IRQL: <= DISPATCH_LEVEL. */
export function ExQueueWorkItem(item: WorkItem): bool {
  const irql = KeAcquireSpinLock(lock());
  const queues = item.queued == 0;
  if (queues) {
    item.queued = 1;
    InsertTailList(queue(), item);
    store<u32>(WORDS, load<u32>(WORDS) + 1);
    if (VERIFIER) noteActive(changetype<usize>(item), Active.WORK_ITEM);
  }
  KeReleaseSpinLock(lock(), irql);
  return queues;
}

/** How many items wait. */
export function waitingWorkItems(): u32 {
  return load<u32>(WORDS);
}

function takeItem(): WorkItem | null {
  let item: WorkItem | null = null;
  const irql = KeAcquireSpinLock(lock());
  if (!IsListEmpty(queue())) {
    item = changetype<WorkItem>(RemoveHeadList(queue()));
    item.queued = 0;
    store<u32>(WORDS, load<u32>(WORDS) - 1);
    if (VERIFIER) noteInactive(changetype<usize>(item));
  }
  KeReleaseSpinLock(lock(), irql);
  return item;
}

/**
 * The worker thread: runs at most `limit` items, as long as the processor is at PASSIVE_LEVEL.
 * Returns how many it ran.
 */
export function runWorkItems(limit: u32): u32 {
  const prcb = KeGetCurrentPrcb();
  let ran: u32 = 0;
  while (ran < limit && waitingWorkItems() != 0 && prcb.currentIrql == Irql.PASSIVE) {
    const item = takeItem();
    if (item == null) break;
    const before = VERIFIER ? routineBegins() : 0;
    item.routine(item.context);
    if (VERIFIER) routineEnds(Boundary.WORK_ITEM, before, Irql.PASSIVE);
    ran++;
  }
  return ran;
}
