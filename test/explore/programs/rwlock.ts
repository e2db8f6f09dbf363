/**
 * A lock for readers and a writer keeps count of its readers: who leaves takes itself out, looks
 * whether it was the last, and lets the writer in. It takes itself out with a read and a write
 * that the counter's lock does not cover, and two who leave at once are counted as one: the writer
 * waits for ever. The twin counts under the lock.
 */

import { KeSetEvent } from "../../../assembly/ke/event";
import { KeAcquireSpinLock, KeReleaseSpinLock } from "../../../assembly/ke/spinlock";
import { DispatcherType, INFINITE, KeWaitForSingleObject } from "../../../assembly/ke/wait";
import { eventAt, initializeEvent, initializeLocks, lockAt, read, write } from "./ground";

export * from "../../../assembly/explored";

const READERS: u32 = 0;
const FREE: u32 = 0;
const COUNT: u32 = 3;

let mended: bool = false;

export function configure(size: u32, fixed: bool): void {
  mended = fixed;
}

/** Readers that have the lock already, and a writer. */
export function threads(): u32 {
  return COUNT + 1;
}

export function setUp(): void {
  initializeLocks(1);
  initializeEvent(FREE, DispatcherType.SYNCHRONIZATION, false);
  write(READERS, COUNT);
}

export function thread(index: u32): void {
  if (index == COUNT) {
    KeWaitForSingleObject(eventAt(FREE), INFINITE);
    return;
  }
  let left: u32 = 0;
  if (mended) {
    const irql = KeAcquireSpinLock(lockAt(0));
    left = read(READERS) - 1;
    write(READERS, left);
    KeReleaseSpinLock(lockAt(0), irql);
  } else {
    left = read(READERS) - 1;
    write(READERS, left);
  }
  if (left == 0) KeSetEvent(eventAt(FREE));
}

export function check(): void {}
