/** The driver of examples/driver, with its twin: there one of two paths takes its locks wrongly. */

import {
  Irql, KSpinLock, KeAcquireSpinLock, KeAcquireSpinLockAtDpcLevel, KeInitializeSpinLock,
  KeLowerIrql, KeRaiseIrql, KeReleaseSpinLock, KeReleaseSpinLockFromDpcLevel, LockRank,
} from "../../../assembly/ke";

export * from "../../../assembly/explored";

/** Exported words are what a report calls these locks. */
export const sendLock: usize = memory.data(4);
export const ringLock: usize = memory.data(4);
/** [0] packets that were sent, [1] those that the card has taken. */
const COUNTS: usize = memory.data(8);

/** Who runs beside whom; these names too are the report's. */
export enum Actor { sendPacket, onTimer }
export const THREADS: u32 = 2;
let mended: bool = false;

export function configure(size: u32, fixed: bool): void {
  mended = fixed;
}

export function setUp(): void {
  KeInitializeSpinLock(lockAt(sendLock), LockRank.Unranked);
  KeInitializeSpinLock(lockAt(ringLock), LockRank.Unranked);
}

export function thread(index: u32): void {
  if (index == Actor.sendPacket) sendPacket();
  else onTimer();
}

/** The timer's DPC interrupts what is below DISPATCH_LEVEL, on a processor of its own. */
export function levelOf(index: u32): u32 {
  return index == Actor.onTimer ? Irql.DISPATCH : Irql.PASSIVE;
}

/** Puts a packet on the ring. IRQL: <= DISPATCH_LEVEL. */
function sendPacket(): void {
  const irql = KeAcquireSpinLock(lockAt(sendLock));
  store<u32>(COUNTS, load<u32>(COUNTS) + 1);
  KeAcquireSpinLockAtDpcLevel(lockAt(ringLock));
  store<u32>(COUNTS + 4, load<u32>(COUNTS + 4) + 1);
  KeReleaseSpinLockFromDpcLevel(lockAt(ringLock));
  KeReleaseSpinLock(lockAt(sendLock), irql);
}

/** Sees whether the card has taken what was sent. IRQL: DISPATCH_LEVEL. */
function onTimer(): void {
  const irql = KeRaiseIrql(Irql.DISPATCH);
  KeAcquireSpinLockAtDpcLevel(lockAt(mended ? sendLock : ringLock));
  KeAcquireSpinLockAtDpcLevel(lockAt(mended ? ringLock : sendLock));
  if (load<u32>(COUNTS) == load<u32>(COUNTS + 4)) store<u64>(COUNTS, 0);
  KeReleaseSpinLockFromDpcLevel(lockAt(mended ? ringLock : sendLock));
  KeReleaseSpinLockFromDpcLevel(lockAt(mended ? sendLock : ringLock));
  KeLowerIrql(irql);
}

function lockAt(address: usize): KSpinLock {
  return changetype<KSpinLock>(address);
}
