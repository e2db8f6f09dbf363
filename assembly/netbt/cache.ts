/** Names of others that were found (the remote name cache), and the lines of LMHOSTS. */

import { at } from "../nt/embed";
import { InitializeListHead, InsertTailList, IsListEmpty, ListEntry } from "../nt/list";
import { RemoveEntryList } from "../nt/list";
import { NTSTATUS, Status } from "../nt/status";
import { tickBefore, ticksOf } from "../nt/time";
import { KeQueryTickCount } from "../trace/ring";
import { Parameter, queryParameter } from "../ex/registry";
import { ExAllocatePoolWithTag, ExFreePool } from "../ex/pool";
import { Tag } from "../ex/tag";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { NbFlag, NetbiosName, copyName, isSameName } from "../wire/nbname";
import { ANSWER_OCTETS, NameAnswer, copyAnswer } from "./answer";
import { names } from "./state";

/** A name that is known, or a line of LMHOSTS. */
@unmanaged
export class CacheEntry extends ListEntry {
  // Under `NameState.lock` of state.ts:
  private nameWords0: u64;
  private nameWords1: u64;
  /** When it is forgotten; meaningful unless `permanent`. */
  dueTick: u32;
  /** 1: of LMHOSTS, with #PRE. */
  permanent: u32;
  get name(): NetbiosName {
    return at<NetbiosName>(changetype<usize>(this), offsetof<this>("nameWords0"));
  }
  get answer(): NameAnswer {
    return at<NameAnswer>(changetype<usize>(this), offsetof<CacheEntry>());
  }
}

/** What a line of LMHOSTS says besides name and address. */
export const enum HostFlag {
  /** #PRE: it is in the cache from the start, for ever. */
  PRELOAD = 1,
  /** #DOM: a group (suffix 1C) that has the address. */
  GROUP = 2,
}

/** Heads of 256 buckets, and behind them of the lines of LMHOSTS. */
const HEADS: usize = memory.data(2056);
const MOST_BUCKETS: u32 = 256;
/** Names that are kept, without the preloaded ones; lines of LMHOSTS. */
const MOST_ENTRIES: u32 = 1024;
const MOST_LINES: u32 = 4096;
/** NT 4.0 looks each minute which names are too old: they live up to one longer (Q236901). */
const LOOK_MS: u32 = 60000;

/** How many there are of each. */
@unmanaged
class Counts {
  // Under `NameState.lock` of state.ts:
  entries: u32;
  preloaded: u32;
  lines: u32;
}
const COUNTS: usize = memory.data(16);

function counts(): Counts {
  return changetype<Counts>(COUNTS);
}

function headAt(index: u32): ListEntry {
  return at<ListEntry>(HEADS, <usize>index << 3);
}

function lines(): ListEntry {
  return headAt(MOST_BUCKETS);
}

/** Size: 1 has 16 buckets, 2 has 128, 3 has 256 (Q120642). */
function bucketCount(): u32 {
  const size = queryParameter(Parameter.Size);
  return size == 1 ? 16 : size == 2 ? 128 : MOST_BUCKETS;
}

function bucketOf(name: NetbiosName): ListEntry {
  const mixed = (name.low ^ name.high) * 0x9e3779b97f4a7c15;
  return headAt(<u32>(mixed >>> 32) & (bucketCount() - 1));
}

/** Makes both empty. Once, at start. */
export function initializeCache(): void {
  for (let i: u32 = 0; i <= MOST_BUCKETS; i++) InitializeListHead(headAt(i));
  counts().entries = 0;
  counts().preloaded = 0;
  counts().lines = 0;
}

/** The entry of `name`, or null. What is too old is forgotten here. */
export function findCachedLocked(name: NetbiosName): CacheEntry | null {
  mustHold(names().lock);
  const head = bucketOf(name);
  for (let entry = head.flink; entry != head; entry = entry.flink) {
    const one = changetype<CacheEntry>(entry);
    if (!isSameName(one.name, name)) continue;
    if (one.permanent || tickBefore(KeQueryTickCount(), one.dueTick)) return one;
    removeLocked(one);
    return null;
  }
  return null;
}

function removeLocked(one: CacheEntry): void {
  mustHold(names().lock);
  RemoveEntryList(one);
  if (one.permanent) counts().preloaded--;
  else counts().entries--;
  ExFreePool(changetype<usize>(one));
}

/** Remembers what `name` came to, for CacheTimeout. Without memory it is asked for again. */
export function rememberLocked(name: NetbiosName, answer: NameAnswer): void {
  mustHold(names().lock);
  let one = findCachedLocked(name);
  if (one == null) one = addLocked(name, false);
  if (one == null || one.permanent) return;
  copyAnswer(one.answer, answer);
  const life = ticksOf(queryParameter(Parameter.CacheTimeout)) + ticksOf(LOOK_MS);
  one.dueTick = KeQueryTickCount() + life;
}

