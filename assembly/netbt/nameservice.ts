/**
 * UDP 137: what comes is read, answered, or matched with what was asked (RFC 1002, 5.1).
 *
 * A node answers for names that are its own, and for nothing else: to a query for any other name it
 * says nothing. What its answers have beyond what came is bounded for each second, so that no
 * forged source is sent more than was spent on it (NtstackNameAnswerOctets).
 */

import { at } from "../nt/embed";
import { NTSTATUS, Status } from "../nt/status";
import { TICKS_PER_SECOND } from "../nt/time";
import { KeQueryTickCount } from "../trace/ring";
import { Parameter, queryParameter } from "../ex/registry";
import { Kdpc } from "../ke/dpc";
import { KeGetCurrentProcessorNumber, MAXIMUM_PROCESSORS } from "../ke/processor";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { MAXIMUM_ADAPTERS } from "../ndis/adapter";
import { DatagramIndication, EventHandlers } from "../tdi/event";
import { NameFlag, NameHeader, NameOpcode, NameResult, NbFlag, RecordType } from "../wire/nbname";
import { isSameScope, nbAddress, nbFlags } from "../wire/nbname";
import { NAME_PACKET, NameFault, NamePacket } from "../wire/nbpacket";
import { answerStatusLocked, statusAnswerLocked, statusDueLocked } from "./adapterstatus";
import { statusNamesLocked, statusOctets } from "./adapterstatus";
import { forgetLocked } from "./cache";
import { NbtCounter, NbtDrop, nbtAdd, nbtCount, nbtDrop } from "./counters";
import { NetbtDevice, boundDevice } from "./device";
import { LocalName, LocalState, findLocalLocked, findOwnedLocked } from "./names";
import { removeLocalLocked } from "./names";
import { answerLocked, answerOctets } from "./packet";
import { conflictLocked, loseClaimLocked, recordAnswerLocked, recordDueLocked } from "./register";
import { refreshDueLocked, scheduleNamesLocked } from "./register";
import { queryAnswerLocked, queryDueLocked, secondOwnerLocked } from "./resolve";
import { NodeType, names, nodeType, ownScope } from "./state";
import { Operation, Stage, Tracker, dropTrackerLocked, findDueLocked } from "./tracker";
import { findTrackerLocked, settle, waitLocked } from "./tracker";

/** One packet, taken apart, for each processor. */
const PACKETS: usize = memory.data(4608);
const PACKET_PLACE: u32 = 576;
if (NAME_PACKET > PACKET_PLACE) ERROR("PACKETS");
if (PACKET_PLACE * MAXIMUM_PROCESSORS > 4608) ERROR("PACKETS: one for each processor");

/** What came may be answered so many seconds later at most. */
const CREDIT_SECONDS: u32 = 4;
/** WACK: no server keeps us waiting longer. */
const MOST_WAIT_SECONDS: u32 = 60;

/** The handlers of the address object on port 137. */
export function fillNameHandlers(handlers: EventHandlers, context: usize): void {
  handlers.receiveDatagram = receiveName;
  handlers.receiveDatagramContext = context;
}

/** The device on whose net `address` is, else the first there is; null: none is bound. */
export function deviceFor(address: u32): NetbtDevice | null {
  let first: NetbtDevice | null = null;
  for (let i: u32 = 0; i < MAXIMUM_ADAPTERS; i++) {
    const device = boundDevice(i);
    if (device == null) continue;
    if (((device.address ^ address) & device.mask) == 0) return device;
    if (first == null) first = device;
  }
  return first;
}

