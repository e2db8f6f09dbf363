/** From a name to addresses of IP: who is asked, and what the answers come to (RFC 1002, 5.1). */

import { at } from "../nt/embed";
import { NTSTATUS, Status } from "../nt/status";
import { TICKS_PER_SECOND } from "../nt/time";
import { Parameter, queryParameter } from "../ex/registry";
import { KeGetCurrentProcessorNumber, MAXIMUM_PROCESSORS } from "../ke/processor";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { NetbiosAddress } from "../tdi/address";
import { LIMITED_BROADCAST } from "../wire/ipv4";
import { NameFlag, NameOpcode, NameResult, NetbiosName, RecordType } from "../wire/nbname";
import { NamePacket } from "../wire/nbpacket";
import { be32 } from "../wire/bytes";
import { ANSWER_OCTETS, NameAnswer, bestAddress, copyAnswer, readAnswer } from "./answer";
import { findCachedLocked, findLineLocked, rememberLocked } from "./cache";
import { NbtCounter, NbtDrop, nbtCount, nbtDrop } from "./counters";
import { NetbtDevice } from "./device";
import { findOwnedLocked } from "./names";
import { answerLocked, queryLocked } from "./packet";
import { scheduleNamesLocked } from "./register";
import { broadcastOf, nextStageLocked, serverSilentLocked, targetOf } from "./stage";
import { names } from "./state";
import { FindCompletion, Operation, ResolveCompletion, Stage, Tracker } from "./tracker";
import { dropTrackerLocked, endLocked, settle, startTrackerLocked } from "./tracker";
import { tellNobody, waitLocked } from "./tracker";

/** CONFLICT_TIMER (RFC 1002, 6). */
const CONFLICT_TICKS: u32 = TICKS_PER_SECOND;
/** Octets of the address in a redirect's record. */
const ADDRESS_OCTETS: u32 = 4;

/** An answer for each processor: what is known lies there while its client is called. */
const ANSWERS: usize = memory.data(1024);
const ANSWER_PLACE: usize = 128;
if (ANSWER_OCTETS > ANSWER_PLACE) ERROR("ANSWERS");
if (<u32>ANSWER_PLACE * MAXIMUM_PROCESSORS > 1024) ERROR("ANSWERS: one for each processor");

/**
 * Finds the address of `name`. PENDING: `completion` is called once, perhaps before this returns;
 * `name` stays where it is until then. Any other answer is a failure, and nobody is called. IRQL:
 * <= DISPATCH_LEVEL. Locks: none.
 */
export function resolve(
  device: NetbtDevice,
  name: NetbiosAddress,
  completion: ResolveCompletion,
  context: usize,
): NTSTATUS {
  return ask(device, name, completion, null, context);
}

/** As `resolve`, for who wants all addresses and whether the name is a group's. */
export function findName(
  device: NetbtDevice,
  name: NetbiosName,
  completion: FindCompletion,
  context: usize,
): NTSTATUS {
  return ask(device, name, null, completion, context);
}

function ask(
  device: NetbtDevice,
  name: NetbiosName,
  resolveClient: ResolveCompletion | null,
  findClient: FindCompletion | null,
  context: usize,
): NTSTATUS {
  const own = <usize>KeGetCurrentProcessorNumber() * ANSWER_PLACE;
  const known = at<NameAnswer>(ANSWERS, own);
  known.count = 0;
  const irql = KeAcquireSpinLock(names().lock);
  const isKnown = knownLocked(device, name, known);
  let status: NTSTATUS = Status.PENDING;
  if (!isKnown) status = askLocked(device, name, resolveClient, findClient, context);
  scheduleNamesLocked();
  KeReleaseSpinLock(names().lock, irql);
  if (isKnown) {
    tell(device, resolveClient, findClient, context, Status.SUCCESS, known);
  }
  settle();
  return status;
}

/** Ours, or in the cache. */
function knownLocked(device: NetbtDevice, name: NetbiosName, known: NameAnswer): bool {
  mustHold(names().lock);
  const local = findOwnedLocked(device, name);
  if (local != null && local.group == 0) {
    known.set(local.nbFlags, device.address);
    return true;
  }
  const cached = findCachedLocked(name);
  if (cached == null) return false;
  copyAnswer(known, cached.answer);
  return true;
}

function askLocked(
  device: NetbtDevice,
  name: NetbiosName,
  resolveClient: ResolveCompletion | null,
  findClient: FindCompletion | null,
  context: usize,
): NTSTATUS {
  mustHold(names().lock);
  const tracker = startTrackerLocked(Operation.QUERY, device, name, found);
  if (tracker == null) return Status.INSUFFICIENT_RESOURCES;
  tracker.resolveClient = resolveClient;
  tracker.findClient = findClient;
  tracker.context = context;
  advanceQueryLocked(tracker);
  return Status.PENDING;
}

/** TrackerDone of QUERY. */
function found(tracker: Tracker): void {
  const context = tracker.context;
  const answer = tracker.answer;
  const device = tracker.device;
  tell(device, tracker.resolveClient, tracker.findClient, context, tracker.status, answer);
}

function tell(
  device: NetbtDevice,
  resolveClient: ResolveCompletion | null,
  findClient: FindCompletion | null,
  context: usize,
  status: NTSTATUS,
  answer: NameAnswer,
): void {
  if (findClient != null) findClient(context, status, answer);
  if (resolveClient != null) resolveClient(context, status, bestAddress(answer, device));
}

/**
 * The one who asked with `context` does not want to know any more: true when its completion will
 * not be called, false when it was or is about to be. IRQL: <= DISPATCH_LEVEL. Locks: none.
 */
