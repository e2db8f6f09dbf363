/** KEVENT, and the DPCs that wait for it: the kernel's threads run to their end and never block. */

import { at } from "../nt/embed";
import { InitializeListHead, InsertTailList, IsListEmpty, ListEntry } from "../nt/list";
import { RemoveEntryList, RemoveHeadList } from "../nt/list";
import { Kdpc, KeInsertQueueDpc } from "./dpc";
import { mustBeAtMost } from "./irql";
import { Irql } from "./processor";

/** An event: signalled until it is reset. The owner's lock protects it. */
@unmanaged
export class KEvent {
  signalled: u32;
  private waitFlink: usize;
  private waitBlink: usize;
  get waiters(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("waitFlink"));
  }
}

export function KeInitializeEvent(event: KEvent, signalled: bool): void {
  event.signalled = <u32>signalled;
  InitializeListHead(event.waiters);
}

/** Signals `event` and queues what waits for it. Returns whether it was signalled. */
export function KeSetEvent(event: KEvent): bool {
  mustBeAtMost(Irql.DISPATCH);
  const before = event.signalled != 0;
  event.signalled = 1;
  while (!IsListEmpty(event.waiters)) {
    const dpc = changetype<Kdpc>(RemoveHeadList(event.waiters));
    KeInsertQueueDpc(dpc);
  }
  return before;
}

export function KeResetEvent(event: KEvent): bool {
  const before = event.signalled != 0;
  event.signalled = 0;
  return before;
}

export function KeReadStateEvent(event: KEvent): bool {
  return event.signalled != 0;
}

/** Queues `dpc` when `event` is signalled, at once if it is. */
export function waitForEvent(event: KEvent, dpc: Kdpc): void {
  if (event.signalled) {
    KeInsertQueueDpc(dpc);
    return;
  }
  InsertTailList(event.waiters, dpc);
}

/** Takes `dpc` back from `event`. */
export function stopWaiting(dpc: Kdpc): void {
  if (!dpc.queued) RemoveEntryList(dpc);
}
