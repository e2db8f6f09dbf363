/**
 * Deadlines of acknowledgments that wait: one octet for each connection that has had one, many in a
 * line of the cache. Setting and clearing one is a store of its connection's; who looks for what is
 * due reads them all, a line at a time, and needs no connection for it.
 */

import { RtlZeroMemory, octetsEqual } from "../../nt/memory";
import { addressOf, at } from "../../nt/embed";
import { ExAllocatePoolWithTag, ExFreePool } from "../../ex/pool";
import { InterlockedAnd, InterlockedOr, ReadULongAcquire } from "../../ex/interlocked";
import { WriteUCharRelease, WriteULongRelease } from "../../ex/interlocked";
import { Tag } from "../../ex/tag";
import { KeQueryTickCount } from "../../trace/ring";
import { DeferredRoutine, Kdpc, KeInitializeDpc } from "../../ke/dpc";
import { LockRank } from "../../ke/lockorder";
import { KSpinLock, KeAcquireSpinLock, KeAcquireSpinLockAtDpcLevel } from "../../ke/spinlock";
import { KeInitializeSpinLock, KeReleaseSpinLock } from "../../ke/spinlock";
import { KeReleaseSpinLockFromDpcLevel, mustHold } from "../../ke/spinlock";
import { KTimer, KeCancelTimer, KeInitializeTimer, KeSetTimerEx } from "../../ke/timer";
import { TOGETHER, noteTaken, takeNoted } from "./taken";
import { Tcb } from "./tcb";

/** When an acknowledgment is due: `markOf` its tick; 0: none waits. Under its connection's lock. */
@unmanaged
class Deadline {
  mark: u8;
}
/**
 * The ticks for which deadlines have been set in a line of 64 places, a bit for each tick modulo
 * 64: set with a deadline, cleared when the tick has come. It may say more than the marks do.
 */
@unmanaged
class Ticks {
  bits: u64;
}
const LINE: u32 = 64;

/** Whose place it is: a connection, not referenced; of a free place, the next free one's number. */
@unmanaged
class Owner {
  tcb: Tcb;
}
@unmanaged
class FreePlace {
  next: u32;
}

/** Places of a chunk: their deadlines, behind them the ticks of their lines, then their owners. */
const PLACES: u32 = 4096;
const PLACES_SHIFT: u32 = 12;
const TICKS_OFFSET: usize = PLACES;
const OWNERS_OFFSET: usize = PLACES + PLACES / LINE * 8;
const CHUNK_OCTETS: u32 = PLACES * 5 + PLACES / LINE * 8;
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
  // Written under `lock`:
  /** 1 while the timer runs, or its DPC is on its way. */
  runs: u32;
  // Under `lock`:
  /** 1 while they are looked through; the tick for which they are, or were; the next place. */
  looking: u32;
  tick: u32;
  cursor: u32;
  /** How many ticks all wait. */
  wait: u32;
  /** Ticks, as those of a line: which are to be looked for, and which are still to come. */
  due: u64;
  later: u64;
  get lock(): KSpinLock {
    return at<KSpinLock>(changetype<usize>(this), 0);
  }
}
const DEADLINES: usize = memory.data(56);
const DPC: usize = memory.data(32);
const TIMER: usize = memory.data(32);
if (offsetof<Deadlines>() > 56 || offsetof<KTimer>() > 32) ERROR("DEADLINES");

/**
 * Ticks that are told apart: nothing may wait as long. From one look to the next no more may pass
 * than these less the wait, or a deadline that is to come would be taken for one that has passed.
 */
const TELLS: u32 = 64;
const MARKED: u32 = 0x80;

function deadlines(): Deadlines {
  return changetype<Deadlines>(DEADLINES);
}

/** Where its lock lies, for the host. */
export function ackDeadlinesLock(): usize {
  return DEADLINES;
}

function markOf(tick: u32): u32 {
  return MARKED | (tick & (TELLS - 1));
}

function chunkOf(place: u32): usize {
  return at<Chunk>(DIRECTORY + (<usize>(place >>> PLACES_SHIFT) << 2), 0).address;
}

function deadlineOf(place: u32): Deadline {
  return at<Deadline>(chunkOf(place) + <usize>(place & (PLACES - 1)), 0);
}

function ownerOf(place: u32): usize {
  return chunkOf(place) + OWNERS_OFFSET + (<usize>(place & (PLACES - 1)) << 2);
}

