/** ICMP echo on the way out: what ping asks, and which reply is whose. */

import { at } from "../../nt/embed";
import { NTSTATUS, Status } from "../../nt/status";
import { InitializeListHead, InsertTailList, IsListEmpty, ListEntry } from "../../nt/list";
import { RemoveEntryList } from "../../nt/list";
import { nowUs } from "../../trace/ring";
import { KeQueryTickCount } from "../../trace/ring";
import { Kdpc, KeInitializeDpc } from "../../ke/dpc";
import { ExAllocatePoolWithTag, ExFreePool } from "../../ex/pool";
import { Tag } from "../../ex/tag";
import { LockRank } from "../../ke/lockorder";
import { KSpinLock, KeAcquireSpinLock, KeInitializeSpinLock } from "../../ke/spinlock";
import { KeReleaseSpinLock } from "../../ke/spinlock";
import { mustHold } from "../../ke/spinlock";
import { KTimer, KeCancelTimer, KeInitializeTimer, KeSetTimerEx } from "../../ke/timer";
import { Irp, irpOfQueue } from "../../io/irp";
import { IoMarkIrpPending, StackHead, parametersOf } from "../../io/stack";
import { IoReleaseCancelSpinLock, IoSetCancelRoutine } from "../../io/cancel";
import { IoCompleteRequest } from "../../io/complete";
import { setOctet } from "../../wire/bytes";
import { complement, sum } from "../../wire/checksum";
import { ICMP_HEADER, IcmpHeader, IcmpType } from "../../wire/icmp";
import { IPV4_HEADER, IPV4_LIMIT, Protocol } from "../../wire/ipv4";
import { Counter, count } from "../counters";
import { isLoopback } from "../interface";
import { interfaceFor, nextHopFor } from "../route";
import { sendInPieces } from "./fragment";
import { flushSends } from "./send";

/** IOCTL_ICMP_ECHO_REQUEST's parameters: one echo, answered or given up after `timeoutTicks`. */
@unmanaged
export class EchoRequest extends StackHead {
  remoteAddress: u32;
  identifier: u32;
  /** The sequence number on the wire, in the low 16 bits. */
  sequence: u32;
  /** Octets of data. */
  length: u32;
  timeoutTicks: u32;
}

/** "a", and how many letters there are up to "w". */
const FIRST_LETTER: u32 = 0x61;
const LETTERS: u32 = 23;

const LOCK: usize = memory.data(4);
const WAITING: usize = memory.data(8);
const DPC: usize = memory.data(32);
const TIMER: usize = memory.data(32);
/** Ticks between two looks at who has waited too long. */
const LOOK_TICKS: u32 = 10;

function lock(): KSpinLock {
  return changetype<KSpinLock>(LOCK);
}

/** Where its lock lies, for the host. */
export function echoLock(): usize {
  return LOCK;
}

/** Requests that wait for their reply. Under `lock()`. */
function waiting(): ListEntry {
  return changetype<ListEntry>(WAITING);
}

/** Makes the list empty. Once, at start. */
export function initializeEcho(): void {
  KeInitializeSpinLock(lock(), LockRank.IcmpEcho);
  InitializeListHead(waiting());
  KeInitializeTimer(changetype<KTimer>(TIMER));
  KeInitializeDpc(changetype<Kdpc>(DPC), giveUpOld, 0);
}

/** Completes what waits. At the end. */
export function cleanUpEcho(): void {
  KeCancelTimer(changetype<KTimer>(TIMER));
  completeAll(takeMatching(0, 0, 0, true, true), Status.CANCELLED);
}

/**
 * Sends an echo, in pieces when it must be; the request is completed with SUCCESS and the round
 * trip in microseconds, with IO_TIMEOUT, or with what kept it from being sent. IRQL:
 * DISPATCH_LEVEL. Locks: none.
 */
export function startEcho(irp: Irp): NTSTATUS {
  const echo = parametersOf<EchoRequest>(irp);
  const via = interfaceFor(echo.remoteAddress);
  if (via == null) return fail(irp, Status.NETWORK_UNREACHABLE);
  const most = IPV4_LIMIT - IPV4_HEADER - ICMP_HEADER;
  if (echo.length > most) return fail(irp, Status.INVALID_PARAMETER);
  const length = ICMP_HEADER + echo.length;
  const identifier = echo.identifier;
  const sequence = echo.sequence;
  const block = ExAllocatePoolWithTag(length, Tag.Echo);
  if (block == 0) return fail(irp, Status.INSUFFICIENT_RESOURCES);
  const remote = echo.remoteAddress;
  const source = isLoopback(remote) ? remote : via.address;
  writeEcho(block, echo);
  count(Counter.ICMP_OUT_ECHOS);
  wait(irp, echo);
  const hop = nextHopFor(via, remote);
  const sent = sendInPieces(via, hop, source, remote, Protocol.ICMP, block, length, 0);
  ExFreePool(block);
  flushSends();
  if (!sent) {
    // By its numbers: on another processor it may be over.
    const done = takeMatching(remote, identifier, sequence, false, false);
    completeAll(done, Status.INSUFFICIENT_RESOURCES);
  }
  return Status.PENDING;
}

