/**
 * Octets to the client (nt-facts 4.3): indicated in place; what the client does not take is kept
 * until it asks, and nothing more is indicated before.
 */

import { KeBugCheckEx, Stop } from "../../nt/bugcheck";
import { IsListEmpty, RemoveHeadList } from "../../nt/list";
import { Status } from "../../nt/status";
import { Irql, KeGetCurrentProcessorNumber, MAXIMUM_PROCESSORS } from "../../ke/processor";
import { KeAcquireSpinLockAtDpcLevel, KeReleaseSpinLockFromDpcLevel } from "../../ke/spinlock";
import { mustHold } from "../../ke/spinlock";
import { IoSetNextIrpStackLocation } from "../../io/call";
import { Irp, irpOfQueue } from "../../io/irp";
import { copyToMdl, mdlLength } from "../../io/mdl";
import { parametersOf } from "../../io/stack";
import { ReceiveIndication } from "../../tdi/event";
import { indicateReceive } from "../../tdi/indicate";
import { TdiTransfer } from "../../tdi/parameters";
import { ReceiveFlag } from "../../tdi/request";
import { Counter, countMany, Drop, drop } from "../counters";
import { takeReadyLocked } from "./assemble";
import { abortLocked, finReceivedLocked, oweDisconnectLocked } from "./close";
import { endCall } from "./connection";
import { Connection } from "./endpoint";
import { noteArrivalLocked, scheduleLocked } from "./delayedack";
import { Held, hold, releaseHeld } from "./held";
import { Next } from "./segment";
import { Tcb, TcbFlag, Todo, finishIrpLocked } from "./tcb";
import { arriveUrgentLocked, pullUrgentLocked } from "./urgent";
import { windowLocked } from "./window";

/** One indication for each processor: it lives during the call. */
const INDICATIONS: usize = memory.data(256);
const INDICATION_OCTETS: usize = 32;
if (offsetof<ReceiveIndication>() > INDICATION_OCTETS) ERROR("INDICATIONS");
if (INDICATION_OCTETS * MAXIMUM_PROCESSORS > 256) ERROR("INDICATIONS");

function indicationOf(processor: u32): ReceiveIndication {
  return changetype<ReceiveIndication>(INDICATIONS + <usize>processor * INDICATION_OCTETS);
}

/**
 * `length` octets at `data` have come in order. True when they are to be indicated by the caller,
 * who calls `indicate` for `tcb.connection` when it has let go of the lock; else they are where
 * they belong, or, without memory, as if they had never come. None are left of a run that was an
 * urgent octet and nothing else.
 */
export function takeTextLocked(tcb: Tcb, data: usize, length: u32): bool {
  mustHold(tcb.lock);
  if (length == 0) {
    arriveLocked(tcb, 0);
    return false;
  }
  const inPlace =
    tcb.held == null && IsListEmpty(tcb.receives) && (tcb.flags & TcbFlag.INDICATING) == 0;
  if (inPlace && tcb.connection != null) {
    tcb.flags |= TcbFlag.INDICATING;
    arriveLocked(tcb, length);
    return true;
  }
  if (tcb.connection == null) {
    // Nobody is there to take it (SHLD-3).
    drop(Drop.TCP_AFTER_CLOSE);
    abortLocked(tcb, Status.CONNECTION_ABORTED);
    return false;
  }
  if (!appendLocked(tcb, data, length)) return false;
  arriveLocked(tcb, length);
  fillReceivesLocked(tcb);
  return false;
}

function arriveLocked(tcb: Tcb, length: u32): void {
  mustHold(tcb.lock);
  tcb.rcvNxt += length;
  countMany(Counter.TCP_OCTETS_IN, length);
  noteArrivalLocked(tcb, length);
  if (tcb.flags & TcbFlag.URGENT) arriveUrgentLocked(tcb);
}

/** Keeps octets behind those that the client has not taken; false when there is no memory. */
function appendLocked(tcb: Tcb, data: usize, length: u32): bool {
  mustHold(tcb.lock);
  const made = hold(data, length, 0);
  if (made == null) {
    drop(Drop.NO_MEMORY);
    return false;
  }
  let last = tcb.held;
  while (last != null && last.next != null) last = last.next;
  if (last == null) tcb.held = made;
  else last.next = made;
  tcb.heldOctets += length;
  return true;
}