/** Forgets `name` where it is remembered with `address`: its owner has said that it is gone. */
export function forgetLocked(name: NetbiosName, address: u32): void {
  mustHold(names().lock);
  const one = findCachedLocked(name);
  if (one == null || one.permanent || one.answer.count != 1) return;
  if (one.answer.addressAt(0) == address) removeLocked(one);
}

function makeEntry(name: NetbiosName): CacheEntry | null {
  const block = ExAllocatePoolWithTag(
    <u32>(offsetof<CacheEntry>() + ANSWER_OCTETS), Tag.NetbtCache,
  );
  if (block == 0) return null;
  const one = at<CacheEntry>(block, 0);
  copyName(one.name, name);
  one.permanent = 0;
  one.answer.flags = 0;
  one.answer.count = 0;
  return one;
}

function addLocked(name: NetbiosName, permanent: bool): CacheEntry | null {
  mustHold(names().lock);
  if (!permanent && counts().entries >= MOST_ENTRIES) forgetOldestLocked();
  const one = makeEntry(name);
  if (one == null) return null;
  one.permanent = permanent ? 1 : 0;
  if (permanent) counts().preloaded++;
  else counts().entries++;
  InsertTailList(bucketOf(name), one);
  return one;
}

/** Makes room: the one that would be forgotten first goes. */
function forgetOldestLocked(): void {
  mustHold(names().lock);
  let oldest: CacheEntry | null = null;
  for (let i: u32 = 0; i < bucketCount(); i++) {
    const head = headAt(i);
    for (let entry = head.flink; entry != head; entry = entry.flink) {
      const one = changetype<CacheEntry>(entry);
      if (one.permanent) continue;
      if (oldest == null || tickBefore(one.dueTick, oldest.dueTick)) oldest = one;
    }
  }
  if (oldest != null) removeLocked(oldest);
}

/**
 * A line of LMHOSTS: one more address of `name`. `flags`: of HostFlag. INSUFFICIENT_RESOURCES: no
 * memory, or more names than MaxPreload lets in. IRQL: <= DISPATCH_LEVEL. Locks: none.
 */
export function writeHost(name: NetbiosName, address: u32, flags: u32): NTSTATUS {
  const irql = KeAcquireSpinLock(names().lock);
  const status = writeHostLocked(name, address, flags);
  KeReleaseSpinLock(names().lock, irql);
  return status;
}

function writeHostLocked(name: NetbiosName, address: u32, flags: u32): NTSTATUS {
  mustHold(names().lock);
  let one: CacheEntry | null = null;
  if ((flags & HostFlag.PRELOAD) != 0) {
    one = findCachedLocked(name);
    if (one != null && !one.permanent) {
      removeLocked(one);
      one = null;
    }
    if (one == null && counts().preloaded < queryParameter(Parameter.MaxPreload)) {
      one = addLocked(name, true);
    }
  } else {
    one = findLineLocked(name);
    if (one == null && counts().lines < MOST_LINES) one = addLineLocked(name);
  }
  if (one == null) return Status.INSUFFICIENT_RESOURCES;
  if ((flags & HostFlag.GROUP) != 0) one.answer.flags = NbFlag.GROUP;
  one.answer.add(address);
  return Status.SUCCESS;
}

function addLineLocked(name: NetbiosName): CacheEntry | null {
  mustHold(names().lock);
  const one = makeEntry(name);
  if (one == null) return null;
  counts().lines++;
  InsertTailList(lines(), one);
  return one;
}

/** The line of LMHOSTS for `name`, or null; none without EnableLmhosts. */
export function findLineLocked(name: NetbiosName): CacheEntry | null {
  mustHold(names().lock);
  const head = lines();
  for (let entry = head.flink; entry != head; entry = entry.flink) {
    const one = changetype<CacheEntry>(entry);
    if (isSameName(one.name, name)) return one;
  }
  return null;
}

/** The entry after `previous` (null: the first) in the order of the buckets, or null. */
export function nextCachedLocked(previous: CacheEntry | null): CacheEntry | null {
  mustHold(names().lock);
  let bucket: u32 = 0;
  if (previous != null) {
    const head = bucketOf(previous.name);
    if (previous.flink != head) return changetype<CacheEntry>(previous.flink);
    bucket = <u32>((changetype<usize>(head) - HEADS) >>> 3) + 1;
  }
  for (; bucket < bucketCount(); bucket++) {
    const head = headAt(bucket);
    if (!IsListEmpty(head)) return changetype<CacheEntry>(head.flink);
  }
  return null;
}

/** Forgets everything: `nbtstat -R`, which reads LMHOSTS anew afterwards. Locks: none. */
export function purgeCache(): void {
  const irql = KeAcquireSpinLock(names().lock);
  for (let i: u32 = 0; i <= MOST_BUCKETS; i++) emptyLocked(headAt(i));
  counts().entries = 0;
  counts().preloaded = 0;
  counts().lines = 0;
  KeReleaseSpinLock(names().lock, irql);
}

function emptyLocked(head: ListEntry): void {
  mustHold(names().lock);
  while (!IsListEmpty(head)) {
    const entry = head.flink;
    RemoveEntryList(entry);
    ExFreePool(changetype<usize>(entry));
  }
}
