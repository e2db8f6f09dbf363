/**
 * Two classes of threads exclude each other: a class's first thread waits for the gate while it
 * has the counters, and the gate's owner needs the counters to open it. In the twin the gate is
 * waited for first. Gate and counters are events, as mutexes that anybody may give back.
 */

import { KeSetEvent } from "../../../assembly/ke/event";
import { DispatcherType, INFINITE, KeWaitForSingleObject } from "../../../assembly/ke/wait";
import { eventAt, initializeEvent, read, write } from "./ground";

export * from "../../../assembly/explored";

const COUNTERS: u32 = 0;
const GATE: u32 = 1;

let mended: bool = false;

export function configure(size: u32, fixed: bool): void {
  mended = fixed;
}

/** Two that have something to do, and two that have nothing. */
export function threads(): u32 {
  return 4;
}

export function setUp(): void {
  initializeEvent(COUNTERS, DispatcherType.SYNCHRONIZATION, true);
  initializeEvent(GATE, DispatcherType.SYNCHRONIZATION, true);
}

function take(event: u32): void {
  KeWaitForSingleObject(eventAt(event), INFINITE);
}

export function thread(index: u32): void {
  if (index > 1) return;
  if (mended) take(GATE);
  take(COUNTERS);
  write(index, read(index) + 1);
  if (!mended && read(index) == 1) take(GATE);
  KeSetEvent(eventAt(COUNTERS));
  take(COUNTERS);
  write(index, read(index) - 1);
  if (!mended && read(index) == 0) KeSetEvent(eventAt(GATE));
  KeSetEvent(eventAt(COUNTERS));
  if (mended) KeSetEvent(eventAt(GATE));
}

export function check(): void {}
