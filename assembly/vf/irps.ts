/** IRPs: owned by one, completed once, answered for as they were kept, never freed in use. */

import { at } from "../nt/embed";
import { noteSite } from "./locks";
import { Rule, report } from "./rule";

/** Where an IRP is in its life; kept in the IRP in every build. */
export const enum IrpState {
  FREE,
  /** Belongs to whoever allocated it. */
  IDLE,
  /** Belongs to a driver. */
  IN_DRIVER,
  COMPLETED,
}

/** What is known of an IRP while a dispatch routine has it. */
const enum Seen {
  NOTHING,
  MARKED,
  COMPLETED,
}

/** A dispatch routine that runs. */
@unmanaged
class Call {
  /** 0: no call. */
  irp: usize;
  seen: Seen;
}

/** An IRP that was completed. */
@unmanaged
class Completion {
  irp: usize;
  sequence: u32;
}

@unmanaged
class Completions {
  count: u32;
}

/** Dispatch routines that run at a time and are watched. */
const CALLS: u32 = 32;
const CALL_TABLE: usize = memory.data(256);
/** Completions that are remembered: a power of two. */
const KEPT: u32 = 16;
const COMPLETION_TABLE: usize = memory.data(136);

function callAt(index: u32): Call {
  return at<Call>(CALL_TABLE, <usize>index << 3);
}

function completionAt(index: u32): Completion {
  return at<Completion>(COMPLETION_TABLE, 8 + (<usize>(index & (KEPT - 1)) << 3));
}

/** A dispatch routine is about to get `irp`; what `endCall` wants to know. */
export function beginCall(irp: usize): u32 {
  for (let i: u32 = 0; i < CALLS; i++) {
    const call = callAt(i);
    if (call.irp != 0) continue;
    call.irp = irp;
    call.seen = Seen.NOTHING;
    return i;
  }
  return CALLS;
}

/** A dispatch routine answered with `status`; `pending`: it says that it keeps the IRP. */
export function endCall(index: u32, status: u32, pending: bool): void {
  if (index == CALLS) return;
  const call = callAt(index);
  const irp = <u32>call.irp;
  const seen = call.seen;
  call.irp = 0;
  const marked = (seen & Seen.MARKED) != 0;
  if (pending && !marked) report(Rule.IRP_NOT_MARKED, irp, 0, 0);
  else if (!pending && marked) report(Rule.IRP_MARKED, irp, status, 0);
  else if (!pending && seen == Seen.NOTHING) report(Rule.IRP_FORGOTTEN, irp, status, 0);
}

function see(irp: usize, what: Seen): void {
  for (let i: u32 = 0; i < CALLS; i++) {
    const call = callAt(i);
    // What was completed may be another request by now.
    if (call.irp == irp && (call.seen & Seen.COMPLETED) == 0) call.seen |= what;
  }
}

/** `irp` was marked pending. */
export function noteMarked(irp: usize): void {
  see(irp, Seen.MARKED);
}

function findCompletion(irp: usize): u32 {
  const count = at<Completions>(COMPLETION_TABLE, 0).count;
  for (let back: u32 = 1; back <= KEPT && back <= count; back++) {
    const found = completionAt(count - back);
    if (found.irp == irp) return found.sequence;
  }
  return 0;
}

/** An IRP is about to be completed; `pending`: with a status that says it is not. */
export function noteComplete(irp: usize, state: IrpState, cancelable: bool, pending: bool): void {
  if (state != IrpState.IN_DRIVER) {
    report(Rule.IRP_COMPLETED_TWICE, <u32>irp, state, findCompletion(irp));
  }
  if (cancelable) report(Rule.IRP_CANCELABLE, <u32>irp, 0, 0);
  if (pending) report(Rule.IRP_COMPLETED_PENDING, <u32>irp, 0, 0);
  see(irp, Seen.COMPLETED);
  const all = at<Completions>(COMPLETION_TABLE, 0);
  const made = completionAt(all.count++);
  made.irp = irp;
  made.sequence = noteSite(irp);
}

/** An IRP is about to be freed. */
export function noteFreeIrp(irp: usize, state: IrpState): void {
  if (state == IrpState.IN_DRIVER || state == IrpState.FREE) {
    report(Rule.IRP_FREED_IN_USE, <u32>irp, state, 0);
  }
}
