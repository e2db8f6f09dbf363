/** All programs in one module: `size` is a place in its lists, times 256, and the size there. */

import * as deadlock01 from "./deadlock01";
import * as phase01 from "./phase01";
import * as carter01 from "./carter01";
import * as philosophers from "./philosophers";
import * as lazy01 from "./lazy01";
import * as account from "./account";
import * as twostage from "./twostage";
import * as stringbuffer from "./stringbuffer";
import * as sync01 from "./sync01";
import * as sync02 from "./sync02";
import * as circularbuffer from "./circularbuffer";
import * as queue from "./queue";
import * as stack from "./stack";
import * as wronglock from "./wronglock";
import * as tokenring from "./tokenring";
import * as bluetooth from "./bluetooth";
import * as reorder from "./reorder";
import * as boundedbuffer from "./boundedbuffer";
import * as wsq from "./wsq";
import * as safestack from "./safestack";
import * as rwlock from "./rwlock";

export * from "../../../assembly/explored";

let chosen: u32 = 0;

const CONFIGURES: StaticArray<(size: u32, fixed: bool) => void> = [
  deadlock01.configure, phase01.configure, carter01.configure, philosophers.configure,
  lazy01.configure, account.configure, twostage.configure, stringbuffer.configure,
  sync01.configure, sync02.configure, circularbuffer.configure, queue.configure, stack.configure,
  wronglock.configure, tokenring.configure, bluetooth.configure, reorder.configure,
  boundedbuffer.configure, wsq.configure, safestack.configure, rwlock.configure,
];

const COUNTS: StaticArray<() => u32> = [
  deadlock01.threads, phase01.threads, carter01.threads, philosophers.threads, lazy01.threads,
  account.threads, twostage.threads, stringbuffer.threads, sync01.threads, sync02.threads,
  circularbuffer.threads, queue.threads, stack.threads, wronglock.threads, tokenring.threads,
  bluetooth.threads, reorder.threads, boundedbuffer.threads, wsq.threads, safestack.threads,
  rwlock.threads,
];

const SET_UPS: StaticArray<() => void> = [
  deadlock01.setUp, phase01.setUp, carter01.setUp, philosophers.setUp, lazy01.setUp,
  account.setUp, twostage.setUp, stringbuffer.setUp, sync01.setUp, sync02.setUp,
  circularbuffer.setUp, queue.setUp, stack.setUp, wronglock.setUp, tokenring.setUp,
  bluetooth.setUp, reorder.setUp, boundedbuffer.setUp, wsq.setUp, safestack.setUp, rwlock.setUp,
];

const THREADS_OF: StaticArray<(index: u32) => void> = [
  deadlock01.thread, phase01.thread, carter01.thread, philosophers.thread, lazy01.thread,
  account.thread, twostage.thread, stringbuffer.thread, sync01.thread, sync02.thread,
  circularbuffer.thread, queue.thread, stack.thread, wronglock.thread, tokenring.thread,
  bluetooth.thread, reorder.thread, boundedbuffer.thread, wsq.thread, safestack.thread,
  rwlock.thread,
];

const CHECKS: StaticArray<() => void> = [
  deadlock01.check, phase01.check, carter01.check, philosophers.check, lazy01.check,
  account.check, twostage.check, stringbuffer.check, sync01.check, sync02.check,
  circularbuffer.check, queue.check, stack.check, wronglock.check, tokenring.check,
  bluetooth.check, reorder.check, boundedbuffer.check, wsq.check, safestack.check, rwlock.check,
];

export function configure(size: u32, fixed: bool): void {
  chosen = size >> 8;
  CONFIGURES[chosen](size & 255, fixed);
}

export function threads(): u32 {
  return COUNTS[chosen]();
}

export function setUp(): void {
  SET_UPS[chosen]();
}

export function thread(index: u32): void {
  THREADS_OF[chosen](index);
}

export function check(): void {
  CHECKS[chosen]();
}