/** ClientEventReceiveDatagram of port 137. What nobody can use is dropped, and counted. */
function receiveName(context: usize, indication: DatagramIndication): NTSTATUS {
  const own = <usize>KeGetCurrentProcessorNumber() * PACKET_PLACE;
  const packet = at<NamePacket>(PACKETS, own);
  nbtCount(NbtCounter.NAME_PACKETS_IN);
  nbtAdd(NbtCounter.NAME_OCTETS_IN, indication.length);
  const fault = packet.read(at<NameHeader>(indication.tsdu, 0), indication.length);
  if (fault != NameFault.NONE) {
    nbtDrop(NbtDrop.NAME_SHORT + fault - 1);
    return Status.SUCCESS;
  }
  const device = deviceFor(indication.remoteAddress);
  if (device == null) return Status.SUCCESS;
  if (indication.remoteAddress == device.address) {
    nbtDrop(NbtDrop.NAME_OWN);
    return Status.SUCCESS;
  }
  if (!isSameScope(packet.scope, ownScope())) {
    nbtDrop(NbtDrop.NAME_SCOPE);
    return Status.SUCCESS;
  }
  const irql = KeAcquireSpinLock(names().lock);
  earnLocked(indication.length);
  if (packet.header.isResponse) responseLocked(device, packet, indication);
  else requestLocked(device, packet, indication);
  scheduleNamesLocked();
  KeReleaseSpinLock(names().lock, irql);
  settle();
  return Status.SUCCESS;
}

/** What came may be answered with as much, and each second brings something. */
function earnLocked(octets: u32): void {
  mustHold(names().lock);
  const state = names();
  const each = queryParameter(Parameter.NtstackNameAnswerOctets);
  const most = each * CREDIT_SECONDS;
  const ticks = KeQueryTickCount() - state.creditTick;
  state.creditTick += ticks;
  const since = <u64>ticks * each / TICKS_PER_SECOND + state.credit + octets;
  state.credit = since < most ? <u32>since : most;
}

/** Whether an answer of so many octets may go. */
function payLocked(octets: u32): bool {
  mustHold(names().lock);
  if (names().credit < octets) {
    nbtDrop(NbtDrop.NAME_ANSWER_LIMIT);
    return false;
  }
  names().credit -= octets;
  return true;
}

function requestLocked(
  device: NetbtDevice,
  packet: NamePacket,
  indication: DatagramIndication,
): void {
  mustHold(names().lock);
  if (packet.hasQuestion == 0) {
    nbtDrop(NbtDrop.NAME_COUNTS);
    return;
  }
  switch (packet.header.opcode) {
    case NameOpcode.QUERY:
      questionLocked(device, packet, indication);
      break;
    case NameOpcode.REGISTRATION:
    case NameOpcode.MULTIHOMED:
    case NameOpcode.REFRESH:
    case NameOpcode.REFRESH_ALTERNATE:
      if (hasOneAddress(packet)) othersClaimLocked(device, packet, indication);
      break;
    case NameOpcode.RELEASE:
      if (hasOneAddress(packet)) othersReleaseLocked(device, packet, indication);
      break;
    default:
      nbtDrop(NbtDrop.NAME_OPCODE);
  }
}

/** NAME QUERY REQUEST and NODE STATUS REQUEST. */
function questionLocked(
  device: NetbtDevice,
  packet: NamePacket,
  indication: DatagramIndication,
): void {
  mustHold(names().lock);
  const header = packet.header;
  const to = indication.remoteAddress;
  const port = indication.remotePort;
  const local = findOwnedLocked(device, packet.name);
  if (packet.questionType == RecordType.NBSTAT) {
    if (local == null && !packet.name.isWildcard) nbtDrop(NbtDrop.NAME_NOT_OURS);
    else if (payLocked(statusOctets(statusNamesLocked(device)))) {
      answerStatusLocked(device, to, port, header.transactionId, packet.name);
    }
    return;
  }
  if (packet.questionType != RecordType.NB) {
    nbtDrop(NbtDrop.NAME_TYPE);
    return;
  }
  // A p node hears no broadcasts (RFC 1001, 10.2).
  const deaf = (header.flags & NameFlag.BROADCAST) != 0 && nodeType() == NodeType.P;
  if (local == null || deaf || local.name.isWildcard) {
    nbtDrop(NbtDrop.NAME_NOT_OURS);
    return;
  }
  if (!payLocked(answerOctets(1))) return;
  const flags = header.flags & NameFlag.RECURSION_DESIRED;
  answerLocked(
    to, port, header.transactionId, NameOpcode.QUERY, flags, local.name, 0, local.nbFlags,
    device.address,
  );
}

/** Whether a record of six octets is there; counted where there is none. */
function hasOneAddress(packet: NamePacket): bool {
  const has = packet.records == 1 && packet.type == RecordType.NB && packet.dataLength == 6;
  if (!has) nbtDrop(NbtDrop.NAME_DATA);
  return has;
}

