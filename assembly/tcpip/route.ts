/** Where to next: routes, and the route cache entries (RCE) that connections keep. */

import { ExAllocate, ExFree } from "../ex/pool";
import { Tag } from "../ex/tag";
import { LockRank } from "../ke/lockorder";
import { KSpinLock, KeAcquireSpinLock, KeInitializeSpinLock } from "../ke/spinlock";
import { KeReleaseSpinLock } from "../ke/spinlock";
import { mustHold } from "../ke/spinlock";
import { MAXIMUM_ADAPTERS } from "../ndis/adapter";
import { Interface, firstInterface, interfaceAt, interfaceOf } from "./interface";
import { isBroadcast, isLoopback } from "./interface";

/** What connections to one destination share. */
@unmanaged
export class RouteCacheEntry {
  next: RouteCacheEntry | null;
  destination: u32;
  /** The neighbour that datagrams go to. */
  nextHop: u32;
  via: Interface;
  /** Octets of the largest datagram. */
  mtu: u32;
  references: u32;
}

const LOCK: usize = memory.data(4);
const BUCKETS: u32 = 256;
const TABLE: usize = memory.data(1024);

@unmanaged
class Bucket {
  first: RouteCacheEntry | null;
}

function lock(): KSpinLock {
  return changetype<KSpinLock>(LOCK);
}

function bucketOf(destination: u32): Bucket {
  const index = (destination * 0x9e3779b1) >>> 24;
  return changetype<Bucket>(TABLE + (<usize>(index & (BUCKETS - 1)) << 2));
}

/** Where its lock lies, for the host. */
export function routeLock(): usize {
  return LOCK;
}

/** Makes the cache empty. Once, at start. */
export function initializeRoutes(): void {
  KeInitializeSpinLock(lock(), LockRank.IpRoute);
}

/** The interface for `destination`: its own net, else that of a default gateway; null: no route. */
export function interfaceFor(destination: u32): Interface | null {
  if (isLoopback(destination)) return firstInterface();
  const own = interfaceOf(destination);
  if (own != null) return own;
  let viaGateway: Interface | null = null;
  for (let i: u32 = 0; i < MAXIMUM_ADAPTERS; i++) {
    const one = interfaceAt(i);
    if (one == null) continue;
    if (((destination ^ one.address) & one.mask) == 0) return one;
    if (one.gateway != 0 && viaGateway == null) viaGateway = one;
  }
  if (viaGateway == null && destination == 0xffffffff) return firstInterface();
  return viaGateway;
}

/** The neighbour to which a datagram for `destination` goes on `via`. */
export function nextHopFor(via: Interface, destination: u32): u32 {
  if (((destination ^ via.address) & via.mask) == 0) return destination;
  if (isLoopback(destination) || isBroadcast(via, destination)) return destination;
  return via.gateway != 0 ? via.gateway : destination;
}

/**
 * A referenced route cache entry for `destination`; null: no route, or no memory.
 * IRQL: <= DISPATCH_LEVEL.
 */
export function referenceRoute(destination: u32): RouteCacheEntry | null {
  const via = interfaceFor(destination);
  if (via == null) return null;
  const irql = KeAcquireSpinLock(lock());
  const entry = referenceRouteLocked(via, destination);
  KeReleaseSpinLock(lock(), irql);
  return entry;
}

function referenceRouteLocked(via: Interface, destination: u32): RouteCacheEntry | null {
  mustHold(lock());
  const bucket = bucketOf(destination);
  let entry: RouteCacheEntry | null = bucket.first;
  while (entry != null) {
    if (entry.destination == destination) {
      entry.references++;
      return entry;
    }
    entry = entry.next;
  }
  const made = ExAllocate<RouteCacheEntry>(Tag.RouteCache);
  if (made == null) return null;
  made.destination = destination;
  made.nextHop = nextHopFor(via, destination);
  made.via = via;
  made.mtu = via.mtu;
  made.references = 1;
  made.next = bucket.first;
  bucket.first = made;
  return made;
}

/** Lets a route cache entry go. IRQL: <= DISPATCH_LEVEL. */
export function dereferenceRoute(entry: RouteCacheEntry): void {
  const irql = KeAcquireSpinLock(lock());
  const gone = --entry.references == 0;
  if (gone) unlinkLocked(entry);
  KeReleaseSpinLock(lock(), irql);
  if (gone) ExFree(entry);
}

function unlinkLocked(entry: RouteCacheEntry): void {
  mustHold(lock());
  const bucket = bucketOf(entry.destination);
  if (bucket.first == entry) {
    bucket.first = entry.next;
    return;
  }
  let before = bucket.first;
  while (before != null && before.next != entry) before = before.next;
  if (before != null) before.next = entry.next;
}
