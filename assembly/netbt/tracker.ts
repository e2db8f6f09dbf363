/**
 * Trackers: what is under way with a name, its repetitions and time-outs, and whom its end is told
 * (nt-facts 5.7 has the word). One timer runs for all of them.
 */

import { at } from "../nt/embed";
import { InsertTailList, IsListEmpty, ListEntry, RemoveEntryList } from "../nt/list";
import { RemoveHeadList } from "../nt/list";
import { NTSTATUS, Status } from "../nt/status";
import { tickBefore } from "../nt/time";
import { KeQueryTickCount } from "../trace/ring";
import { ExAllocatePoolWithTag, ExFreePool } from "../ex/pool";
import { RtlZeroMemory } from "../nt/memory";
import { Tag } from "../ex/tag";
import { DeferredRoutine, Kdpc, KeInitializeDpc } from "../ke/dpc";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { KTimer, KeCancelTimer, KeInitializeTimer, KeSetTimerEx } from "../ke/timer";
import { NetbiosName, copyName, isSameName } from "../wire/nbname";
import { ANSWER_OCTETS, NameAnswer } from "./answer";
import { NetbtDevice } from "./device";
import { flushOutgoing } from "./outgoing";
import { LocalName } from "./names";
import { names } from "./state";

/** What a tracker does. */
export const enum Operation {
  /** Asks whether a name of ours may be had. */
  CLAIM,
  /** Waits for the CLAIM of the same name. */
  FOLLOW,
  /** Tells the name server that a name of ours is still there. */
  REFRESH,
  /** Tells that it is there no more. */
  RELEASE,
  /** Asks for the addresses of a name. */
  QUERY,
  /** Asks a node for its names. */
  STATUS,
  /** Looks whether a second node has the unique name that a QUERY found (CONFLICT_TIMER). */
  WATCH,
}

/** Who is being asked. */
export const enum Stage {
  NONE,
  SERVER,
  BROADCAST,
  LMHOSTS,
  END,
}

/** How a name was registered. IRQL: <= DISPATCH_LEVEL. Locks: none. */
export type NameCompletion = (context: usize, status: NTSTATUS) => void;
/**
 * What a name came to: with SUCCESS its address, else BAD_NETWORK_PATH. IRQL: <= DISPATCH_LEVEL.
 * Locks: none.
 */
export type ResolveCompletion = (context: usize, status: NTSTATUS, address: u32) => void;
/** As ResolveCompletion, with all of its addresses; they lie there during the call. */
export type FindCompletion = (context: usize, status: NTSTATUS, answer: NameAnswer) => void;
/** The data of a node status answer, during the call; none without SUCCESS. */
export type StatusCompletion = (
  context: usize,
  status: NTSTATUS,
  data: usize,
  length: u32,
) => void;

/** Whom the end of a tracker is told, with no lock held; the tracker is freed afterwards. */
export type TrackerDone = (tracker: Tracker) => void;

/** One operation. Under the names' lock until it is done. */
@unmanaged
export class Tracker extends ListEntry {
  private nameWords0: u64;
  private nameWords1: u64;
  device: NetbtDevice;
  operation: Operation;
  stage: Stage;
  status: NTSTATUS;
  transactionId: u32;
  /** How often it is still sent. */
  attempts: u32;
  /** Ticks between two. */
  interval: u32;
  /** When something happens next; meaningful while `waits`. */
  dueTick: u32;
  waits: u32;
  /** The address that is asked, at SERVER and of STATUS; the first that answered, of WATCH. */
  server: u32;
  /** 1: it is the second name server. */
  isBackup: u32;
  /** WACKs and redirects that are still believed. */
  patience: u32;
  /** NB_FLAGS of our own record. */
  nbFlags: u32;
  /** CLAIM, FOLLOW and REFRESH: the name; null once it is gone. */
  local: LocalName | null;
  done: TrackerDone;
  /** The client that is told, by what it asked for, and what it is called with. */
  nameClient: NameCompletion | null;
  resolveClient: ResolveCompletion | null;
  findClient: FindCompletion | null;
  statusClient: StatusCompletion | null;
  context: usize;
  /** STATUS: the data of the answer, a block of pool, or 0. */
  data: usize;
  dataLength: u32;
  get name(): NetbiosName {
    return at<NetbiosName>(changetype<usize>(this), offsetof<this>("nameWords0"));
  }
  get answer(): NameAnswer {
    return at<NameAnswer>(changetype<usize>(this), offsetof<Tracker>());
  }
}

/** Trackers at most. */
const MOST_TRACKERS: u32 = 1024;
/** WACKs and redirects that one tracker believes. */
const PATIENCE: u32 = 5;

const TIMER: usize = memory.data(32);
const DPC: usize = memory.data(32);
if (offsetof<KTimer>() > 32 || offsetof<Kdpc>() > 32) ERROR("TIMER and DPC");

function timer(): KTimer {
  return changetype<KTimer>(TIMER);
}

function dpc(): Kdpc {
  return changetype<Kdpc>(DPC);
}

/** Prepares the timer: `expire` runs when something is due. Once, at start. */
export function initializeTrackers(expire: DeferredRoutine): void {
  KeInitializeTimer(timer());
  KeInitializeDpc(dpc(), expire, 0);
}

