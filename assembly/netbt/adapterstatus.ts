/** Adapter status over the wire: which names a node has (RFC 1002, 4.2.17 and 4.2.18). */

import { RtlCopyMemory, RtlZeroMemory } from "../nt/memory";
import { NTSTATUS, Status } from "../nt/status";
import { ticksOf } from "../nt/time";
import { Parameter, queryParameter } from "../ex/registry";
import { ExAllocatePoolWithTag } from "../ex/pool";
import { Tag } from "../ex/tag";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { adapterAt } from "../ndis/adapter";
import { ETHERNET_ADDRESS } from "../wire/ethernet";
import { NAME_HEADER, NameOpcode, NetbiosName, RECORD_FIELDS, RecordType } from "../wire/nbname";
import { STATUS_ENTRY, STATUS_STATISTICS, nameOctets, statusCount } from "../wire/nbname";
import { writeRecord, writeStatusCount, writeStatusEntry } from "../wire/nbname";
import { NbtDrop, nbtDrop } from "./counters";
import { NetbtDevice } from "./device";
import { LocalName } from "./names";
import { queueOutgoingLocked } from "./outgoing";
import { beginLocked, queryLocked, writeAnswer } from "./packet";
import { scheduleNamesLocked } from "./register";
import { names, ownScope } from "./state";
import { Operation, StatusCompletion, Tracker, endLocked } from "./tracker";
import { nextTransactionLocked, settle, startTrackerLocked, waitLocked } from "./tracker";

/** Octets of an answer at most: with UDP and IP 576, which every host takes whole (RFC 791). */
const MOST_OCTETS: u32 = 548;

/** Octets of an answer with so many names. */
export function statusOctets(count: u32): u32 {
  const head = NAME_HEADER + nameOctets(ownScope()) + RECORD_FIELDS + 1;
  return head + count * STATUS_ENTRY + STATUS_STATISTICS;
}

/** How many names of `device` an answer has: all that have room. */
export function statusNamesLocked(device: NetbtDevice): u32 {
  mustHold(names().lock);
  let count: u32 = 0;
  const head = names().locals;
  for (let entry = head.flink; entry != head; entry = entry.flink) {
    if (changetype<LocalName>(entry).device == device) count++;
  }
  const room = (MOST_OCTETS - statusOctets(0)) / STATUS_ENTRY;
  return count < room ? count : room;
}

/** Answers with our names, as many as one answer has. */
export function answerStatusLocked(
  device: NetbtDevice,
  address: u32,
  port: u32,
  transactionId: u32,
  name: NetbiosName,
): void {
  mustHold(names().lock);
  const count = statusNamesLocked(device);
  const out = beginLocked(address, port, statusOctets(count));
  if (out == null) return;
  let length = writeAnswer(out.packet, transactionId, NameOpcode.QUERY, 0, name);
  const data = 1 + count * STATUS_ENTRY + STATUS_STATISTICS;
  length += writeRecord(out.packet + length, RecordType.NBSTAT, 0, data);
  length += writeStatusCount(out.packet + length, count);
  let left = count;
  const head = names().locals;
  for (let entry = head.flink; entry != head && left != 0; entry = entry.flink) {
    const local = changetype<LocalName>(entry);
    if (local.device != device) continue;
    length += writeStatusEntry(out.packet + length, local.name, local.statusFlags);
    left--;
  }
  // NT leaves nearly all of the statistics at 0 (Q112365): the card's address is what is read.
  RtlZeroMemory(out.packet + length, STATUS_STATISTICS);
  const adapter = adapterAt(device.index);
  if (adapter != null) {
    RtlCopyMemory(out.packet + length, adapter.mac, ETHERNET_ADDRESS);
  }
  queueOutgoingLocked(out, length + STATUS_STATISTICS);
}

/**
 * Asks the node at `address` for its names; `name` is one of them, or `*`. PENDING: `completion` is
 * called once. IRQL: <= DISPATCH_LEVEL. Locks: none.
 */
export function askStatus(
  device: NetbtDevice,
  address: u32,
  name: NetbiosName,
  completion: StatusCompletion,
  context: usize,
): NTSTATUS {
  const irql = KeAcquireSpinLock(names().lock);
  const status = askStatusLocked(device, address, name, completion, context);
  scheduleNamesLocked();
  KeReleaseSpinLock(names().lock, irql);
  settle();
  return status;
}

function askStatusLocked(
  device: NetbtDevice,
  address: u32,
  name: NetbiosName,
  completion: StatusCompletion,
  context: usize,
): NTSTATUS {
  mustHold(names().lock);
  const tracker = startTrackerLocked(Operation.STATUS, device, name, told);
  if (tracker == null) return Status.INSUFFICIENT_RESOURCES;
  tracker.statusClient = completion;
  tracker.context = context;
  tracker.server = address;
  tracker.transactionId = nextTransactionLocked();
  tracker.attempts = queryParameter(Parameter.NameSrvQueryCount);
  if (tracker.attempts == 0) tracker.attempts = 1;
  tracker.interval = ticksOf(queryParameter(Parameter.NameSrvQueryTimeout));
  sendStatusLocked(tracker);
  return Status.PENDING;
}

function sendStatusLocked(tracker: Tracker): void {
  mustHold(names().lock);
  tracker.attempts--;
  const port = queryParameter(Parameter.NameServerPort);
  queryLocked(tracker.server, port, tracker.transactionId, 0, tracker.name, RecordType.NBSTAT);
  waitLocked(tracker, tracker.interval);
}

/** A node status query is due: once more, or there is no such host. */
export function statusDueLocked(tracker: Tracker): void {
  mustHold(names().lock);
  if (tracker.attempts > 0) sendStatusLocked(tracker);
  else endLocked(tracker, Status.HOST_UNREACHABLE);
}

/** The answer: its data is kept for whom it is told. */
export function statusAnswerLocked(tracker: Tracker, data: usize, length: u32): void {
  mustHold(names().lock);
  const count = length == 0 ? 0 : statusCount(data);
  if (length < 1 + count * STATUS_ENTRY) {
    nbtDrop(NbtDrop.NAME_DATA);
    return;
  }
  tracker.data = ExAllocatePoolWithTag(length, Tag.NetbtPacket);
  if (tracker.data == 0) {
    endLocked(tracker, Status.INSUFFICIENT_RESOURCES);
    return;
  }
  RtlCopyMemory(tracker.data, data, length);
  tracker.dataLength = length;
  endLocked(tracker, Status.SUCCESS);
}

/** TrackerDone of STATUS. */
function told(tracker: Tracker): void {
  const client = tracker.statusClient;
  if (client != null) client(tracker.context, tracker.status, tracker.data, tracker.dataLength);
}
