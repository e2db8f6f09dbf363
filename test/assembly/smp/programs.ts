/** Programs of locks for processors that run at once: one memory, a worker for each. */

import { InterlockedIncrement, ReadULongAcquire } from "../../../assembly/ex/interlocked";
import { KeLowerIrql, KeRaiseIrql } from "../../../assembly/ke/irql";
import { Kdpc, KeInitializeDpc, KeInsertQueueDpc } from "../../../assembly/ke/dpc";
import { LockRank } from "../../../assembly/ke/lockorder";
import { Irql, KeGetCurrentProcessorNumber } from "../../../assembly/ke/processor";
import {
  KSpinLock, KeAcquireSpinLock, KeAcquireSpinLockAtDpcLevel, KeInitializeSpinLock,
  KeReleaseSpinLock, KeReleaseSpinLockFromDpcLevel,
} from "../../../assembly/ke/spinlock";

export { Rule } from "../../../assembly/vf/rule";
export { LockRank } from "../../../assembly/ke/lockorder";
export { Irql, initializeProcessors, selectProcessor } from "../../../assembly/ke/processor";
export { OWNER, spinsFor } from "../../../assembly/ke/spinlock";

const OUTER: usize = memory.data(4, 64);
const INNER: usize = memory.data(4, 64);
/** What the outer lock keeps: a count of all rounds. */
const COUNT: usize = memory.data(4, 64);
/** A DPC of each processor. */
const DPCS: usize = memory.data(512, 64);
const EACH: usize = 64;

function outer(): KSpinLock {
  return changetype<KSpinLock>(OUTER);
}

function inner(): KSpinLock {
  return changetype<KSpinLock>(INNER);
}

export function outerLock(): usize {
  return OUTER;
}

export function innerLock(): usize {
  return INNER;
}

export function countOfRounds(): u32 {
  return load<u32>(COUNT);
}

/** Once, by one processor, before the others begin. */
export function prepare(): void {
  KeInitializeSpinLock(outer(), LockRank.TcpTable);
  KeInitializeSpinLock(inner(), LockRank.TcpTcb);
  store<u32>(COUNT, 0);
}

/** Nothing is atomic here: the lock keeps it. */
function countOne(): void {
  store<u32>(COUNT, load<u32>(COUNT) + 1);
}

/** Each round takes the outer lock, and under it the inner one every second time. */
export function counter(rounds: u32): void {
  for (let round: u32 = 0; round < rounds; round++) {
    const irql = KeAcquireSpinLock(outer());
    if (round & 1) {
      KeAcquireSpinLockAtDpcLevel(inner());
      KeReleaseSpinLockFromDpcLevel(inner());
    }
    countOne();
    KeReleaseSpinLock(outer(), irql);
  }
}

function countInDpc(dpc: Kdpc, context: usize): void {
  KeAcquireSpinLockAtDpcLevel(outer());
  countOne();
  KeReleaseSpinLockFromDpcLevel(outer());
}

/** Each round queues a DPC of this processor, and lets it run. */
export function dpcs(rounds: u32): void {
  const place = DPCS + <usize>KeGetCurrentProcessorNumber() * EACH;
  const dpc = changetype<Kdpc>(place);
  KeInitializeDpc(dpc, countInDpc, 0);
  for (let round: u32 = 0; round < rounds; round++) {
    const irql = KeRaiseIrql(Irql.DISPATCH);
    KeInsertQueueDpc(dpc);
    KeLowerIrql(irql);
  }
}

/** Processor 0 takes the inner lock within the outer one, the others do it the other way round. */
export function circle(rounds: u32): void {
  const first = KeGetCurrentProcessorNumber() == 0 ? outer() : inner();
  const second = KeGetCurrentProcessorNumber() == 0 ? inner() : outer();
  for (let round: u32 = 0; round < rounds; round++) {
    const irql = KeAcquireSpinLock(first);
    KeAcquireSpinLockAtDpcLevel(second);
    countOne();
    KeReleaseSpinLockFromDpcLevel(second);
    KeReleaseSpinLock(first, irql);
  }
}

/** Processor 0 leaves with the outer lock; the others want it `rounds` times then. */
export function leak(rounds: u32): void {
  if (KeGetCurrentProcessorNumber() == 0) {
    KeAcquireSpinLock(outer());
    InterlockedIncrement(COUNT);
    return;
  }
  while (ReadULongAcquire(COUNT) == 0) {}
  counter(rounds);
}
