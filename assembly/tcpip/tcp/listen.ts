/**
 * Passive open (RFC 9293, 3.10.7.2; nt-facts 3.4): the client is asked as soon as the SYN comes,
 * or, under SynAttackProtect 2, when the handshake is over.
 */

import { at } from "../../nt/embed";
import { Boundary } from "../../vf/rule";
import { Event } from "../../trace/event";
import { trace } from "../../trace/ring";
import { NTSTATUS, Status } from "../../nt/status";
import { KeGetCurrentProcessorNumber, MAXIMUM_PROCESSORS } from "../../ke/processor";
import { KeAcquireSpinLockAtDpcLevel, KeReleaseSpinLockFromDpcLevel } from "../../ke/spinlock";
import { mustHold, mustHoldNothing } from "../../ke/spinlock";
import { IoSetNextIrpStackLocation } from "../../io/call";
import { IoCompleteRequest } from "../../io/complete";
import { Parameter, queryParameter } from "../../ex/registry";
import { Irp } from "../../io/irp";
import { IoGetCurrentIrpStackLocation } from "../../io/stack";
import { ConnectIndication } from "../../tdi/event";
import { isInvalidSource, Protocol } from "../../wire/ipv4";
import { TcpFlag } from "../../wire/tcp";
import { AddressObject, findAddress, leaveAddress } from "../address";
import { Counter, count, Drop, drop } from "../counters";
import { isBroadcast, isLoopback } from "../interface";
import { dereferenceRoute, referenceRoute } from "../route";
import { closeLocked, dieLocked } from "./close";
import { openedLocked } from "./connect";
import { attach, beginOptionsLocked } from "./connection";
import { Connection } from "./endpoint";
import { beginHalfLocked, currentHalf, readHalf } from "./half";
import { finishHandshake, rememberSyn, resetHalf } from "./handshake";
import { initialSequence } from "./initial";
import { isListenedFor, isListening } from "./listener";
import { Options, readSynOptions } from "./options";
import { noteAnswered, sendReset } from "./reset";
import { beginTimeoutLocked, startRetransmitLocked } from "./rto";
import { Next, Segment, SegmentMark } from "./segment";
import { before, notAfter } from "./sequence";
import { settle } from "./settle";
import { routeTo, setRouteLocked } from "./sourceroute";
import { TcpState, setStateLocked } from "./state";
import { areManyHalfOpen, isIndicatedLate, noteExhausted, noteHalfOpenLocked } from
  "./synattack";
import { noteNotHalfOpenLocked } from "./synattack";
import { isSynCacheOn } from "./syncache";
import { insertTcb } from "./table";
import { Tcb, TcbFlag, Todo, allocateTcb, dereferenceTcb } from "./tcb";
import { stopTimerLocked } from "./timer";
import { transmitLocked } from "./transmit";

/** One indication for each processor: it lives during the call. */
const INDICATIONS: usize = memory.data(256);
const INDICATION_OCTETS: usize = 32;
if (offsetof<ConnectIndication>() > INDICATION_OCTETS) ERROR("INDICATIONS");
if (INDICATION_OCTETS * MAXIMUM_PROCESSORS > 256) ERROR("INDICATIONS");

/**
 * A segment for no connection: a listener's, or nobody's. `segment.tcb` is then the connection that
 * it opened, referenced, for which it is; null: there is none. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function receiveListen(segment: Segment): void {
  const flags = segment.flags;
  if (flags & TcpFlag.RST) {
    if (!resetHalf(segment)) drop(Drop.TCP_NO_CONNECTION);
    return;
  }
  if ((flags & (TcpFlag.SYN | TcpFlag.ACK)) != TcpFlag.SYN) {
    if ((flags & TcpFlag.SYN) == 0 && flags & TcpFlag.ACK && finishHandshake(segment)) return;
    drop(Drop.TCP_NO_CONNECTION);
    // Without ACK it says nothing that a listener could deny (3.10.7.2, fourth). NT denies it.
    const denies = queryParameter(Parameter.NtstackListenerResets) != 0;
    const free = !isListenedFor(segment.destination, segment.ports & 0xffff);
    if (denies || flags & TcpFlag.ACK || free) sendReset(segment);
    return;
  }
  if ((flags & TcpFlag.FIN) != 0 && queryParameter(Parameter.NtstackDropSynFin) != 0) {
    drop(Drop.TCP_UNEXPECTED);
    return;
  }
  if (!isValidOpener(segment)) return;
  const port = segment.ports & 0xffff;
  const address = findAddress(Protocol.TCP, segment.destination, port);
  if (address == null) {
    drop(Drop.TCP_NO_CONNECTION);
    count(Counter.TCP_REFUSED);
    sendReset(segment);
    return;
  }
  if (segment.flags & SegmentMark.ROUTED) receiveRouted(segment, address);
  else if (isSynCacheOn() && isListening(address)) rememberSyn(segment);
  else if (isIndicatedLate()) receiveLate(segment);
  else receiveEarly(segment, address);
  leaveAddress(address);
}

/** Land (Q165005), and sources that no host may have (MUST-63). */
function isValidOpener(segment: Segment): bool {
  const source = segment.source;
  const same = source == segment.destination;
  if (same && segment.ports >>> 16 == (segment.ports & 0xffff)) {
    drop(Drop.TCP_LAND);
    return false;
  }
  const loop = isLoopback(source) && isLoopback(segment.destination);
  if (loop || (!isInvalidSource(source) && !isBroadcast(segment.on, source))) return true;
  drop(Drop.IP_SOURCE);
  return false;
}

