/** KEVENT, and the DPCs that wait for it; for threads that wait see wait.ts. */

import { at } from "../nt/embed";
import { InitializeListHead, InsertTailList, IsListEmpty, ListEntry } from "../nt/list";
import { RemoveEntryList, RemoveHeadList } from "../nt/list";
import { checkEventIrql } from "../vf/irql";
import { Kdpc, KeInsertQueueDpc } from "./dpc";
import { Point, schedulingPoint } from "./point";
import { KeGetCurrentPrcb } from "./processor";
import { DispatcherHeader, DispatcherType } from "./wait";

/** An event: signalled until it is reset. The owner's lock protects it. */
@unmanaged
export class KEvent extends DispatcherHeader {
  private waitFlink: usize;
  private waitBlink: usize;
  get waiters(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("waitFlink"));
  }
}

/** Prepares an event of type NOTIFICATION or SYNCHRONIZATION. IRQL: any. */
export function KeInitializeEvent(event: KEvent, type: DispatcherType, signalled: bool): void {
  event.signalState = <i32>signalled;
  event.type = type;
  InitializeListHead(event.waiters);
}

/**
 * Signals `event` and queues what waits for it. Returns whether it was signalled. The signal comes
 * last: on another processor, who waits for it may give the event back at once. IRQL: <=
 * DISPATCH_LEVEL.
 */
export function KeSetEvent(event: KEvent): bool {
  if (VERIFIER) checkEventIrql(KeGetCurrentPrcb().currentIrql, changetype<usize>(event));
  while (!IsListEmpty(event.waiters)) {
    const dpc = changetype<Kdpc>(RemoveHeadList(event.waiters));
    KeInsertQueueDpc(dpc);
  }
  schedulingPoint(Point.SIGNAL, changetype<usize>(event));
  const before = event.signalState > 0;
  event.signalState = 1;
  return before;
}

/** Takes the signal away; returns whether there was one. IRQL: <= DISPATCH_LEVEL. */
export function KeResetEvent(event: KEvent): bool {
  schedulingPoint(Point.WRITE, changetype<usize>(event));
  const before = event.signalState > 0;
  event.signalState = 0;
  return before;
}

/** Whether `event` is signalled. IRQL: any. */
export function KeReadStateEvent(event: KEvent): bool {
  schedulingPoint(Point.READ, changetype<usize>(event));
  return event.signalState > 0;
}

/** Queues `dpc` when `event` is signalled, at once if it is. */
export function waitForEvent(event: KEvent, dpc: Kdpc): void {
  if (event.signalState > 0) {
    KeInsertQueueDpc(dpc);
    return;
  }
  InsertTailList(event.waiters, dpc);
}

/** Takes `dpc` back from `event`. */
export function stopWaiting(dpc: Kdpc): void {
  if (!dpc.queued) RemoveEntryList(dpc);
}
