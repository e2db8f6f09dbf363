/** What a connection owes others, done once its lock is let go: nobody is called with it held. */

import { at } from "../../nt/embed";
import { NTSTATUS, Status } from "../../nt/status";
import { Fault, faulty } from "../../kb/faults";
import { KeAcquireSpinLockAtDpcLevel, KeReleaseSpinLockFromDpcLevel } from "../../ke/spinlock";
import { mustHold } from "../../ke/spinlock";
import { Irp } from "../../io/irp";
import { IoCompleteRequest } from "../../io/complete";
import { EventHandlers } from "../../tdi/event";
import { indicateDisconnect, indicateError } from "../../tdi/indicate";
import { DisconnectFlag } from "../../tdi/request";
import { abortLocked } from "./close";
import { beginCall, detach, endCall, letGoLocked } from "./connection";
import { Connection } from "./endpoint";
import { homePartition, removeTcbLocked } from "./table";
import { softErrorOfLocked } from "./softerror";
import { Tcb, Todo, dereferenceTcb } from "./tcb";
import { removeTimer } from "./timer";
import { indicateUrgent } from "./urgent";
import { withdrawAck } from "./ackdeadline";

/** What is done with its client's endpoint. */
const CLIENTS: u32 =
  Todo.REMOVE | Todo.DETACH | Todo.RELEASED | Todo.ABORTED | Todo.URGENT | Todo.SOFT_ERROR;

/**
 * Ends `tcb` by force: a RST goes, where its peer knows of it, and its client is told. The caller
 * has a reference. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function breakOff(tcb: Tcb, status: NTSTATUS): void {
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  breakOffLocked(tcb, status);
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
  if (tcb.todo) settle(tcb);
}

function breakOffLocked(tcb: Tcb, status: NTSTATUS): void {
  mustHold(tcb.lock);
  // Who waits for the handshake learns it from the request; who has the connection, by an event.
  const opening = tcb.openIrp != null;
  abortLocked(tcb, status);
  if (!opening) tcb.todo |= <u8>Todo.ABORTED;
}

/** Does all that `tcb` owes. The caller has a reference. IRQL: DISPATCH_LEVEL. Locks: none. */
export function settle(tcb: Tcb): void {
  while (tcb.todo) {
    KeAcquireSpinLockAtDpcLevel(tcb.lock);
    const todo = <u32>tcb.todo;
    const done = takeDoneLocked(tcb);
    const connection = todo & CLIENTS ? tcb.connection : null;
    const held = tcb.heldOctets;
    const error = todo & Todo.SOFT_ERROR ? softErrorOfLocked(tcb) : Status.SUCCESS;
    tcb.todo = 0;
    if (connection != null) beginCall(connection);
    if (todo & (Todo.REMOVE | Todo.DETACH)) letGoLocked(tcb);
    // "tries to lock the TCBTableLock"
    if (faulty(Fault.Q171181) && (todo & Todo.REMOVE) != 0) leaveTable(tcb);
    KeReleaseSpinLockFromDpcLevel(tcb.lock);
    completeChain(done);
    if (todo & Todo.REMOVE) leaveTable(tcb);
    if (connection == null) continue;
    const address = connection.address;
    if (address != null) tellNews(tcb, connection, address.handlers, todo, error);
    // The endpoint is free for another connection before its client is told (nt-facts 4.5).
    const client = connection.clientContext;
    if (todo & (Todo.REMOVE | Todo.DETACH)) detach(connection, tcb);
    if (address != null) tellEnd(address.handlers, client, todo, held);
    endCall(connection);
  }
}

function takeDoneLocked(tcb: Tcb): Irp | null {
  mustHold(tcb.lock);
  const done = tcb.done;
  tcb.done = null;
  return done;
}

/** The chain has the youngest first: requests complete in the order in which they were made. */
function completeChain(youngest: Irp | null): void {
  let oldest: Irp | null = null;
  let irp = youngest;
  while (irp != null) {
    const next = at<Irp | null>(irp.driverContext, 0);
    irp.driverContext = changetype<usize>(oldest);
    oldest = irp;
    irp = next;
  }
  while (oldest != null) {
    const next = at<Irp | null>(oldest.driverContext, 0);
    IoCompleteRequest(oldest, oldest.status, oldest.information);
    oldest = next;
  }
}

/** What a connection that goes on has to tell. */
function tellNews(
  tcb: Tcb,
  connection: Connection,
  handlers: EventHandlers,
  todo: u32,
  error: NTSTATUS,
): void {
  if (todo & Todo.URGENT) indicateUrgent(tcb, connection, handlers);
  if (todo & Todo.SOFT_ERROR) indicateError(handlers, connection.clientContext, error);
}

function tellEnd(handlers: EventHandlers, client: usize, todo: u32, held: u32): void {
  if (todo & Todo.RELEASED) indicateDisconnect(handlers, client, DisconnectFlag.RELEASE, held);
  if ((todo & Todo.ABORTED) == 0) return;
  const late = todo & Todo.TIMED_OUT ? DisconnectFlag.TIMED_OUT : 0;
  indicateDisconnect(handlers, client, DisconnectFlag.ABORT | late, held);
}

/** Out of the table and the wheel, with the table's reference. */
function leaveTable(tcb: Tcb): void {
  const partition = homePartition(tcb);
  KeAcquireSpinLockAtDpcLevel(partition.lock);
  const was = removeTcbLocked(partition, tcb);
  KeReleaseSpinLockFromDpcLevel(partition.lock);
  forgetTable(tcb, was);
}

/** `tcb` is out of the table, in which it `was`: its timers and the table's reference go. */
export function forgetTable(tcb: Tcb, was: bool): void {
  removeTimer(tcb);
  withdrawAck(tcb);
  if (was) dereferenceTcb(tcb);
}
