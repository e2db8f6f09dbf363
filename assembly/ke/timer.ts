/** KTIMER: a DPC at a tick, once or again and again; all in one wheel. */

import { addressOf, at } from "../nt/embed";
import { InitializeListHead, IsListEmpty, ListEntry } from "../nt/list";
import { tickBefore } from "../nt/time";
import { Active, checkNotActive, noteActive, noteInactive } from "../vf/active";
import { KeQueryTickCount } from "../trace/ring";
import { LockRank } from "./lockorder";
import { KSpinLock, KeAcquireSpinLock, KeInitializeSpinLock, KeReleaseSpinLock } from "./spinlock";
import { KeAcquireSpinLockAtDpcLevel, KeReleaseSpinLockFromDpcLevel } from "./spinlock";
import { Kdpc, KeInsertQueueDpc } from "./dpc";
import { Wheel, WheelEntry, advanceWheel, initializeWheel, nextDue } from "./wheel";
import { startEntry, stopEntry, takeExpired } from "./wheel";

/** A timer. Under the timer lock: its place in the wheel too. */
@unmanaged
export class KTimer extends WheelEntry {
  // Under `lock()`:
  /** Ticks between two expiries; 0: once. */
  periodTicks: u32;
  dpc: Kdpc | null;
}

const WHEEL: usize = memory.data(6248);
const LOCK: usize = memory.data(4);
const EXPIRED: usize = memory.data(8);

/** What the host gets when no timer runs. */
export const NO_TICK: u32 = 0xffffffff;

/** The timers that run. Under `lock()`. */
function wheel(): Wheel {
  return changetype<Wheel>(WHEEL);
}

/** Where expired timers are strung up while their DPCs are queued. Under `lock()`. */
function expired(): ListEntry {
  return changetype<ListEntry>(EXPIRED);
}

function lock(): KSpinLock {
  return changetype<KSpinLock>(LOCK);
}

/** Where its lock lies, for the host. */
export function timerLock(): usize {
  return LOCK;
}

/** Makes the wheel. Once, at boot. */
export function initializeTimers(): void {
  KeInitializeSpinLock(lock(), LockRank.KeTimer);
  initializeWheel(wheel(), 0);
}

/** Prepares a timer that does not run. IRQL: any. */
export function KeInitializeTimer(timer: KTimer): void {
  if (VERIFIER) checkNotActive(changetype<usize>(timer));
  InitializeListHead(timer);
  timer.dueTick = 0;
  timer.periodTicks = 0;
  timer.dpc = null;
}

/**
 * Starts `timer` to queue `dpc` in `ticks` ticks and, when `periodTicks` is not 0, again and again.
 * True when it ran already and was restarted. IRQL: <= DISPATCH_LEVEL.
 */
export function KeSetTimerEx(timer: KTimer, ticks: u32, periodTicks: u32, dpc: Kdpc): bool {
  const irql = KeAcquireSpinLock(lock());
  const ran = stopEntry(wheel(), timer);
  timer.periodTicks = periodTicks;
  timer.dpc = dpc;
  const now = KeQueryTickCount();
  // Nothing ran, so the clock did not come: the wheel has time to make up.
  if (wheel().count == 0 && tickBefore(wheel().tick, now)) wheel().tick = now;
  startEntry(wheel(), timer, now + ticks);
  if (VERIFIER && !ran) noteActive(changetype<usize>(timer), Active.TIMER);
  KeReleaseSpinLock(lock(), irql);
  return ran;
}

/** Stops `timer`; false when it was not running: its DPC may then be queued or run. */
export function KeCancelTimer(timer: KTimer): bool {
  const irql = KeAcquireSpinLock(lock());
  const ran = stopEntry(wheel(), timer);
  if (VERIFIER && ran) noteInactive(changetype<usize>(timer));
  KeReleaseSpinLock(lock(), irql);
  return ran;
}

/** Plays the wheel up to `tick` and queues the DPCs of what is due. IRQL: DISPATCH_LEVEL. */
export function expireTimers(tick: u32): void {
  let more: bool = true;
  while (more) {
    KeAcquireSpinLockAtDpcLevel(lock());
    InitializeListHead(expired());
    more = advanceWheel(wheel(), tick, expired());
    while (!IsListEmpty(expired())) {
      const timer = at<KTimer>(addressOf(takeExpired(wheel(), expired())), 0);
      if (timer.periodTicks) startEntry(wheel(), timer, timer.dueTick + timer.periodTicks);
      else if (VERIFIER) noteInactive(changetype<usize>(timer));
      const dpc = timer.dpc;
      if (dpc != null) KeInsertQueueDpc(dpc);
    }
    KeReleaseSpinLockFromDpcLevel(lock());
  }
}

/** How many timers run. */
export function runningTimers(): u32 {
  return wheel().count;
}

/** The tick that the wheel has played. */
export function playedTick(): u32 {
  return wheel().tick;
}

/** The next tick at which the clock must come; NO_TICK when no timer runs. */
export function nextTimerTick(): u32 {
  return nextDue(wheel(), NO_TICK);
}
