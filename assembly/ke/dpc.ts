/** KDPC: work that waits for IRQL to fall below DISPATCH_LEVEL. */

import { InitializeListHead, InsertTailList, ListEntry, RemoveHeadList } from "../nt/list";
import { at } from "../nt/embed";
import { Boundary } from "../vf/rule";
import { Active, checkNotActive, noteActive, noteInactive } from "../vf/active";
import { routineBegins, routineEnds } from "./boundary";
import { Irql, KeGetCurrentPrcb, Kprcb } from "./processor";

/** What a DPC does. IRQL: DISPATCH_LEVEL. Locks: none. */
export type DeferredRoutine = (dpc: Kdpc, context: usize) => void;

/** A deferred procedure call: queued at most once at a time. */
@unmanaged
export class Kdpc extends ListEntry {
  routine: DeferredRoutine;
  context: usize;
  /** 1 while it waits in a queue. */
  queued: u32;
}

/** DPCs that one drain runs at most; the rest wait for the next fall of IRQL. */
const DRAIN_LIMIT: u32 = 65536;

function queueOf(prcb: Kprcb): ListEntry {
  return at<ListEntry>(changetype<usize>(prcb), offsetof<Kprcb>("dpcFlink"));
}

/** Prepares a DPC. IRQL: any. */
export function KeInitializeDpc(dpc: Kdpc, routine: DeferredRoutine, context: usize): void {
  if (VERIFIER) checkNotActive(changetype<usize>(dpc));
  InitializeListHead(dpc);
  dpc.routine = routine;
  dpc.context = context;
  dpc.queued = 0;
}

/** Queues a DPC on the running processor; false when it is queued already. IRQL: any. */
export function KeInsertQueueDpc(dpc: Kdpc): bool {
  if (dpc.queued) return false;
  const prcb = KeGetCurrentPrcb();
  dpc.queued = 1;
  InsertTailList(queueOf(prcb), dpc);
  prcb.dpcCount++;
  if (VERIFIER) noteActive(changetype<usize>(dpc), Active.DPC);
  return true;
}

/** Runs the DPCs that wait. IRQL: DISPATCH_LEVEL. Locks: none. */
export function drainDpcs(prcb: Kprcb): void {
  const queue = queueOf(prcb);
  prcb.dpcActive = 1;
  for (let left = DRAIN_LIMIT; prcb.dpcCount != 0 && left != 0; left--) {
    const dpc = changetype<Kdpc>(RemoveHeadList(queue));
    prcb.dpcCount--;
    prcb.dpcTotal++;
    dpc.queued = 0;
    if (VERIFIER) noteInactive(changetype<usize>(dpc));
    const before = VERIFIER ? routineBegins() : 0;
    dpc.routine(dpc, dpc.context);
    if (VERIFIER) routineEnds(Boundary.DPC, before, Irql.DISPATCH);
  }
  prcb.dpcActive = 0;
}
