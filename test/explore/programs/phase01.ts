/** A thread returns with a lock that it took a second time; the next one waits for ever. */

import { KeAcquireSpinLock, KeReleaseSpinLock } from "../../../assembly/ke/spinlock";
import { initializeLocks, lockAt } from "./ground";

export * from "../../../assembly/explored";

let mended: bool = false;

export function configure(size: u32, fixed: bool): void {
  mended = fixed;
}

export function threads(): u32 {
  return 2;
}

export function setUp(): void {
  initializeLocks(2);
}

function passThrough(index: u32): void {
  const lock = lockAt(index);
  const irql = KeAcquireSpinLock(lock);
  KeReleaseSpinLock(lock, irql);
}

export function thread(index: u32): void {
  passThrough(0);
  const irql = KeAcquireSpinLock(lockAt(0));
  if (mended) KeReleaseSpinLock(lockAt(0), irql);
  passThrough(1);
  passThrough(1);
}

export function check(): void {}
