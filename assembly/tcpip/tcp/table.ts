/**
 * All connections: a hashed table in partitions, each under its own lock; one partition is NT 4.0's
 * TCBTable (nt-facts 12).
 *
 * A partition is one flat array of slots with linear probing, at most half full, so that a miss
 * looks at one cache line; a slot holds the hash, so that other connections are not touched.
 */

import { RtlZeroMemory, touch } from "../../nt/memory";
import { addressOf, at } from "../../nt/embed";
import { Event } from "../../trace/event";
import { trace } from "../../trace/ring";
import { Parameter, queryParameter } from "../../ex/registry";
import { ExAllocatePoolWithTag, ExFreePool } from "../../ex/pool";
import { Tag } from "../../ex/tag";
import { LockRank } from "../../ke/lockorder";
import { KSpinLock, KeAcquireSpinLockAtDpcLevel, KeInitializeSpinLock } from "../../ke/spinlock";
import { KeReleaseSpinLockFromDpcLevel, mustHold } from "../../ke/spinlock";
import { KeGetCurrentProcessorNumber, MAXIMUM_PROCESSORS } from "../../ke/processor";
import { Segment, firstSegment, segmentFrom } from "./segment";
import { Tcb, referenceTcb } from "./tcb";
import { hashTuple } from "./hash";

/** Hash and connection; 0 where there is none. */
@unmanaged
export class Slot {
  // Under `Partition.lock`:
  hash: u32;
  tcb: Tcb | null;
}

/** One partition of the table. */
@unmanaged
export class Partition {
  private lockWord: u32;
  // Written under `lock`:
  /** Slots minus one; slots are a power of two. */
  mask: u32;
  slots: usize;
  count: u32;
  /** Counts what was put in or taken out. */
  generation: u32;
  // Under `lock`:
  /** NT's LastTCB: the connection that `findTcb` found last, while it is in the table. */
  last: Tcb | null;
  private reserved1: u64;
  private reserved2: u64;
  private reserved3: u64;
  private reserved4: u64;
  private reserved5: u64;
  get lock(): KSpinLock {
    return at<KSpinLock>(changetype<usize>(this), 0);
  }
}
if (offsetof<Partition>() != 64) ERROR("a partition is one cache line");

/** Partitions of the table at most. */
export const MAXIMUM_PARTITIONS: u32 = 32;
const PARTITIONS: usize = memory.data(2048, 64);

@unmanaged
class Shape {
  partitions: u32;
  /** How far a hash is shifted to leave the partition's bits behind. */
  shift: u32;
}
const SHAPE: usize = memory.data(16);

function shape(): Shape {
  return changetype<Shape>(SHAPE);
}

/** The partition of that number. IRQL: any. */
export function partitionAt(index: u32): Partition {
  return changetype<Partition>(PARTITIONS + (<usize>index << 6));
}

/** The partition in which `tcb` is, or would be. IRQL: any. */
export function homePartition(tcb: Tcb): Partition {
  return partitionOf(hashOf(tcb));
}

function hashOf(tcb: Tcb): u32 {
  return hashTuple(tcb.remoteAddress, tcb.ports, tcb.localAddress);
}

/** The partition of a hash. IRQL: any. */
export function partitionOf(hash: u32): Partition {
  return partitionAt(hash & (shape().partitions - 1));
}

/** How many partitions the table has. IRQL: any. */
export function partitionCount(): u32 {
  return shape().partitions;
}

/** Makes the partitions; false when there is no memory. Once, at start. */
export function initializeTable(): bool {
  const partitions = queryParameter(Parameter.NumTcbTablePartitions);
  const slots = queryParameter(Parameter.MaxHashTableSize);
  shape().partitions = partitions;
  shape().shift = ctz(partitions);
  for (let i: u32 = 0; i < partitions; i++) {
    const partition = partitionAt(i);
    KeInitializeSpinLock(partition.lock, LockRank.TcpTable);
    partition.slots = allocateSlots(slots);
    partition.mask = slots - 1;
    partition.count = 0;
    partition.generation = 0;
    partition.last = null;
    if (partition.slots == 0) return false;
  }
  return true;
}

