/** Pool, lookaside lists, work items and counters as exports, over the kernel's other exports. */

import { ExAllocate, ExFree } from "../../../assembly/ex/pool";
import { Tag } from "../../../assembly/ex/tag";
import { ExInitializeNPagedLookasideList, LookasideList } from "../../../assembly/ex/lookaside";
import { ExInitializeWorkItem, WorkItem } from "../../../assembly/ex/workitem";
import { onRoutine } from "../routine";

export * from "../ke/kernel";
export { Tag } from "../../../assembly/ex/tag";
export { Event } from "../../../assembly/trace/event";
export { traceRing } from "../../../assembly/trace/ring";
export {
  ExAllocatePoolWithTag, ExFreePool, TAG_SLOTS, failAllocation, initializePool, poolAllocations,
  poolBlocks, poolFailures, poolLock, poolTags,
} from "../../../assembly/ex/pool";
export {
  ExAllocateFromNPagedLookasideList, ExDeleteNPagedLookasideList, ExFreeToNPagedLookasideList,
  LOOKASIDE_OCTETS,
} from "../../../assembly/ex/lookaside";
export {
  ExQueueWorkItem, initializeWorkQueue, runWorkItems, waitingWorkItems, workQueueLock,
} from "../../../assembly/ex/workitem";
export {
  InterlockedAnd, InterlockedDecrement, InterlockedIncrement, InterlockedOr,
} from "../../../assembly/ex/interlocked";

/** Octets of a work item. */
export const WORK_ITEM_OCTETS: u32 = <u32>offsetof<WorkItem>();

/** A structure like any other. */
@unmanaged
class Sample {
  a: u64;
  b: u32;
  c: u32;
}
/** Octets of it. */
export const SAMPLE_OCTETS: u32 = <u32>offsetof<Sample>();

/** ExAllocate of a structure; 0: there is no memory. */
export function allocateSample(): usize {
  return changetype<usize>(ExAllocate<Sample>(Tag.Route));
}

export function freeSample(at: usize): void {
  ExFree(changetype<Sample>(at));
}

export function initializeLookaside(list: LookasideList, length: u32, depth: u32): void {
  ExInitializeNPagedLookasideList(list, length, Tag.Irp, depth);
}

/** How many blocks `list` keeps. */
export function keptBlocks(list: LookasideList): u32 {
  return list.count;
}

function work(context: usize): void {
  onRoutine(context, context, 0);
}

/** A work item that runs the routine `id`. */
export function initializeWorkItem(item: WorkItem, id: u32): void {
  ExInitializeWorkItem(item, work, id);
}