/**
 * NAME REGISTRATION REQUEST and NAME OVERWRITE DEMAND of another node (4.2.2, 4.2.3), and NAME
 * REFRESH REQUEST (4.2.4): who keeps a name of ours alive claims it. RFC 1002 has a node say
 * nothing to a refresh, which is a name server's; Windows refuses it (smbtorture, refresh_own).
 */
function othersClaimLocked(
  device: NetbtDevice,
  packet: NamePacket,
  indication: DatagramIndication,
): void {
  mustHold(names().lock);
  const local = findLocalLocked(device, packet.name);
  const header = packet.header;
  const isRefresh =
    header.opcode == NameOpcode.REFRESH || header.opcode == NameOpcode.REFRESH_ALTERNATE;
  const isForUs = isRefresh || (header.flags & NameFlag.BROADCAST) != 0;
  const bothGroups =
    local != null && local.group != 0 && (nbFlags(packet.data) & NbFlag.GROUP) != 0;
  if (local == null || bothGroups || !isForUs || nodeType() == NodeType.P) {
    nbtDrop(NbtDrop.NAME_NOT_OURS);
    return;
  }
  if (local.state == LocalState.CLAIMING) {
    // Two ask at once: who is through first has it.
    const isDemand = !isRefresh && (header.flags & NameFlag.RECURSION_DESIRED) == 0;
    if (isDemand) loseLocked(local);
    return;
  }
  if (local.state != LocalState.OWNED || local.name.isWildcard) return;
  if (!payLocked(answerOctets(1))) return;
  const flags =
    NameFlag.RECURSION_DESIRED | NameFlag.RECURSION_AVAILABLE | NameResult.ACTIVE;
  answerLocked(
    indication.remoteAddress, indication.remotePort, header.transactionId,
    NameOpcode.REGISTRATION, flags, local.name, 0, local.nbFlags, device.address,
  );
  nbtCount(NbtCounter.NAMES_DEFENDED);
}

/** The claim of `local` is lost. */
function loseLocked(local: LocalName): void {
  mustHold(names().lock);
  const head = names().trackers;
  for (let entry = head.flink; entry != head; entry = entry.flink) {
    const tracker = changetype<Tracker>(entry);
    if (tracker.local != local || tracker.operation != Operation.CLAIM) continue;
    loseClaimLocked(tracker);
    return;
  }
}

/**
 * NAME RELEASE REQUEST, of who lets a name go, and NAME RELEASE DEMAND, which wants ours (4.2.9,
 * 4.2.10). NT believes the latter of anybody, unless NoNameReleaseOnDemand is set (Q269239).
 */
function othersReleaseLocked(
  device: NetbtDevice,
  packet: NamePacket,
  indication: DatagramIndication,
): void {
  mustHold(names().lock);
  const address = nbAddress(packet.data);
  const local = findOwnedLocked(device, packet.name);
  if (address == indication.remoteAddress) forgetLocked(packet.name, address);
  else if (local != null && local.group == 0 && address == device.address) {
    if (queryParameter(Parameter.NoNameReleaseOnDemand) == 0) conflictLocked(local);
    else nbtDrop(NbtDrop.NAME_UNASKED);
  } else nbtDrop(NbtDrop.NAME_NOT_OURS);
}

/** What answers something: its tracker, from whom that asked. */
function responseLocked(
  device: NetbtDevice,
  packet: NamePacket,
  indication: DatagramIndication,
): void {
  mustHold(names().lock);
  const header = packet.header;
  const from = indication.remoteAddress;
  const tracker = findTrackerLocked(header.transactionId, packet.name);
  const isAsked = tracker != null && isFromAsked(tracker, header, from);
  if (tracker == null || !isAsked) {
    demandLocked(device, packet);
    return;
  }
  if (header.opcode == NameOpcode.WACK) {
    waitMoreLocked(tracker, packet.ttl);
    return;
  }
  switch (tracker.operation) {
    case Operation.QUERY:
      queryAnswerLocked(tracker, packet, from);
      break;
    case Operation.WATCH:
      secondOwnerLocked(tracker, packet, from, indication.remotePort);
      break;
    case Operation.STATUS:
      if (packet.type != RecordType.NBSTAT) nbtDrop(NbtDrop.NAME_TYPE);
      else statusAnswerLocked(tracker, packet.data, packet.dataLength);
      break;
    default: {
      const refused = header.result != NameResult.SUCCESS;
      // Nobody agrees to a broadcast: agreement is silence.
      if (!refused && tracker.stage == Stage.BROADCAST) nbtDrop(NbtDrop.NAME_UNASKED);
      else recordAnswerLocked(tracker, refused, packet.ttl);
    }
  }
}

