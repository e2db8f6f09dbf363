/** Active open (RFC 9293, 3.10.1; nt-facts 3.3): SYN at 0, 3, 9 and 21 seconds, failure at 45. */

import { at } from "../../nt/embed";
import { Fault, faulty } from "../../kb/faults";
import { Event } from "../../trace/event";
import { trace } from "../../trace/ring";
import { NTSTATUS, Status } from "../../nt/status";
import { ticksOf } from "../../nt/time";
import { Parameter, queryParameter } from "../../ex/registry";
import { ExInitializeWorkItem, ExQueueWorkItem, WorkItem } from "../../ex/workitem";
import { Irql, KIRQL } from "../../ke/processor";
import { KeLowerIrql, KeRaiseIrql } from "../../ke/irql";
import { LockRank } from "../../ke/lockorder";
import { KSpinLock, KeAcquireSpinLock, KeAcquireSpinLockAtDpcLevel } from "../../ke/spinlock";
import { KeInitializeSpinLock, KeReleaseSpinLock } from "../../ke/spinlock";
import { KeReleaseSpinLockFromDpcLevel, mustHold } from "../../ke/spinlock";
import { Irp } from "../../io/irp";
import { IoMarkIrpPending } from "../../io/stack";
import { TcpFlag } from "../../wire/tcp";
import { Counter, count, Drop, drop } from "../counters";
import { isBroadcast, isLoopback } from "../interface";
import { isMulticast } from "../../wire/ipv4";
import { SourceRoute } from "../../wire/sourceroute";
import { flushSends } from "../ip/send";
import { dereferenceRoute, makeRoute, referenceRoute } from "../route";
import { dieLocked } from "./close";
import { attach, beginOptionsLocked } from "./connection";
import { agreeEcnLocked, offerEcnLocked, withdrawEcnLocked } from "./ecn";
import { Connection } from "./endpoint";
import { initialSequence } from "./initial";
import { scheduleLocked } from "./delayedack";
import { startKeepAliveLocked } from "./keepalive";
import { agreeLocked, offerLocked, readSynOptions, withdrawOffersLocked } from "./options";
import { beginTimeoutLocked, startRetransmitLocked } from "./rto";
import { Next, Segment } from "./segment";
import { before, notAfter } from "./sequence";
import { forgetTable, settle } from "./settle";
import { isPassable, setRouteLocked } from "./sourceroute";
import { TcpState, setStateLocked } from "./state";
import { isSynAttackProtectSet, noteHalfOpenLocked } from "./synattack";
import { insertTcb, homePartition, removeTcbLocked } from "./table";
import { Tcb, TcbFlag, TcpTimer, Todo, allocateTcb, dereferenceTcb } from "./tcb";
import { finishIrpLocked, referenceTcb } from "./tcb";
import { startTimerLocked, stopTimerLocked } from "./timer";
import { beginStampsLocked } from "./timestamp";
import { transmitLocked } from "./transmit";
import { synWindowLocked, takeSynWindowLocked } from "./window";

