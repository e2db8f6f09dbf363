/**
 * The SYN cache (RFC 4987, 3.4): connections that are half open, 48 octets each, in a hashed table
 * that is bounded in all and in each bucket, and the one timer of their SYN-ACKs.
 */

import { RtlCopyMemory, RtlZeroMemory } from "../../nt/memory";
import { at } from "../../nt/embed";
import { InitializeListHead, IsListEmpty, ListEntry } from "../../nt/list";
import { tickBefore, ticksOf } from "../../nt/time";
import { KeQueryTickCount } from "../../trace/ring";
import { ExAllocatePoolWithTag, ExFreePool } from "../../ex/pool";
import { Parameter, queryParameter } from "../../ex/registry";
import { Tag } from "../../ex/tag";
import { DeferredRoutine, Kdpc, KeInitializeDpc } from "../../ke/dpc";
import { LockRank } from "../../ke/lockorder";
import { KSpinLock, KeAcquireSpinLock, KeInitializeSpinLock } from "../../ke/spinlock";
import { KeAcquireSpinLockAtDpcLevel, KeReleaseSpinLock } from "../../ke/spinlock";
import { KeReleaseSpinLockFromDpcLevel, mustHold } from "../../ke/spinlock";
import { KTimer, KeCancelTimer, KeInitializeTimer, KeSetTimerEx, NO_TICK } from "../../ke/timer";
import { Wheel, WheelEntry, advanceWheel, initializeWheel } from "../../ke/wheel";
import { nextDue, startEntry, stopEntry, takeExpired } from "../../ke/wheel";
import { HALF_OCTETS, Half } from "./half";
import { hashTuple } from "./hash";
import { countHalfOpen, countRetried, responseRetransmissions } from "./synattack";
import { uncountHalfOpen } from "./synattack";

/** One that is half open; in the wheel it is due when its SYN-ACK goes again. */
@unmanaged
class Entry extends WheelEntry {
  // Written under `Cache.lock`:
  /** The next one of its bucket; 0: it is the last. */
  next: usize;
  private half0: u64;
  private half1: u64;
  private half2: u64;
  private half3: u64;
  get half(): Half {
    return at<Half>(changetype<usize>(this), offsetof<this>("half0"));
  }
}
if (offsetof<Entry>() - offsetof<Entry>("half0") != HALF_OCTETS) ERROR("half0 to half3");

const BUCKETS: u32 = 512;
const BUCKET_SHIFT: u32 = 23;
/** Entries of one bucket at most: with 4,096 in all one has 8, and 32 once in a very long time. */
const BUCKET_MOST: u32 = 32;
const HEADS: usize = memory.data(2048, 64);

@unmanaged
class Bucket {
  // Written under `Cache.lock`:
  first: usize;
}

@unmanaged
class Cache {
  private lockWord: u32;
  // Written under `lock`:
  entries: u32;
  // Under `lock`:
  /** When the kernel timer is due; meaningful while `runs`. */
  pulseTick: u32;
  runs: u32;
  get lock(): KSpinLock {
    return at<KSpinLock>(changetype<usize>(this), 0);
  }
}
const CACHE: usize = memory.data(16);
const WHEEL: usize = memory.data(6248);
const EXPIRED: usize = memory.data(8);
const DPC: usize = memory.data(32);
const TIMER: usize = memory.data(32);

function cache(): Cache {
  return changetype<Cache>(CACHE);
}

/** Those whose SYN-ACK waits for an answer. Under `Cache.lock`. */
function wheel(): Wheel {
  return changetype<Wheel>(WHEEL);
}

/** Those for which it did not come. Under `Cache.lock`. */
function expired(): ListEntry {
  return changetype<ListEntry>(EXPIRED);
}

/** Nothing is half open; `play` is to call `takeDueHalf`. Once, at start. */
export function initializeSynCache(play: DeferredRoutine): void {
  RtlZeroMemory(HEADS, 2048);
  cache().entries = 0;
  cache().runs = 0;
  KeInitializeSpinLock(cache().lock, LockRank.TcpSynCache);
  initializeWheel(wheel(), KeQueryTickCount());
  InitializeListHead(expired());
  KeInitializeTimer(changetype<KTimer>(TIMER));
  KeInitializeDpc(changetype<Kdpc>(DPC), play, 0);
}

/** Where its lock lies, for the host. */
export function synCacheLock(): usize {
  return CACHE;
}

/** Stops the timer and gives all entries back. At the end. */
export function deleteSynCache(): void {
  KeCancelTimer(changetype<KTimer>(TIMER));
  const irql = KeAcquireSpinLock(cache().lock);
  for (let i: u32 = 0; i < BUCKETS; i++) emptyLocked(bucketAt(i));
  KeReleaseSpinLock(cache().lock, irql);
}

function emptyLocked(bucket: Bucket): void {
  mustHold(cache().lock);
  while (bucket.first != 0) removeLocked(bucket, at<Entry>(bucket.first, 0));
}

