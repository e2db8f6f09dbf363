/**
 * A deposit and a withdrawal each read the balance under the lock and write it under the lock,
 * but let it go between the two: one of them is lost. The twin keeps it. The auditor looks while
 * they run, and what is left is looked at when all are done.
 */

import { KeAcquireSpinLock, KeReleaseSpinLock } from "../../../assembly/ke/spinlock";
import { initializeLocks, lockAt, mustBe, read, write } from "./ground";

export * from "../../../assembly/explored";

const BALANCE: u32 = 0;
const DONE: u32 = 1;
const OPENING: u32 = 10;
const DEPOSIT: u32 = 2;
const WITHDRAWAL: u32 = 4;

let mended: bool = false;

export function configure(size: u32, fixed: bool): void {
  mended = fixed;
}

export function threads(): u32 {
  return 3;
}

export function setUp(): void {
  initializeLocks(1);
  write(BALANCE, OPENING);
  write(DONE, 0);
}

export function thread(index: u32): void {
  if (index == 0) {
    const irql = KeAcquireSpinLock(lockAt(0));
    check();
    KeReleaseSpinLock(lockAt(0), irql);
    return;
  }
  let irql = KeAcquireSpinLock(lockAt(0));
  const before = read(BALANCE);
  if (!mended) {
    KeReleaseSpinLock(lockAt(0), irql);
    irql = KeAcquireSpinLock(lockAt(0));
  }
  write(BALANCE, index == 1 ? before + DEPOSIT : before - WITHDRAWAL);
  write(DONE, read(DONE) + 1);
  KeReleaseSpinLock(lockAt(0), irql);
}

export function check(): void {
  const right = OPENING + DEPOSIT - WITHDRAWAL;
  if (read(DONE) == 2) mustBe(read(BALANCE) == right, 0, read(BALANCE), right);
}
