/** Who owns which lock that threads wait for: mutexes, fast mutexes, executive resources. */

import { at } from "../nt/embed";
import { checkOrder, judgeOrder, noteSite } from "./locks";
import { Boundary, Rule, report } from "./rule";

/** One lock that a thread owns, once for each time. */
@unmanaged
class OwnedLock {
  lock: usize;
  rank: u32;
  /** Counted from 1 (ke/thread.ts). */
  thread: u32;
  sequence: u32;
}

@unmanaged
class OwnedTable {
  count: u32;
}

/** Locks that all threads together can own and be watched. */
const MOST: u32 = 63;
const TABLE: usize = memory.data(1024);
/** The last rank there is: LockRank.Unranked (ke/lockorder.ts). */
const LAST_RANK: u32 = 127;

function table(): OwnedTable {
  return at<OwnedTable>(TABLE, 0);
}

function entryOf(index: u32): OwnedLock {
  return at<OwnedLock>(TABLE, <usize>(index + 1) << 4);
}

/** Before `thread` on `processor` acquires `lock`, or where it owns it already, again. */
export function checkOwn(lock: usize, rank: u32, thread: u32, processor: u32): void {
  if (rank == 0 || rank > LAST_RANK) report(Rule.LOCK_NOT_INITIALIZED, <u32>lock, thread, 0);
  checkOrder(lock, rank, processor);
  checkOwnedOrder(lock, rank, thread);
}

/** Whether any thread owns a lock: mostly none does. */
export function isAnyOwned(): bool {
  return table().count != 0;
}

/** No lock that `thread` owns may have to come after `lock`. */
export function checkOwnedOrder(lock: usize, rank: u32, thread: u32): void {
  const count = table().count;
  for (let i: u32 = 0; i < count; i++) {
    const entry = entryOf(i);
    if (entry.thread != thread || entry.lock == lock) continue;
    judgeOrder(lock, rank, entry.lock, entry.rank);
  }
}

/** `lock` is asked for by a thread that has it in a way that it can never be given. */
export function noteSelfDeadlock(lock: usize, thread: u32): void {
  report(Rule.LOCK_RECURSIVE, <u32>lock, thread, 0);
}

/** `thread` owns `lock` from here on. */
export function noteOwned(lock: usize, rank: u32, thread: u32): void {
  const all = table();
  const sequence = noteSite(lock);
  if (all.count == MOST) return;
  const entry = entryOf(all.count++);
  entry.lock = lock;
  entry.rank = rank;
  entry.thread = thread;
  entry.sequence = sequence;
}

/** Before `thread` releases a lock whose owner is `owner`, 0: nobody. False: it must not. */
export function checkDisown(lock: usize, thread: u32, owner: u32): bool {
  if (owner == thread) return true;
  if (owner == 0) report(Rule.LOCK_NOT_OWNED, <u32>lock, thread, 0);
  else report(Rule.LOCK_RELEASED_BY_OTHER, <u32>lock, thread, owner);
  return false;
}

/** `thread` does not own `lock` any more, or once less. */
export function noteDisowned(lock: usize, thread: u32): void {
  const all = table();
  let index = all.count;
  while (index > 0) {
    const entry = entryOf(index - 1);
    if (entry.lock == lock && entry.thread == thread) break;
    index--;
  }
  if (index == 0) return;
  const length = <usize>(all.count - index) << 4;
  memory.copy(changetype<usize>(entryOf(index - 1)), changetype<usize>(entryOf(index)), length);
  all.count--;
}

/** A lock that is about to be initialized, or with `deleted` is about to be no lock any more. */
export function checkUnowned(lock: usize, deleted: bool): void {
  const count = table().count;
  for (let i: u32 = 0; i < count; i++) {
    const entry = entryOf(i);
    if (entry.lock != lock) continue;
    report(deleted ? Rule.LOCK_FREED : Rule.LOCK_INITIALIZED_TWICE, <u32>lock, entry.thread, 0);
  }
}

/** The block of `length` octets is about to be freed: no lock in it may be owned. */
export function checkFreedOwned(block: usize, length: u32): void {
  const count = table().count;
  for (let i: u32 = 0; i < count; i++) {
    const entry = entryOf(i);
    if (entry.lock - block >= length) continue;
    report(Rule.LOCK_FREED, <u32>entry.lock, <u32>block, entry.thread);
  }
}

/** How many locks `thread` owns. */
export function ownedCount(thread: u32): u32 {
  const count = table().count;
  let found: u32 = 0;
  for (let i: u32 = 0; i < count; i++) if (entryOf(i).thread == thread) found++;
  return found;
}

/** A routine that began with `before` locks of `thread` must end with as many. */
export function checkOwnedBalanced(boundary: Boundary, thread: u32, before: u32): void {
  const count = table().count;
  let seen: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const entry = entryOf(i);
    if (entry.thread != thread || seen++ < before) continue;
    report(Rule.LOCK_LEAKED, <u32>entry.lock, boundary, entry.sequence);
  }
}

/** `thread` ends: it may own nothing. */
export function checkEndedOwner(thread: u32): void {
  const count = table().count;
  for (let i: u32 = 0; i < count; i++) {
    const entry = entryOf(i);
    if (entry.thread != thread) continue;
    report(Rule.LOCK_THREAD_ENDED, <u32>entry.lock, thread, entry.sequence);
  }
}
