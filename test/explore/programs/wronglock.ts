/**
 * One thread counts under the lock of the count, and `size` others count under another lock: an
 * increment is lost, or the first sees one that it did not make. The twin has one lock.
 */

import { KeAcquireSpinLock, KeReleaseSpinLock } from "../../../assembly/ke/spinlock";
import { initializeLocks, lockAt, mustBe, read, write } from "./ground";

export * from "../../../assembly/explored";

let others: u32 = 7;
let mended: bool = false;

export function configure(size: u32, fixed: bool): void {
  if (size != 0) others = size;
  mended = fixed;
}

export function threads(): u32 {
  return others + 1;
}

export function setUp(): void {
  initializeLocks(2);
  write(0, 0);
}

export function thread(index: u32): void {
  const lock = lockAt(index == 0 || mended ? 0 : 1);
  const irql = KeAcquireSpinLock(lock);
  const before = read(0);
  write(0, before + 1);
  if (index == 0) mustBe(read(0) == before + 1, index, before, read(0));
  KeReleaseSpinLock(lock, irql);
}

export function check(): void {
  mustBe(read(0) == others + 1, others, read(0), others + 1);
}
