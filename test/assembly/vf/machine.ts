/** What programs that break or keep a rule stand on: a kernel of two processors, and objects. */

import { at } from "../../../assembly/nt/embed";
import { Tag } from "../../../assembly/ex/tag";
import { ExAllocatePoolWithTag, initializePool, reportPoolLeaks } from
  "../../../assembly/ex/pool";
import { initializeWorkQueue, runWorkItems } from "../../../assembly/ex/workitem";
import { initializeClock } from "../../../assembly/ke/clock";
import { Irql, initializeProcessors, prcbOf, selectProcessor } from
  "../../../assembly/ke/processor";
import { KeLowerIrql, KeRaiseIrql } from "../../../assembly/ke/irql";
import { initializeCancel } from "../../../assembly/io/cancel";
import { initializeIrps } from "../../../assembly/io/irp";

const NEXT: usize = memory.data(8);
const SCRATCH: usize = memory.data(8192);

@unmanaged
class Word {
  value: usize;
}

/** Makes the kernel. Once, first. */
export function setUp(): void {
  initializeProcessors(2);
  initializePool();
  initializeClock();
  initializeWorkQueue();
  initializeCancel();
  initializeIrps();
}

/** Static memory, zero, for a structure of type T with `more` octets behind it. */
export function place<T>(more: usize): T {
  const next = at<Word>(NEXT, 0);
  const found = SCRATCH + next.value;
  next.value += (offsetof<T>() + more + 15) & ~(<usize>15);
  return at<T>(found, 0);
}

/** Pool for a structure of type T, zero. */
export function allocate<T>(): T {
  const block = ExAllocatePoolWithTag(<u32>offsetof<T>() + 64, Tag.User);
  memory.fill(block, 0, offsetof<T>() + 64);
  return at<T>(block, 0);
}

/** The DPCs that wait run. */
export function runDpcs(): void {
  KeLowerIrql(KeRaiseIrql(Irql.DISPATCH));
}

/** The work items that wait run. */
export function runWork(): void {
  runWorkItems(16);
}

/** From here on the other processor runs, at DISPATCH_LEVEL. */
export function otherProcessor(): void {
  selectProcessor(1);
  prcbOf(1).currentIrql = Irql.DISPATCH;
}

/** From here on the other thread runs, on the other processor. */
export function otherThread(): void {
  selectProcessor(1);
}

/** From here on the first processor and thread run again. */
export function firstProcessor(): void {
  selectProcessor(0);
}

/** All drivers are unloaded. */
export function unload(): void {
  reportPoolLeaks();
}
