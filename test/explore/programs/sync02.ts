/**
 * A lost wake-up: the producer sees that there is no room, and only in its next critical section
 * says that it waits; the consumer, in between, saw nobody who waits. The twin does it in one.
 */

import { KeSetEvent } from "../../../assembly/ke/event";
import { KeAcquireSpinLock, KeReleaseSpinLock } from "../../../assembly/ke/spinlock";
import { DispatcherType, INFINITE, KeWaitForSingleObject } from "../../../assembly/ke/wait";
import { eventAt, initializeEvent, initializeLocks, lockAt, read, write } from "./ground";

export * from "../../../assembly/explored";

const ITEMS: u32 = 0;
const WAITS: u32 = 1;
const ROOM: u32 = 0;
const ROUNDS: u32 = 2;

let mended: bool = false;

export function configure(size: u32, fixed: bool): void {
  mended = fixed;
}

export function threads(): u32 {
  return 2;
}

export function setUp(): void {
  initializeLocks(1);
  initializeEvent(ROOM, DispatcherType.SYNCHRONIZATION, false);
  write(ITEMS, ROUNDS);
  write(WAITS, 0);
}

export function thread(index: u32): void {
  for (let i: u32 = 0; i < ROUNDS; i++) {
    if (index == 0) produce();
    else consume();
  }
}

function produce(): void {
  let irql = KeAcquireSpinLock(lockAt(0));
  while (read(ITEMS) >= ROUNDS) {
    if (!mended) {
      KeReleaseSpinLock(lockAt(0), irql);
      irql = KeAcquireSpinLock(lockAt(0));
    }
    write(WAITS, 1);
    KeReleaseSpinLock(lockAt(0), irql);
    KeWaitForSingleObject(eventAt(ROOM), INFINITE);
    irql = KeAcquireSpinLock(lockAt(0));
  }
  write(ITEMS, read(ITEMS) + 1);
  KeReleaseSpinLock(lockAt(0), irql);
}

function consume(): void {
  const irql = KeAcquireSpinLock(lockAt(0));
  if (read(ITEMS) > 0) write(ITEMS, read(ITEMS) - 1);
  const wakes = read(WAITS) != 0;
  write(WAITS, 0);
  KeReleaseSpinLock(lockAt(0), irql);
  if (wakes) KeSetEvent(eventAt(ROOM));
}

export function check(): void {}
