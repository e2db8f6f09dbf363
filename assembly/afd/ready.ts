/** Sockets that have something to tell user mode, and echoes and selects that have ended. */

import { at } from "../nt/embed";
import { NTSTATUS } from "../nt/status";
import { InitializeListHead, InsertTailList, IsListEmpty, ListEntry } from "../nt/list";
import { RemoveEntryList, RemoveHeadList } from "../nt/list";
import { LockRank } from "../ke/lockorder";
import { KSpinLock, KeAcquireSpinLock, KeInitializeSpinLock } from "../ke/spinlock";
import { KeReleaseSpinLock } from "../ke/spinlock";
import { mustHold } from "../ke/spinlock";
import { Irp, IoFreeIrp, irpOfQueue } from "../io/irp";
import { Endpoint, EndpointFlag, SocketEvent, dereferenceEndpoint, referenceEndpoint } from
  "./endpoint";

/** What user mode reads. */
@unmanaged
export class EventRecord {
  context: u32;
  events: u32;
  status: i32;
  /** The socket; for an echo its round trip in microseconds, for a select how many are ready. */
  handle: u32;
}

/** What user mode is to be told of once, of no socket. Under `lock()`: its place in the list. */
@unmanaged
export class Notice extends ListEntry {
  // Before it is given:
  context: u32;
  events: u32;
  status: NTSTATUS;
  /** EventRecord.handle */
  word: u32;
}
if (offsetof<EventRecord>() != 16) ERROR("host/user reads EventRecord as 16 octets");

const LOCK: usize = memory.data(4);
const READY: usize = memory.data(8);
const ECHOES: usize = memory.data(8);
const NOTICES: usize = memory.data(8);

function lock(): KSpinLock {
  return changetype<KSpinLock>(LOCK);
}

/** Where its lock lies, for the host. */
export function readyLock(): usize {
  return LOCK;
}

/** Sockets of which user mode is to be told. Under `lock()`. */
function readyList(): ListEntry {
  return changetype<ListEntry>(READY);
}

/** Echoes that have ended. Under `lock()`. */
function echoes(): ListEntry {
  return changetype<ListEntry>(ECHOES);
}

/** What else there is to tell. Under `lock()`. */
function notices(): ListEntry {
  return changetype<ListEntry>(NOTICES);
}

/** Makes the lists empty. Once, at start. */
export function initializeReady(): void {
  KeInitializeSpinLock(lock(), LockRank.AfdReady);
  InitializeListHead(readyList());
  InitializeListHead(echoes());
  InitializeListHead(notices());
}

/** Lets go of what nobody has read. At the end. */
export function cleanUpReady(): void {
  const irql = KeAcquireSpinLock(lock());
  while (!IsListEmpty(echoes())) IoFreeIrp(irpOfQueue(RemoveHeadList(echoes())));
  KeReleaseSpinLock(lock(), irql);
}

/**
 * Tells user mode of `events`; selects hear of it by `signal` of poll.ts. IRQL: <= DISPATCH_LEVEL.
 * Locks: none after AfdReady.
 */
export function announce(endpoint: Endpoint, events: u32): void {
  const irql = KeAcquireSpinLock(lock());
  signalLocked(endpoint, events);
  KeReleaseSpinLock(lock(), irql);
}

function signalLocked(endpoint: Endpoint, events: u32): void {
  mustHold(lock());
  // `silence` comes after CLOSED is set: what is too late for it sees that here.
  if (endpoint.flags & EndpointFlag.CLOSED) return;
  endpoint.events |= events;
  if (!IsListEmpty(endpoint.ready)) return;
  InsertTailList(readyList(), endpoint.ready);
  referenceEndpoint(endpoint);
}

/** User mode, which has closed `endpoint`, hears no more of it. */
export function silence(endpoint: Endpoint): void {
  const irql = KeAcquireSpinLock(lock());
  const was = !IsListEmpty(endpoint.ready);
  if (was) RemoveEntryList(endpoint.ready);
  endpoint.events = 0;
  KeReleaseSpinLock(lock(), irql);
  if (was) dereferenceEndpoint(endpoint);
}

/** An echo has ended: `irp` holds its status, round trip and context. */
export function signalEcho(irp: Irp): void {
  const irql = KeAcquireSpinLock(lock());
  InsertTailList(echoes(), irp.queue);
  KeReleaseSpinLock(lock(), irql);
}

/** Tells user mode of `notice`, which lives until it is withdrawn. Locks: as `announce`. */
export function giveNotice(notice: Notice): void {
  const irql = KeAcquireSpinLock(lock());
  InsertTailList(notices(), notice);
  KeReleaseSpinLock(lock(), irql);
}

/** Nobody reads `notice` from here on. Locks: as `announce`. */
export function withdrawNotice(notice: Notice): void {
  const irql = KeAcquireSpinLock(lock());
  RemoveEntryList(notice);
  KeReleaseSpinLock(lock(), irql);
}

/** Whether there is anything to read. IRQL: any. */
export function hasReady(): bool {
  return !IsListEmpty(readyList()) || !IsListEmpty(echoes()) || !IsListEmpty(notices());
}

/** Writes at most `limit` records to `target`; returns how many. IRQL: <= DISPATCH_LEVEL. */
export function readEvents(target: usize, limit: u32): u32 {
  let written: u32 = 0;
  while (written < limit && hasReady()) {
    const record = at<EventRecord>(target + (<usize>written << 4), 0);
    record.events = 0;
    const irql = KeAcquireSpinLock(lock());
    const endpoint = takeReadyLocked(record);
    KeReleaseSpinLock(lock(), irql);
    if (endpoint != null) dereferenceEndpoint(endpoint);
    // Another thread, or a socket that closed, may have taken the last.
    if (record.events == 0) break;
    written++;
  }
  return written;
}

/** Fills `record` from the first that waits; a socket's reference is the caller's then. */
function takeReadyLocked(record: EventRecord): Endpoint | null {
  mustHold(lock());
  if (!hasReady()) return null;
  if (!IsListEmpty(echoes())) {
    const irp = irpOfQueue(RemoveHeadList(echoes()));
    record.context = <u32>irp.driverContext;
    record.events = SocketEvent.ECHO;
    record.status = irp.status;
    record.handle = irp.information;
    IoFreeIrp(irp);
    return null;
  }
  if (!IsListEmpty(notices())) {
    const notice = changetype<Notice>(notices().flink);
    RemoveEntryList(notice);
    record.context = notice.context;
    record.events = notice.events;
    record.status = notice.status;
    record.handle = notice.word;
    return null;
  }
  const endpoint = Endpoint.ofReady(RemoveHeadList(readyList()));
  record.context = endpoint.context;
  record.events = endpoint.events;
  record.status = endpoint.status;
  record.handle = endpoint.handle;
  endpoint.events = 0;
  return endpoint;
}
