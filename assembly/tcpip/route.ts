/** Where to next: routes, and the route cache entries (RCE) that connections keep. */

import { at } from "../nt/embed";
import { RtlCopyMemory, RtlZeroMemory } from "../nt/memory";
import { Event } from "../trace/event";
import { KeQueryTickCount, trace } from "../trace/ring";
import { Parameter, queryParameter } from "../ex/registry";
import { ExAllocate, ExAllocatePoolWithTag, ExFree, ExFreePool } from "../ex/pool";
import { Tag } from "../ex/tag";
import { LockRank } from "../ke/lockorder";
import { KSpinLock, KeAcquireSpinLock, KeInitializeSpinLock } from "../ke/spinlock";
import { KeReleaseSpinLock } from "../ke/spinlock";
import { mustHold } from "../ke/spinlock";
import { SourceRoute } from "../wire/sourceroute";
import { Interface, MAXIMUM_GATEWAYS, firstInterface, interfaceAt, interfaceOf } from "./interface";
import { interfacesEnd, isBroadcast, isLoopback } from "./interface";

/**
 * What connections to one destination share. What a segment on its way out needs comes first: 16
 * octets that no line of the cache divides, as no entry begins elsewhere than at a multiple of 16.
 */
@unmanaged
export class RouteCacheEntry {
  // Do not change:
  via: Interface;
  /** Octets of the largest datagram that our own link carries. */
  mtu: u32;
  /** The hops before the destination, or null; one that has some belongs to one connection. */
  sourceRoute: SourceRoute | null;
  // Written under `lock()`:
  /** The neighbour that datagrams go to; since `movedTick`. */
  nextHop: u32;

  // 16
  movedTick: u32;
  /** `Table.generation` when it was counted as moved; another one: it is not. */
  movedIn: u32;
  /** Octets of the largest datagram that the path is known to carry, and since when (RFC 1191). */
  pathMtu: u32;
  narrowedTick: u32;
  // Under `lock()`:
  references: u32;
  next: RouteCacheEntry | null;
  // Do not change:
  destination: u32;
}
if (offsetof<RouteCacheEntry>("movedTick") != 16) ERROR("what a segment needs ends at 16 octets");

/** One that has hops. */
@unmanaged
class RoutedEntry extends RouteCacheEntry {
  private hops0: u64;
  private hops1: u64;
  private hops2: u64;
  private hops3: u64;
  private hops4: u64;
  get hops(): SourceRoute {
    return at<SourceRoute>(changetype<usize>(this), offsetof<this>("hops0"));
  }
}
if (offsetof<SourceRoute>() > 40) ERROR("a RoutedEntry has room for a SourceRoute");

const LOCK: usize = memory.data(4);
/** Buckets at first, and as bits of an index. */
const FIRST_BITS: u32 = 8;
const FIRST_TABLE: usize = memory.data(1024);

/** The table of entries: it doubles when it has more entries than buckets. */
@unmanaged
class Table {
  // Under `lock()`:
  buckets: usize;
  bits: u32;
  count: u32;
  /** References of all entries, and of those that have moved in this generation. */
  references: u32;
  moved: u32;
  /** From 1 on; counts the changes of a default gateway. */
  generation: u32;
}
const TABLE: usize = memory.data(24);
if (offsetof<Table>() > 24) ERROR("TABLE");

function table(): Table {
  return changetype<Table>(TABLE);
}

@unmanaged
class Bucket {
  first: RouteCacheEntry | null;
}

function lock(): KSpinLock {
  return changetype<KSpinLock>(LOCK);
}

function bucketLocked(destination: u32): Bucket {
  mustHold(lock());
  const index = (destination * 0x9e3779b1) >>> (32 - table().bits);
  return at<Bucket>(table().buckets, <usize>index << 2);
}

/** Where its lock lies, for the host. */
export function routeLock(): usize {
  return LOCK;
}

/** Makes the cache empty. Once, at start. */
export function initializeRoutes(): void {
  KeInitializeSpinLock(lock(), LockRank.IpRoute);
  RtlZeroMemory(FIRST_TABLE, 1024);
  table().buckets = FIRST_TABLE;
  table().bits = FIRST_BITS;
  table().count = 0;
  table().references = 0;
  table().moved = 0;
  table().generation = 1;
}

