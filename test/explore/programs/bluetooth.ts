/**
 * A request looks whether the device is stopping and then counts itself in; in between the device
 * is stopped, its resources are given back, and the request uses them. The twin counts itself in
 * first, and looks then.
 */

import { InterlockedDecrement, InterlockedIncrement } from "../../../assembly/ex/interlocked";
import { KeSetEvent } from "../../../assembly/ke/event";
import { DispatcherType, INFINITE, KeWaitForSingleObject } from "../../../assembly/ke/wait";
import { eventAt, initializeEvent, mustBe, read, wordAt, write } from "./ground";

export * from "../../../assembly/explored";

const PENDING: u32 = 0;
const STOPPING: u32 = 1;
const STOPPED: u32 = 2;
const NOTHING_PENDING: u32 = 0;

let mended: bool = false;

export function configure(size: u32, fixed: bool): void {
  mended = fixed;
}

export function threads(): u32 {
  return 2;
}

export function setUp(): void {
  initializeEvent(NOTHING_PENDING, DispatcherType.NOTIFICATION, false);
  write(PENDING, 1);
  write(STOPPING, 0);
  write(STOPPED, 0);
}

export function thread(index: u32): void {
  if (index == 0) request();
  else stop();
}

function request(): void {
  if (mended) InterlockedIncrement(wordAt(PENDING));
  const stopping = read(STOPPING) != 0;
  if (!mended && stopping) return;
  if (!mended) InterlockedIncrement(wordAt(PENDING));
  if (!stopping) mustBe(read(STOPPED) == 0, 0, read(STOPPED), 0);
  leave();
}

function leave(): void {
  if (InterlockedDecrement(wordAt(PENDING)) == 0) KeSetEvent(eventAt(NOTHING_PENDING));
}

function stop(): void {
  write(STOPPING, 1);
  leave();
  KeWaitForSingleObject(eventAt(NOTHING_PENDING), INFINITE);
  write(STOPPED, 1);
}

export function check(): void {}
