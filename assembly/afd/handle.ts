/**
 * Handles: what user mode has instead of addresses. A call on a handle references its socket and
 * waits its turn, as the I/O manager lets only one call at a time into a synchronous file object;
 * so a socket is closed between two calls on it, never in the middle of one.
 */

import { at } from "../nt/embed";
import { RtlCopyMemory } from "../nt/memory";
import { ExAllocatePoolWithTag, ExFreePool } from "../ex/pool";
import { Tag } from "../ex/tag";
import { KeSetEvent } from "../ke/event";
import { LockRank } from "../ke/lockorder";
import { KSpinLock, KeAcquireSpinLock, KeInitializeSpinLock } from "../ke/spinlock";
import { KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { INFINITE, KeWaitForSingleObject } from "../ke/wait";
import { Endpoint, EndpointFlag, dereferenceEndpoint, referenceEndpoint } from "./endpoint";

/*
 * Handle (index + 1) * 4 is entry `index`: a socket's address, which is a multiple of 8, or, of a
 * free one, the index of the next free one shifted left, plus one.
 */
@unmanaged
class HandleTable {
  lockWord: u32;
  // Under `lock`:
  entries: usize;
  // Written under `lock`:
  capacity: u32;
  // Under `lock`:
  /** The free entry that is used next, and the one behind which the next is put. */
  first: u32;
  last: u32;
  // Written under `lock`:
  /** Free entries: an entry is used again only after all others. */
  free: u32;
  get lock(): KSpinLock {
    return at<KSpinLock>(changetype<usize>(this), 0);
  }
}

@unmanaged
class Entry {
  value: u32;
}

const TABLE: usize = memory.data(24);
if (offsetof<HandleTable>() > 24) ERROR("TABLE holds a HandleTable");
/** Entries of a new table, and the most that one has. */
const FIRST_CAPACITY: u32 = 64;
const MOST: u32 = 1 << 22;

function table(): HandleTable {
  return changetype<HandleTable>(TABLE);
}

/** Where its lock lies, for the host. */
export function handleLock(): usize {
  return TABLE;
}

function entryAt(entries: usize, index: u32): Entry {
  return at<Entry>(entries + (<usize>index << 2), 0);
}

/** An empty table. Once, at start. */
export function initializeHandles(): void {
  const all = table();
  KeInitializeSpinLock(all.lock, LockRank.AfdHandles);
  all.entries = 0;
  all.capacity = 0;
  all.free = 0;
}

/** Gives the table back. At the end. */
export function cleanUpHandles(): void {
  const all = table();
  if (all.entries) ExFreePool(all.entries);
  all.entries = 0;
  all.capacity = 0;
  all.free = 0;
}

/** A handle for `endpoint`, with the caller's reference; 0: no memory. IRQL: PASSIVE_LEVEL. */
export function createHandle(endpoint: Endpoint): u32 {
  const all = table();
  if (all.free == 0 && !growTable()) return 0;
  const irql = KeAcquireSpinLock(all.lock);
  const handle = all.free ? insertLocked(endpoint) : 0;
  KeReleaseSpinLock(all.lock, irql);
  return handle;
}

function insertLocked(endpoint: Endpoint): u32 {
  mustHold(table().lock);
  const all = table();
  const index = all.first;
  const entry = entryAt(all.entries, index);
  all.first = entry.value >>> 1;
  all.free--;
  entry.value = changetype<u32>(endpoint);
  endpoint.handle = (index + 1) << 2;
  return endpoint.handle;
}

/** Twice as many entries, or the first; false: no memory. */
function growTable(): bool {
  const all = table();
  const before = all.capacity;
  const capacity = before ? before * 2 : FIRST_CAPACITY;
  if (capacity > MOST) return false;
  const entries = ExAllocatePoolWithTag(capacity * 4, Tag.Handles);
  if (entries == 0) return false;
  const irql = KeAcquireSpinLock(all.lock);
  // Another processor may have been quicker: then its table is as good.
  const old = all.capacity == before ? replaceLocked(entries, capacity) : entries;
  KeReleaseSpinLock(all.lock, irql);
  if (old) ExFreePool(old);
  return true;
}

/** Puts larger entries in place of those there are; returns the old ones. */
function replaceLocked(entries: usize, capacity: u32): usize {
  mustHold(table().lock);
  const all = table();
  const old = all.entries;
  const before = all.capacity;
  RtlCopyMemory(entries, old, before * 4);
  for (let i = before; i < capacity; i++) entryAt(entries, i).value = ((i + 1) << 1) | 1;
  if (all.free) entryAt(entries, all.last).value = (before << 1) | 1;
  else all.first = before;
  all.last = capacity - 1;
  all.free += capacity - before;
  all.entries = entries;
  all.capacity = capacity;
  return old;
}

/** The socket of `handle`; null: it is none. */
function findLocked(handle: u32): Endpoint | null {
  mustHold(table().lock);
  const all = table();
  const index = (handle >>> 2) - 1;
  if (handle & 3 || index >= all.capacity) return null;
  const value = entryAt(all.entries, index).value;
  return value & 1 ? null : at<Endpoint>(<usize>value, 0);
}

/**
 * Enters a call on `handle`: its socket, referenced, and no other call is in it; null: there is no
 * such handle. `leaveHandle` follows. IRQL: PASSIVE_LEVEL. Locks: none.
 */
export function enterHandle(handle: u32): Endpoint | null {
  const all = table();
  const irql = KeAcquireSpinLock(all.lock);
  const endpoint = findLocked(handle);
  if (endpoint != null) referenceEndpoint(endpoint);
  KeReleaseSpinLock(all.lock, irql);
  if (endpoint == null) return null;
  KeWaitForSingleObject(endpoint.turn, INFINITE);
  if ((endpoint.flags & EndpointFlag.CLOSED) == 0) return endpoint;
  leaveHandle(endpoint);
  return null;
}

/** The call is over. */
export function leaveHandle(endpoint: Endpoint): void {
  KeSetEvent(endpoint.turn);
  dereferenceEndpoint(endpoint);
}

/** Takes `handle` away: from here on nobody finds it. Its socket is entered; null: it was none. */
export function takeHandle(handle: u32): Endpoint | null {
  const all = table();
  const irql = KeAcquireSpinLock(all.lock);
  const endpoint = findLocked(handle);
  if (endpoint != null) {
    referenceEndpoint(endpoint);
    freeLocked((handle >>> 2) - 1);
  }
  KeReleaseSpinLock(all.lock, irql);
  if (endpoint != null) KeWaitForSingleObject(endpoint.turn, INFINITE);
  return endpoint;
}

function freeLocked(index: u32): void {
  mustHold(table().lock);
  const all = table();
  entryAt(all.entries, index).value = 1;
  if (all.free) entryAt(all.entries, all.last).value = (index << 1) | 1;
  else all.first = index;
  all.last = index;
  all.free++;
}
