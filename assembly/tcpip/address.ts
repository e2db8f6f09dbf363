/** Address objects: a local address and port, its clients' event handlers. */

import { at } from "../nt/embed";
import { ExAllocate, ExFree } from "../ex/pool";
import { Tag } from "../ex/tag";
import { LockRank } from "../ke/lockorder";
import { KSpinLock, KeAcquireSpinLock, KeInitializeSpinLock } from "../ke/spinlock";
import { KeReleaseSpinLock } from "../ke/spinlock";
import { mustHold } from "../ke/spinlock";
import { IoCompleteRequest } from "../io/complete";
import { Irp } from "../io/irp";
import { EventHandlers, initializeHandlers } from "../tdi/event";
import { NTSTATUS, Status } from "../nt/status";
import { isOurs } from "./interface";
import { releasePort, takeEphemeralPort, takePort } from "./port";
import { Protocol } from "../wire/ipv4";

/** A transport address that a client has opened. */
@unmanaged
export class AddressObject {
  // Under `lock()`:
  next: AddressObject | null;
  references: u32;
  /** How many found it and may call its client. */
  callers: u16;
  // Written under `lock()` and `lock()` of tcp/connection.ts:
  /**
   * 1 when its client has closed it: only connections hold it, nobody new finds it, and no endpoint
   * of it gets a connection.
   */
  closed: u8;
  // Do not change while it is open:
  protocol: u8;
  /** 0: any of this machine's. */
  address: u32;
  port: u32;
  // Under `lock()`:
  /** IRP_MJ_CLEANUP, while it waits for the last caller. */
  cleanup: Irp | null;
  // Set by its client before traffic comes:
  private handlerWords0: u64;
  private handlerWords1: u64;
  private handlerWords2: u64;
  private handlerWords3: u64;
  private handlerWords4: u64;
  private handlerWords5: u64;
  get handlers(): EventHandlers {
    return at<EventHandlers>(changetype<usize>(this), offsetof<this>("handlerWords0"));
  }
}
if (offsetof<EventHandlers>() > 48) ERROR("an AddressObject has room for 48 octets of handlers");

const LOCK: usize = memory.data(4);
const BUCKETS: u32 = 512;
/** Buckets of the table, for who looks at all of it. */
export const ADDRESS_BUCKETS: u32 = BUCKETS;
const TABLE: usize = memory.data(2048);

@unmanaged
class Bucket {
  first: AddressObject | null;
}

function lock(): KSpinLock {
  return changetype<KSpinLock>(LOCK);
}

function bucketOf(protocol: u32, port: u32): Bucket {
  const index = (port ^ (protocol << 4)) & (BUCKETS - 1);
  return changetype<Bucket>(TABLE + (<usize>index << 2));
}

/** The lock of all address objects. */
export function addressLock(): KSpinLock {
  return lock();
}

/** The first object of a bucket, of ADDRESS_BUCKETS: the others follow it. */
export function firstAddressLocked(index: u32): AddressObject | null {
  mustHold(lock());
  return changetype<Bucket>(TABLE + (<usize>index << 2)).first;
}

/** Makes the table empty. Once, at start. */
export function initializeAddresses(): void {
  KeInitializeSpinLock(lock(), LockRank.TcpipAddress);
}

/** What opening an address came to. */
@unmanaged
export class OpenedAddress {
  object: AddressObject | null;
  status: NTSTATUS;
}

/**
 * Opens `port` of `address`; port 0 asks for one above 1023 that is free. The result is in
 * `opened`; INVALID_ADDRESS: not one of this machine's. IRQL: <= DISPATCH_LEVEL.
 */
export function openAddress(
  protocol: Protocol,
  address: u32,
  port: u32,
  opened: OpenedAddress,
): void {
  const object = ExAllocate<AddressObject>(Tag.Address);
  opened.object = null;
  opened.status = Status.INSUFFICIENT_RESOURCES;
  if (object == null) return;
  if (address != 0 && !isOurs(address)) {
    opened.status = Status.INVALID_ADDRESS;
    ExFree(object);
    return;
  }
  const irql = KeAcquireSpinLock(lock());
  opened.status = openLocked(object, protocol, address, port);
  KeReleaseSpinLock(lock(), irql);
  if (opened.status == Status.SUCCESS) opened.object = object;
  else ExFree(object);
}