function allocateSlots(slots: u32): usize {
  const block = ExAllocatePoolWithTag(slots * 8, Tag.Table);
  if (block) RtlZeroMemory(block, slots * 8);
  return block;
}

/** Gives the slots back. At the end, when no connection is left. */
export function deleteTable(): void {
  for (let i: u32 = 0; i < MAXIMUM_PARTITIONS; i++) {
    const partition = partitionAt(i);
    if (partition.slots) ExFreePool(partition.slots);
    partition.slots = 0;
    partition.mask = 0;
  }
}

/** The slot at `index`, round the end. Under the partition's lock. */
export function slotAt(partition: Partition, index: u32): Slot {
  return at<Slot>(partition.slots + (<usize>(index & partition.mask) << 3), 0);
}

function homeOf(hash: u32): u32 {
  return hash >>> shape().shift;
}

/** The connection of that four-tuple, or null. */
export function findTcbLocked(
  partition: Partition,
  hash: u32,
  remoteAddress: u32,
  ports: u32,
  localAddress: u32,
): Tcb | null {
  mustHold(partition.lock);
  const home = homeOf(hash);
  for (let step: u32 = 0; step <= partition.mask; step++) {
    const slot = slotAt(partition, home + step);
    const tcb = slot.tcb;
    if (tcb == null) return null;
    if (slot.hash != hash) continue;
    if (hasTuple(tcb, remoteAddress, ports, localAddress)) return tcb;
  }
  return null;
}

/** For each processor and partition, the first segment of its batch: its place plus one. */
const FIRSTS: usize = memory.data(256);
if (MAXIMUM_PARTITIONS * MAXIMUM_PROCESSORS > 256) ERROR("FIRSTS");

@unmanaged
class Place {
  value: u8;
}

function firstOf(index: u32): Place {
  const processor = KeGetCurrentProcessorNumber();
  return changetype<Place>(FIRSTS + <usize>(processor * MAXIMUM_PARTITIONS + index));
}

/**
 * Finds the connections of `count` segments of this processor's batch, whose hashes are known:
 * those of one partition together. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function findBatch(count: u32): void {
  let present = stringUp(count);
  while (present != 0) {
    const index = ctz(present);
    present &= present - 1;
    const place = firstOf(index);
    const first: u32 = place.value;
    const partition = partitionAt(index);
    place.value = 0;
    KeAcquireSpinLockAtDpcLevel(partition.lock);
    findInLocked(partition, first);
    KeReleaseSpinLockFromDpcLevel(partition.lock);
  }
}

/** Strings up the segments of each partition, in their order; which partitions, as bits. */
function stringUp(count: u32): u32 {
  const mask = shape().partitions - 1;
  const batch = firstSegment();
  let present: u32 = 0;
  for (let left = count; left != 0; left--) {
    const segment = segmentFrom(batch, left - 1);
    if (!isTcp(segment)) continue;
    const index = segment.hash & mask;
    const place = firstOf(index);
    segment.follows = place.value;
    place.value = <u8>left;
    present |= (<u32>1) << index;
  }
  return present;
}

/** Finds the connections of the segments of one partition, from place `first` minus one on. */
function findInLocked(partition: Partition, first: u32): void {
  mustHold(partition.lock);
  const batch = firstSegment();
  for (let at = first; at != 0; ) {
    const segment = segmentFrom(batch, at - 1);
    const hash = segment.hash;
    at = segment.follows;
    const tcb = findTcbLocked(
      partition, hash, segment.source, segment.ports, segment.destination,
    );
    segment.tcb = tcb;
    if (tcb != null) referenceTcb(tcb);
  }
}

/**
 * Where the connection of that hash probably lies; 0: nowhere. It is read without the lock, below
 * `end` alone, so that it is good for asking the memory system for it, and for nothing else.
 */
export function guessTcb(hash: u32, end: usize): usize {
  const partition = partitionOf(hash);
  const home = homeOf(hash);
  const slot = addressOf(slotAt(partition, home));
  const beside = addressOf(slotAt(partition, home + 1));
  if (slot >= end || beside >= end) return 0;
  const here: usize = touch(slot + TCB);
  const there: usize = touch(beside + TCB);
  // Chosen without a branch: one that waits for memory would end what is under way.
  return select(here, select(there, <usize>0, touch(beside) == hash), touch(slot) == hash);
}
const TCB: usize = offsetof<Slot>("tcb");

