/** The host's calls into the kernel: each leaves the processor as it found it. */

import { Boundary } from "./vf/rule";
import { checkBalanced } from "./vf/locks";
import { KeGetCurrentProcessorNumber, prcbOf } from "./ke/processor";
import { runningTimers as kernelTimers } from "./ke/timer";
import { ExAllocatePoolWithTag, ExFreePool } from "./ex/pool";
import { Tag } from "./ex/tag";
import { runningTcpTimers } from "./tcpip/tcp/timer";
import { clockInterrupt } from "./ke/clock";
import { deliverInterrupt } from "./ke/interrupt";
import { runWorkItems } from "./ex/workitem";

/** Work items that one call runs at most. */
const ITEMS: u32 = 4096;

/** The interrupt of a card's line; DPCs and worker threads run before it returns, if they may. */
export function onInterrupt(line: u32): void {
  deliverInterrupt(line);
  settleDown();
}

/** The clock interrupt, with the tick that has come. */
export function onTick(tick: u32): void {
  clockInterrupt(tick);
  settleDown();
}

/** The processor is idle: worker threads run. Returns how many items they ran. */
export function runThreads(limit: u32): u32 {
  const ran = runWorkItems(limit);
  if (VERIFIER) checkBalanced(Boundary.HOST, KeGetCurrentProcessorNumber(), 0);
  return ran;
}

function settleDown(): void {
  runWorkItems(ITEMS);
  if (VERIFIER) checkBalanced(Boundary.HOST, KeGetCurrentProcessorNumber(), 0);
}

/** The level of `processor`. */
export function irqlOf(processor: u32): i32 {
  return prcbOf(processor).currentIrql;
}

/** Timers that run: the kernel's, and those of connections. */
export function runningTimers(): u32 {
  return kernelTimers() + runningTcpTimers();
}

/** Memory of user mode; 0: there is none. */
export function userAllocate(length: u32): usize {
  return ExAllocatePoolWithTag(length, Tag.User);
}

/** Gives back memory of user mode. */
export function userFree(address: usize): void {
  ExFreePool(address);
}