/** A tracker that is under way; null: no memory, or too many. */
export function startTrackerLocked(
  operation: Operation,
  device: NetbtDevice,
  name: NetbiosName,
  done: TrackerDone,
): Tracker | null {
  mustHold(names().lock);
  if (names().trackerCount >= MOST_TRACKERS) return null;
  const octets = <u32>(offsetof<Tracker>() + ANSWER_OCTETS);
  const block = ExAllocatePoolWithTag(octets, Tag.NetbtTracker);
  if (block == 0) return null;
  RtlZeroMemory(block, octets);
  const tracker = at<Tracker>(block, 0);
  tracker.operation = operation;
  tracker.device = device;
  tracker.done = done;
  tracker.patience = PATIENCE;
  copyName(tracker.name, name);
  names().trackerCount++;
  InsertTailList(names().trackers, tracker);
  return tracker;
}

/** Something happens with `tracker` in `ticks` ticks. */
export function waitLocked(tracker: Tracker, ticks: u32): void {
  mustHold(names().lock);
  tracker.waits = 1;
  tracker.dueTick = KeQueryTickCount() + (ticks == 0 ? 1 : ticks);
}

/** The next transaction id. */
export function nextTransactionLocked(): u32 {
  mustHold(names().lock);
  names().transactionId = (names().transactionId + 1) & 0xffff;
  return names().transactionId;
}

/** `tracker` has ended: its client is told by the next `settle`. */
export function endLocked(tracker: Tracker, status: NTSTATUS): void {
  mustHold(names().lock);
  tracker.status = status;
  tracker.waits = 0;
  RemoveEntryList(tracker);
  names().trackerCount--;
  InsertTailList(names().done, tracker);
}

/** `tracker` is no more, and nobody is told. */
export function dropTrackerLocked(tracker: Tracker): void {
  mustHold(names().lock);
  RemoveEntryList(tracker);
  names().trackerCount--;
  freeTracker(tracker);
}

function freeTracker(tracker: Tracker): void {
  if (tracker.data != 0) ExFreePool(tracker.data);
  ExFreePool(changetype<usize>(tracker));
}

/** The tracker with that transaction id and name that is under way, or null. */
export function findTrackerLocked(transactionId: u32, name: NetbiosName): Tracker | null {
  mustHold(names().lock);
  const head = names().trackers;
  for (let entry = head.flink; entry != head; entry = entry.flink) {
    const tracker = changetype<Tracker>(entry);
    if (tracker.transactionId == transactionId && isSameName(tracker.name, name)) return tracker;
  }
  return null;
}

/** A tracker of this name of ours, or null. */
export function trackerOfLocked(local: LocalName): Tracker | null {
  mustHold(names().lock);
  const head = names().trackers;
  for (let entry = head.flink; entry != head; entry = entry.flink) {
    const tracker = changetype<Tracker>(entry);
    if (tracker.local == local) return tracker;
  }
  return null;
}

/** Lets the timer come when the first tracker is due, or at `otherTick` where `hasOther`. */
export function scheduleLocked(hasOther: bool, otherTick: u32): void {
  mustHold(names().lock);
  let due = otherTick;
  let any = hasOther;
  const head = names().trackers;
  for (let entry = head.flink; entry != head; entry = entry.flink) {
    const tracker = changetype<Tracker>(entry);
    if (!tracker.waits || (any && !tickBefore(tracker.dueTick, due))) continue;
    due = tracker.dueTick;
    any = true;
  }
  const now = KeQueryTickCount();
  if (!any) KeCancelTimer(timer());
  else KeSetTimerEx(timer(), tickBefore(now, due) ? due - now : 1, 0, dpc());
}

/** A tracker that is due, or null. */
export function findDueLocked(): Tracker | null {
  mustHold(names().lock);
  const now = KeQueryTickCount();
  const head = names().trackers;
  for (let entry = head.flink; entry != head; entry = entry.flink) {
    const tracker = changetype<Tracker>(entry);
    if (tracker.waits && !tickBefore(now, tracker.dueTick)) return tracker;
  }
  return null;
}

/**
 * After the lock was let go: sends what was written, tells clients what has ended. IRQL: <=
 * DISPATCH_LEVEL. Locks: none.
 */
export function settle(): void {
  flushOutgoing();
  for (let tracker = takeDone(); tracker != null; tracker = takeDone()) {
    tracker.done(tracker);
    freeTracker(tracker);
  }
}

function takeDone(): Tracker | null {
  let tracker: Tracker | null = null;
  const irql = KeAcquireSpinLock(names().lock);
  if (!IsListEmpty(names().done)) tracker = changetype<Tracker>(RemoveHeadList(names().done));
  KeReleaseSpinLock(names().lock, irql);
  return tracker;
}

/** Stops the timer, and ends all trackers with CANCELLED. At the end. */
export function cancelTrackers(): void {
  // Who hears of its end gives its name back, and of that the net is told: that ends as well.
  for (let left: u32 = MOST_TRACKERS; left != 0 && endAll(); left--) settle();
  KeCancelTimer(timer());
}

/** False: there is none. */
function endAll(): bool {
  const irql = KeAcquireSpinLock(names().lock);
  const head = names().trackers;
  const any = !IsListEmpty(head);
  while (!IsListEmpty(head)) endLocked(changetype<Tracker>(head.flink), Status.CANCELLED);
  KeReleaseSpinLock(names().lock, irql);
  return any;
}

/** Nobody is told: what is refreshed, released or watched belongs to no client. */
export function tellNobody(tracker: Tracker): void {}
