/** A work item that two processors queue at once: a module for the explorer. */

import { ExInitializeWorkItem, ExQueueWorkItem, WorkItem } from "../../../assembly/ex/workitem";
import { initializeWorkQueue, runWorkItems, waitingWorkItems } from "../../../assembly/ex/workitem";
import { KeBugCheckEx, Stop } from "../../../assembly/nt/bugcheck";

export * from "../../../assembly/explored";

export const THREADS: u32 = 2;
const ITEM: usize = memory.data(32);
if (offsetof<WorkItem>() > 32) ERROR("ITEM holds a WorkItem");
/** [0]: how often the item ran, [1]: calls that queued it. */
const COUNTS: usize = memory.data(8);

function item(): WorkItem {
  return changetype<WorkItem>(ITEM);
}

function count(index: u32): u32 {
  return load<u32>(COUNTS + (<usize>index << 2));
}

function countUp(index: u32): void {
  store<u32>(COUNTS + (<usize>index << 2), count(index) + 1);
}

export function setUp(): void {
  initializeWorkQueue();
  ExInitializeWorkItem(item(), ran, 0);
  store<u64>(COUNTS, 0);
}

function ran(context: usize): void {
  countUp(0);
}

export function thread(index: u32): void {
  if (ExQueueWorkItem(item())) countUp(1);
}

/** One of the two has queued it, it waits once, and runs once. */
export function check(): void {
  mustBe(count(1));
  mustBe(waitingWorkItems());
  runWorkItems(4);
  mustBe(count(0));
}

function mustBe(one: u32): void {
  if (one != 1) KeBugCheckEx(Stop.KERNEL_SECURITY_CHECK_FAILURE, one, 0, 0, 0);
}
