/**
 * Deadlines of acknowledgments that wait: one octet for each connection that has had one, many in a
 * line of the cache. Setting and clearing one is a store of its connection's; who looks for what is
 * due reads them all, eight at a time, and needs no connection for it.
 */

import { RtlZeroMemory } from "../../nt/memory";
import { addressOf, at } from "../../nt/embed";
import { ExAllocatePoolWithTag, ExFreePool } from "../../ex/pool";
import { Tag } from "../../ex/tag";
import { KeQueryTickCount } from "../../trace/ring";
import { DeferredRoutine, Kdpc, KeInitializeDpc } from "../../ke/dpc";
import { LockRank } from "../../ke/lockorder";
import { KSpinLock, KeAcquireSpinLockAtDpcLevel, KeInitializeSpinLock } from "../../ke/spinlock";
import { KeReleaseSpinLockFromDpcLevel, mustHold } from "../../ke/spinlock";
import { KTimer, KeCancelTimer, KeInitializeTimer, KeSetTimerEx } from "../../ke/timer";
import { TOGETHER, putTaken } from "./taken";
import { Tcb } from "./tcb";

/** When an acknowledgment is due: `markOf` its tick; 0: none waits. Under its connection's lock. */
@unmanaged
class Deadline {
  mark: u8;
}
/** Eight of them, as who looks for what is due reads them. */
@unmanaged
class Eight {
  marks: u64;
}
const EIGHT: u32 = 8;

/** Whose place it is: a connection, not referenced; of a free place, the next free one's number. */
@unmanaged
class Owner {
  tcb: Tcb;
}
@unmanaged
class FreePlace {
  next: u32;
}

/** Places of a chunk: their deadlines, and behind them their owners. */
const PLACES: u32 = 4096;
const PLACES_SHIFT: u32 = 12;
const CHUNK_OCTETS: u32 = PLACES * 5;
/** Chunks at most: for as many connections as TcpNumConnections allows. */
const CHUNKS: u32 = 4096;
const DIRECTORY: usize = memory.data(16384);
if (CHUNKS * 4 > 16384) ERROR("DIRECTORY");

@unmanaged
class Chunk {
  address: usize;
}

@unmanaged
class Deadlines {
  private lockWord: u32;
  // Under `lock`, and the owners of all places too:
  /** Places that there are. */
  made: u32;
  /** Places that have an owner. */
  used: u32;
  /** The first free place, counted from 1; 0: there is none. */
  free: u32;
  /** 1 while the timer runs, or its DPC is on its way. Read without the lock: see `isRunning`. */
  runs: u32;
  /** The tick for which the deadlines are, or were last, looked through, and how far that is. */
  tick: u32;
  cursor: u32;
  /** Ticks from then to the next deadline that was seen; 0: none was. */
  next: u32;
  /** 1: nothing was due between that tick and the one for which they were looked through before. */
  steady: u32;
  get lock(): KSpinLock {
    return at<KSpinLock>(changetype<usize>(this), 0);
  }
}
const DEADLINES: usize = memory.data(40);
const DPC: usize = memory.data(32);
const TIMER: usize = memory.data(32);
if (offsetof<Deadlines>() > 40 || offsetof<KTimer>() > 32) ERROR("DEADLINES");

/** A mark has seven bits of its tick: nothing may wait longer than half of what they tell apart. */
const MARKED: u32 = 0x80;
const TELLS: u32 = 0x7f;
const MOST_TICKS: u32 = 64;
const LOWEST: u64 = 0x0101010101010101;
const HIGHEST: u64 = 0x8080808080808080;

function deadlines(): Deadlines {
  return changetype<Deadlines>(DEADLINES);
}

/** Where its lock lies, for the host. */
export function ackDeadlinesLock(): usize {
  return DEADLINES;
}

function markOf(tick: u32): u32 {
  return MARKED | (tick & TELLS);
}

function chunkOf(place: u32): usize {
  return at<Chunk>(DIRECTORY + (<usize>(place >>> PLACES_SHIFT) << 2), 0).address;
}

