/** Processors, locks and time as exports: structures by their addresses, routines by number. */

import { KInterrupt } from "../../../assembly/ke/interrupt";
import { IoConnectInterrupt } from "../../../assembly/ke/interrupt";
import { Irql, KIRQL, Kprcb, prcbOf } from "../../../assembly/ke/processor";
import { Kdpc, KeInitializeDpc } from "../../../assembly/ke/dpc";
import { KEvent } from "../../../assembly/ke/event";
import { KTimer } from "../../../assembly/ke/timer";
import { KSpinLock } from "../../../assembly/ke/spinlock";
import { shared } from "../../../assembly/trace/ring";
import { onRoutine } from "../routine";

export { scratch, scratchOctets } from "../routine";
export { Stop } from "../../../assembly/nt/bugcheck";
export { Boundary, Rule } from "../../../assembly/vf/rule";
export { heldCount, heldStacks, lockEdges, wantSites, checkBalanced } from
  "../../../assembly/vf/locks";
export { checkIrql } from "../../../assembly/vf/irql";
export {
  Irql, KeGetCurrentProcessorNumber, KeQueryActiveProcessorCount, MAXIMUM_PROCESSORS,
  initializeProcessors, selectProcessor,
} from "../../../assembly/ke/processor";
export { KeGetCurrentIrql, KeLowerIrql, KeRaiseIrql, mustBeAt, mustBeAtMost } from
  "../../../assembly/ke/irql";
export { LockRank } from "../../../assembly/ke/lockorder";
export {
  KeAcquireSpinLock, KeAcquireSpinLockAtDpcLevel, KeInitializeSpinLock, KeReleaseSpinLock,
  KeReleaseSpinLockFromDpcLevel, mustHold, mustHoldNothing,
} from "../../../assembly/ke/spinlock";
export { LINES, IoDisconnectInterrupt, deliverInterrupt } from "../../../assembly/ke/interrupt";
export { KeInsertQueueDpc } from "../../../assembly/ke/dpc";
export {
  KeInitializeEvent, KeReadStateEvent, KeResetEvent, KeSetEvent, stopWaiting, waitForEvent,
} from "../../../assembly/ke/event";
export {
  KeCancelTimer, KeInitializeTimer, KeSetTimerEx, NO_TICK, nextTimerTick, playedTick,
  runningTimers, timerLock,
} from "../../../assembly/ke/timer";
export { clockInterrupt, initializeClock, interruptTick } from "../../../assembly/ke/clock";

/** Octets of the structures. */
export const DPC_OCTETS: u32 = <u32>offsetof<Kdpc>();
export const EVENT_OCTETS: u32 = <u32>offsetof<KEvent>();
export const TIMER_OCTETS: u32 = <u32>offsetof<KTimer>();
export const INTERRUPT_OCTETS: u32 = <u32>offsetof<KInterrupt>();

function deferred(dpc: Kdpc, context: usize): void {
  onRoutine(context, changetype<usize>(dpc), context);
}

function service(context: usize): bool {
  return onRoutine(context, context, 0) != 0;
}

/** A DPC that runs the routine `id`. */
export function initializeDpc(dpc: Kdpc, id: u32): void {
  KeInitializeDpc(dpc, deferred, id);
}

/** Gives `line` the routine `id`. */
export function connectInterrupt(line: u32, id: u32): bool {
  return IoConnectInterrupt(line, service, id);
}

export function isQueued(dpc: Kdpc): bool {
  return dpc.queued != 0;
}

export function waitingDpcs(processor: u32): u32 {
  return prcbOf(processor).dpcCount;
}

export function ranDpcs(processor: u32): u32 {
  return prcbOf(processor).dpcTotal;
}

export function isDpcActive(processor: u32): bool {
  return prcbOf(processor).dpcActive != 0;
}

export function interruptsOf(processor: u32): u32 {
  return prcbOf(processor).interruptCount;
}

export function irqlOf(processor: u32): KIRQL {
  return prcbOf(processor).currentIrql;
}

/** Where the control block of `processor` lies. */
export function prcbAt(processor: u32): Kprcb {
  return prcbOf(processor);
}

/** Writes IRQL past all rules, for a test that needs a processor somewhere. */
export function setIrql(irql: KIRQL): void {
  prcbOf(0).currentIrql = irql;
}

/** The owner of `lock`: its processor's number plus one; 0: free. */
export function ownerOf(lock: KSpinLock): u32 {
  return lock.word & 0xffff;
}

export function rankOf(lock: KSpinLock): u32 {
  return (lock.word >>> 16) & 127;
}

/** The time that the host gives, in ticks of 10 ms. */
export function setTick(tick: u32): void {
  shared().timeUs = <u64>tick * 10000;
  shared().tick = tick;
}

export function dueOf(timer: KTimer): u32 {
  return timer.dueTick;
}
