/** The table of neighbours (RFC 826): who has which address, and what waits for each. */

import { RtlZeroMemory } from "../nt/memory";
import { at } from "../nt/embed";
import { TICKS_PER_SECOND } from "../nt/time";
import { ExAllocate, ExFree, ExFreePool } from "../ex/pool";
import { Tag } from "../ex/tag";
import { KeQueryTickCount } from "../trace/ring";
import { DeferredRoutine, Kdpc, KeInitializeDpc } from "../ke/dpc";
import { LockRank } from "../ke/lockorder";
import { KSpinLock, KeAcquireSpinLock, KeInitializeSpinLock } from "../ke/spinlock";
import { KeReleaseSpinLock } from "../ke/spinlock";
import { mustHold } from "../ke/spinlock";
import { KTimer, KeCancelTimer, KeInitializeTimer, KeSetTimerEx } from "../ke/timer";
import { Drop, drop } from "./counters";
import { Interface } from "./interface";

/** A neighbour. */
@unmanaged
export class Neighbour {
  // Under `State.lock`:
  next: Neighbour | null;
  address: u32;
  via: Interface;
  /** Its station's address: six octets, and two of padding. */
  private macWord0: u32;
  private macWord1: u32;
  /** 1 when the address is known. */
  resolved: u32;
  /** Requests sent for it. */
  tries: u32;
  /** When it was learned, or asked for last, and when it was last used. */
  learnedTick: u32;
  usedTick: u32;
  /** The datagram that waits, with its whole frame, or 0. */
  parked: usize;
  parkedLength: u32;
  get mac(): usize {
    return changetype<usize>(this) + offsetof<this>("macWord0");
  }
}

/** Neighbours at most: more than a /18 has, so that nobody fills the pool with claims. */
const NEIGHBOUR_LIMIT: u32 = 16384;

/** Buckets of the table: a power of two. */
export const BUCKETS: u32 = 1024;
const TABLE: usize = memory.data(4096);
const DPC: usize = memory.data(32);
const TIMER: usize = memory.data(32);
if (offsetof<KTimer>() > 32 || offsetof<Kdpc>() > 32) ERROR("DPC and TIMER");

@unmanaged
class State {
  private lockWord: u32;
  // Under `lock`:
  neighbours: u32;
  timerRuns: u32;
  get lock(): KSpinLock {
    return at<KSpinLock>(changetype<usize>(this), 0);
  }
}
const STATE: usize = memory.data(16);

/** Neighbours whose addresses hash alike. */
@unmanaged
export class Bucket {
  first: Neighbour | null;
}

/** The table's lock and counts. */
export function state(): State {
  return changetype<State>(STATE);
}

/** Where its lock lies, for the host. */
export function arpLock(): usize {
  return STATE;
}

/** The bucket of that number. Under the ARP lock. */
export function bucketAt(index: u32): Bucket {
  return changetype<Bucket>(TABLE + (<usize>index << 2));
}

function bucketOf(address: u32): Bucket {
  return bucketAt((address * 0x9e3779b1) >>> 22);
}

/** Makes an empty table; `age` looks after it every second. Once, at start. */
export function initializeNeighbours(age: DeferredRoutine): void {
  KeInitializeSpinLock(state().lock, LockRank.ArpTable);
  RtlZeroMemory(TABLE, BUCKETS * 4);
  state().neighbours = 0;
  state().timerRuns = 0;
  KeInitializeTimer(changetype<KTimer>(TIMER));
  KeInitializeDpc(changetype<Kdpc>(DPC), age, 0);
}

/** Forgets every neighbour. At the end. */
export function cleanUpNeighbours(): void {
  KeCancelTimer(changetype<KTimer>(TIMER));
  for (let i: u32 = 0; i < BUCKETS; i++) {
    const bucket = bucketAt(i);
    let neighbour = bucket.first;
    bucket.first = null;
    while (neighbour != null) {
      const next: Neighbour | null = neighbour.next;
      freeNeighbour(neighbour);
      neighbour = next;
    }
  }
  state().neighbours = 0;
}

/** Frees a neighbour that is in no bucket: nobody has it any more. */
export function freeNeighbour(neighbour: Neighbour): void {
  if (neighbour.parked) ExFreePool(neighbour.parked);
  ExFree(neighbour);
}

/** The neighbour of that address, or null. */
export function findNeighbourLocked(address: u32): Neighbour | null {
  mustHold(state().lock);
  let neighbour = bucketOf(address).first;
  while (neighbour != null && neighbour.address != address) neighbour = neighbour.next;
  return neighbour;
}

/** A neighbour that is not resolved; null: the table is full, or there is no memory. */
export function addNeighbourLocked(via: Interface, address: u32): Neighbour | null {
  mustHold(state().lock);
  if (state().neighbours >= NEIGHBOUR_LIMIT) {
    drop(Drop.ARP_TABLE_FULL);
    return null;
  }
  const made = ExAllocate<Neighbour>(Tag.Arp);
  if (made == null) {
    drop(Drop.NO_MEMORY);
    return null;
  }
  const bucket = bucketOf(address);
  made.address = address;
  made.via = via;
  made.learnedTick = KeQueryTickCount();
  made.usedTick = made.learnedTick;
  made.next = bucket.first;
  bucket.first = made;
  state().neighbours++;
  if (!state().timerRuns) {
    state().timerRuns = 1;
    const timer = changetype<KTimer>(TIMER);
    KeSetTimerEx(timer, TICKS_PER_SECOND, TICKS_PER_SECOND, changetype<Kdpc>(DPC));
  }
  return made;
}

/** Stops looking after the table when there is nothing in it. IRQL: DISPATCH_LEVEL. */
export function stopWhenEmpty(): void {
  const irql = KeAcquireSpinLock(state().lock);
  if (state().neighbours == 0) stopLocked();
  KeReleaseSpinLock(state().lock, irql);
}

/** With the lock held: another processor may start the timer again at once. */
function stopLocked(): void {
  mustHold(state().lock);
  state().timerRuns = 0;
  KeCancelTimer(changetype<KTimer>(TIMER));
}