function deadlineOf(place: u32): Deadline {
  return at<Deadline>(chunkOf(place) + <usize>(place & (PLACES - 1)), 0);
}

function ownerOf(place: u32): usize {
  return chunkOf(place) + <usize>PLACES + (<usize>(place & (PLACES - 1)) << 2);
}

/** No acknowledgment waits; `play` is to call `takeDueAcks`. Once, at start. */
export function initializeAckDeadlines(play: DeferredRoutine): void {
  RtlZeroMemory(DEADLINES, offsetof<Deadlines>());
  KeInitializeSpinLock(deadlines().lock, LockRank.TcpAckDeadlines);
  KeInitializeTimer(changetype<KTimer>(TIMER));
  KeInitializeDpc(changetype<Kdpc>(DPC), play, 0);
}

/** Stops the timer and gives the memory back. At the end, when no connection is left. */
export function deleteAckDeadlines(): void {
  KeCancelTimer(changetype<KTimer>(TIMER));
  freeChunks(0);
}

/** Acknowledgments that wait. When nothing else runs. */
export function waitingAcks(): u32 {
  let count: u32 = 0;
  for (let place: u32 = 0; place < deadlines().made; place++) {
    if (deadlineOf(place).mark) count++;
  }
  return count;
}

/**
 * Lets the acknowledgment of `tcb` wait for `ticks` ticks, as all do. False: no memory, or longer
 * than is told apart. IRQL: DISPATCH_LEVEL.
 */
export function setAckDeadlineLocked(tcb: Tcb, ticks: u32): bool {
  mustHold(tcb.lock);
  if (ticks >= MOST_TICKS || (tcb.ackPlace == 0 && !takePlace(tcb))) return false;
  deadlineOf(tcb.ackPlace - 1).mark = <u8>markOf(KeQueryTickCount() + ticks);
  if (!deadlines().runs) start(ticks);
  return true;
}

/** The acknowledgment of `tcb` waits no longer. IRQL: DISPATCH_LEVEL. */
export function clearAckDeadlineLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  if (tcb.ackPlace) deadlineOf(tcb.ackPlace - 1).mark = 0;
}

function start(ticks: u32): void {
  KeAcquireSpinLockAtDpcLevel(deadlines().lock);
  if (!deadlines().runs) startLocked(ticks);
  KeReleaseSpinLockFromDpcLevel(deadlines().lock);
}

function startLocked(ticks: u32): void {
  mustHold(deadlines().lock);
  deadlines().runs = 1;
  KeSetTimerEx(changetype<KTimer>(TIMER), ticks, 0, changetype<Kdpc>(DPC));
}

/** Gives `tcb` a place. False: no memory. */
function takePlace(tcb: Tcb): bool {
  KeAcquireSpinLockAtDpcLevel(deadlines().lock);
  const taken = deadlines().free != 0 || growLocked();
  if (taken) takePlaceLocked(tcb);
  KeReleaseSpinLockFromDpcLevel(deadlines().lock);
  return taken;
}

function takePlaceLocked(tcb: Tcb): void {
  mustHold(deadlines().lock);
  const number = deadlines().free;
  const owner = ownerOf(number - 1);
  deadlines().free = at<FreePlace>(owner, 0).next;
  deadlines().used++;
  at<Owner>(owner, 0).tcb = tcb;
  tcb.ackPlace = number;
}

/** One more chunk, its places in the list of free ones. False: no memory. */
function growLocked(): bool {
  mustHold(deadlines().lock);
  const first = deadlines().made;
  if (first == CHUNKS << PLACES_SHIFT) return false;
  const chunk = ExAllocatePoolWithTag(CHUNK_OCTETS, Tag.AckDeadlines);
  if (chunk == 0) return false;
  at<Chunk>(DIRECTORY + (<usize>(first >>> PLACES_SHIFT) << 2), 0).address = chunk;
  RtlZeroMemory(chunk, PLACES);
  listPlacesLocked(first);
  deadlines().made = first + PLACES;
  return true;
}