/**
 * Begins a connect, by the hops of `hops` where that is not null; the request is completed when it
 * ends. PENDING, or the status with which it could not begin: the caller completes it then.
 * IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function startConnect(
  connection: Connection,
  irp: Irp,
  remoteAddress: u32,
  remotePort: u32,
  hops: SourceRoute | null,
): NTSTATUS {
  const address = connection.address;
  if (address == null) return Status.ADDRESS_NOT_ASSOCIATED;
  if (remotePort == 0 || remoteAddress == 0) return Status.INVALID_ADDRESS;
  if (isMulticast(remoteAddress)) return Status.INVALID_ADDRESS;
  if (hops != null && !isPassable(hops)) return Status.INVALID_ADDRESS;
  const route = hops == null ? referenceRoute(remoteAddress) : makeRoute(remoteAddress, hops);
  if (route == null) return Status.NETWORK_UNREACHABLE;
  if (isBroadcast(route.via, remoteAddress)) {
    dereferenceRoute(route);
    return Status.INVALID_ADDRESS;
  }
  const own = isLoopback(remoteAddress) ? remoteAddress : route.via.address;
  const local = address.address ? address.address : own;
  const tcb = allocateTcb(local, remoteAddress, (remotePort << 16) | address.port);
  if (tcb == null) {
    dereferenceRoute(route);
    return Status.INSUFFICIENT_RESOURCES;
  }
  tcb.route = route;
  let status: NTSTATUS = Status.PENDING;
  if (!attach(connection, tcb)) status = Status.CONNECTION_ACTIVE;
  else if (!insertTcb(tcb)) status = Status.ADDRESS_ALREADY_EXISTS;
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  if (status == Status.PENDING) beginLocked(tcb, connection, irp);
  else tcb.todo |= <u8>Todo.DETACH;
  tcb.connection = connection;
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
  if (tcb.todo) settle(tcb);
  dereferenceTcb(tcb);
  flushSends();
  return status;
}

function beginLocked(tcb: Tcb, connection: Connection, irp: Irp): void {
  mustHold(tcb.lock);
  const route = tcb.route;
  if (route != null) setRouteLocked(tcb, route);
  beginOptionsLocked(tcb, connection);
  IoMarkIrpPending(irp);
  tcb.openIrp = irp;
  beginSequenceLocked(tcb, initialSequence(tcb.localAddress, tcb.remoteAddress, tcb.ports));
  if (route != null) offerLocked(tcb, route.mtu);
  offerEcnLocked(tcb);
  setStateLocked(tcb, TcpState.SYN_SENT);
  count(Counter.TCP_ACTIVE_OPENS);
  transmitLocked(tcb, tcb.sndUna, TcpFlag.SYN, 0);
  startRetransmitLocked(tcb);
}

/** Our SYN has the number `iss`, and what comes after it the next. */
export function beginSequenceLocked(tcb: Tcb, iss: u32): void {
  mustHold(tcb.lock);
  tcb.sndUna = iss;
  tcb.sndNxt = iss + 1;
  tcb.sndMax = iss + 1;
  tcb.sndEnd = iss + 1;
  tcb.recover = iss;
}

/** The SYN again; its timer is running down for it. */
export function resendSynLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  withdrawEcnLocked(tcb);
  withdrawOffersLocked(tcb);
  transmitLocked(tcb, tcb.sndUna, TcpFlag.SYN, 0);
  count(Counter.TCP_RETRANS_SEGS);
  startRetransmitLocked(tcb);
}

/** A segment in SYN-SENT (RFC 9293, 3.10.7.3). */
export function receiveSynSentLocked(tcb: Tcb, segment: Segment): Next {
  mustHold(tcb.lock);
  const flags = segment.flags;
  const hasAck = (flags & TcpFlag.ACK) != 0;
  const ack = segment.acknowledgment;
  if (hasAck && (notAfter(ack, tcb.sndUna) || before(tcb.sndMax, ack))) {
    drop(Drop.TCP_UNSENT_ACKNOWLEDGED); // as a late RST of the same ports' last connection is
    return flags & TcpFlag.RST ? Next.NOTHING : Next.RESET;
  }
  if (flags & TcpFlag.RST) {
    if (hasAck) refusedLocked(tcb);
    else drop(Drop.TCP_NO_ACK);
    return Next.NOTHING;
  }
  if ((flags & TcpFlag.SYN) == 0) {
    drop(Drop.TCP_UNEXPECTED);
    return Next.NOTHING;
  }
  const options = readSynOptions(segment);
  const route = tcb.route;
  if (options == null || route == null) return Next.NOTHING;
  agreeLocked(tcb, options, route.mtu);
  agreeEcnLocked(tcb, flags);
  tcb.rcvNxt = segment.sequence + 1;
  tcb.rcvAdv = tcb.rcvNxt + synWindowLocked(tcb);
  beginStampsLocked(tcb, options.stamp);
  takeSynWindowLocked(tcb, segment.window);
  tcb.sndWl1 = segment.sequence;
  tcb.sndWl2 = ack;
  beginTimeoutLocked(tcb);
  if (!hasAck) {
    simultaneousLocked(tcb);
    return Next.NOTHING;
  }
  tcb.sndUna = ack;
  stopTimerLocked(tcb);
  openedLocked(tcb);
  tcb.flags |= TcbFlag.ACK_NOW;
  scheduleLocked(tcb);
  return Next.NOTHING;
}

/** Both sides have sent a SYN (MUST-10). */
function simultaneousLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  trace(Event.TCP_SIMULTANEOUS_OPEN, tcb.remoteAddress, tcb.ports, 0);
  setStateLocked(tcb, TcpState.SYN_RECEIVED);
  noteHalfOpenLocked(tcb);
  transmitLocked(tcb, tcb.sndUna, TcpFlag.SYN | TcpFlag.ACK, 0);
  startRetransmitLocked(tcb);
}

