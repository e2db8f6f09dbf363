/** Tagged nonpaged pool, in linear memory that grows on demand to its maximum. */

import { RtlZeroMemory } from "../nt/memory";
import { Event } from "../trace/event";
import { trace } from "../trace/ring";
import { reportActive } from "../vf/active";
import { GUARD_OCTETS, checkFreeIrql, checkPoolIrql, noteAllocate } from "../vf/pool";
import { noteBadFree, noteFree } from "../vf/pool";
import { Rule, report } from "../vf/rule";
import { LockRank } from "../ke/lockorder";
import { KSpinLock, KeAcquireSpinLock, KeInitializeSpinLock } from "../ke/spinlock";
import { KeReleaseSpinLock } from "../ke/spinlock";
import { mustHold } from "../ke/spinlock";
import { KeGetCurrentIrql } from "../ke/irql";
import { Irql } from "../ke/processor";
import { RUN_BLOCK, RUN_OCTETS, blockFor, isInRun, layRun, putBlock, runOf } from "./run";
import { takeBlock } from "./run";
import { Tag } from "./tag";

/*
 * Free builds take blocks of at most 256 octets from runs (run.ts). All others:
 *
 *   | class: u8 | slot of tag: u8 | mark: u16 | length: u32 |  8 octets before every block
 *
 * Sizes: multiples of 16 up to 512, then four steps to each power of two, up to 128 MiB. A freed
 * block goes to the list of its class, and stays in it until memory would have to grow for runs.
 */
@unmanaged
class Header {
  class: u8;
  slot: u8;
  mark: u16;
  /** Octets asked for; in a free block, the next free block of its class. */
  length: u32;
}
const HEADER: usize = 8;
const USED: u16 = 0xa110;
const FREE: u16 = 0xf4ee;

const SMALL: u32 = 512;
const SMALL_CLASSES: u32 = 32;
const CLASSES: u32 = 32 + 18 * 4;
/** The largest block, with its header. */
const LARGEST: u32 = 1 << 27;
/** Octets for runs that are taken from the arena at a time. */
const RUN_PLACES: usize = 65536;

/** What a tag has: the host reads it. */
@unmanaged
export class TagCount {
  tag: Tag;
  allocations: u32;
  frees: u32;
  /** Octets in use: as asked for, and of a run's blocks their size. */
  octets: u32;
}
if (offsetof<TagCount>() != 16) ERROR("host/kernel/inspect.ts reads TagCount as 16 octets");
/** A power of two; more tags than there are in tag.ts. */
export const TAG_SLOTS: u32 = 64;
const TAGS: usize = memory.data(1024);

@unmanaged
class Pool {
  lockWord: u32;
  /** Where the arena's unused part begins and ends. */
  next: usize;
  end: usize;
  /** Blocks in use. */
  blocks: u32;
  /** Allocations so far. */
  allocations: u32;
  /** FAULTS: the allocation that fails, counted as `allocations` is; 0: none. */
  failAt: u32;
  /** FAULTS: whether all after it fail too. */
  failOn: u32;
  /** FAULTS: how many were made to fail. */
  failed: u32;
  /** Where the places for runs that are not yet laid begin and end. */
  runs: usize;
  runsEnd: usize;
  get lock(): KSpinLock {
    return changetype<KSpinLock>(changetype<usize>(this));
  }
}
const POOL: usize = memory.data(40);
const LISTS: usize = memory.data(416);
if (CLASSES * 4 > 416) ERROR("LISTS holds one list for each class");

function pool(): Pool {
  return changetype<Pool>(POOL);
}

/** Where the part of memory begins that nobody has had yet. */
export function poolNext(): usize {
  return pool().next;
}

/** Where its lock lies, for the host. */
export function poolLock(): usize {
  return POOL;
}

/** Makes an empty pool. Once, at boot. */
export function initializePool(): void {
  KeInitializeSpinLock(pool().lock, LockRank.ExPool);
  if (pool().next == 0) {
    pool().next = (__heap_base + 63) & ~63;
    pool().end = <usize>memory.size() << 16;
  }
}

/** The class of a block of `length` octets with its header. */
function classOf(length: u32): u32 {
  if (length <= SMALL) return (length + 15) / 16 - 1;
  const power = 31 - clz(length - 1);
  const step = (length - 1 - ((<u32>1) << power)) >>> (power - 2);
  return SMALL_CLASSES + (power - 9) * 4 + step;
}

/** The octets of a block of `index`, with its header. */
function sizeOf(index: u32): u32 {
  if (index < SMALL_CLASSES) return (index + 1) * 16;
  const power = (index - SMALL_CLASSES) / 4 + 9;
  const step = ((index - SMALL_CLASSES) & 3) + 1;
  return ((<u32>1) << power) + (step << (power - 2));
}

