/**
 * A gate: a resource that requests own, not threads. One after another passes it, in the order in
 * which they came; who keeps it while it waits for something keeps all others out.
 */

import { at } from "../nt/embed";
import { InitializeListHead, InsertTailList, IsListEmpty, ListEntry } from "../nt/list";
import { RemoveEntryList } from "../nt/list";
import { Boundary } from "../vf/rule";
import { noteSite } from "../vf/locks";
import { KeQueryTickCount } from "../trace/ring";
import { routineBegins, routineEnds } from "../ke/boundary";
import { mustBeAtMost } from "../ke/irql";
import { Irql } from "../ke/processor";
import { KSpinLock, KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { ExInitializeWorkItem, ExQueueWorkItem, WorkItem } from "../ex/workitem";

/** What a request does while it has the gate. IRQL: PASSIVE_LEVEL. Locks: none. */
export type GateRoutine = (work: GateWork) => void;

/** What passes a gate; it must live until its routine has begun. */
@unmanaged
export class GateWork extends ListEntry {
  routine: GateRoutine;
  /** 1 while it waits before the gate. */
  waits: u32;
}

/** A gate. */
@unmanaged
export class Gate {
  private lockWord: u32;
  // Under `lock`:
  /** Who keeps it between two routines, or null. */
  keeper: GateWork | null;
  /** The tick since which, and the number of that acquire: what names its site. */
  sinceTick: u32;
  sequence: u32;
  /** How many wait. */
  waiters: u32;
  /** 1 while a routine runs. */
  private busy: u32;
  private queueFlink: usize;
  private queueBlink: usize;
  private item0: u32;
  private item1: u32;
  private item2: u32;
  private item3: u32;
  private item4: u32;
  get lock(): KSpinLock {
    return at<KSpinLock>(changetype<usize>(this), offsetof<this>("lockWord"));
  }
  private get queue(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("queueFlink"));
  }
  private get item(): WorkItem {
    return at<WorkItem>(changetype<usize>(this), offsetof<this>("item0"));
  }

  /** Makes it open; its lock is the caller's to make. Once, at start. */
  initialize(): void {
    InitializeListHead(this.queue);
    ExInitializeWorkItem(this.item, run, changetype<usize>(this));
    this.keeper = null;
    this.busy = 0;
    this.waiters = 0;
  }

  /** Puts `work` before the gate; false: it is there already. */
  putLocked(work: GateWork): bool {
    mustHold(this.lock);
    if (work.waits) return false;
    work.waits = 1;
    this.waiters++;
    InsertTailList(this.queue, work);
    return true;
  }

  /** Who passes next; null: nobody, or somebody else has it. */
  takeLocked(): GateWork | null {
    mustHold(this.lock);
    if (this.busy) return null;
    const keeper = this.keeper;
    if (keeper == null && IsListEmpty(this.queue)) return null;
    const work = keeper == null ? at<GateWork>(changetype<usize>(this.queue.flink), 0) : keeper;
    if (!work.waits) return null;
    RemoveEntryList(work);
    work.waits = 0;
    this.waiters--;
    this.keeper = null;
    this.busy = 1;
    return work;
  }

  /** Who waits after `previous`, or first; null: there are no more. */
  nextLocked(previous: GateWork | null): GateWork | null {
    mustHold(this.lock);
    const entry = previous == null ? this.queue.flink : previous.flink;
    return entry == this.queue ? null : at<GateWork>(changetype<usize>(entry), 0);
  }

  /** Its routine is over. */
  endLocked(): void {
    mustHold(this.lock);
    this.busy = 0;
  }

  /** Has a worker let in who waits. IRQL: <= DISPATCH_LEVEL. */
  wake(): void {
    ExQueueWorkItem(this.item);
  }
}
if (offsetof<WorkItem>() > 20) ERROR("a Gate has room for a WorkItem");

/** How many one turn lets in at most; the rest have the next. */
const TURN: u32 = 4096;

/** `work` passes as soon as it can; false: it waits already. IRQL: <= DISPATCH_LEVEL. */
export function queueGate(gate: Gate, work: GateWork): bool {
  const irql = KeAcquireSpinLock(gate.lock);
  const queued = gate.putLocked(work);
  KeReleaseSpinLock(gate.lock, irql);
  if (queued) gate.wake();
  return queued;
}

/** As queueGate, and at once where the gate is open. IRQL: PASSIVE_LEVEL. Locks: none. */
export function enterGate(gate: Gate, work: GateWork): bool {
  mustBeAtMost(Irql.PASSIVE);
  const irql = KeAcquireSpinLock(gate.lock);
  const queued = gate.putLocked(work);
  KeReleaseSpinLock(gate.lock, irql);
  run(changetype<usize>(gate));
  return queued;
}

/**
 * Who has the gate leaves it to `work`, which keeps everybody else out until it has passed once
 * more; true. IRQL: <= DISPATCH_LEVEL.
 */
export function keepGate(gate: Gate, work: GateWork): bool {
  // By its keeper: the gate's own address is its lock's.
  const place = changetype<usize>(gate) + offsetof<Gate>("keeper");
  const site = VERIFIER ? noteSite(place) : 0;
  const irql = KeAcquireSpinLock(gate.lock);
  gate.keeper = work;
  gate.sinceTick = KeQueryTickCount();
  gate.sequence = site;
  KeReleaseSpinLock(gate.lock, irql);
  return true;
}

/** Whoever keeps it, it is open. IRQL: <= DISPATCH_LEVEL. */
export function forceGate(gate: Gate): void {
  const irql = KeAcquireSpinLock(gate.lock);
  gate.keeper = null;
  KeReleaseSpinLock(gate.lock, irql);
}

/** Lets in who waits, one after another. */
function run(context: usize): void {
  const gate = at<Gate>(context, 0);
  for (let left = TURN; left != 0; left--) {
    let irql = KeAcquireSpinLock(gate.lock);
    const work = gate.takeLocked();
    KeReleaseSpinLock(gate.lock, irql);
    if (work == null) return;
    const before = VERIFIER ? routineBegins() : 0;
    work.routine(work);
    if (VERIFIER) routineEnds(Boundary.WORK_ITEM, before, Irql.PASSIVE);
    irql = KeAcquireSpinLock(gate.lock);
    gate.endLocked();
    KeReleaseSpinLock(gate.lock, irql);
  }
  gate.wake();
}
