/** Two threads take two locks in opposite orders; the twin has one order. */

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

export function thread(index: u32): void {
  const turned = index == 1 && !mended;
  const first = lockAt(turned ? 1 : 0);
  const second = lockAt(turned ? 0 : 1);
  const irql = KeAcquireSpinLock(first);
  const inner = KeAcquireSpinLock(second);
  KeReleaseSpinLock(second, inner);
  KeReleaseSpinLock(first, irql);
}

export function check(): void {}
