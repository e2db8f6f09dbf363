/**
 * Writers set one word under the first lock and, later, what follows from it under the second; the
 * last of `size` threads reads them one after the other, and may come between the two stages. In
 * the twin a writer keeps the first lock over the second stage, and so does the reader.
 */

import { KeAcquireSpinLock, KeReleaseSpinLock } from "../../../assembly/ke/spinlock";
import { initializeLocks, lockAt, mustBe, read, write } from "./ground";

export * from "../../../assembly/explored";

let count: u32 = 2;
let mended: bool = false;

export function configure(size: u32, fixed: bool): void {
  if (size != 0) count = size;
  mended = fixed;
}

export function threads(): u32 {
  return count;
}

export function setUp(): void {
  initializeLocks(2);
  write(0, 0);
  write(1, 0);
}

export function thread(index: u32): void {
  const writes = index + 1 < count;
  let irql = KeAcquireSpinLock(lockAt(0));
  if (writes) write(0, 1);
  const first = read(0);
  if (!mended) KeReleaseSpinLock(lockAt(0), irql);
  if (first != 0) {
    const inner = KeAcquireSpinLock(lockAt(1));
    if (writes) write(1, read(0) + 1);
    const second = read(1);
    KeReleaseSpinLock(lockAt(1), inner);
    mustBe(second == first + 1, index, first, second);
  }
  if (mended) KeReleaseSpinLock(lockAt(0), irql);
}

export function check(): void {}