/** The ticks of the line in which `place` is. */
function ticksAt(place: u32): usize {
  return chunkOf(place) + TICKS_OFFSET + (<usize>((place & (PLACES - 1)) / LINE) << 3);
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
  const irql = KeAcquireSpinLock(deadlines().lock);
  freeChunksLocked(0);
  KeReleaseSpinLock(deadlines().lock, irql);
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
 * Who looks clears the bit of a tick, and reads its marks then; who sets one writes the mark, and
 * reads the bit then: one of the two sees what the other did, in whatever order they come.
 */
function writeMark(place: u32, mark: u32): void {
  WriteUCharRelease(addressOf(deadlineOf(place)), <u8>mark);
}

/**
 * Lets the acknowledgment of `tcb` wait for `ticks` ticks, as all do. False: no memory, or longer
 * than is told apart. IRQL: DISPATCH_LEVEL.
 */
export function setAckDeadlineLocked(tcb: Tcb, ticks: u32): bool {
  mustHold(tcb.lock);
  if (ticks >= TELLS || (tcb.ackPlace == 0 && !takePlace(tcb))) return false;
  const place = tcb.ackPlace - 1;
  const due = KeQueryTickCount() + ticks;
  writeMark(place, markOf(due));
  const word = ticksAt(place) + ((due & (TELLS / 2)) != 0 ? 4 : 0);
  const bit = <u32>1 << (due & (TELLS / 2 - 1));
  if ((ReadULongAcquire(word) & bit) == 0) InterlockedOr(word, bit);
  if (ReadULongAcquire(DEADLINES + offsetof<Deadlines>("runs")) == 0) start(ticks);
  return true;
}

/** The acknowledgment of `tcb` waits no longer. IRQL: DISPATCH_LEVEL. */
export function clearAckDeadlineLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  if (tcb.ackPlace) writeMark(tcb.ackPlace - 1, 0);
}

function start(ticks: u32): void {
  KeAcquireSpinLockAtDpcLevel(deadlines().lock);
  if (!deadlines().runs) startFromRestLocked(ticks);
  KeReleaseSpinLockFromDpcLevel(deadlines().lock);
}

function startFromRestLocked(ticks: u32): void {
  mustHold(deadlines().lock);
  // Nothing has waited until now: there is no tick before that would have to be looked for.
  if (!deadlines().looking) deadlines().tick = KeQueryTickCount();
  deadlines().wait = ticks;
  startLocked(ticks);
}

function startLocked(ticks: u32): void {
  mustHold(deadlines().lock);
  deadlines().runs = 1;
  const most = TELLS - deadlines().wait;
  KeSetTimerEx(changetype<KTimer>(TIMER), ticks < most ? ticks : most, 0, changetype<Kdpc>(DPC));
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
  RtlZeroMemory(chunk, OWNERS_OFFSET);
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
  freeChunksLocked(PLACES);
  listPlacesLocked(0);
}

/** Frees the chunks of all places from `first` on. */
function freeChunksLocked(first: u32): void {
  mustHold(deadlines().lock);
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
  if (!deadlines().looking) beginLocked(KeQueryTickCount());
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
  const passed = now - deadlines().tick;
  const all: u64 = passed < TELLS ? (<u64>1 << passed) - 1 : ~(<u64>0);
  deadlines().looking = 1;
  deadlines().tick = now;
  deadlines().cursor = 0;
  // The ticks after the last that was looked for, this one included.
  deadlines().due = rotl<u64>(all, now + 1 - passed);
  deadlines().later = 0;
  WriteULongRelease(DEADLINES + offsetof<Deadlines>("runs"), 0);
}

function endLocked(): void {
  mustHold(deadlines().lock);
  deadlines().looking = 0;
  const later = deadlines().later;
  if (later) startLocked(<u32>ctz<u64>(rotr<u64>(later, deadlines().tick + 1)) + 1);
}

function takeDueLocked(): u32 {
  mustHold(deadlines().lock);
  const made = deadlines().made;
  const looked = deadlines().due;
  let place = deadlines().cursor;
  let count: u32 = 0;
  for (; place < made; place += LINE) {
    const bits = at<Ticks>(ticksAt(place), 0).bits;
    deadlines().later |= bits & ~looked;
    if ((bits & looked) == 0) continue;
    count = takeLineLocked(place, bits & looked, count);
    if (count == TOGETHER) break;
  }
  deadlines().cursor = place;
  takeNoted(count);
  return count;
}

/**
 * Takes what is due at one of the ticks `due` in the line that begins with `first`, to the `taken`
 * that were taken before; TOGETHER: the line may have more.
 */
function takeLineLocked(first: u32, due: u64, taken: u32): u32 {
  mustHold(deadlines().lock);
  let count = taken;
  for (let left = due; left != 0; left &= left - 1) {
    const tick = <u32>ctz<u64>(left);
    const word = ticksAt(first) + (tick & (TELLS / 2) ? 4 : 0);
    const bit = <u32>1 << (tick & (TELLS / 2 - 1));
    // Before they are looked at: one that is set meanwhile is seen, or sets the bit again.
    InterlockedAnd(word, ~bit);
    let found = octetsEqual(addressOf(deadlineOf(first)), markOf(tick));
    const owners = ownerOf(first);
    for (; found != 0 && count < TOGETHER; found &= found - 1) {
      noteTaken(count, owners + (<usize>ctz<u64>(found) << 2));
      count++;
    }
    if (count < TOGETHER) continue;
    InterlockedOr(word, bit);
    return count;
  }
  return count;
}
