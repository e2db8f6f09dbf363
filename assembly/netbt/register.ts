/**
 * Names of this machine on the net: claimed when a client opens them, refreshed, released when the
 * last client has closed them, and defended (RFC 1002, 5.1; nt-facts 5.2).
 *
 * Not done: END-NODE CHALLENGE (4.2.7): a name server that leaves the challenge to the claimant is
 * taken to have agreed; names of several addresses (opcode 15), because a machine has one card.
 */

import { NTSTATUS, Status } from "../nt/status";
import { TICKS_PER_SECOND, tickBefore, ticksOf } from "../nt/time";
import { KeQueryTickCount } from "../trace/ring";
import { Parameter, queryParameter } from "../ex/registry";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { NetbiosAddress, NetbiosNameType } from "../tdi/address";
import { NameFlag, NameOpcode, NetbiosName } from "../wire/nbname";
import { NbtCounter, nbtCount } from "./counters";
import { NetbtDevice } from "./device";
import { LocalName, LocalState, addLocalLocked, findLocalLocked, removeLocalLocked } from "./names";
import { recordRequestLocked } from "./packet";
import { broadcastOf, nextStageLocked, serverSilentLocked, targetOf } from "./stage";
import { names, nodeFlags } from "./state";
import { NameCompletion, Operation, Stage, Tracker, dropTrackerLocked, endLocked } from "./tracker";
import { scheduleLocked, settle, startTrackerLocked, tellNobody } from "./tracker";
import { trackerOfLocked, waitLocked, nextTransactionLocked } from "./tracker";

/** What a node asks for: six days (RFC 1002 leaves it open; NT: TTL of 300,000 s). */
const WANTED_TTL: u32 = 300000;
/** The scheduler looks each ten minutes which names are to be refreshed (Q164308). */
const LOOK_SECONDS: u32 = 600;
/** And never oftener than each five (MS-NBTE 3.1). */
const LEAST_REFRESH_SECONDS: u32 = 300;
/** Until the name server has answered: at an eighth of InitialRefreshT.O. (Q120642). */
const INITIAL_PARTS: u32 = 8;

/**
 * Registers `name` on `device` once more: it is released as often. PENDING: `completion` is called
 * once, perhaps before this returns; `name` stays where it is until then. Any other answer is the
 * result, and nobody is called. DUPLICATE_NAME: another machine has it. IRQL: <= DISPATCH_LEVEL.
 * Locks: none.
 */
export function registerName(
  device: NetbtDevice,
  name: NetbiosAddress,
  completion: NameCompletion,
  context: usize,
): NTSTATUS {
  const irql = KeAcquireSpinLock(names().lock);
  const status = registerLocked(device, name, completion, context);
  scheduleNamesLocked();
  KeReleaseSpinLock(names().lock, irql);
  settle();
  return status;
}

function registerLocked(
  device: NetbtDevice,
  address: NetbiosAddress,
  completion: NameCompletion,
  context: usize,
): NTSTATUS {
  mustHold(names().lock);
  let local = findLocalLocked(device, address);
  const isNew = local == null;
  if (local == null) local = addLocalLocked(device, address, address.isGroup);
  if (local == null) return Status.INSUFFICIENT_RESOURCES;
  if (!isNew) {
    const isGroup = local.group != 0;
    if (isGroup != address.isGroup || local.state == LocalState.CONFLICT) {
      return Status.DUPLICATE_NAME;
    }
    local.references++;
    if (local.state == LocalState.OWNED) return Status.SUCCESS;
  } else if (isQuick(address) || address.isWildcard) {
    local.state = LocalState.OWNED;
    return Status.SUCCESS;
  }
  const operation = isNew ? Operation.CLAIM : Operation.FOLLOW;
  const tracker = startTrackerLocked(operation, device, address, registered);
  if (tracker == null) {
    if (--local.references == 0) removeLocalLocked(local);
    return Status.INSUFFICIENT_RESOURCES;
  }
  tracker.local = local;
  tracker.nameClient = completion;
  tracker.context = context;
  tracker.nbFlags = local.nbFlags;
  if (isNew) advanceClaimLocked(tracker);
  return Status.PENDING;
}

/** Those of the machine's own need not be asked for; names with a star nobody registers. */
function isQuick(address: NetbiosAddress): bool {
  const type = address.type;
  return type == NetbiosNameType.QUICK_UNIQUE || type == NetbiosNameType.QUICK_GROUP;
}

/** TrackerDone of CLAIM and FOLLOW. */
function registered(tracker: Tracker): void {
  const client = tracker.nameClient;
  if (client != null) client(tracker.context, tracker.status);
}

/** The claim asks whom it asks next; when there is nobody left, the name is ours. */
function advanceClaimLocked(tracker: Tracker): void {
  mustHold(names().lock);
  nextStageLocked(tracker);
  const stage = tracker.stage;
  if (stage == Stage.SERVER || stage == Stage.BROADCAST) sendClaimLocked(tracker);
  else ownLocked(tracker);
}