function openLocked(object: AddressObject, protocol: Protocol, address: u32, port: u32): NTSTATUS {
  mustHold(lock());
  if (port == 0) {
    port = takeEphemeralPort(protocol);
    if (port == 0) return Status.INSUFFICIENT_RESOURCES;
  } else if (!takePort(protocol, port) && isTakenLocked(protocol, address, port)) {
    return Status.ADDRESS_ALREADY_EXISTS;
  }
  object.protocol = <u8>protocol;
  object.address = address;
  object.port = port;
  object.references = 1;
  initializeHandlers(object.handlers);
  const bucket = bucketOf(protocol, port);
  object.next = bucket.first;
  bucket.first = object;
  return Status.SUCCESS;
}

/** Whether an object has `port` of `address`; of 0: of any, and one of any has it of all. */
function isTakenLocked(protocol: u32, address: u32, port: u32): bool {
  mustHold(lock());
  let one: AddressObject | null = bucketOf(protocol, port).first;
  while (one != null) {
    const same = address == 0 || one.address == 0 || one.address == address;
    if (same && one.port == port && one.protocol == protocol) return true;
    one = one.next;
  }
  return false;
}

/**
 * The object that listens on `port` of `address`, or null. Its client may be called, and what it
 * gives taken, until `leaveAddress`. IRQL: DISPATCH_LEVEL.
 */
export function findAddress(protocol: Protocol, address: u32, port: u32): AddressObject | null {
  const irql = KeAcquireSpinLock(lock());
  const found = findLocked(protocol, address, port);
  if (found != null) {
    found.references++;
    found.callers++;
  }
  KeReleaseSpinLock(lock(), irql);
  return found;
}

/**
 * The caller has done with what it found, and with its client. The last one ends an IRP_MJ_CLEANUP
 * that waits. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function leaveAddress(object: AddressObject): void {
  const irql = KeAcquireSpinLock(lock());
  const cleanup = leaveLocked(object);
  const gone = dereferenceLocked(object);
  KeReleaseSpinLock(lock(), irql);
  if (gone) ExFree(object);
  // Its file is there until this is completed: not gone, and nobody else's to touch after it.
  else if (cleanup != null) IoCompleteRequest(cleanup, Status.SUCCESS, 0);
}

/** The request that is to be completed, or null. */
function leaveLocked(object: AddressObject): Irp | null {
  mustHold(lock());
  object.callers--;
  if (object.callers != 0) return null;
  const cleanup = object.cleanup;
  object.cleanup = null;
  return cleanup;
}

function findLocked(protocol: Protocol, address: u32, port: u32): AddressObject | null {
  mustHold(lock());
  let one: AddressObject | null = bucketOf(protocol, port).first;
  while (one != null) {
    const mine = one.port == port && one.protocol == protocol && !one.closed;
    if (mine && (one.address == 0 || one.address == address)) return one;
    one = one.next;
  }
  return null;
}

/** One more holds `object`, as its holder asks. IRQL: <= DISPATCH_LEVEL. */
export function referenceAddress(object: AddressObject): void {
  const irql = KeAcquireSpinLock(lock());
  object.references++;
  KeReleaseSpinLock(lock(), irql);
}

/** One fewer; the last one frees port and object. IRQL: <= DISPATCH_LEVEL. */
export function dereferenceAddress(object: AddressObject): void {
  const irql = KeAcquireSpinLock(lock());
  const gone = dereferenceLocked(object);
  KeReleaseSpinLock(lock(), irql);
  if (gone) ExFree(object);
}

/** One fewer; true when none is left: the caller frees it. */
function dereferenceLocked(object: AddressObject): bool {
  mustHold(lock());
  object.references--;
  if (object.references != 0) return false;
  closeLocked(object);
  return true;
}

function closeLocked(object: AddressObject): void {
  mustHold(lock());
  const bucket = bucketOf(object.protocol, object.port);
  if (bucket.first == object) {
    bucket.first = object.next;
  } else {
    let before = bucket.first;
    while (before != null && before.next != object) before = before.next;
    if (before != null) before.next = object.next;
  }
  // Another address may have the same port.
  if (!isTakenLocked(object.protocol, 0, object.port)) {
    releasePort(object.protocol, object.port);
  }
}
