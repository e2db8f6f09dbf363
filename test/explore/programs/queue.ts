/**
 * A queue is filled and emptied by two threads in turns that flags give; the one that empties it
 * compares what it takes with what was put in its own turn of that number, which a turn in vain
 * shifts. The twin compares with what was put as that item.
 */

import { KeAcquireSpinLock, KeReleaseSpinLock } from "../../../assembly/ke/spinlock";
import { initializeLocks, lockAt, mustBe, read, write } from "./ground";

export * from "../../../assembly/explored";

const MAY_PUT: u32 = 0;
const MAY_TAKE: u32 = 1;
const HEAD: u32 = 2;
const TAIL: u32 = 3;
const ITEMS: u32 = 8;
const STORED: u32 = 32;
const TURNS: u32 = 20;

let mended: bool = false;

export function configure(size: u32, fixed: bool): void {
  mended = fixed;
}

export function threads(): u32 {
  return 2;
}

export function setUp(): void {
  initializeLocks(1);
  for (let i: u32 = 0; i < 64; i++) write(i, 0);
  write(MAY_PUT, 1);
}

export function thread(index: u32): void {
  if (index == 0) put(0, true);
  for (let turn: u32 = 1 - index; turn < TURNS; turn++) {
    if (index == 0) put(turn, false);
    else take(turn);
  }
}

function put(turn: u32, always: bool): void {
  const irql = KeAcquireSpinLock(lockAt(0));
  if (always || read(MAY_PUT) != 0) {
    const tail = read(TAIL);
    write(ITEMS + tail, turn + 1);
    write(STORED + turn, turn + 1);
    write(TAIL, tail + 1);
    if (!always) {
      write(MAY_PUT, 0);
      write(MAY_TAKE, 1);
    }
  }
  KeReleaseSpinLock(lockAt(0), irql);
}

function take(turn: u32): void {
  const irql = KeAcquireSpinLock(lockAt(0));
  if (read(MAY_TAKE) != 0) {
    const head = read(HEAD);
    const item = read(ITEMS + head);
    const stored = mended ? read(STORED + item - 1) : read(STORED + turn);
    mustBe(item == stored, turn, item, stored);
    write(HEAD, head + 1);
    write(MAY_TAKE, 0);
    write(MAY_PUT, 1);
  }
  KeReleaseSpinLock(lockAt(0), irql);
}

export function check(): void {}