function tagSlot(tag: Tag): u32 {
  let slot = (<u32>tag * 0x9e3779b1) >>> 26;
  for (let tries: u32 = 0; tries < TAG_SLOTS; tries++) {
    const count = changetype<TagCount>(TAGS + (<usize>slot << 4));
    if (count.tag == tag) return slot;
    if (<u32>count.tag == 0) {
      count.tag = tag;
      return slot;
    }
    slot = (slot + 1) & (TAG_SLOTS - 1);
  }
  return 0;
}

/**
 * A block of `length` octets, 8-aligned, contents undefined; 0 when there is no memory.
 * IRQL: <= DISPATCH_LEVEL.
 */
export function ExAllocatePoolWithTag(length: u32, tag: Tag): usize {
  if (VERIFIER) checkPoolIrql(KeGetCurrentIrql(), Irql.DISPATCH, tag);
  const irql = KeAcquireSpinLock(pool().lock);
  const block = allocateLocked(length, tag);
  KeReleaseSpinLock(pool().lock, irql);
  if (block == 0) trace(Event.POOL_REFUSED, tag, length, 0);
  else if (VERIFIER) noteAllocate(block, length);
  return block;
}

function allocateLocked(length: u32, tag: Tag): usize {
  mustHold(pool().lock);
  const all = pool();
  all.allocations++;
  if (FAULTS && mustFail(all)) return 0;
  if (length > LARGEST - <u32>HEADER - GUARD_OCTETS) return 0;
  const slot = tagSlot(tag);
  let block: usize = 0;
  let octets = length;
  if (!VERIFIER && length <= RUN_BLOCK) {
    octets = blockFor(length);
    block = allocateInRunLocked(octets, slot);
  }
  // Where there is no room for a run any more, there may be a block.
  if (block == 0) block = allocateWithHeaderLocked(octets, slot);
  if (block == 0) return 0;
  const count = changetype<TagCount>(TAGS + (<usize>slot << 4));
  count.allocations++;
  count.octets += octets;
  all.blocks++;
  return block;
}

function allocateWithHeaderLocked(length: u32, slot: u32): usize {
  mustHold(pool().lock);
  const index = classOf(length + <u32>HEADER + GUARD_OCTETS);
  const list = LISTS + (<usize>index << 2);
  let at: usize = load<usize>(list);
  if (at) store<usize>(list, changetype<Header>(at).length);
  else at = carve(pool(), sizeOf(index));
  if (at == 0) return 0;
  const header = changetype<Header>(at);
  header.class = <u8>index;
  header.slot = <u8>slot;
  header.mark = USED;
  header.length = length;
  return at + HEADER;
}

function allocateInRunLocked(size: u32, slot: u32): usize {
  mustHold(pool().lock);
  const block = takeBlock(size, slot);
  if (block) return block;
  const at = takeRunPlace(pool());
  return at != 0 && layRun(at, size, slot) ? takeBlock(size, slot) : 0;
}

/** Room for a run; 0: there is no memory. */
function takeRunPlace(all: Pool): usize {
  if (all.runs == all.runsEnd) findRunPlaces(all);
  const at = all.runs;
  if (at == all.runsEnd) return 0;
  all.runs = at + <usize>RUN_OCTETS;
  return at;
}

/** Room for some runs: what is at hand, or a large block that nobody uses, or more memory. */
function findRunPlaces(all: Pool): void {
  const begin = runUp(all.next);
  let index = CLASSES;
  if (begin + RUN_PLACES > all.end) index = freeLargeClass();
  if (index < CLASSES) {
    const list = LISTS + (<usize>index << 2);
    const at = load<usize>(list);
    store<usize>(list, changetype<Header>(at).length);
    all.runs = runUp(at);
    all.runsEnd = (at + <usize>sizeOf(index)) & ~(<usize>RUN_OCTETS - 1);
    return;
  }
  let octets = RUN_PLACES;
  let at = claim(all, begin, octets);
  if (at == 0) {
    octets = <usize>RUN_OCTETS;
    at = claim(all, begin, octets);
  }
  all.runs = at;
  all.runsEnd = at ? at + octets : 0;
}

/** The next place for a run at or after `address`. */
function runUp(address: usize): usize {
  return (address + <usize>RUN_OCTETS - 1) & ~(<usize>RUN_OCTETS - 1);
}

/** A class of blocks with room for many runs that has one to give; CLASSES: there is none. */
function freeLargeClass(): u32 {
  for (let index = classOf(<u32>RUN_PLACES); index < CLASSES; index++) {
    if (load<usize>(LISTS + (<usize>index << 2))) return index;
  }
  return CLASSES;
}

