/**
 * Urgent data (RFC 9293, 3.8.5; RFC 6093). What is received: where it ends is kept with the
 * endpoint (notice.ts), and its last octet is taken out of the text, as BSD does it, unless the
 * client wants it in line. One octet is kept at most: a later one takes its place (Q293841). What
 * is sent: the last request with TDI_SEND_EXPEDITED says where it ends.
 */

import { at } from "../../nt/embed";
import { ListEntry } from "../../nt/list";
import { RtlCopyMemory } from "../../nt/memory";
import { NTSTATUS, Status } from "../../nt/status";
import { Parameter, queryParameter } from "../../ex/registry";
import { KeGetCurrentProcessorNumber, MAXIMUM_PROCESSORS } from "../../ke/processor";
import { KeAcquireSpinLockAtDpcLevel, KeReleaseSpinLockFromDpcLevel } from "../../ke/spinlock";
import { mustHold } from "../../ke/spinlock";
import { Irp, irpOfQueue } from "../../io/irp";
import { copyToMdl } from "../../io/mdl";
import { parametersOf } from "../../io/stack";
import { EventHandlers, ReceiveIndication } from "../../tdi/event";
import { indicateExpedited } from "../../tdi/indicate";
import { TdiTransfer } from "../../tdi/parameters";
import { ReceiveFlag, SendFlag } from "../../tdi/request";
import { Connection } from "./endpoint";
import { Notice, UrgentState, makeNotice, noticeOf } from "./notice";
import { Segment } from "./segment";
import { before } from "./sequence";
import { mayReceive } from "./state";
import { Tcb, TcbFlag, Todo } from "./tcb";

/** The most that an urgent pointer says. */
const MOST_POINTER: u32 = 0xffff;
/** A segment without one. */
export const NO_POINTER: u32 = 0xffffffff;

/** An indication for each processor, and the octet that it is of: they live during the call. */
const INDICATIONS: usize = memory.data(256);
const EACH: usize = 32;
const OCTET: usize = 24;
if (<usize>offsetof<ReceiveIndication>() > OCTET) ERROR("INDICATIONS");
if (<u32>EACH * MAXIMUM_PROCESSORS > 256) ERROR("INDICATIONS has one for each processor");

/**
 * How far from the pointer it is to the octet behind the urgent data: RFC 1122 (4.2.2.4) had it
 * point to the last octet; BSD, NT unless it is told, and RFC 9293 (MUST-62) to the one behind.
 */
function fromPointer(): u32 {
  return queryParameter(Parameter.TcpUseRFC1122UrgentPointer) ? 1 : 0;
}

/**
 * `segment` has URG: what it says is kept where it is news. The pointer counts from the segment as
 * it came, whatever of it was trimmed away.
 */
export function noteUrgentLocked(tcb: Tcb, segment: Segment): void {
  mustHold(tcb.lock);
  const connection = tcb.connection;
  if (connection == null || !mayReceive(tcb.state)) return;
  const header = segment.header;
  const distance = header.urgentPointer + fromPointer();
  // Nothing in or behind the segment is urgent: so BSD, and what is before it others have said.
  if (distance == 0) return;
  const end = header.sequenceNumber + distance;
  const notice = makeNotice(connection);
  // Without memory it is text like any other.
  if (notice == null) return;
  const awaited = (notice.urgent & UrgentState.AHEAD) != 0;
  if (!before(awaited ? notice.urgentEnd : tcb.rcvNxt, end)) return;
  // An octet that nobody asked for is lost to the next one.
  notice.urgentEnd = end;
  notice.urgent = <u8>(UrgentState.AHEAD | UrgentState.MARKED);
  tcb.flags |= TcbFlag.URGENT;
  tcb.todo |= <u8>Todo.URGENT;
}

/**
 * Text of a connection with URGENT comes in order: where the urgent octet is among it, and not
 * wanted in line, it is taken out, and what was before it moves up by one. True: the run begins one
 * octet later, and `arriveUrgentLocked` counts the octet once the run is received.
 */
export function pullUrgentLocked(tcb: Tcb, data: usize, length: u32): bool {
  mustHold(tcb.lock);
  const connection = tcb.connection;
  const notice = noticeLocked(tcb);
  if (connection == null || notice == null) return false;
  notice.urgent &= ~(<u8>UrgentState.PULLED);
  if ((notice.urgent & UrgentState.AHEAD) == 0 || connection.isInline) return false;
  const offset = notice.urgentEnd - 1 - tcb.rcvNxt;
  if (offset >= length) return false;
  RtlCopyMemory(octetOf(notice), data + <usize>offset, 1);
  RtlCopyMemory(data + 1, data, <usize>offset);
  notice.urgent |= <u8>UrgentState.PULLED;
  return true;
}

/** What the endpoint of `tcb` has to tell, or null. */
function noticeLocked(tcb: Tcb): Notice | null {
  mustHold(tcb.lock);
  const connection = tcb.connection;
  return connection == null ? null : noticeOf(connection);
}

/** Where the octet lies. Under `Tcb.lock` of tcb.ts. */
function octetOf(notice: Notice): usize {
  return changetype<usize>(notice) + offsetof<Notice>("urgentOctet");
}

