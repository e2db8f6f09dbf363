/**
 * Selects that wait, and what ends them (AFD's poll request). A select has a place in the list of
 * each of its sockets; what happens to a socket is told by `signal`, which looks there.
 */

import { at } from "../nt/embed";
import { InitializeListHead, InsertTailList, IsListEmpty, ListEntry } from "../nt/list";
import { RemoveEntryList } from "../nt/list";
import { NTSTATUS, Status } from "../nt/status";
import { ExAllocatePoolWithTag, ExFreePool } from "../ex/pool";
import { InterlockedDecrement, InterlockedIncrement } from "../ex/interlocked";
import { Tag } from "../ex/tag";
import { Kdpc, KeInitializeDpc } from "../ke/dpc";
import { LockRank } from "../ke/lockorder";
import { KSpinLock, KeAcquireSpinLock, KeInitializeSpinLock } from "../ke/spinlock";
import { KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { KTimer, KeCancelTimer, KeInitializeTimer, KeSetTimerEx } from "../ke/timer";
import { INFINITE } from "../ke/wait";
import { Endpoint, SocketEvent, dereferenceEndpoint, referenceEndpoint } from "./endpoint";
import { Notice, announce, giveNotice, withdrawNotice } from "./ready";
import { PollEvent, readinessOf } from "./readiness";

/** Where a select is in its life. */
export const enum PollState {
  /** Its sockets are being looked at. */
  BEGINNING,
  WAITING,
  ENDED,
}

/** A select, and behind it `count` entries. */
@unmanaged
export class Poll extends ListEntry {
  // Does not change:
  count: u32;
  // Counted interlocked:
  /** Its place in the list of selects has one, its timer while it runs, and who ends it. */
  references: u32;
  // Under `pollLock()`:
  state: PollState;
  private notice0: u64;
  private notice1: u64;
  private notice2: u64;
  // Of ke/timer.ts and ke/dpc.ts:
  private timer0: u64;
  private timer1: u64;
  private timer2: u64;
  private timer3: u64;
  private dpc0: u64;
  private dpc1: u64;
  private dpc2: u64;
  /** What user mode is told at its end: its context is known from the beginning. */
  get notice(): Notice {
    return at<Notice>(changetype<usize>(this), offsetof<this>("notice0"));
  }
  get timer(): KTimer {
    return at<KTimer>(changetype<usize>(this), offsetof<this>("timer0"));
  }
  get dpc(): Kdpc {
    return at<Kdpc>(changetype<usize>(this), offsetof<this>("dpc0"));
  }
  /** Its i-th entry. */
  entryAt(i: u32): PollEntry {
    const first = changetype<usize>(this) + offsetof<Poll>();
    return at<PollEntry>(first, <usize>i * offsetof<PollEntry>());
  }
}
if (offsetof<Notice>() > 24) ERROR("a Poll has room for a Notice");
if (offsetof<KTimer>() > 32) ERROR("a Poll has room for a KTimer");
if (offsetof<Kdpc>() > 24) ERROR("a Poll has room for a Kdpc");

/** One socket of a select. Under `pollLock()`: its place in the socket's list. */
@unmanaged
export class PollEntry extends ListEntry {
  // Does not change:
  poll: Poll;
  /** Bits of PollEvent. */
  wanted: u32;
  /** Referenced until the select has ended. */
  endpoint: usize;
  // Under `pollLock()`:
  found: u32;
}

const LOCK: usize = memory.data(4);
const POLLS: usize = memory.data(8);

/** The lock of all selects. */
export function pollLock(): KSpinLock {
  return changetype<KSpinLock>(LOCK);
}

/** Selects that wait, and those that have ended and that user mode has not asked for. */
function polls(): ListEntry {
  return changetype<ListEntry>(POLLS);
}

/** None. Once, at start. */
export function initializePolls(): void {
  KeInitializeSpinLock(pollLock(), LockRank.AfdPoll);
  InitializeListHead(polls());
}

/** Lets go of those that nobody asked for; their sockets are closed. At the end. */
export function cleanUpPolls(): void {
  while (!IsListEmpty(polls())) {
    const poll = changetype<Poll>(polls().flink);
    RemoveEntryList(poll);
    withdrawNotice(poll.notice);
    dereferencePoll(poll);
  }
}

/** A select of `count` sockets, with one reference; null: no memory. IRQL: <= DISPATCH_LEVEL. */
export function allocatePoll(count: u32, context: u32): Poll | null {
  const octets = <u32>offsetof<Poll>() + count * <u32>offsetof<PollEntry>();
  const block = ExAllocatePoolWithTag(octets, Tag.Poll);
  if (block == 0) return null;
  const poll = at<Poll>(block, 0);
  InitializeListHead(poll);
  InitializeListHead(poll.notice);
  KeInitializeTimer(poll.timer);
  KeInitializeDpc(poll.dpc, timedOut, block);
  poll.count = count;
  poll.references = 1;
  poll.state = PollState.BEGINNING;
  poll.notice.context = context;
  poll.notice.events = SocketEvent.SELECTED;
  poll.notice.status = Status.SUCCESS;
  poll.notice.word = 0;
  return poll;
}

/** The last one frees it: it is in no list then. */
export function dereferencePoll(poll: Poll): void {
  const left = InterlockedDecrement(changetype<usize>(poll) + offsetof<Poll>("references"));
  if (left == 0) ExFreePool(changetype<usize>(poll));
}

function referencePoll(poll: Poll): void {
  InterlockedIncrement(changetype<usize>(poll) + offsetof<Poll>("references"));
}

/** Lets go of the sockets of one that has ended, or that did not come to begin. Locks: none. */
export function releaseEndpoints(poll: Poll, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    dereferenceEndpoint(at<Endpoint>(poll.entryAt(i).endpoint, 0));
  }
}