export function cancelResolve(context: usize): bool {
  const irql = KeAcquireSpinLock(names().lock);
  const cancelled = cancelLocked(context);
  scheduleNamesLocked();
  KeReleaseSpinLock(names().lock, irql);
  return cancelled;
}

function cancelLocked(context: usize): bool {
  mustHold(names().lock);
  const head = names().trackers;
  for (let entry = head.flink; entry != head; entry = entry.flink) {
    const tracker = changetype<Tracker>(entry);
    if (tracker.operation != Operation.QUERY || tracker.context != context) continue;
    dropTrackerLocked(tracker);
    return true;
  }
  return false;
}

/** The query goes to whom it asks next. */
function advanceQueryLocked(tracker: Tracker): void {
  mustHold(names().lock);
  nextStageLocked(tracker);
  if (tracker.stage == Stage.LMHOSTS && queryParameter(Parameter.EnableLmhosts) != 0) {
    const line = findLineLocked(tracker.name);
    if (line != null) {
      copyAnswer(tracker.answer, line.answer);
      rememberLocked(tracker.name, line.answer);
      endLocked(tracker, Status.SUCCESS);
      return;
    }
  }
  if (tracker.stage == Stage.SERVER || tracker.stage == Stage.BROADCAST) sendQueryLocked(tracker);
  else endLocked(tracker, Status.BAD_NETWORK_PATH);
}

function sendQueryLocked(tracker: Tracker): void {
  mustHold(names().lock);
  tracker.attempts--;
  const broadcast: u32 = tracker.stage == Stage.BROADCAST ? NameFlag.BROADCAST : 0;
  queryLocked(
    targetOf(tracker), queryParameter(Parameter.NameServerPort), tracker.transactionId,
    NameFlag.RECURSION_DESIRED | broadcast, tracker.name, RecordType.NB,
  );
  waitLocked(tracker, tracker.interval);
}

/** A query is due: once more, the second server, or the next stage. */
export function queryDueLocked(tracker: Tracker): void {
  mustHold(names().lock);
  if (tracker.attempts > 0) sendQueryLocked(tracker);
  else if (tracker.stage == Stage.SERVER && serverSilentLocked(tracker)) sendQueryLocked(tracker);
  else advanceQueryLocked(tracker);
}

/** An answer to a query, from whom it asked. */
export function queryAnswerLocked(tracker: Tracker, packet: NamePacket, from: u32): void {
  mustHold(names().lock);
  const header = packet.header;
  if (header.result != NameResult.SUCCESS) {
    // Only a name server says no: another's silence is what a broadcast means by it.
    if (tracker.stage == Stage.SERVER) advanceQueryLocked(tracker);
    else nbtDrop(NbtDrop.NAME_UNASKED);
    return;
  }
  if (packet.type == RecordType.NS) {
    redirectLocked(tracker, packet);
    return;
  }
  const answer = tracker.answer;
  if (packet.type != RecordType.NB || !readAnswer(answer, packet.data, packet.dataLength)) {
    answer.count = 0;
    nbtDrop(NbtDrop.NAME_DATA);
    return;
  }
  // A name server answers for a group with everybody's address (nt-facts 5.2).
  const isAll = answer.addressAt(0) == LIMITED_BROADCAST;
  if (isAll) answer.set(answer.flags, broadcastOf(tracker.device));
  rememberLocked(tracker.name, answer);
  if (tracker.stage == Stage.SERVER) nbtCount(NbtCounter.RESOLVED_BY_SERVER);
  else {
    nbtCount(NbtCounter.RESOLVED_BY_BROADCAST);
    if (!answer.isGroup) watchLocked(tracker, from);
  }
  endLocked(tracker, Status.SUCCESS);
}

/** REDIRECT: another name server is asked, so many times (4.2.15). */
function redirectLocked(tracker: Tracker, packet: NamePacket): void {
  mustHold(names().lock);
  const whole = packet.secondType == RecordType.A && packet.secondLength == ADDRESS_OCTETS;
  if (packet.records != 2 || !whole || tracker.stage != Stage.SERVER || tracker.patience == 0) {
    nbtDrop(NbtDrop.NAME_DATA);
    return;
  }
  tracker.patience--;
  tracker.server = be32(packet.secondData, 0);
  tracker.attempts = queryParameter(Parameter.NameSrvQueryCount);
  sendQueryLocked(tracker);
}

/** For CONFLICT_TIMER a second owner of the name is listened for. */
function watchLocked(tracker: Tracker, from: u32): void {
  mustHold(names().lock);
  const watch = startTrackerLocked(Operation.WATCH, tracker.device, tracker.name, tellNobody);
  if (watch == null) return;
  watch.transactionId = tracker.transactionId;
  watch.server = from;
  waitLocked(watch, CONFLICT_TICKS);
}

/** A second node has the unique name: it is told that it is in conflict (4.2.8). */
export function secondOwnerLocked(watch: Tracker, packet: NamePacket, from: u32, port: u32): void {
  mustHold(names().lock);
  if (from == watch.server || packet.header.result != NameResult.SUCCESS) {
    nbtDrop(NbtDrop.NAME_UNASKED);
    return;
  }
  const flags = NameFlag.RECURSION_DESIRED | NameFlag.RECURSION_AVAILABLE | NameResult.CONFLICT;
  answerLocked(
    from, port, watch.transactionId, NameOpcode.REGISTRATION, flags, watch.name, 0, 0, from,
  );
  endLocked(watch, Status.SUCCESS);
}
