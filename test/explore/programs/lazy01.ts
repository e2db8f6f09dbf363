/**
 * A reader takes for granted that it comes before one of two writers, though all a lock gives is
 * that they do not meet; the twin's reader takes what it finds.
 */

import { KeAcquireSpinLock, KeReleaseSpinLock } from "../../../assembly/ke/spinlock";
import { initializeLocks, lockAt, mustBe, read, write } from "./ground";

export * from "../../../assembly/explored";

let mended: bool = false;

export function configure(size: u32, fixed: bool): void {
  mended = fixed;
}

export function threads(): u32 {
  return 3;
}

export function setUp(): void {
  initializeLocks(1);
  write(0, 0);
}

export function thread(index: u32): void {
  const irql = KeAcquireSpinLock(lockAt(0));
  const data = read(0);
  if (index == 2) mustBe(mended || data < 3, index, data, 0);
  else write(0, data + index + 1);
  KeReleaseSpinLock(lockAt(0), irql);
}

export function check(): void {}