/** Gives the table back. At the end, when no entry is left. */
export function deleteRoutes(): void {
  if (table().buckets != FIRST_TABLE) ExFreePool(table().buckets);
  table().buckets = FIRST_TABLE;
  table().bits = FIRST_BITS;
}

/** Twice the buckets; without memory for them, longer chains. */
function growLocked(): void {
  mustHold(lock());
  const old = table().buckets;
  const many = (<u32>1) << table().bits;
  const bigger = ExAllocatePoolWithTag(many * 8, Tag.RouteCache);
  if (bigger == 0) return;
  RtlZeroMemory(bigger, many * 8);
  table().buckets = bigger;
  table().bits++;
  for (let i: u32 = 0; i < many; i++) {
    let entry = at<Bucket>(old, <usize>i << 2).first;
    while (entry != null) {
      const next: RouteCacheEntry | null = entry.next;
      const bucket = bucketLocked(entry.destination);
      entry.next = bucket.first;
      bucket.first = entry;
      entry = next;
    }
  }
  if (old != FIRST_TABLE) ExFreePool(old);
}

/** The interface for `destination`: its own net, else that of a default gateway; null: no route. */
export function interfaceFor(destination: u32): Interface | null {
  if (isLoopback(destination)) return firstInterface();
  const own = interfaceOf(destination);
  if (own != null) return own;
  let viaGateway: Interface | null = null;
  const end = interfacesEnd();
  for (let i: u32 = 0; i < end; i++) {
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
  let bucket = bucketLocked(destination);
  let entry: RouteCacheEntry | null = bucket.first;
  while (entry != null) {
    if (entry.destination == destination) {
      countLocked(entry, 1);
      return entry;
    }
    entry = entry.next;
  }
  const made = ExAllocate<RouteCacheEntry>(Tag.RouteCache);
  if (made == null) return null;
  fillLocked(made, via, destination, nextHopFor(via, destination));
  if (++table().count > (<u32>1) << table().bits) growLocked();
  bucket = bucketLocked(destination);
  made.next = bucket.first;
  bucket.first = made;
  return made;
}

/** What is known of the way to `destination`; its first reference is its maker's. */
function fillLocked(
  made: RouteCacheEntry,
  via: Interface,
  destination: u32,
  nextHop: u32,
): void {
  mustHold(lock());
  made.destination = destination;
  made.nextHop = nextHop;
  made.via = via;
  made.mtu = mtuFor(via, nextHop == destination);
  made.pathMtu = made.mtu;
  made.movedTick = KeQueryTickCount();
  countLocked(made, 1);
}

/**
 * As `referenceRoute`, for a way to `destination` by the hops of `route`, of which there is one or
 * more: nobody else is given it. Its datagrams are counted without the options. Null, too: the
 * first hop of a strict route is no neighbour.
 */
export function makeRoute(destination: u32, route: SourceRoute): RouteCacheEntry | null {
  const first = route.hopAt(0);
  const via = interfaceFor(first);
  if (via == null) return null;
  const nextHop = nextHopFor(via, first);
  if (route.strict != 0 && nextHop != first) return null;
  const made = ExAllocate<RoutedEntry>(Tag.RouteCache);
  if (made == null) return null;
  RtlCopyMemory(changetype<usize>(made.hops), changetype<usize>(route), offsetof<SourceRoute>());
  made.sourceRoute = made.hops;
  const irql = KeAcquireSpinLock(lock());
  fillLocked(made, via, destination, nextHop);
  made.mtu -= route.octets;
  made.pathMtu = made.mtu;
  KeReleaseSpinLock(lock(), irql);
  return made;
}

/** One reference more of `entry`, or one fewer. */
function countLocked(entry: RouteCacheEntry, more: i32): void {
  mustHold(lock());
  entry.references += more;
  table().references += more;
  if (entry.movedIn == table().generation) table().moved += more;
}

/** Without path MTU discovery nothing larger than 576 octets goes off the net (Q120642). */
const OFF_NET_MTU: u32 = 576;

function mtuFor(via: Interface, onNet: bool): u32 {
  const discovers = queryParameter(Parameter.EnablePMTUDiscovery) != 0;
  return onNet || discovers || via.mtu < OFF_NET_MTU ? via.mtu : OFF_NET_MTU;
}

/** The path of `entry` carries no more than `mtu` octets. IRQL: <= DISPATCH_LEVEL. */
export function narrowRoute(entry: RouteCacheEntry, mtu: u32, tick: u32): void {
  const irql = KeAcquireSpinLock(lock());
  if (mtu <= entry.pathMtu) {
    entry.pathMtu = mtu;
    entry.narrowedTick = tick;
  }
  KeReleaseSpinLock(lock(), irql);
}

/** What was known of the path of `entry` is too old. IRQL: <= DISPATCH_LEVEL. */
export function widenRoute(entry: RouteCacheEntry): void {
  const irql = KeAcquireSpinLock(lock());
  entry.pathMtu = entry.mtu;
  KeReleaseSpinLock(lock(), irql);
}

/**
 * Dead gateway detection (RFC 1122, 3.3.1.4; Q128978): what goes to `entry` has not been answered
 * since `sinceTick`, so it goes by the next of its default gateways from here on. Where enough of
 * all connections have moved, so has the machine (Q171564: 25 %); none goes back by itself. Nothing
 * happens where there is one gateway, or who asks has not tried this one yet.
 * IRQL: <= DISPATCH_LEVEL.
 */
export function moveRoute(entry: RouteCacheEntry, sinceTick: u32): void {
  if (queryParameter(Parameter.EnableDeadGWDetect) == 0) return;
  const irql = KeAcquireSpinLock(lock());
  if (<i32>(entry.movedTick - sinceTick) <= 0) moveLocked(entry);
  KeReleaseSpinLock(lock(), irql);
}

function moveLocked(entry: RouteCacheEntry): void {
  mustHold(lock());
  const via = entry.via;
  const next = gatewayAfter(via, entry.nextHop);
  if (next == 0 || next == entry.nextHop) return;
  trace(Event.IP_GATEWAY_LEFT, entry.destination, entry.nextHop, next);
  entry.nextHop = next;
  entry.movedTick = KeQueryTickCount();
  const references = entry.references;
  countLocked(entry, -references);
  entry.movedIn = next == via.gateway ? 0 : table().generation;
  countLocked(entry, references);
  if (next == via.gateway) return;
  const share = queryParameter(Parameter.NtstackGatewayShare);
  if (<u64>table().moved * 100 < <u64>table().references * share) return;
  trace(Event.IP_GATEWAY_CHANGED, via.gateway, next, table().moved);
  via.gateway = next;
  table().moved = 0;
  table().generation++;
}

/** The default gateway of `via` behind `gateway`, the first behind the last; 0: it is none. */
function gatewayAfter(via: Interface, gateway: u32): u32 {
  for (let i: u32 = 0; i < via.gatewayCount; i++) {
    if (via.gatewayAt(i) == gateway) return via.gatewayAt((i + 1) % via.gatewayCount);
  }
  return 0;
}

/** One more default gateway of `via`; false: it has as many as it may. IRQL: PASSIVE_LEVEL. */
export function addGateway(via: Interface, gateway: u32): bool {
  const irql = KeAcquireSpinLock(lock());
  const fits = via.gatewayCount < MAXIMUM_GATEWAYS;
  if (fits) via.appendGateway(gateway);
  KeReleaseSpinLock(lock(), irql);
  return fits;
}

/** Lets a route cache entry go. IRQL: <= DISPATCH_LEVEL. */
export function dereferenceRoute(entry: RouteCacheEntry): void {
  const irql = KeAcquireSpinLock(lock());
  countLocked(entry, -1);
  const gone = entry.references == 0;
  if (gone && entry.sourceRoute == null) unlinkLocked(entry);
  KeReleaseSpinLock(lock(), irql);
  if (gone) ExFree(entry);
}

function unlinkLocked(entry: RouteCacheEntry): void {
  mustHold(lock());
  const bucket = bucketLocked(entry.destination);
  table().count--;
  if (bucket.first == entry) {
    bucket.first = entry.next;
    return;
  }
  let before = bucket.first;
  while (before != null && before.next != entry) before = before.next;
  if (before != null) before.next = entry.next;
}
