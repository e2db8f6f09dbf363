/**
 * Three threads pass a token on, each under the lock, in whatever order they come; a fourth takes
 * for granted that after all of them the ring agrees. The twin waits for the one before.
 */

import { KeSetEvent } from "../../../assembly/ke/event";
import { KeAcquireSpinLock, KeReleaseSpinLock } from "../../../assembly/ke/spinlock";
import { DispatcherType, INFINITE, KeWaitForSingleObject } from "../../../assembly/ke/wait";
import { eventAt, initializeEvent, initializeLocks, lockAt, mustBe, read, write } from "./ground";

export * from "../../../assembly/explored";

const PASSED: u32 = 4;
const STATIONS: u32 = 3;

let mended: bool = false;

export function configure(size: u32, fixed: bool): void {
  mended = fixed;
}

export function threads(): u32 {
  return STATIONS + 1;
}

export function setUp(): void {
  initializeLocks(1);
  for (let i: u32 = 0; i < STATIONS; i++) {
    initializeEvent(i, DispatcherType.SYNCHRONIZATION, i == 0);
  }
  write(0, 1);
  write(1, 2);
  write(2, 1);
  write(PASSED, 0);
}

export function thread(index: u32): void {
  if (mended && index < STATIONS) KeWaitForSingleObject(eventAt(index), INFINITE);
  const irql = KeAcquireSpinLock(lockAt(0));
  if (index == STATIONS) {
    check();
  } else {
    write(index, index == 0 ? (read(STATIONS - 1) + 1) % 4 : read(index - 1));
    write(PASSED, read(PASSED) + 1);
  }
  KeReleaseSpinLock(lockAt(0), irql);
  if (mended && index + 1 < STATIONS) KeSetEvent(eventAt(index + 1));
}

export function check(): void {
  if (read(PASSED) != STATIONS) return;
  mustBe(read(0) == read(1) && read(1) == read(2), 0, read(0), read(2));
}