/**
 * Indicates octets to the client of `connection`, then all that was waiting for them. The caller
 * has a reference, and took INDICATING while it was the Tcb's. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function indicate(tcb: Tcb, connection: Connection, data: usize, length: u32): void {
  let ready = indicateOnce(tcb, connection, data, length);
  while (ready != null) {
    const next: Held | null = indicateOnce(tcb, connection, ready.data, ready.length);
    releaseHeld(ready);
    ready = next;
  }
}

/**
 * Indicates what waited and whose turn has come, where no text goes before it. IRQL:
 * DISPATCH_LEVEL. Locks: none.
 */
export function indicateReady(tcb: Tcb): void {
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  const ready: Held | null = nextReadyLocked(tcb);
  const connection = tcb.connection;
  scheduleLocked(tcb);
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
  if (ready == null) return;
  if (connection != null) indicate(tcb, connection, ready.data, ready.length);
  releaseHeld(ready);
}

/** What follows where no text is indicated: what waited may be, else the peer's FIN is due. */
export function followLocked(tcb: Tcb): Next {
  mustHold(tcb.lock);
  if (tcb.waiting != null) return Next.READY;
  nextReadyLocked(tcb);
  return Next.NOTHING;
}

/** False: `nextReadyLocked` would find nothing to do. */
function mayBeMoreLocked(tcb: Tcb): bool {
  mustHold(tcb.lock);
  return tcb.waiting != null || (tcb.flags & (TcbFlag.FIN_WAITS | TcbFlag.DISCONNECT_OWED)) != 0;
}

/** The peer's FIN waits, and nothing before it is missing any more. */
export function isFinDueLocked(tcb: Tcb): bool {
  mustHold(tcb.lock);
  return (tcb.flags & TcbFlag.FIN_WAITS) != 0 && tcb.finSequence == tcb.rcvNxt;
}

/**
 * The next run to indicate, for who calls `indicate` with it. What cannot be indicated now is kept
 * where it belongs.
 */
function nextReadyLocked(tcb: Tcb): Held | null {
  mustHold(tcb.lock);
  if (tcb.waiting == null && (tcb.flags & TcbFlag.FIN_WAITS) == 0) {
    if (tcb.flags & TcbFlag.DISCONNECT_OWED) oweDisconnectLocked(tcb);
    return null;
  }
  let ready: Held | null = takeReadyLocked(tcb);
  while (ready != null) {
    if ((tcb.flags & TcbFlag.URGENT) != 0 && pullUrgentLocked(tcb, ready.data, ready.length)) {
      ready.data++;
      ready.length--;
    }
    if (takeTextLocked(tcb, ready.data, ready.length)) return ready;
    releaseHeld(ready);
    ready = takeReadyLocked(tcb);
  }
  if (isFinDueLocked(tcb)) {
    finReceivedLocked(tcb);
    scheduleLocked(tcb);
  }
  oweDisconnectLocked(tcb);
  return null;
}

/** Indicates one run; the next one that is to be indicated, or null. */
function indicateOnce(
  tcb: Tcb,
  connection: Connection,
  data: usize,
  length: u32,
): Held | null {
  const indication = indicationOf(KeGetCurrentProcessorNumber());
  indication.flags = ReceiveFlag.NORMAL;
  indication.indicated = length;
  indication.available = length;
  indication.tsdu = data;
  indication.taken = 0;
  indication.irp = null;
  callClient(connection, indication);
  const taken = indication.taken;
  const irp = indication.irp;
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  const counted = (tcb.flags & TcbFlag.COUNTED) != 0;
  endIndicationLocked(tcb, data, length, taken, irp);
  const ready: Held | null = mayBeMoreLocked(tcb) ? nextReadyLocked(tcb) : null;
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
  if (counted) endCall(connection);
  return ready;
}

function callClient(connection: Connection, indication: ReceiveIndication): void {
  const address = connection.address;
  if (address != null) indicateReceive(address.handlers, connection.clientContext, indication);
}