/** ClientEventConnect: does the client of `address` have an endpoint for this peer? */
function askClient(address: AddressObject, source: u32, port: u32): ConnectIndication | null {
  const slot = <usize>KeGetCurrentProcessorNumber() * INDICATION_OCTETS;
  const indication = changetype<ConnectIndication>(INDICATIONS + slot);
  const handlers = address.handlers;
  indication.remoteAddress = source;
  indication.remotePort = port;
  indication.remoteName = null;
  indication.connectionContext = 0;
  indication.irp = null;
  mustHoldNothing(Boundary.EVENT_HANDLER);
  const status = handlers.connect(handlers.connectContext, indication);
  if (status == Status.MORE_PROCESSING_REQUIRED && indication.irp != null) return indication;
  return null;
}

/** The endpoint for which the client's TDI_ACCEPT is; the request is ours from here on. */
function adopt(irp: Irp): Connection | null {
  IoSetNextIrpStackLocation(irp);
  const file = IoGetCurrentIrpStackLocation(irp).file;
  return file == null ? null : at<Connection>(file.fsContext, 0);
}

function refuse(segment: Segment): void {
  drop(Drop.TCP_NO_BACKLOG);
  count(Counter.TCP_REFUSED);
  trace(Event.TCP_BACKLOG_REFUSED, segment.source, segment.ports, 0);
  noteExhausted();
  sendReset(segment);
}

/** NT as it was: the client gives an endpoint before the SYN-ACK goes out. */
function receiveEarly(segment: Segment, address: AddressObject): void {
  const indication = askClient(address, segment.source, segment.ports >>> 16);
  if (indication == null) {
    refuse(segment);
    return;
  }
  const irp = indication.irp;
  if (irp == null) return;
  const connection = adopt(irp);
  let status: NTSTATUS = Status.INSUFFICIENT_RESOURCES;
  if (connection != null) status = answerSyn(segment, connection, irp);
  // What could not begin ends here; the peer sends its SYN again.
  if (status != Status.PENDING) IoCompleteRequest(irp, status, 0);
}

/**
 * A SYN by a source route: what half-open connections keep otherwise has no room for it, so there
 * are no more of them than of all in NT.
 */
function receiveRouted(segment: Segment, address: AddressObject): void {
  if (areManyHalfOpen()) drop(Drop.TCP_NO_BACKLOG);
  else receiveEarly(segment, address);
}

/** SynAttackProtect 2: no endpoint, and no route cache entry, until the handshake is over. */
function receiveLate(segment: Segment): void {
  const options = readSynOptions(segment);
  if (options == null) return;
  const tcb = allocateTcb(segment.destination, segment.source, segment.ports);
  if (tcb == null) {
    drop(Drop.NO_MEMORY);
    return;
  }
  if (insertTcb(tcb)) {
    KeAcquireSpinLockAtDpcLevel(tcb.lock);
    tcb.flags |= TcbFlag.LATE_INDICATION;
    answerLocked(tcb, segment, options, segment.on.mtu);
    KeReleaseSpinLockFromDpcLevel(tcb.lock);
    if (tcb.todo) settle(tcb);
  }
  dereferenceTcb(tcb);
}

function answerSyn(segment: Segment, connection: Connection, irp: Irp): NTSTATUS {
  const options = readSynOptions(segment);
  if (options == null) return Status.INVALID_PARAMETER;
  const tcb = allocateTcb(segment.destination, segment.source, segment.ports);
  if (tcb == null) {
    drop(Drop.NO_MEMORY);
    return Status.INSUFFICIENT_RESOURCES;
  }
  const route = routeTo(segment);
  tcb.route = route;
  let status: NTSTATUS = Status.INSUFFICIENT_RESOURCES;
  if (route != null && insertTcb(tcb)) {
    status = attach(connection, tcb) ? Status.PENDING : Status.CONNECTION_ACTIVE;
    KeAcquireSpinLockAtDpcLevel(tcb.lock);
    if (status == Status.PENDING) {
      tcb.connection = connection;
      tcb.openIrp = irp;
      setRouteLocked(tcb, route);
      beginOptionsLocked(tcb, connection);
      answerLocked(tcb, segment, options, route.mtu);
    } else {
      // CLOSED is not yet a state that dies: it was never open.
      setStateLocked(tcb, TcpState.SYN_RECEIVED);
      dieLocked(tcb, status, false);
    }
    KeReleaseSpinLockFromDpcLevel(tcb.lock);
    if (tcb.todo) settle(tcb);
  } else {
    drop(route == null ? Drop.IP_NO_ROUTE : Drop.NO_MEMORY);
  }
  dereferenceTcb(tcb);
  return status;
}