/** The registry asks for it. IRQL: any. */
export function isSynCacheOn(): bool {
  return queryParameter(Parameter.NtstackSynCache) != 0;
}

/** Connections that are half open in it. IRQL: any. */
export function cachedHalves(): u32 {
  return cache().entries;
}

/**
 * The connections one by one, for the host: the `Half` behind that at `address`, or the first
 * behind 0; 0: there are no more. Writes nothing. IRQL: any.
 */
export function nextHalf(address: usize): usize {
  let bucket: u32 = 0;
  let next: usize = 0;
  if (address != 0) {
    next = at<Entry>(address - offsetof<Entry>("half0"), 0).next;
    bucket = indexOf(at<Half>(address, 0)) + 1;
  }
  while (next == 0 && bucket < BUCKETS) {
    next = bucketAt(bucket).first;
    bucket++;
  }
  return next != 0 ? next + offsetof<Entry>("half0") : 0;
}

function bucketAt(index: u32): Bucket {
  return at<Bucket>(HEADS, <usize>index << 2);
}

function bucketOf(half: Half): Bucket {
  return bucketAt(indexOf(half));
}

function indexOf(half: Half): u32 {
  const hash = hashTuple(half.remoteAddress, half.ports, half.localAddress);
  // The hash's own bits choose a partition and a slot of the table.
  return (hash * 0x9e3779b1) >>> BUCKET_SHIFT;
}

/** The entry of the four-tuple of `half`; null: there is none. */
function findLocked(bucket: Bucket, half: Half): Entry | null {
  mustHold(cache().lock);
  let next = bucket.first;
  for (let step: u32 = 0; next != 0 && step < BUCKET_MOST; step++) {
    const entry = at<Entry>(next, 0);
    if (isSamePair(entry.half, half)) return entry;
    next = entry.next;
  }
  return null;
}

function isSamePair(a: Half, b: Half): bool {
  return (
    a.remoteAddress == b.remoteAddress && a.ports == b.ports && a.localAddress == b.localAddress
  );
}

/**
 * Copies to `half`, whose four-tuple is set, what is known of it; false: nothing.
 * IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function findHalf(half: Half): bool {
  KeAcquireSpinLockAtDpcLevel(cache().lock);
  const found = copyLocked(half);
  KeReleaseSpinLockFromDpcLevel(cache().lock);
  return found;
}

function copyLocked(half: Half): bool {
  mustHold(cache().lock);
  const entry = findLocked(bucketOf(half), half);
  if (entry == null) return false;
  RtlCopyMemory(changetype<usize>(half), changetype<usize>(entry.half), HALF_OCTETS);
  return true;
}

/** What became of a SYN that was to be remembered. */
export const enum Kept {
  YES,
  /** It is known already. */
  KNOWN,
  /** No room, or no memory. */
  NO,
}

/** Remembers `half`, whose SYN-ACK goes now. IRQL: DISPATCH_LEVEL. Locks: none. */
export function keepHalf(half: Half): Kept {
  KeAcquireSpinLockAtDpcLevel(cache().lock);
  const kept = keepLocked(half);
  KeReleaseSpinLockFromDpcLevel(cache().lock);
  return kept;
}

/**
 * As `keepHalf`, of a peer that has brought a cookie back and so is where it says: where there is
 * no room, one goes that only claims to be. True: one went. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function keepProvenHalf(half: Half): bool {
  KeAcquireSpinLockAtDpcLevel(cache().lock);
  let evicted: bool = false;
  if (keepLocked(half) == Kept.NO) {
    evicted = evictLocked(indexOf(half));
    keepLocked(half);
  }
  KeReleaseSpinLockFromDpcLevel(cache().lock);
  return evicted;
}

/** Forgets the oldest of the first bucket from `index` on that has any; false: none has. */
function evictLocked(index: u32): bool {
  mustHold(cache().lock);
  for (let step: u32 = 0; step < BUCKETS; step++) {
    const bucket = bucketAt((index + step) & (BUCKETS - 1));
    if (bucket.first == 0) continue;
    let oldest = at<Entry>(bucket.first, 0);
    while (oldest.next != 0) oldest = at<Entry>(oldest.next, 0);
    removeLocked(bucket, oldest);
    return true;
  }
  return false;
}

function keepLocked(half: Half): Kept {
  mustHold(cache().lock);
  const bucket = bucketOf(half);
  if (findLocked(bucket, half) != null) return Kept.KNOWN;
  if (cache().entries >= queryParameter(Parameter.NtstackSynCache)) return Kept.NO;
  if (countLocked(bucket) >= BUCKET_MOST) return Kept.NO;
  const block = ExAllocatePoolWithTag(<u32>offsetof<Entry>(), Tag.SynCache);
  if (block == 0) return Kept.NO;
  const entry = at<Entry>(block, 0);
  InitializeListHead(entry);
  RtlCopyMemory(changetype<usize>(entry.half), changetype<usize>(half), HALF_OCTETS);
  entry.next = bucket.first;
  bucket.first = block;
  cache().entries++;
  entry.half.shielded = countHalfOpen() ? 1 : 0;
  startLocked(entry);
  return Kept.YES;
}