function writeEcho(block: usize, echo: EchoRequest): void {
  const icmp = at<IcmpHeader>(block, 0);
  icmp.begin(IcmpType.ECHO, 0);
  icmp.identifier = echo.identifier;
  icmp.sequenceNumber = echo.sequence;
  fillPattern(block + ICMP_HEADER, echo.length);
  icmp.checksum = complement(sum(block, ICMP_HEADER + echo.length));
}

/** From here on the request waits for its reply, its time, or its cancellation. */
function wait(irp: Irp, echo: EchoRequest): void {
  irp.driverOffset = <u32>nowUs();
  echo.timeoutTicks += KeQueryTickCount();
  IoMarkIrpPending(irp);
  const timer = changetype<KTimer>(TIMER);
  const irql = KeAcquireSpinLock(lock());
  if (IsListEmpty(waiting())) KeSetTimerEx(timer, LOOK_TICKS, LOOK_TICKS, changetype<Kdpc>(DPC));
  IoSetCancelRoutine(irp, cancelEcho);
  InsertTailList(waiting(), irp.queue);
  KeReleaseSpinLock(lock(), irql);
}

/** Completes a request that could not begin; its completion tells how it ended, as ever. */
function fail(irp: Irp, status: NTSTATUS): NTSTATUS {
  IoMarkIrpPending(irp);
  IoCompleteRequest(irp, status, 0);
  return Status.PENDING;
}

/** NT's ping sends the alphabet up to w. */
function fillPattern(target: usize, length: u32): void {
  for (let i: u32 = 0; i < length; i++) setOctet(target, i, FIRST_LETTER + (i % LETTERS));
}

/** A reply came from `source`. IRQL: DISPATCH_LEVEL. Locks: none. */
export function receiveEchoReply(source: u32, icmp: IcmpHeader, length: u32): void {
  const done = takeMatching(source, icmp.identifier, icmp.sequenceNumber, false, false);
  completeAll(done, Status.SUCCESS);
}

/** IoCancelIrp has taken the routine away, and the cancel lock is held: the request is ours. */
function cancelEcho(irp: Irp): void {
  IoReleaseCancelSpinLock(irp.cancelIrql);
  const irql = KeAcquireSpinLock(lock());
  RemoveEntryList(irp.queue);
  KeReleaseSpinLock(lock(), irql);
  IoCompleteRequest(irp, Status.CANCELLED, 0);
}

function giveUpOld(dpc: Kdpc, context: usize): void {
  completeAll(takeMatching(0, 0, 0, true, false), Status.IO_TIMEOUT);
  const irql = KeAcquireSpinLock(lock());
  if (IsListEmpty(waiting())) KeCancelTimer(changetype<KTimer>(TIMER));
  KeReleaseSpinLock(lock(), irql);
}

/** A chain, by driverContext, of the requests that a reply answers, or that are old, or all. */
function takeMatching(
  source: u32,
  identifier: u32,
  sequence: u32,
  old: bool,
  all: bool,
): Irp | null {
  const irql = KeAcquireSpinLock(lock());
  const chain = takeMatchingLocked(source, identifier, sequence, old, all);
  KeReleaseSpinLock(lock(), irql);
  return chain;
}

function takeMatchingLocked(
  source: u32,
  identifier: u32,
  sequence: u32,
  old: bool,
  all: bool,
): Irp | null {
  mustHold(lock());
  const now = KeQueryTickCount();
  let chain: Irp | null = null;
  let entry = waiting().flink;
  while (entry != waiting()) {
    const irp = irpOfQueue(entry);
    const echo = parametersOf<EchoRequest>(irp);
    entry = entry.flink;
    const answered =
      echo.remoteAddress == source && echo.identifier == identifier && echo.sequence == sequence;
    const late = <i32>(now - echo.timeoutTicks) >= 0;
    if (!(all || (old ? late : answered))) continue;
    // Who takes the cancel routine away owns the completion (nt-facts 9.4).
    if (IoSetCancelRoutine(irp, null) == null) continue;
    RemoveEntryList(irp.queue);
    irp.driverContext = changetype<usize>(chain);
    chain = irp;
  }
  return chain;
}

function completeAll(chain: Irp | null, status: NTSTATUS): void {
  const now = <u32>nowUs();
  let irp = chain;
  while (irp != null) {
    const next = at<Irp | null>(irp.driverContext, 0);
    const roundTripUs = now - irp.driverOffset;
    IoCompleteRequest(irp, status, status == Status.SUCCESS ? roundTripUs : 0);
    irp = next;
  }
}