/** SYN-RECEIVED, and the SYN-ACK. */
function answerLocked(tcb: Tcb, segment: Segment, options: Options, mtu: u32): void {
  mustHold(tcb.lock);
  const half = currentHalf();
  readHalf(half, segment, options);
  half.iss = initialSequence(tcb.localAddress, tcb.remoteAddress, tcb.ports);
  beginHalfLocked(tcb, half, mtu);
  setStateLocked(tcb, TcpState.SYN_RECEIVED);
  noteHalfOpenLocked(tcb);
  noteAnswered(tcb.rcvNxt);
  count(Counter.TCP_PASSIVE_OPENS);
  transmitLocked(tcb, tcb.sndUna, TcpFlag.SYN | TcpFlag.ACK, 0);
  startRetransmitLocked(tcb);
}

/** An acknowledgment in SYN-RECEIVED. NOTHING: go on with the segment, the connection is open. */
export function receiveSynReceivedLocked(tcb: Tcb, segment: Segment): Next {
  mustHold(tcb.lock);
  const ack = segment.acknowledgment;
  if (notAfter(ack, tcb.sndUna) || before(tcb.sndMax, ack)) {
    drop(Drop.TCP_UNSENT_ACKNOWLEDGED);
    return Next.RESET;
  }
  if (tcb.flags & TcbFlag.LATE_INDICATION) return beginLateLocked(tcb);
  noteNotHalfOpenLocked(tcb);
  stopTimerLocked(tcb);
  beginTimeoutLocked(tcb);
  tcb.sndUna++;
  tcb.sndWl2 = ack;
  const closing = (tcb.flags & TcbFlag.FIN_QUEUED) != 0;
  openedLocked(tcb);
  if (closing) {
    tcb.flags &= ~TcbFlag.FIN_QUEUED;
    closeLocked(tcb);
  }
  return Next.NOTHING;
}

/** One segment has the client asked; what comes meanwhile is dropped, and comes again. */
function beginLateLocked(tcb: Tcb): Next {
  mustHold(tcb.lock);
  if (tcb.flags & TcbFlag.INDICATING) return Next.NOTHING;
  tcb.flags |= TcbFlag.INDICATING;
  return Next.INDICATE_LATE;
}

/**
 * The handshake of a connection that its client does not know of is over: the client is asked now.
 * True when it has an endpoint, and the segment is to be looked at again.
 */
export function indicateLate(tcb: Tcb, segment: Segment): bool {
  const address = findAddress(Protocol.TCP, tcb.localAddress, tcb.localPort);
  const given = acceptLate(tcb, address, segment);
  if (address != null) leaveAddress(address);
  return given;
}

/** The client is asked, and what it gives is taken, while its address cannot go. */
function acceptLate(tcb: Tcb, address: AddressObject | null, segment: Segment): bool {
  let irp: Irp | null = null;
  if (address != null) irp = askLate(tcb, address);
  if (irp == null) {
    endLate(tcb);
    refuse(segment);
    return false;
  }
  const given = giveLate(tcb, irp);
  if (!given) {
    endLate(tcb);
    IoCompleteRequest(irp, Status.INSUFFICIENT_RESOURCES, 0);
    refuse(segment);
  }
  return given;
}

/** The client's TDI_ACCEPT for a connection whose handshake is over, or null. */
function askLate(tcb: Tcb, address: AddressObject): Irp | null {
  const indication = askClient(address, tcb.remoteAddress, tcb.remotePort);
  return indication == null ? null : indication.irp;
}

function endLate(tcb: Tcb): void {
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  dieLocked(tcb, Status.INSUFFICIENT_RESOURCES, false);
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
  if (tcb.todo) settle(tcb);
}

/** Gives `tcb` the endpoint of `irp`, and a route cache entry; false when it cannot have them. */
function giveLate(tcb: Tcb, irp: Irp): bool {
  const connection = adopt(irp);
  const route = referenceRoute(tcb.remoteAddress);
  if (connection == null || route == null || !attach(connection, tcb)) {
    if (route != null) dereferenceRoute(route);
    return false;
  }
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  tcb.route = route;
  tcb.connection = connection;
  beginOptionsLocked(tcb, connection);
  tcb.flags &= ~(TcbFlag.LATE_INDICATION | TcbFlag.INDICATING);
  const open = tcb.state == TcpState.SYN_RECEIVED;
  if (open) tcb.openIrp = irp;
  else tcb.todo |= <u8>Todo.DETACH;
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
  if (tcb.todo) settle(tcb);
  return open;
}
