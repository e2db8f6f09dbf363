/**
 * A producer waits until the only place is empty; the consumer says that it is, and has taken
 * nothing out. The twin takes it.
 */

import { KeSetEvent } from "../../../assembly/ke/event";
import { KeAcquireSpinLock, KeReleaseSpinLock } from "../../../assembly/ke/spinlock";
import { DispatcherType, INFINITE, KeWaitForSingleObject } from "../../../assembly/ke/wait";
import { eventAt, initializeEvent, initializeLocks, lockAt, read, write } from "./ground";

export * from "../../../assembly/explored";

const EMPTY: u32 = 0;

let mended: bool = false;

export function configure(size: u32, fixed: bool): void {
  mended = fixed;
}

export function threads(): u32 {
  return 2;
}

export function setUp(): void {
  initializeLocks(1);
  initializeEvent(EMPTY, DispatcherType.SYNCHRONIZATION, false);
  write(0, 1);
}

export function thread(index: u32): void {
  if (index == 0) produce();
  else consume();
}

function produce(): void {
  let irql = KeAcquireSpinLock(lockAt(0));
  while (read(0) > 0) {
    KeReleaseSpinLock(lockAt(0), irql);
    KeWaitForSingleObject(eventAt(EMPTY), INFINITE);
    irql = KeAcquireSpinLock(lockAt(0));
  }
  write(0, read(0) + 1);
  KeReleaseSpinLock(lockAt(0), irql);
}

function consume(): void {
  const irql = KeAcquireSpinLock(lockAt(0));
  if (mended) write(0, read(0) - 1);
  KeReleaseSpinLock(lockAt(0), irql);
  KeSetEvent(eventAt(EMPTY));
}

export function check(): void {}
