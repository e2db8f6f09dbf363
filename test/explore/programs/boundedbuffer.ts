/**
 * Two producers and two consumers of a buffer with one place wait for one event that says only
 * that something has changed, and wakes one of them: if that is one of the wrong kind, the news is
 * spent, and all sleep. The twin has an event for each kind, which stays as long as it is true.
 */

import { KeResetEvent, KeSetEvent } from "../../../assembly/ke/event";
import { KeAcquireSpinLock, KeReleaseSpinLock } from "../../../assembly/ke/spinlock";
import { DispatcherType, INFINITE, KeWaitForSingleObject } from "../../../assembly/ke/wait";
import { eventAt, initializeEvent, initializeLocks, lockAt, read, write } from "./ground";

export * from "../../../assembly/explored";

const ROOM: u32 = 0;
const ITEM: u32 = 1;
const CHANGED: u32 = 2;
const EACH: u32 = 2;

let mended: bool = false;

export function configure(size: u32, fixed: bool): void {
  mended = fixed;
}

export function threads(): u32 {
  return 4;
}

export function setUp(): void {
  initializeLocks(1);
  initializeEvent(ROOM, DispatcherType.NOTIFICATION, true);
  initializeEvent(ITEM, DispatcherType.NOTIFICATION, false);
  initializeEvent(CHANGED, DispatcherType.SYNCHRONIZATION, false);
  write(0, 0);
}

/** Threads of an even number produce, the others consume. */
export function thread(index: u32): void {
  const wanted = index & 1;
  for (let i: u32 = 0; i < EACH; i++) {
    let irql = KeAcquireSpinLock(lockAt(0));
    while (read(0) != wanted) {
      KeReleaseSpinLock(lockAt(0), irql);
      KeWaitForSingleObject(eventAt(mended ? wanted : CHANGED), INFINITE);
      irql = KeAcquireSpinLock(lockAt(0));
    }
    write(0, 1 - wanted);
    if (mended) {
      KeResetEvent(eventAt(wanted));
      KeSetEvent(eventAt(1 - wanted));
    } else {
      KeSetEvent(eventAt(CHANGED));
    }
    KeReleaseSpinLock(lockAt(0), irql);
  }
}

export function check(): void {}