/** The handshake is over: the request that waits for it succeeds. */
export function openedLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const irp = tcb.openIrp;
  setStateLocked(tcb, TcpState.ESTABLISHED);
  tcb.openIrp = null;
  tcb.flags |= TcbFlag.OPENED;
  count(Counter.TCP_OPENED);
  startKeepAliveLocked(tcb);
  if (irp != null) finishIrpLocked(tcb, irp, Status.SUCCESS, 0);
}

/**
 * RST answers our SYN. NT sends it again at the undoubled base, up to TcpMaxConnectRetransmissions
 * times, and only then gives up (Q175523).
 */
function refusedLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const retries = queryParameter(Parameter.TcpMaxConnectRetransmissions);
  const delay = queryParameter(Parameter.NtstackRefusedRetryDelay);
  count(Counter.TCP_REFUSED);
  if (delay == 0 || <u32>tcb.retransmitCount >= retries) {
    dieLocked(tcb, Status.CONNECTION_REFUSED, false);
    return;
  }
  tcb.flags |= TcbFlag.REFUSED;
  startTimerLocked(tcb, TcpTimer.RETRANSMIT, ticksOf(delay));
}

/** Connects that were given up, until the worker thread ends them. */
@unmanaged
class Abandoned {
  private lockWord: u32;
  // Under `lock`:
  first: Tcb | null;
  get lock(): KSpinLock {
    return at<KSpinLock>(changetype<usize>(this), 0);
  }
}
const ABANDONED: usize = memory.data(8);
const ITEM: usize = memory.data(32);
if (offsetof<WorkItem>() > 32) ERROR("ITEM");

function abandoned(): Abandoned {
  return changetype<Abandoned>(ABANDONED);
}

/** The lock of the list, for the host. */
export function abandonedLock(): KSpinLock {
  return abandoned().lock;
}

/** Makes the list of abandoned connects empty. Once, at start. */
export function initializeConnect(): void {
  KeInitializeSpinLock(abandoned().lock, LockRank.TcpAbandoned);
  abandoned().first = null;
  ExInitializeWorkItem(changetype<WorkItem>(ITEM), endAbandoned, 0);
}

/**
 * No answer came: the connect ends with `status`, on the worker thread, because its client may do
 * at PASSIVE_LEVEL what it must not do in a timer's DPC.
 */
export function giveUpConnectLocked(tcb: Tcb, status: NTSTATUS): void {
  mustHold(tcb.lock);
  setStateLocked(tcb, TcpState.CLOSED);
  stopTimerLocked(tcb);
  count(Counter.TCP_ATTEMPT_FAILS);
  const irp = tcb.openIrp;
  if (irp != null) irp.status = status;
  referenceTcb(tcb);
  KeAcquireSpinLockAtDpcLevel(abandoned().lock);
  tcb.nextAbandoned = abandoned().first;
  abandoned().first = tcb;
  KeReleaseSpinLockFromDpcLevel(abandoned().lock);
  ExQueueWorkItem(changetype<WorkItem>(ITEM));
}

function takeAbandoned(): Tcb | null {
  const irql = KeAcquireSpinLock(abandoned().lock);
  const tcb = abandoned().first;
  if (tcb != null) abandoned().first = tcb.nextAbandoned;
  KeReleaseSpinLock(abandoned().lock, irql);
  return tcb;
}

/** The worker thread: ends every connect that was given up. IRQL: PASSIVE_LEVEL. Locks: none. */
function endAbandoned(context: usize): void {
  let tcb: Tcb | null = takeAbandoned();
  while (tcb != null) {
    leaveTable(tcb);
    const irql = KeRaiseIrql(Irql.DISPATCH);
    KeAcquireSpinLockAtDpcLevel(tcb.lock);
    failLocked(tcb);
    KeReleaseSpinLockFromDpcLevel(tcb.lock);
    settle(tcb);
    dereferenceTcb(tcb);
    KeLowerIrql(irql);
    tcb = takeAbandoned();
  }
}

function failLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const irp = tcb.openIrp;
  tcb.openIrp = null;
  if (irp != null) finishIrpLocked(tcb, irp, irp.status, 0);
  tcb.todo |= <u8>Todo.DETACH;
}

/** Takes a connect that failed out of the connection table. IRQL: PASSIVE_LEVEL. Locks: none. */
function leaveTable(tcb: Tcb): void {
  const partition = homePartition(tcb);
  const irql: KIRQL = KeAcquireSpinLock(partition.lock);
  const was = removeTcbLocked(partition, tcb);
  forgetTable(tcb, was);
  if (faulty(Fault.Q297040) && isSynAttackProtectSet()) return; // "acquired but not released"
  KeReleaseSpinLock(partition.lock, irql);
}
