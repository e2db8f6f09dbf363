/** The host's calls into the kernel: each leaves the processor as it found it. */

import { Boundary } from "./vf/rule";
import { routineBegins, routineLeaves } from "./ke/boundary";
import { KeGetCurrentPrcb, prcbOf } from "./ke/processor";
import { runningTimers as kernelTimers } from "./ke/timer";
import { ExAllocatePoolWithTag, ExFreePool } from "./ex/pool";
import { Tag } from "./ex/tag";
import { waitingAcks } from "./tcpip/tcp/ackdeadline";
import { runningTcpTimers } from "./tcpip/tcp/timer";
import { clockInterrupt } from "./ke/clock";
import { deliverInterrupt } from "./ke/interrupt";
import { runWorkItems } from "./ex/workitem";

/** Work items that one call runs at most. */
const ITEMS: u32 = 4096;

/** The interrupt of a card's line; DPCs and worker threads run before it returns, if they may. */
export function onInterrupt(line: u32): void {
  const before = leftBefore();
  deliverInterrupt(line);
  settleDown(before);
}

/** The clock interrupt, with the tick that has come. */
export function onTick(tick: u32): void {
  const before = leftBefore();
  clockInterrupt(tick);
  settleDown(before);
}

/** The processor is idle: worker threads run. Returns how many items they ran. */
export function runThreads(limit: u32): u32 {
  const before = leftBefore();
  const ran = runWorkItems(limit);
  if (VERIFIER) routineLeaves(Boundary.HOST, before);
  return ran;
}

/** What is interrupted may hold locks: those are still there when the call returns, no others. */
function leftBefore(): u32 {
  return VERIFIER ? routineBegins() : 0;
}

/** The worker threads have their turn where the interrupt came between two calls of threads. */
function settleDown(before: u32): void {
  if (KeGetCurrentPrcb().thread == 0) runWorkItems(ITEMS);
  if (VERIFIER) routineLeaves(Boundary.HOST, before);
}

/** The level of `processor`. */
export function irqlOf(processor: u32): i32 {
  return prcbOf(processor).currentIrql;
}

/** Timers that run: the kernel's, and those of connections and of their acknowledgments. */
export function runningTimers(): u32 {
  return kernelTimers() + runningTcpTimers() + waitingAcks();
}

/** Memory of user mode; 0: there is none. */
export function userAllocate(length: u32): usize {
  return ExAllocatePoolWithTag(length, Tag.User);
}

/** Gives back memory of user mode. */
export function userFree(address: usize): void {
  ExFreePool(address);
}