function sendClaimLocked(tracker: Tracker): void {
  mustHold(names().lock);
  tracker.attempts--;
  sendRecordLocked(tracker, NameOpcode.REGISTRATION, NameFlag.RECURSION_DESIRED, WANTED_TTL);
  waitLocked(tracker, tracker.interval);
}

/** One request of `tracker`, to whom it asks. */
function sendRecordLocked(tracker: Tracker, opcode: u32, flags: u32, ttl: u32): void {
  mustHold(names().lock);
  const broadcast: u32 = tracker.stage == Stage.BROADCAST ? NameFlag.BROADCAST : 0;
  recordRequestLocked(
    targetOf(tracker), queryParameter(Parameter.NameServerPort), tracker.transactionId, opcode,
    flags | broadcast, tracker.name, ttl, tracker.nbFlags, tracker.device.address,
  );
}

/** The name is ours. */
function ownLocked(tracker: Tracker): void {
  mustHold(names().lock);
  const local = tracker.local;
  if (local != null) {
    local.state = LocalState.OWNED;
    if (!local.atServer) {
      nbtCount(NbtCounter.REGISTERED_BY_BROADCAST);
      // No server has it: the first refresh is the next try.
      const wait = queryParameter(Parameter.InitialRefreshTimeout) / INITIAL_PARTS;
      local.refreshTick = KeQueryTickCount() + ticksOf(wait);
    }
    followLocked(local, Status.SUCCESS);
  }
  endLocked(tracker, Status.SUCCESS);
}

/** The name is another's: all who registered it are told, and it goes. */
export function loseClaimLocked(tracker: Tracker): void {
  mustHold(names().lock);
  const local = tracker.local;
  endLocked(tracker, Status.DUPLICATE_NAME);
  if (local == null) return;
  followLocked(local, Status.DUPLICATE_NAME);
  removeLocalLocked(local);
}

/** Those who wait for the claim of `local` hear its end. */
function followLocked(local: LocalName, status: NTSTATUS): void {
  mustHold(names().lock);
  for (let other = followerLocked(local); other != null; other = followerLocked(local)) {
    other.local = null;
    endLocked(other, status);
  }
}

function followerLocked(local: LocalName): Tracker | null {
  mustHold(names().lock);
  const head = names().trackers;
  for (let entry = head.flink; entry != head; entry = entry.flink) {
    const tracker = changetype<Tracker>(entry);
    if (tracker.local == local && tracker.operation == Operation.FOLLOW) return tracker;
  }
  return null;
}

/** A claim, a refresh or a release is due: once more, or it was the last time. */
export function recordDueLocked(tracker: Tracker): void {
  mustHold(names().lock);
  if (tracker.attempts > 0) {
    sendAgainLocked(tracker);
    return;
  }
  if (tracker.stage == Stage.SERVER && serverSilentLocked(tracker)) {
    sendAgainLocked(tracker);
    return;
  }
  if (tracker.operation == Operation.CLAIM) {
    // NAME OVERWRITE DEMAND: nobody objected, so it is said that the name is taken (4.2.3).
    if (tracker.stage == Stage.BROADCAST) {
      sendRecordLocked(tracker, NameOpcode.REGISTRATION, 0, WANTED_TTL);
    }
    advanceClaimLocked(tracker);
  } else {
    if (tracker.operation == Operation.REFRESH) refreshSilentLocked(tracker.local);
    endLocked(tracker, Status.IO_TIMEOUT);
  }
}

function sendAgainLocked(tracker: Tracker): void {
  mustHold(names().lock);
  if (tracker.operation == Operation.CLAIM) {
    sendClaimLocked(tracker);
    return;
  }
  tracker.attempts--;
  const refreshes = tracker.operation == Operation.REFRESH;
  const opcode = refreshes ? queryParameter(Parameter.RefreshOpCode) : NameOpcode.RELEASE;
  sendRecordLocked(tracker, opcode, 0, refreshes ? WANTED_TTL : 0);
  waitLocked(tracker, tracker.interval);
}

/**
 * The answer of a name server to a claim, a refresh or a release. `ttl`: seconds. `refused`: it
 * has another owner.
 */
export function recordAnswerLocked(tracker: Tracker, refused: bool, ttl: u32): void {
  mustHold(names().lock);
  const local = tracker.local;
  if (tracker.operation == Operation.CLAIM && refused) {
    loseClaimLocked(tracker);
    return;
  }
  if (local != null) {
    if (refused) conflictLocked(local);
    else registeredAtServerLocked(local, ttl);
  }
  if (tracker.operation == Operation.CLAIM) ownLocked(tracker);
  else endLocked(tracker, Status.SUCCESS);
}

/** A name server has the name: it is refreshed at half of its time. */
function registeredAtServerLocked(local: LocalName, ttl: u32): void {
  mustHold(names().lock);
  if (!local.atServer) nbtCount(NbtCounter.REGISTERED_BY_SERVER);
  local.atServer = 1;
  local.ttl = ttl;
  const now = KeQueryTickCount();
  let seconds = ttl >>> 1;
  if (seconds < LEAST_REFRESH_SECONDS) seconds = LEAST_REFRESH_SECONDS;
  // Ticks go round after 497 days: a longer time is looked at earlier.
  if (seconds > WANTED_TTL) seconds = WANTED_TTL;
  const look = LOOK_SECONDS * TICKS_PER_SECOND;
  const due = now + seconds * TICKS_PER_SECOND;
  const looked = (due + look - 1) / look * look;
  // Where the look comes too late, the name would be lost: then without it.
  local.refreshTick = looked - now < ttl * TICKS_PER_SECOND ? looked : due;
}