/** Whether an answer with that opcode from there is one to what `tracker` asked. */
function isFromAsked(tracker: Tracker, header: NameHeader, from: u32): bool {
  if (tracker.operation == Operation.FOLLOW) return false;
  const broadcast = tracker.stage == Stage.BROADCAST || tracker.operation == Operation.WATCH;
  if (!broadcast && from != tracker.server) return false;
  const opcode = header.opcode;
  if (opcode == NameOpcode.WACK) return !broadcast;
  switch (tracker.operation) {
    case Operation.CLAIM:
    case Operation.REFRESH:
      return opcode == NameOpcode.REGISTRATION || opcode == NameOpcode.REFRESH ||
        opcode == NameOpcode.REFRESH_ALTERNATE;
    case Operation.RELEASE:
      return opcode == NameOpcode.RELEASE;
    default:
      return opcode == NameOpcode.QUERY;
  }
}

/** WAIT FOR ACKNOWLEDGEMENT: the server asks the old owner meanwhile (4.2.16). */
function waitMoreLocked(tracker: Tracker, seconds: u32): void {
  mustHold(names().lock);
  if (tracker.patience == 0) {
    nbtDrop(NbtDrop.NAME_UNASKED);
    return;
  }
  tracker.patience--;
  const wait = seconds < MOST_WAIT_SECONDS ? seconds : MOST_WAIT_SECONDS;
  waitLocked(tracker, wait * TICKS_PER_SECOND);
}

/** NAME CONFLICT DEMAND: somebody has found that a name of ours has a second owner (4.2.8). */
function demandLocked(device: NetbtDevice, packet: NamePacket): void {
  mustHold(names().lock);
  const header = packet.header;
  const local = findLocalLocked(device, packet.name);
  const isDemand =
    header.opcode == NameOpcode.REGISTRATION && header.result == NameResult.CONFLICT;
  // The fix of Q269239 believes it only while the name is being registered.
  const believed = queryParameter(Parameter.NoNameReleaseOnDemand) == 0;
  if (!isDemand || local == null || local.group != 0 || local.name.isWildcard) {
    nbtDrop(NbtDrop.NAME_UNASKED);
  } else if (local.state == LocalState.CLAIMING) loseLocked(local);
  else if (believed) conflictLocked(local);
  else nbtDrop(NbtDrop.NAME_UNASKED);
}

/** The timer's DPC: what is due happens. IRQL: DISPATCH_LEVEL. */
export function expireNames(dpc: Kdpc, context: usize): void {
  const irql = KeAcquireSpinLock(names().lock);
  {
    for (let due = findDueLocked(); due != null; due = findDueLocked()) dueLocked(due);
    refreshDueLocked();
    scheduleNamesLocked();
  }
  KeReleaseSpinLock(names().lock, irql);
  settle();
}

/** Each moves on by a tick at least, or ends. */
function dueLocked(tracker: Tracker): void {
  mustHold(names().lock);
  switch (tracker.operation) {
    case Operation.QUERY:
      queryDueLocked(tracker);
      break;
    case Operation.STATUS:
      statusDueLocked(tracker);
      break;
    case Operation.WATCH:
      dropTrackerLocked(tracker);
      break;
    default:
      recordDueLocked(tracker);
  }
}

/** Takes every name out of the table. At the end, when no client has one any more. */
export function cleanUpNames(): void {
  const irql = KeAcquireSpinLock(names().lock);
  emptyLocked();
  KeReleaseSpinLock(names().lock, irql);
}

function emptyLocked(): void {
  mustHold(names().lock);
  const head = names().locals;
  while (head.flink != head) removeLocalLocked(changetype<LocalName>(head.flink));
}