/** The places of the chunk that begins with `first` are free: they are all that is. */
function listPlacesLocked(first: u32): void {
  mustHold(deadlines().lock);
  const last = first + PLACES;
  for (let place = first; place < last; place++) {
    at<FreePlace>(ownerOf(place), 0).next = place + 1 < last ? place + 2 : 0;
  }
  deadlines().free = first + 1;
}

/** `tcb` is over: nothing here knows it any more. IRQL: DISPATCH_LEVEL. */
export function withdrawAck(tcb: Tcb): void {
  if (tcb.ackPlace == 0) return;
  KeAcquireSpinLockAtDpcLevel(deadlines().lock);
  givePlaceLocked(tcb);
  KeReleaseSpinLockFromDpcLevel(deadlines().lock);
}

function givePlaceLocked(tcb: Tcb): void {
  mustHold(deadlines().lock);
  const number = tcb.ackPlace;
  tcb.ackPlace = 0;
  deadlineOf(number - 1).mark = 0;
  at<FreePlace>(ownerOf(number - 1), 0).next = deadlines().free;
  deadlines().free = number;
  if (--deadlines().used || deadlines().made == PLACES) return;
  // Nobody has a place: one chunk is enough.
  freeChunks(PLACES);
  listPlacesLocked(0);
}

/** Frees the chunks of all places from `first` on. */
function freeChunks(first: u32): void {
  for (let place = first; place < deadlines().made; place += PLACES) ExFreePool(chunkOf(place));
  if (deadlines().made > first) deadlines().made = first;
}

/**
 * Takes connections whose acknowledgment is due, each with a reference (`takenAt`); how many. Their
 * deadlines must be cleared before it is called again. 0: none is due, and the timer is set for the
 * next. IRQL: DISPATCH_LEVEL, in the DPC. Locks: none.
 */
export function takeDueAcks(): u32 {
  KeAcquireSpinLockAtDpcLevel(deadlines().lock);
  if (deadlines().cursor == 0) beginLocked(KeQueryTickCount());
  const count = takeDueLocked();
  if (count == 0) endLocked();
  KeReleaseSpinLockFromDpcLevel(deadlines().lock);
  return count;
}

/**
 * From here on, who sets a deadline starts the timer: on one of several processors a deadline is
 * either seen below, or set by somebody who sees that the timer does not run.
 */
function beginLocked(now: u32): void {
  mustHold(deadlines().lock);
  deadlines().steady = now - deadlines().tick == 1 ? 1 : 0;
  deadlines().tick = now;
  deadlines().next = 0;
  deadlines().runs = 0;
}

function endLocked(): void {
  mustHold(deadlines().lock);
  deadlines().cursor = 0;
  if (deadlines().next) startLocked(deadlines().next);
}

function takeDueLocked(): u32 {
  mustHold(deadlines().lock);
  const made = deadlines().made;
  const due = <u64>markOf(deadlines().tick) * LOWEST;
  let place = deadlines().cursor;
  let count: u32 = 0;
  for (; place < made && count <= TOGETHER - EIGHT; place += EIGHT) {
    const marks = at<Eight>(addressOf(deadlineOf(place)), 0).marks;
    if (marks == 0) continue;
    // In a tick that follows one that was looked through, only that tick's marks are of interest.
    const other = marks ^ due;
    if (deadlines().steady && ((other - LOWEST) & ~other & HIGHEST) == 0) deadlines().next = 1;
    else count = takeEightLocked(place, count);
  }
  deadlines().cursor = place;
  return count;
}

/** Takes what is due of the eight places from `first` on; notes when what is not will be. */
function takeEightLocked(first: u32, taken: u32): u32 {
  mustHold(deadlines().lock);
  let count = taken;
  for (let place = first; place < first + EIGHT; place++) {
    const mark = <u32>deadlineOf(place).mark;
    if (mark == 0) continue;
    const left = (mark - deadlines().tick) & TELLS;
    if (left == 0 || left > MOST_TICKS) {
      putTaken(count, at<Owner>(ownerOf(place), 0).tcb);
      count++;
    } else if (deadlines().next == 0 || left < deadlines().next) deadlines().next = left;
  }
  return count;
}
