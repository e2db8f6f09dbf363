/**
 * The timers of connections: one entry for each in a wheel of their own, for the earliest of its
 * deadlines. A deadline that moves later costs nothing: the entry fires early and is set again.
 */

import { at } from "../../nt/embed";
import { InitializeListHead, IsListEmpty, ListEntry } from "../../nt/list";
import { tickBefore } from "../../nt/time";
import { KeQueryTickCount } from "../../trace/ring";
import { Kdpc, KeInitializeDpc } from "../../ke/dpc";
import { LockRank } from "../../ke/lockorder";
import { KSpinLock, KeAcquireSpinLockAtDpcLevel, KeInitializeSpinLock } from "../../ke/spinlock";
import { KeReleaseSpinLockFromDpcLevel, mustHold } from "../../ke/spinlock";
import { KTimer, KeCancelTimer, KeInitializeTimer, KeSetTimerEx, NO_TICK } from "../../ke/timer";
import { Wheel, WheelEntry, advanceWheel, initializeWheel } from "../../ke/wheel";
import { isRunning, nextDue, startEntry, stopEntry, takeExpired } from "../../ke/wheel";
import { flushSends } from "../ip/send";
import { TOGETHER, putTaken, takenAt } from "./taken";
import { Tcb, TcpTimer, dereferenceTcb } from "./tcb";

const WHEEL: usize = memory.data(6248);
const EXPIRED: usize = memory.data(8);
const DPC: usize = memory.data(32);
const TIMER: usize = memory.data(32);

@unmanaged
class State {
  private lockWord: u32;
  // Under `lock`:
  /** When the kernel timer that plays the wheel is due; meaningful while `runs`. */
  pulseTick: u32;
  runs: u32;
  get lock(): KSpinLock {
    return at<KSpinLock>(changetype<usize>(this), 0);
  }
}
const STATE: usize = memory.data(16);

function state(): State {
  return changetype<State>(STATE);
}

/** Where its lock lies, for the host. */
export function tcpTimerLock(): usize {
  return STATE;
}

/** The connections whose timer runs. Under `State.lock`. */
function wheel(): Wheel {
  return changetype<Wheel>(WHEEL);
}

/** Those whose timer has expired. Under `State.lock`. */
function expired(): ListEntry {
  return changetype<ListEntry>(EXPIRED);
}

/** What to do with a connection whose entry has expired; tcp/receive.ts must not be known here. */
type Expire = (tcb: Tcb) => void;

@unmanaged
class Handler {
  expire: Expire;
}
const HANDLER: usize = memory.data(4);

/** Makes the wheel; `expire` looks at a connection's deadlines. Once, at start. */
export function initializeTcpTimers(expire: Expire): void {
  KeInitializeSpinLock(state().lock, LockRank.TcpTimer);
  initializeWheel(wheel(), KeQueryTickCount());
  InitializeListHead(expired());
  state().runs = 0;
  changetype<Handler>(HANDLER).expire = expire;
  KeInitializeTimer(changetype<KTimer>(TIMER));
  KeInitializeDpc(changetype<Kdpc>(DPC), playTimers, 0);
}

/** Stops the pulse that plays the wheel. At the end. */
export function stopTcpTimers(): void {
  KeCancelTimer(changetype<KTimer>(TIMER));
}

/** Connections whose timer runs. */
export function runningTcpTimers(): u32 {
  return wheel().count;
}

/** Sets the main timer of `tcb` to `kind`, in `ticks` ticks. IRQL: DISPATCH_LEVEL. */
export function startTimerLocked(tcb: Tcb, kind: TcpTimer, ticks: u32): void {
  mustHold(tcb.lock);
  tcb.timer = <u8>kind;
  tcb.timerDue = KeQueryTickCount() + ticks;
  armLocked(tcb, tcb.timerDue);
}

/** Stops the main timer of `tcb`. Its entry may still expire, and is ignored then. */
export function stopTimerLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  tcb.timer = <u8>TcpTimer.NONE;
}

/** Makes sure that the entry of `tcb` expires at `dueTick` or before. */
export function armLocked(tcb: Tcb, dueTick: u32): void {
  mustHold(tcb.lock);
  KeAcquireSpinLockAtDpcLevel(state().lock);
  armEntryLocked(tcb.wheelEntry, dueTick);
  KeReleaseSpinLockFromDpcLevel(state().lock);
}

function armEntryLocked(entry: WheelEntry, dueTick: u32): void {
  mustHold(state().lock);
  if (isRunning(entry) && !tickBefore(dueTick, entry.dueTick)) return;
  stopEntry(wheel(), entry);
  if (wheel().count == 0) wheel().tick = KeQueryTickCount();
  startEntry(wheel(), entry, dueTick);
  pulseLocked(entry.dueTick);
}

/** Makes sure that the wheel is played at `tick` or before. */
function pulseLocked(tick: u32): void {
  mustHold(state().lock);
  if (state().runs && !tickBefore(tick, state().pulseTick)) return;
  const now = KeQueryTickCount();
  state().runs = 1;
  state().pulseTick = tick;
  const ticks = tickBefore(now, tick) ? tick - now : 1;
  KeSetTimerEx(changetype<KTimer>(TIMER), ticks, 0, changetype<Kdpc>(DPC));
}

/** Takes `tcb` out of the wheel for good. IRQL: DISPATCH_LEVEL. */
export function removeTimer(tcb: Tcb): void {
  KeAcquireSpinLockAtDpcLevel(state().lock);
  stopEntry(wheel(), tcb.wheelEntry);
  KeReleaseSpinLockFromDpcLevel(state().lock);
}

/** Takes connections that have expired by now, referenced; 0: none, and the next pulse is set. */
function takeExpiries(): u32 {
  KeAcquireSpinLockAtDpcLevel(state().lock);
  const count = takeExpiriesLocked();
  KeReleaseSpinLockFromDpcLevel(state().lock);
  return count;
}

function takeExpiriesLocked(): u32 {
  mustHold(state().lock);
  if (IsListEmpty(expired())) advanceWheel(wheel(), KeQueryTickCount(), expired());
  let count: u32 = 0;
  for (; count < TOGETHER && !IsListEmpty(expired()); count++) {
    putTaken(count, Tcb.ofWheel(takeExpired(wheel(), expired())));
  }
  if (count == 0) {
    const next = nextDue(wheel(), NO_TICK);
    state().runs = 0;
    if (next != NO_TICK) pulseLocked(next);
  }
  return count;
}

function playTimers(dpc: Kdpc, context: usize): void {
  let count = takeExpiries();
  while (count != 0) {
    for (let i: u32 = 0; i < count; i++) {
      const tcb = takenAt(i);
      changetype<Handler>(HANDLER).expire(tcb);
      dereferenceTcb(tcb);
    }
    flushSends();
    count = takeExpiries();
  }
}