/** Nobody answered a refresh: again in an eighth of InitialRefreshT.O. */
function refreshSilentLocked(local: LocalName | null): void {
  mustHold(names().lock);
  if (local == null) return;
  const wait = queryParameter(Parameter.InitialRefreshTimeout) / INITIAL_PARTS;
  local.refreshTick = KeQueryTickCount() + ticksOf(wait);
}

/** Another has the name: it is used no more until it is released (RFC 1002, 4.2.8). */
export function conflictLocked(local: LocalName): void {
  mustHold(names().lock);
  if (local.state == LocalState.CONFLICT) return;
  local.state = LocalState.CONFLICT;
  local.atServer = 0;
  nbtCount(NbtCounter.NAMES_IN_CONFLICT);
}

/** Whether a name server is to be told of `local` again, and when. */
function wantsRefreshLocked(local: LocalName): bool {
  mustHold(names().lock);
  if (local.state != LocalState.OWNED || local.name.isWildcard) return false;
  if (queryParameter(Parameter.NameServer) == 0 || nodeFlags() == 0) return false;
  return local.refreshTick != 0 && !(local.atServer && local.ttl == 0);
}

/** Begins the refreshes that are due. */
export function refreshDueLocked(): void {
  mustHold(names().lock);
  const now = KeQueryTickCount();
  const head = names().locals;
  for (let entry = head.flink; entry != head; entry = entry.flink) {
    const local = changetype<LocalName>(entry);
    if (!wantsRefreshLocked(local) || tickBefore(now, local.refreshTick)) continue;
    // Whatever comes of it: not each tick.
    refreshSilentLocked(local);
    const tracker = startTrackerLocked(Operation.REFRESH, local.device, local.name, tellNobody);
    if (tracker == null) continue;
    tracker.local = local;
    tracker.nbFlags = local.nbFlags;
    askServerLocked(tracker);
  }
}

/** `tracker` asks the name server alone. */
function askServerLocked(tracker: Tracker): void {
  mustHold(names().lock);
  tracker.stage = Stage.SERVER;
  tracker.transactionId = nextTransactionLocked();
  tracker.server = queryParameter(Parameter.NameServer);
  tracker.attempts = queryParameter(Parameter.NameSrvQueryCount);
  tracker.interval = ticksOf(queryParameter(Parameter.NameSrvQueryTimeout));
  if (tracker.attempts == 0) endLocked(tracker, Status.IO_TIMEOUT);
  else sendAgainLocked(tracker);
}

/** Lets the timer come when a tracker or a refresh is due. */
export function scheduleNamesLocked(): void {
  mustHold(names().lock);
  let due: u32 = 0;
  let any = false;
  const head = names().locals;
  for (let entry = head.flink; entry != head; entry = entry.flink) {
    const local = changetype<LocalName>(entry);
    if (!wantsRefreshLocked(local) || (any && !tickBefore(local.refreshTick, due))) continue;
    due = local.refreshTick;
    any = true;
  }
  scheduleLocked(any, due);
}

/**
 * Gives one registration of `name` back; does not wait: the net is told. IRQL: <= DISPATCH_LEVEL.
 * Locks: none.
 */
export function releaseName(device: NetbtDevice, name: NetbiosAddress): void {
  const irql = KeAcquireSpinLock(names().lock);
  releaseLocked(device, name);
  scheduleNamesLocked();
  KeReleaseSpinLock(names().lock, irql);
  settle();
}

function releaseLocked(device: NetbtDevice, name: NetbiosName): void {
  mustHold(names().lock);
  const local = findLocalLocked(device, name);
  if (local == null || --local.references != 0) return;
  for (let one = trackerOfLocked(local); one != null; one = trackerOfLocked(local)) {
    dropTrackerLocked(one);
  }
  // What was never said on the net, or is another's, is not taken back.
  if (local.state == LocalState.OWNED && local.refreshTick != 0) tellReleaseLocked(local);
  removeLocalLocked(local);
}

/** NAME RELEASE REQUEST to the server that has the name, else to everybody (4.2.9). */
function tellReleaseLocked(local: LocalName): void {
  mustHold(names().lock);
  const tracker = startTrackerLocked(Operation.RELEASE, local.device, local.name, tellNobody);
  if (tracker == null) return;
  tracker.nbFlags = local.nbFlags;
  if (local.atServer) {
    askServerLocked(tracker);
    return;
  }
  tracker.stage = Stage.BROADCAST;
  tracker.transactionId = nextTransactionLocked();
  tracker.attempts = queryParameter(Parameter.BcastNameQueryCount);
  tracker.interval = ticksOf(queryParameter(Parameter.BcastQueryTimeout));
  tracker.server = broadcastOf(local.device);
  sendAgainLocked(tracker);
}
