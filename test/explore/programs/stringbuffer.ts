/**
 * Who appends another's text asks for its length under that one's lock, and then copies so many
 * characters under it: meanwhile the text may have become shorter. The twin does both at once.
 */

import { KeAcquireSpinLock, KeReleaseSpinLock } from "../../../assembly/ke/spinlock";
import { initializeLocks, lockAt, mustBe, read, write } from "./ground";

export * from "../../../assembly/explored";

const LENGTH: u32 = 0;
const OCTETS: u32 = 3;

let mended: bool = false;

export function configure(size: u32, fixed: bool): void {
  mended = fixed;
}

export function threads(): u32 {
  return 2;
}

export function setUp(): void {
  initializeLocks(2);
  write(LENGTH, OCTETS);
}

export function thread(index: u32): void {
  if (index == 0) {
    setLength(0);
    setLength(OCTETS);
    return;
  }
  // The lock of the text that grows, which nobody else wants.
  const outer = KeAcquireSpinLock(lockAt(1));
  let irql = KeAcquireSpinLock(lockAt(0));
  const length = read(LENGTH);
  if (!mended) {
    KeReleaseSpinLock(lockAt(0), irql);
    irql = KeAcquireSpinLock(lockAt(0));
  }
  mustBe(length <= read(LENGTH), index, length, read(LENGTH));
  KeReleaseSpinLock(lockAt(0), irql);
  KeReleaseSpinLock(lockAt(1), outer);
}

function setLength(length: u32): void {
  const irql = KeAcquireSpinLock(lockAt(0));
  write(LENGTH, length);
  KeReleaseSpinLock(lockAt(0), irql);
}

export function check(): void {}
