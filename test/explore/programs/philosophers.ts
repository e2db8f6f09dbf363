/** Each of `size` philosophers takes the fork at his left and then the one at his right; in the
 * twin the last one begins at his right. */

import { KeAcquireSpinLock, KeReleaseSpinLock } from "../../../assembly/ke/spinlock";
import { initializeLocks, lockAt } from "./ground";

export * from "../../../assembly/explored";

let seats: u32 = 7;
let mended: bool = false;

export function configure(size: u32, fixed: bool): void {
  if (size != 0) seats = size;
  mended = fixed;
}

export function threads(): u32 {
  return seats;
}

export function setUp(): void {
  initializeLocks(seats);
}

export function thread(index: u32): void {
  const right = (index + 1) % seats;
  const turned = mended && right == 0;
  const first = lockAt(turned ? right : index);
  const second = lockAt(turned ? index : right);
  const irql = KeAcquireSpinLock(first);
  const inner = KeAcquireSpinLock(second);
  KeReleaseSpinLock(second, inner);
  KeReleaseSpinLock(first, irql);
}

export function check(): void {}