function mustFail(all: Pool): bool {
  if (all.failAt == 0) return false;
  if (all.allocations != all.failAt && !(all.failOn && all.allocations > all.failAt)) return false;
  all.failed++;
  return true;
}

/** Blocks of whole multiples of 256 octets begin, behind their header, with a cache line. */
function placeFor(next: usize, length: u32): usize {
  return length & 255 ? next : ((next + HEADER + 63) & ~63) - HEADER;
}

/** A block from the unused part of the arena. */
function carve(all: Pool, length: u32): usize {
  return claim(all, placeFor(all.next, length), length);
}

/**
 * Takes the arena up to `length` octets from `at`; it grows by at least 1 MiB at a time, and an
 * eighth of what there is: what is asked for in large pieces may come in large pages.
 */
function claim(all: Pool, at: usize, length: usize): usize {
  if (at + length < at) return 0;
  if (at + length > all.end) {
    const short = <u32>(at + length - all.end);
    const pages = <i32>((short + 0xffff) >>> 16);
    const least = memory.size() / 8 + 16;
    if (memory.grow(pages < least ? least : pages) < 0 && memory.grow(pages) < 0) return 0;
    all.end = <usize>memory.size() << 16;
  }
  all.next = at + length;
  return at;
}

/** Gives a block back. IRQL: <= DISPATCH_LEVEL. */
export function ExFreePool(block: usize): void {
  if (VERIFIER) checkFreeIrql(KeGetCurrentIrql(), Irql.DISPATCH, block);
  const header = changetype<Header>(block - HEADER);
  if (VERIFIER && header.mark == USED) {
    noteFree(block, header.length, load<u32>(TAGS + (<usize>header.slot << 4)));
  }
  const irql = KeAcquireSpinLock(pool().lock);
  if (!VERIFIER && isInRun(block)) freeInRunLocked(block);
  else freeLocked(header);
  KeReleaseSpinLock(pool().lock, irql);
}

function freeInRunLocked(block: usize): void {
  mustHold(pool().lock);
  const run = runOf(block);
  const count = changetype<TagCount>(TAGS + (<usize>run.slot << 4));
  count.frees++;
  count.octets -= <u32>run.size;
  putBlock(block);
  pool().blocks--;
}

function freeLocked(header: Header): void {
  mustHold(pool().lock);
  const count = changetype<TagCount>(TAGS + (<usize>header.slot << 4));
  if (header.mark != USED) {
    const twice = header.mark == FREE;
    if (VERIFIER) noteBadFree(changetype<usize>(header) + HEADER, twice, twice ? count.tag : 0);
    return;
  }
  count.frees++;
  count.octets -= header.length;
  const list = LISTS + (<usize>header.class << 2);
  header.mark = FREE;
  header.length = load<u32>(list);
  store<usize>(list, changetype<usize>(header));
  pool().blocks--;
}

/** A structure of type T, all zero; null when there is no memory. IRQL: <= DISPATCH_LEVEL. */
export function ExAllocate<T>(tag: Tag): T | null {
  const block = ExAllocatePoolWithTag(<u32>offsetof<T>(), tag);
  if (block) RtlZeroMemory(block, offsetof<T>());
  return changetype<T | null>(block);
}

/** Gives a structure back. */
export function ExFree<T>(structure: T): void {
  ExFreePool(changetype<usize>(structure));
}

/** Where the counts by tag lie: TAG_SLOTS of TagCount. */
export function poolTags(): usize {
  return TAGS;
}

/** Blocks in use. */
export function poolBlocks(): u32 {
  return pool().blocks;
}

/** Allocations since boot, refused ones too. */
export function poolAllocations(): u32 {
  return pool().allocations;
}

/** How many allocations were made to fail. */
export function poolFailures(): u32 {
  return pool().failed;
}

/**
 * FAULTS: the `n`-th allocation from now fails (1: the next; 0: none), and with `on` all after
 * it.
 */
export function failAllocation(n: u32, on: bool): void {
  pool().failAt = n ? pool().allocations + n : 0;
  pool().failOn = <u32>on;
  pool().failed = 0;
}

/** The end: every tag that still has blocks is a finding, and so is what is under way. */
export function reportPoolLeaks(): void {
  if (!VERIFIER) return;
  reportActive();
  for (let slot: u32 = 0; slot < TAG_SLOTS; slot++) {
    const count = changetype<TagCount>(TAGS + (<usize>slot << 4));
    const left = count.allocations - count.frees;
    if (left != 0) report(Rule.POOL_LEAKED, count.tag, left, count.octets);
  }
}
