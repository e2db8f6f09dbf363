/**
 * Setters write two words one after the other, without a lock; the last of `size` threads reads
 * both, and takes for granted that it sees none or both of them. The twin has a lock.
 */

import { KeAcquireSpinLock, KeReleaseSpinLock } from "../../../assembly/ke/spinlock";
import { initializeLocks, lockAt, mustBe, read, write } from "./ground";

export * from "../../../assembly/explored";

let count: u32 = 3;
let mended: bool = false;

export function configure(size: u32, fixed: bool): void {
  if (size != 0) count = size;
  mended = fixed;
}

export function threads(): u32 {
  return count;
}

export function setUp(): void {
  initializeLocks(1);
  write(0, 0);
  write(1, 0);
}

export function thread(index: u32): void {
  if (!mended) {
    go(index);
    return;
  }
  const irql = KeAcquireSpinLock(lockAt(0));
  go(index);
  KeReleaseSpinLock(lockAt(0), irql);
}

function go(index: u32): void {
  if (index + 1 < count) {
    write(0, 1);
    write(1, 2);
    return;
  }
  const first = read(0);
  const second = read(1);
  mustBe(second == first * 2, index, first, second);
}

export function check(): void {}
