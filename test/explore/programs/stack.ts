/**
 * Who takes from a stack looks at a flag that says that something was pushed once, and takes it
 * for there being something. The twin looks whether there is.
 */

import { KeAcquireSpinLock, KeReleaseSpinLock } from "../../../assembly/ke/spinlock";
import { initializeLocks, lockAt, mustBe, read, write } from "./ground";

export * from "../../../assembly/explored";

const TOP: u32 = 0;
const PUSHED: u32 = 1;
const ITEMS: u32 = 8;
const TURNS: u32 = 10;

let mended: bool = false;

export function configure(size: u32, fixed: bool): void {
  mended = fixed;
}

export function threads(): u32 {
  return 2;
}

export function setUp(): void {
  initializeLocks(1);
  write(TOP, 0);
  write(PUSHED, 0);
}

export function thread(index: u32): void {
  for (let turn: u32 = 0; turn < TURNS; turn++) {
    const irql = KeAcquireSpinLock(lockAt(0));
    const top = read(TOP);
    if (index == 0) {
      write(ITEMS + top, turn);
      write(TOP, top + 1);
      write(PUSHED, 1);
    } else if (mended ? top != 0 : read(PUSHED) != 0) {
      mustBe(top != 0, turn, top, 0);
      write(TOP, top - 1);
    }
    KeReleaseSpinLock(lockAt(0), irql);
  }
}

export function check(): void {}