/** What the client did not take stays with us, or goes into the request that it gave. */
function endIndicationLocked(
  tcb: Tcb,
  data: usize,
  length: u32,
  taken: u32,
  irp: Irp | null,
): void {
  mustHold(tcb.lock);
  tcb.flags &= ~(TcbFlag.INDICATING | TcbFlag.COUNTED);
  if (irp == null && taken == length && tcb.held == null) return;
  // NT: what a client claims beyond what there was (I4) is looked for where nothing is (Q244239).
  if (taken > length) {
    KeBugCheckEx(Stop.IRQL_NOT_LESS_OR_EQUAL, <u32>data + taken, Irql.DISPATCH, 0, length);
  }
  const left = length - taken;
  if (irp != null) {
    IoSetNextIrpStackLocation(irp);
    irp.driverOffset = 0;
    irp.queue.flink = irp.queue;
    irp.queue.blink = irp.queue;
    if (tcb.connection != null) queueReceiveLocked(tcb, irp);
    else finishIrpLocked(tcb, irp, Status.CONNECTION_ABORTED, 0);
  }
  if (left == 0) {
    if (tcb.held != null) fillReceivesLocked(tcb);
    return;
  }
  if (tcb.connection == null) {
    // Its client has gone meanwhile: nobody is there to take it (SHLD-3).
    abortLocked(tcb, Status.CONNECTION_ABORTED);
    return;
  }
  // What came meanwhile, on another processor, is behind what is left here.
  const behind = tcb.held;
  tcb.held = null;
  const kept = appendLocked(tcb, data + taken, left);
  if (!kept) {
    tcb.held = behind;
    abortLocked(tcb, Status.INSUFFICIENT_RESOURCES);
    tcb.todo |= <u8>Todo.ABORTED; // not the client's wish: it is told
    return;
  }
  joinHeldLocked(tcb, behind);
  fillReceivesLocked(tcb);
}

/** Puts `behind` behind what is kept. */
function joinHeldLocked(tcb: Tcb, behind: Held | null): void {
  mustHold(tcb.lock);
  const first = tcb.held;
  if (first != null) first.next = behind;
}

/** A TDI_RECEIVE request waits for octets. */
export function queueReceiveLocked(tcb: Tcb, irp: Irp): void {
  mustHold(tcb.lock);
  const last = tcb.receives.blink;
  irp.queue.flink = tcb.receives;
  irp.queue.blink = last;
  last.flink = irp.queue;
  tcb.receives.blink = irp.queue;
}

/**
 * Gives octets that are kept to the requests that wait; each completes with what there is. The
 * caller sees to it that ACK_NOW is heeded: in a batch its turn comes, a request sends at once.
 */
export function fillReceivesLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const before = windowLocked(tcb);
  while (tcb.held != null && !IsListEmpty(tcb.receives)) {
    const irp = irpOfQueue(RemoveHeadList(tcb.receives));
    const transfer = parametersOf<TdiTransfer>(irp);
    const room = mdlLength(irp.mdl);
    const wanted = transfer.length < room ? transfer.length : room;
    finishIrpLocked(tcb, irp, Status.SUCCESS, drainLocked(tcb, irp, wanted));
  }
  // The window may have opened enough to be worth telling (MUST-39).
  if (windowLocked(tcb) >= before + <u32>tcb.mss) tcb.flags |= TcbFlag.ACK_NOW;
  oweDisconnectLocked(tcb);
}

/** Moves at most `wanted` octets into a request; returns how many. */
function drainLocked(tcb: Tcb, irp: Irp, wanted: u32): u32 {
  mustHold(tcb.lock);
  let moved: u32 = 0;
  let held: Held | null = tcb.held;
  while (held != null && moved < wanted) {
    const take = held.length < wanted - moved ? held.length : wanted - moved;
    copyToMdl(irp.mdl, moved, held.data, take);
    moved += take;
    held.data += take;
    held.length -= take;
    tcb.heldOctets -= take;
    if (held.length != 0) break;
    tcb.held = held.next;
    releaseHeld(held);
    held = tcb.held;
  }
  return moved;
}

/** Copies what is kept into a request, which leaves it where it is; returns how many octets. */
export function peekLocked(tcb: Tcb, irp: Irp): u32 {
  mustHold(tcb.lock);
  const room = mdlLength(irp.mdl);
  const length = parametersOf<TdiTransfer>(irp).length;
  const wanted = length < room ? length : room;
  let copied: u32 = 0;
  let held: Held | null = tcb.held;
  while (held != null && copied < wanted) {
    const take = held.length < wanted - copied ? held.length : wanted - copied;
    copyToMdl(irp.mdl, copied, held.data, take);
    copied += take;
    const next: Held | null = held.next;
    held = next;
  }
  return copied;
}