/**
 * All sockets of `poll` were looked at: how many are ready. Where none is it waits for `ticks`,
 * INFINITE without an end, and is not the caller's any more; otherwise, and where `ticks` is 0, it
 * has ended, and nobody but the caller has it. IRQL: <= DISPATCH_LEVEL. Locks: none.
 */
export function beginWait(poll: Poll, ticks: u32): u32 {
  const irql = KeAcquireSpinLock(pollLock());
  const ready = countLocked(poll);
  if (ready != 0 || ticks == 0) {
    leaveLocked(poll);
    poll.state = PollState.ENDED;
  } else {
    poll.state = PollState.WAITING;
    InsertTailList(polls(), poll);
    if (ticks != INFINITE) {
      referencePoll(poll);
      KeSetTimerEx(poll.timer, ticks, 0, poll.dpc);
    }
  }
  KeReleaseSpinLock(pollLock(), irql);
  return ready;
}

function countLocked(poll: Poll): u32 {
  mustHold(pollLock());
  let ready: u32 = 0;
  for (let i: u32 = 0; i < poll.count; i++) if (poll.entryAt(i).found) ready++;
  return ready;
}

/** It has a place at none of its sockets any more. */
function leaveLocked(poll: Poll): void {
  mustHold(pollLock());
  for (let i: u32 = 0; i < poll.count; i++) RemoveEntryList(poll.entryAt(i));
}

/** The select of user mode's `context` that has ended, the caller's now; null: none has. */
export function takeEnded(context: u32): Poll | null {
  const irql = KeAcquireSpinLock(pollLock());
  const poll = takeEndedLocked(context);
  KeReleaseSpinLock(pollLock(), irql);
  return poll;
}

function takeEndedLocked(context: u32): Poll | null {
  mustHold(pollLock());
  let entry = polls().flink;
  while (entry != polls()) {
    const poll = changetype<Poll>(entry);
    if (poll.state == PollState.ENDED && poll.notice.context == context) {
      RemoveEntryList(poll);
      withdrawNotice(poll.notice);
      return poll;
    }
    entry = entry.flink;
  }
  return null;
}

/**
 * Tells user mode of `events` (SocketEvent) of `endpoint`, and the selects that wait for it.
 * IRQL: <= DISPATCH_LEVEL. Locks: none.
 */
export function signal(endpoint: Endpoint, events: u32): void {
  announce(endpoint, events);
  indicatePolls(endpoint, events);
}

