/** The kernel's own: a spin lock, timers. */

import { at } from "../../assembly/nt/embed";
import { ExAllocatePoolWithTag } from "../../assembly/ex/pool";
import { Tag } from "../../assembly/ex/tag";
import { Kdpc, KeInitializeDpc } from "../../assembly/ke/dpc";
import { LockRank } from "../../assembly/ke/lockorder";
import { KSpinLock, KeAcquireSpinLock, KeInitializeSpinLock } from "../../assembly/ke/spinlock";
import { KeReleaseSpinLock } from "../../assembly/ke/spinlock";
import { KTimer, KeCancelTimer, KeInitializeTimer, KeSetTimerEx } from "../../assembly/ke/timer";
import { below } from "./remote";

const LOCK: usize = memory.data(8);
const DPC: usize = memory.data(32);
const TIMER: usize = memory.data(32);
const TIMER_OCTETS: usize = 32;
/** An hour, in ticks. */
const HOUR: u32 = 360000;

/** So many times KeAcquireSpinLock and KeReleaseSpinLock, from PASSIVE_LEVEL. */
export function benchLock(times: u32): void {
  const lock = changetype<KSpinLock>(LOCK);
  KeInitializeSpinLock(lock, LockRank.AfdEndpoint);
  for (let i: u32 = 0; i < times; i++) {
    const irql = KeAcquireSpinLock(lock);
    KeReleaseSpinLock(lock, irql);
  }
}

function never(dpc: Kdpc, context: usize): void {}

/** `n` timers that run, due within an hour. False: no memory. */
export function benchPrepareTimers(n: u32): bool {
  const dpc = changetype<Kdpc>(DPC);
  KeInitializeDpc(dpc, never, 0);
  KeInitializeTimer(changetype<KTimer>(TIMER));
  if (n == 0) return true;
  const timers = ExAllocatePoolWithTag(n * <u32>TIMER_OCTETS, Tag.User);
  if (timers == 0) return false;
  for (let i: u32 = 0; i < n; i++) {
    const timer = at<KTimer>(timers + <usize>i * TIMER_OCTETS, 0);
    KeInitializeTimer(timer);
    KeSetTimerEx(timer, 1 + below(HOUR), 0, dpc);
  }
  return true;
}

/** So many times KeSetTimer and KeCancelTimer of one more timer; how many ran when cancelled. */
export function benchTimer(times: u32): u32 {
  const timer = changetype<KTimer>(TIMER);
  let stopped: u32 = 0;
  for (let i: u32 = 0; i < times; i++) {
    KeSetTimerEx(timer, 1 + ((i * 7919) % HOUR), 0, changetype<Kdpc>(DPC));
    if (KeCancelTimer(timer)) stopped++;
  }
  return stopped;
}
