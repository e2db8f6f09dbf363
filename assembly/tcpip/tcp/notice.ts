/**
 * What few endpoints have to tell of their connection: urgent data, and errors that may pass. It
 * lies apart, so that an endpoint is no larger for it.
 */

import { at } from "../../nt/embed";
import { NTSTATUS } from "../../nt/status";
import { RtlZeroMemory } from "../../nt/memory";
import { ExAllocate, ExFree } from "../../ex/pool";
import { Tag } from "../../ex/tag";
import { LockRank } from "../../ke/lockorder";
import { KSpinLock, KeAcquireSpinLock, KeInitializeSpinLock } from "../../ke/spinlock";
import { KeReleaseSpinLock, mustHold } from "../../ke/spinlock";
import { Connection, ConnectionFlag, replaceBits } from "./endpoint";

/** Bits of `Notice.urgent`. */
export const enum UrgentState {
  /** Urgent data was announced, and its last octet has not come. */
  AHEAD = 1,
  /** That octet is here: TDI_RECEIVE_EXPEDITED gets it. */
  OCTET = 2,
  /** The octet has been taken out of a run that is not yet counted as received. */
  PULLED = 4,
  /** There was urgent data: where it ends is known. */
  MARKED = 8,
  /** Its last octet is not in the text any more. */
  APART = 16,
}

/** That of one endpoint, until it is freed. */
@unmanaged
export class Notice {
  // Under `lock()`:
  next: Notice | null;
  owner: usize;
  // Under `Tcb.lock` of tcb.ts:
  /** RCV.UP: one past the last octet of urgent data, while MARKED. */
  urgentEnd: u32;
  /** The last error that may pass, until it is asked for; SUCCESS: none. */
  softError: NTSTATUS;
  /** `UrgentState`, and the octet. */
  urgent: u8;
  urgentOctet: u8;
}

@unmanaged
class Bucket {
  first: Notice | null;
}

const LOCK: usize = memory.data(4);
const BUCKETS: usize = memory.data(1024);

function lock(): KSpinLock {
  return changetype<KSpinLock>(LOCK);
}

/** Makes the table empty. Once, at start. */
export function initializeNotices(): void {
  KeInitializeSpinLock(lock(), LockRank.TcpNotices);
  RtlZeroMemory(BUCKETS, 1024);
}

function bucketOf(connection: Connection): Bucket {
  const index = (changetype<u32>(connection) * 0x9e3779b1) >>> 24;
  return at<Bucket>(BUCKETS, <usize>index << 2);
}

/** What `connection` has to tell; null: nothing ever. IRQL: <= DISPATCH_LEVEL. */
export function noticeOf(connection: Connection): Notice | null {
  if ((connection.flags & ConnectionFlag.NOTICED) == 0) return null;
  const irql = KeAcquireSpinLock(lock());
  const found = findLocked(connection);
  KeReleaseSpinLock(lock(), irql);
  return found;
}

function findLocked(connection: Connection): Notice | null {
  mustHold(lock());
  let notice = bucketOf(connection).first;
  while (notice != null && notice.owner != changetype<usize>(connection)) notice = notice.next;
  return notice;
}

/** As `noticeOf`; where it has none, one is made: null then is no memory. */
export function makeNotice(connection: Connection): Notice | null {
  const known = noticeOf(connection);
  if (known != null) return known;
  const made = ExAllocate<Notice>(Tag.Connection);
  if (made == null) return null;
  made.owner = changetype<usize>(connection);
  const irql = KeAcquireSpinLock(lock());
  putLocked(made, bucketOf(connection));
  KeReleaseSpinLock(lock(), irql);
  replaceBits(connection, ConnectionFlag.NOTICED, ConnectionFlag.NOTICED);
  return made;
}

function putLocked(notice: Notice, bucket: Bucket): void {
  mustHold(lock());
  notice.next = bucket.first;
  bucket.first = notice;
}

/** `connection` is freed. IRQL: <= DISPATCH_LEVEL. */
export function freeNotice(connection: Connection): void {
  if ((connection.flags & ConnectionFlag.NOTICED) == 0) return;
  const irql = KeAcquireSpinLock(lock());
  const gone = takeLocked(connection);
  KeReleaseSpinLock(lock(), irql);
  if (gone != null) ExFree(gone);
}

function takeLocked(connection: Connection): Notice | null {
  mustHold(lock());
  const notice = findLocked(connection);
  if (notice == null) return null;
  const bucket = bucketOf(connection);
  if (bucket.first == notice) {
    bucket.first = notice.next;
    return notice;
  }
  let before = bucket.first;
  while (before != null && before.next != notice) before = before.next;
  if (before != null) before.next = notice.next;
  return notice;
}