function countLocked(bucket: Bucket): u32 {
  mustHold(cache().lock);
  let count: u32 = 0;
  for (let next = bucket.first; next != 0; next = at<Entry>(next, 0).next) count++;
  return count;
}

/** The SYN-ACK of `half` has gone again: its time-out begins anew. IRQL: DISPATCH_LEVEL. */
export function restartHalf(half: Half): void {
  KeAcquireSpinLockAtDpcLevel(cache().lock);
  const entry = findLocked(bucketOf(half), half);
  if (entry != null) startLocked(entry);
  KeReleaseSpinLockFromDpcLevel(cache().lock);
}

/** RTO, doubled for each time that it was sent again (RFC 6298, 5.5). */
function startLocked(entry: Entry): void {
  mustHold(cache().lock);
  const first = queryParameter(Parameter.TcpInitialRTT);
  const most = queryParameter(Parameter.NtstackMaximumRto);
  const repeats = <u32>entry.half.repeats;
  const ms = repeats < 16 && first << repeats < most ? first << repeats : most;
  const now = KeQueryTickCount();
  stopEntry(wheel(), entry);
  if (wheel().count == 0) wheel().tick = now;
  startEntry(wheel(), entry, now + ticksOf(ms));
  pulseLocked(entry.dueTick);
}

/** Makes sure that the wheel is played at `tick` or before. */
function pulseLocked(tick: u32): void {
  mustHold(cache().lock);
  if (cache().runs && !tickBefore(tick, cache().pulseTick)) return;
  const now = KeQueryTickCount();
  cache().runs = 1;
  cache().pulseTick = tick;
  const ticks = tickBefore(now, tick) ? tick - now : 1;
  KeSetTimerEx(changetype<KTimer>(TIMER), ticks, 0, changetype<Kdpc>(DPC));
}

/**
 * Forgets the connection of the four-tuple of `half`; false: it is not there, or its number is
 * not that of `half`. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function forgetHalf(half: Half): bool {
  KeAcquireSpinLockAtDpcLevel(cache().lock);
  const forgot = forgetLocked(half);
  KeReleaseSpinLockFromDpcLevel(cache().lock);
  return forgot;
}

function forgetLocked(half: Half): bool {
  mustHold(cache().lock);
  const bucket = bucketOf(half);
  const entry = findLocked(bucket, half);
  if (entry == null || entry.half.iss != half.iss) return false;
  removeLocked(bucket, entry);
  return true;
}

function removeLocked(bucket: Bucket, entry: Entry): void {
  mustHold(cache().lock);
  const address = changetype<usize>(entry);
  if (bucket.first == address) bucket.first = entry.next;
  else unchainLocked(bucket, entry);
  stopEntry(wheel(), entry);
  cache().entries--;
  uncountHalfOpen(entry.half.repeats != 0);
  ExFreePool(address);
}

function unchainLocked(bucket: Bucket, entry: Entry): void {
  mustHold(cache().lock);
  let before = at<Entry>(bucket.first, 0);
  for (let step: u32 = 0; step < BUCKET_MOST; step++) {
    if (before.next == changetype<usize>(entry)) break;
    before = at<Entry>(before.next, 0);
  }
  before.next = entry.next;
}

/** What is to be done with one whose answer did not come. */
export const enum Due {
  /** Nothing: none is due, and the timer is set for the next. */
  NONE,
  /** Its SYN-ACK is to be sent again. */
  RESEND,
  /** It was sent often enough: it is forgotten. */
  OVER,
}

/** Copies one that is due to `half`. IRQL: DISPATCH_LEVEL, in the DPC. Locks: none. */
export function takeDueHalf(half: Half): Due {
  KeAcquireSpinLockAtDpcLevel(cache().lock);
  const due = takeLocked(half);
  KeReleaseSpinLockFromDpcLevel(cache().lock);
  return due;
}

function takeLocked(half: Half): Due {
  mustHold(cache().lock);
  const now = KeQueryTickCount();
  while (IsListEmpty(expired()) && advanceWheel(wheel(), now, expired())) continue;
  if (IsListEmpty(expired())) {
    const next = nextDue(wheel(), NO_TICK);
    cache().runs = 0;
    if (next != NO_TICK) pulseLocked(next);
    return Due.NONE;
  }
  const entry = at<Entry>(changetype<usize>(takeExpired(wheel(), expired())), 0);
  const known = entry.half;
  const repeats = <u32>known.repeats;
  const over = repeats >= responseRetransmissions(known.shielded != 0);
  if (!over && repeats == 0) countRetried();
  // As much as it holds: more is asked for by who never gives up.
  if (!over && repeats < 255) known.repeats++;
  RtlCopyMemory(changetype<usize>(half), changetype<usize>(known), HALF_OCTETS);
  if (over) removeLocked(bucketOf(half), entry);
  else startLocked(entry);
  return over ? Due.OVER : Due.RESEND;
}
