/**
 * A queue of work whose owner puts and takes at its tail while thieves steal at its head: for the
 * last item both look before they claim it, and both take it. `size` names the kind: 0 steals
 * under a lock, 1 by compare and exchange, 2 as 1 and tells where each thread is, 3 as 2 with two
 * thieves. In the twins whoever may meet the other claims the item first.
 */

import { InterlockedCompareExchange, InterlockedIncrement } from "../../../assembly/ex/interlocked";
import { KeAcquireSpinLock, KeReleaseSpinLock } from "../../../assembly/ke/spinlock";
import { initializeLocks, lockAt, mustBe, read, wordAt, write } from "./ground";

export * from "../../../assembly/explored";

const HEAD: u32 = 0;
const TAIL: u32 = 1;
const STATE: u32 = 2;
const PLACES: u32 = 8;
const DONE: u32 = 16;
const ITEMS: u32 = 4;
const ATTEMPTS: u32 = 2;
const NOTHING: u32 = 0xffffffff;

let kind: u32 = 0;
let mended: bool = false;

export function configure(size: u32, fixed: bool): void {
  kind = size;
  mended = fixed;
}

export function threads(): u32 {
  return kind == 3 ? 3 : 2;
}

export function setUp(): void {
  initializeLocks(1);
  for (let i: u32 = 0; i < 32; i++) write(i, 0);
}

export function thread(index: u32): void {
  if (index != 0) {
    for (let i: u32 = 0; i < ATTEMPTS; i++) doWork(index, steal());
    return;
  }
  if (kind == 3) {
    for (let item: u32 = 0; item < ITEMS; item++) put(item);
    for (let i: u32 = 0; i < ITEMS; i++) doWork(index, take());
    return;
  }
  for (let item: u32 = 0; item < ITEMS; item += 2) {
    put(item);
    put(item + 1);
    doWork(index, take());
  }
  for (let i: u32 = 0; i < ITEMS / 2; i++) doWork(index, take());
}

/** Counts how often each item is done: each by one who has it for himself. */
function doWork(index: u32, item: u32): void {
  if (kind >= 2) write(STATE + index, item);
  if (item != NOTHING) InterlockedIncrement(wordAt(DONE + item));
}

function put(item: u32): void {
  const tail = read(TAIL);
  write(PLACES + (tail & 7), item);
  write(TAIL, tail + 1);
}

function take(): u32 {
  const tail = read(TAIL) - 1;
  write(TAIL, tail);
  const head = read(HEAD);
  const last = mended ? <i32>head >= <i32>tail : <i32>head > <i32>tail;
  if (!last) return read(PLACES + (tail & 7));
  return kind == 0 ? takeLastLocked() : takeLast(head, tail);
}

/** Nobody steals meanwhile. */
function takeLastLocked(): u32 {
  const irql = KeAcquireSpinLock(lockAt(0));
  const tail = read(TAIL);
  const found = <i32>read(HEAD) <= <i32>tail;
  const item = found ? read(PLACES + (tail & 7)) : NOTHING;
  if (!found) write(TAIL, tail + 1);
  KeReleaseSpinLock(lockAt(0), irql);
  return item;
}

/** The last item belongs to whoever moves the head past it. */
function takeLast(head: u32, tail: u32): u32 {
  let item = NOTHING;
  if (mended && head == tail) {
    const before = InterlockedCompareExchange(wordAt(HEAD), head + 1, head);
    if (before == head) item = read(PLACES + (tail & 7));
  }
  write(TAIL, tail + 1);
  return item;
}

function steal(): u32 {
  if (kind == 0) return stealLocked();
  const head = read(HEAD);
  if (<i32>head >= <i32>read(TAIL)) return NOTHING;
  const item = read(PLACES + (head & 7));
  const before = InterlockedCompareExchange(wordAt(HEAD), head + 1, head);
  return before == head ? item : NOTHING;
}

/** The defect is to look at the tail before the head says that the item is claimed. */
function stealLocked(): u32 {
  const irql = KeAcquireSpinLock(lockAt(0));
  const head = read(HEAD);
  if (mended) write(HEAD, head + 1);
  const found = <i32>head < <i32>read(TAIL);
  const item = found ? read(PLACES + (head & 7)) : NOTHING;
  if (found && !mended) write(HEAD, head + 1);
  if (!found && mended) write(HEAD, head);
  KeReleaseSpinLock(lockAt(0), irql);
  return item;
}

export function check(): void {
  const left = read(TAIL) - read(HEAD);
  let done: u32 = 0;
  for (let item: u32 = 0; item < ITEMS; item++) {
    const times = read(DONE + item);
    mustBe(times <= 1, item, times, 1);
    done += times;
  }
  mustBe(done + left == ITEMS, ITEMS, done, left);
}