function isTcp(segment: Segment): bool {
  return segment.whole != 0;
}

/** Whether `tcb` is the connection of that four-tuple. IRQL: any. */
export function hasTuple(tcb: Tcb, remoteAddress: u32, ports: u32, localAddress: u32): bool {
  return (
    tcb.remoteAddress == remoteAddress && tcb.ports == ports && tcb.localAddress == localAddress
  );
}

/**
 * Puts `tcb` into the table, which takes a reference; false when its four-tuple is there already,
 * or there is no memory. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function insertTcb(tcb: Tcb): bool {
  const hash = hashOf(tcb);
  const partition = partitionOf(hash);
  KeAcquireSpinLockAtDpcLevel(partition.lock);
  const inserted = insertLocked(partition, hash, tcb);
  KeReleaseSpinLockFromDpcLevel(partition.lock);
  return inserted;
}

function insertLocked(partition: Partition, hash: u32, tcb: Tcb): bool {
  mustHold(partition.lock);
  if (findTcbLocked(partition, hash, tcb.remoteAddress, tcb.ports, tcb.localAddress) != null) {
    return false;
  }
  if ((partition.count + 1) * 2 > partition.mask + 1 && !growLocked(partition)) return false;
  placeLocked(partition, hash, tcb);
  partition.count++;
  partition.generation++;
  referenceTcb(tcb);
  return true;
}

function placeLocked(partition: Partition, hash: u32, tcb: Tcb): void {
  mustHold(partition.lock);
  let index = homeOf(hash);
  while (slotAt(partition, index).tcb != null) index++;
  const slot = slotAt(partition, index);
  slot.hash = hash;
  slot.tcb = tcb;
}

/** Twice the slots. Without memory for them the table fills up to seven eighths, then refuses. */
function growLocked(partition: Partition): bool {
  mustHold(partition.lock);
  const slots = (partition.mask + 1) * 2;
  const bigger = allocateSlots(slots);
  if (bigger == 0) return partition.count + 1 <= (partition.mask + 1) / 8 * 7;
  const old = partition.slots;
  const many = partition.mask + 1;
  partition.slots = bigger;
  partition.mask = slots - 1;
  for (let i: u32 = 0; i < many; i++) {
    const slot = at<Slot>(old + (<usize>i << 3), 0);
    const tcb = slot.tcb;
    if (tcb != null) placeLocked(partition, slot.hash, tcb);
  }
  ExFreePool(old);
  trace(Event.TCP_TABLE_GREW, slots, partition.count, 0);
  return true;
}

/**
 * Takes `tcb` out of the table, whose reference is the caller's now; false when it is not there.
 */
export function removeTcbLocked(partition: Partition, tcb: Tcb): bool {
  mustHold(partition.lock);
  let hole = homeOf(hashOf(tcb));
  let found = slotAt(partition, hole).tcb;
  while (found != tcb) {
    if (found == null) return false;
    hole++;
    found = slotAt(partition, hole).tcb;
  }
  // What follows moves up, so that no search ends too early.
  const first = hole + 1;
  for (let step: u32 = 0; step < partition.mask; step++) {
    const index = first + step;
    const slot = slotAt(partition, index);
    const other = slot.tcb;
    if (other == null) break;
    const distance = (index - homeOf(slot.hash)) & partition.mask;
    if (distance < ((index - hole) & partition.mask)) continue;
    const target = slotAt(partition, hole);
    target.hash = slot.hash;
    target.tcb = other;
    hole = index;
  }
  const last = slotAt(partition, hole);
  last.hash = 0;
  last.tcb = null;
  if (partition.last == tcb) partition.last = null;
  partition.count--;
  partition.generation++;
  return true;
}

/** Connections in the table. IRQL: any. */
export function tableCount(): u32 {
  let total: u32 = 0;
  for (let i: u32 = 0; i < shape().partitions; i++) total += partitionAt(i).count;
  return total;
}

/** Changes whenever the table does. IRQL: any. */
export function tableGeneration(): u32 {
  let total: u32 = 0;
  for (let i: u32 = 0; i < shape().partitions; i++) total += partitionAt(i).generation;
  return total;
}