/** A run of a connection with URGENT is received: what was taken out of it counts, too. */
export function arriveUrgentLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const notice = noticeLocked(tcb);
  if (notice == null || (notice.urgent & UrgentState.AHEAD) == 0) return;
  if (notice.urgent & UrgentState.PULLED) {
    tcb.rcvNxt++;
    notice.urgent |= <u8>(UrgentState.OCTET | UrgentState.APART);
    tcb.todo |= <u8>Todo.URGENT;
  }
  if (before(tcb.rcvNxt, notice.urgentEnd)) return;
  notice.urgent &= ~(<u8>(UrgentState.AHEAD | UrgentState.PULLED));
  if (lastUrgentLocked(tcb) == null) tcb.flags &= ~TcbFlag.URGENT;
}

/**
 * ClientEventReceiveExpedited for the client of `connection`, whose call has begun: with the octet,
 * or, where that is not here or wanted in line, with none. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function indicateUrgent(tcb: Tcb, connection: Connection, handlers: EventHandlers): void {
  const place = INDICATIONS + <usize>KeGetCurrentProcessorNumber() * EACH;
  const indication = at<ReceiveIndication>(place, 0);
  const notice = noticeOf(connection);
  if (notice == null) return;
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  const there = (notice.urgent & UrgentState.OCTET) != 0;
  RtlCopyMemory(place + OCTET, octetOf(notice), 1);
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
  indication.flags = ReceiveFlag.EXPEDITED;
  indication.indicated = there ? 1 : 0;
  indication.available = indication.indicated;
  indication.tsdu = place + OCTET;
  if (!indicateExpedited(handlers, connection.clientContext, indication) || !there) return;
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  notice.urgent &= ~(<u8>UrgentState.OCTET);
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
}

/**
 * TDI_RECEIVE_EXPEDITED: the urgent octet, at once; none where it was announced and has not come.
 * NO_MORE_ENTRIES: there is none, or it was asked for already, or is in line.
 */
export function receiveUrgentLocked(tcb: Tcb, irp: Irp): NTSTATUS {
  mustHold(tcb.lock);
  const connection = tcb.connection;
  const notice = noticeLocked(tcb);
  if (connection == null || notice == null) return Status.NO_MORE_ENTRIES;
  const state: u32 = notice.urgent;
  if (connection.isInline) return Status.NO_MORE_ENTRIES;
  if ((state & UrgentState.OCTET) == 0) {
    return state & UrgentState.AHEAD ? Status.SUCCESS : Status.NO_MORE_ENTRIES;
  }
  irp.information = copyToMdl(irp.mdl, 0, octetOf(notice), 1);
  const peek = (parametersOf<TdiTransfer>(irp).transferFlags & ReceiveFlag.PEEK) != 0;
  if (!peek) notice.urgent &= ~(<u8>UrgentState.OCTET);
  return Status.SUCCESS;
}

/**
 * TransportQuery.URGENT: twice the octets of text before the urgent octet that the client has not
 * been given, and 1; negative when it was given some behind it; 0 where there is none.
 */
export function urgentDistanceLocked(tcb: Tcb): u32 {
  mustHold(tcb.lock);
  const notice = noticeLocked(tcb);
  if (notice == null || (notice.urgent & UrgentState.MARKED) == 0) return 0;
  const apart = (notice.urgent & UrgentState.APART) != 0;
  const mark = apart ? notice.urgentEnd : notice.urgentEnd - 1;
  return ((mark - (tcb.rcvNxt - tcb.heldOctets)) << 1) | 1;
}

/** The last request with TDI_SEND_EXPEDITED that is not wholly acknowledged, or null. */
function lastUrgentLocked(tcb: Tcb): Irp | null {
  mustHold(tcb.lock);
  let entry: ListEntry = tcb.sends.blink;
  while (entry != tcb.sends) {
    const irp = irpOfQueue(entry);
    if (parametersOf<TdiTransfer>(irp).transferFlags & SendFlag.EXPEDITED) return irp;
    entry = entry.blink;
  }
  return null;
}

/** Whether urgent data of ours ends behind `sequence`, in a connection with URGENT. */
export function isUrgentLocked(tcb: Tcb, sequence: u32): bool {
  mustHold(tcb.lock);
  return urgentPointerLocked(tcb, sequence) != NO_POINTER;
}

/**
 * The urgent pointer of a segment from `sequence` on (MUST-62), of a connection with URGENT;
 * NO_POINTER: it has none.
 */
export function urgentPointerLocked(tcb: Tcb, sequence: u32): u32 {
  mustHold(tcb.lock);
  const irp = lastUrgentLocked(tcb);
  if (irp == null) {
    const notice = noticeLocked(tcb);
    const awaited = notice != null && (notice.urgent & UrgentState.AHEAD) != 0;
    if (!awaited) tcb.flags &= ~TcbFlag.URGENT;
    return NO_POINTER;
  }
  const end = <u32>irp.driverContext + irp.driverOffset;
  if (!before(sequence, end)) return NO_POINTER;
  const pointer = end - sequence - fromPointer();
  return pointer < MOST_POINTER ? pointer : MOST_POINTER;
}
