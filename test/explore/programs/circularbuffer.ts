/**
 * A sender and a receiver pass seven items through a ring by two flags. The receiver counts its
 * turns, not what it received: a turn in vain, and the next item is not the one it expects. The
 * twin counts items.
 */

import { KeAcquireSpinLock, KeReleaseSpinLock } from "../../../assembly/ke/spinlock";
import { initializeLocks, lockAt, mustBe, read, write } from "./ground";

export * from "../../../assembly/explored";

const FULL: u32 = 0;
const FIRST: u32 = 1;
const NEXT: u32 = 2;
const RING: u32 = 3;
const PLACES: u32 = 10;
const TURNS: u32 = 7;

let mended: bool = false;

export function configure(size: u32, fixed: bool): void {
  mended = fixed;
}

export function threads(): u32 {
  return 2;
}

export function setUp(): void {
  initializeLocks(1);
  write(FULL, 0);
  write(FIRST, 0);
  write(NEXT, 0);
}

export function thread(index: u32): void {
  let expected: u32 = 0;
  for (let turn: u32 = 0; turn < TURNS; turn++) {
    const irql = KeAcquireSpinLock(lockAt(0));
    const full = read(FULL) != 0;
    if (index == 0 && !full) send(turn);
    if (index == 1 && full) {
      const item = receive();
      if (mended) mustBe(item >= expected, index, item, expected);
      else mustBe(item == turn, index, item, turn);
      expected = item + 1;
    }
    KeReleaseSpinLock(lockAt(0), irql);
  }
}

function send(item: u32): void {
  const next = read(NEXT);
  write(RING + next, item);
  write(NEXT, (next + 1) % PLACES);
  write(FULL, 1);
}

function receive(): u32 {
  const first = read(FIRST);
  write(FIRST, (first + 1) % PLACES);
  write(FULL, 0);
  return read(RING + first);
}

export function check(): void {}