/** What `events` say has happened to `endpoint`. IRQL: <= DISPATCH_LEVEL. Locks: none. */
export function indicatePolls(endpoint: Endpoint, events: u32): void {
  // Who is not there yet will see for itself: it looks at the socket after it has come here.
  if (IsListEmpty(endpoint.polls)) return;
  const holds = (events & SocketEvent.READABLE) != 0;
  const wanted = wantedOf(endpoint);
  const found = readinessOf(endpoint, wanted, holds);
  let poll = found ? endOne(endpoint, found) : null;
  while (poll != null) {
    releaseEndpoints(poll, poll.count);
    dereferencePoll(poll);
    poll = endOne(endpoint, found);
  }
}

/** What the selects of `endpoint` want of it together. */
function wantedOf(endpoint: Endpoint): u32 {
  const irql = KeAcquireSpinLock(pollLock());
  const wanted = wantedLocked(endpoint);
  KeReleaseSpinLock(pollLock(), irql);
  return wanted;
}

function wantedLocked(endpoint: Endpoint): u32 {
  mustHold(pollLock());
  let wanted: u32 = 0;
  const list = endpoint.polls;
  for (let entry = list.flink; entry != list; entry = entry.flink) {
    wanted |= changetype<PollEntry>(entry).wanted;
  }
  return wanted;
}

/** Ends one select of `endpoint` that waited for `found`, referenced; null: none does any more. */
function endOne(endpoint: Endpoint, found: u32): Poll | null {
  const irql = KeAcquireSpinLock(pollLock());
  const poll = noteFoundLocked(endpoint, found);
  // The timer's reference, where it is stopped; or another.
  if (poll != null && !endLocked(poll, Status.SUCCESS)) referencePoll(poll);
  KeReleaseSpinLock(pollLock(), irql);
  return poll;
}

/** Notes what was found, at each select of the socket; the first of them that waits for it. */
function noteFoundLocked(endpoint: Endpoint, found: u32): Poll | null {
  mustHold(pollLock());
  const list = endpoint.polls;
  for (let link = list.flink; link != list; link = link.flink) {
    const entry = changetype<PollEntry>(link);
    entry.found |= found & entry.wanted;
    if (entry.found && entry.poll.state == PollState.WAITING) return entry.poll;
  }
  return null;
}

/**
 * A select that waits has ended: user mode is told, and may let it go. True: its timer ran, and the
 * timer's reference is the caller's.
 */
function endLocked(poll: Poll, status: NTSTATUS): bool {
  mustHold(pollLock());
  poll.state = PollState.ENDED;
  poll.notice.status = status;
  poll.notice.word = countLocked(poll);
  leaveLocked(poll);
  giveNotice(poll.notice);
  return KeCancelTimer(poll.timer);
}

/** Its time is up; the timer's reference is ours. */
function timedOut(dpc: Kdpc, context: usize): void {
  const poll = at<Poll>(context, 0);
  const irql = KeAcquireSpinLock(pollLock());
  const waited = poll.state == PollState.WAITING;
  if (waited) endLocked(poll, Status.TIMEOUT);
  KeReleaseSpinLock(pollLock(), irql);
  if (waited) releaseEndpoints(poll, poll.count);
  dereferencePoll(poll);
}

/** Puts an entry into the list of its socket, with a reference to that. Locks: none. */
export function watch(poll: Poll, index: u32, endpoint: Endpoint, wanted: u32): PollEntry {
  const entry = poll.entryAt(index);
  entry.poll = poll;
  entry.wanted = wanted | PollEvent.LOCAL_CLOSE;
  entry.endpoint = changetype<usize>(endpoint);
  entry.found = 0;
  const irql = KeAcquireSpinLock(pollLock());
  referenceEndpoint(endpoint);
  InsertTailList(endpoint.polls, entry);
  KeReleaseSpinLock(pollLock(), irql);
  return entry;
}

/** A socket was looked at: it is ready for `found`. Locks: none. */
export function noteReady(entry: PollEntry, found: u32): void {
  const irql = KeAcquireSpinLock(pollLock());
  entry.found |= found;
  KeReleaseSpinLock(pollLock(), irql);
}

/** One that did not come to begin goes: `count` of its sockets watch for it. Locks: none. */
export function abandonPoll(poll: Poll, count: u32): void {
  const irql = KeAcquireSpinLock(pollLock());
  for (let i: u32 = 0; i < count; i++) RemoveEntryList(poll.entryAt(i));
  KeReleaseSpinLock(pollLock(), irql);
  releaseEndpoints(poll, count);
  dereferencePoll(poll);
}
