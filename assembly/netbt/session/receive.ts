/**
 * What comes on a TCP connection: four octets of header, then a message for the client, or a packet
 * of ours (RFC 1002, 4.3 and 5.2). What its client does not take stays with TCP, and is asked for
 * when the client asks.
 */

import { Fault, faulty } from "../../kb/faults";
import { Event } from "../../trace/event";
import { trace, KeQueryTickCount } from "../../trace/ring";
import { at } from "../../nt/embed";
import { RtlCopyMemory } from "../../nt/memory";
import { InsertTailList, IsListEmpty } from "../../nt/list";
import { NTSTATUS, Status } from "../../nt/status";
import { Parameter, queryParameter } from "../../ex/registry";
import { checkOutstanding } from "../../vf/indications";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../../ke/spinlock";
import { IoSetCancelRoutine } from "../../io/cancel";
import { IoCompleteRequest } from "../../io/complete";
import { CancelRoutine, Irp } from "../../io/irp";
import { ReceiveIndication } from "../../tdi/event";
import { DisconnectFlag } from "../../tdi/request";
import { NEGATIVE_OCTETS, RETARGET_OCTETS, SESSION_HEADER, SESSION_LIMIT } from
  "../../wire/nbsession";
import { SessionType } from "../../wire/nbsession";
import { NbtDrop, nbtDrop } from "../counters";
import { Block, BlockFlag, dereferenceBlock } from "./block";
import { End, countCutLocked, endSession, failureOf } from "./close";
import { takeResponse } from "./connect";
import { STOP, deliver } from "./deliver";
import { takeRequest } from "./listen";
import { AHEAD_LIMIT, notePulled, pullDown, pullFor } from "./pull";
import { SessionState } from "./state";

/** Octets of a session request behind its header, at least: two names without a scope. */
const REQUEST_LEAST: u32 = 68;
/** NtstackZeroLengthCount: what misses the header of a message without octets. */
const enum ZeroLengthCount {
  /** What TCP is told was taken; no less than 0. */
  TAKEN,
  /** What TCP has, as we count it. */
  OUTSTANDING,
  /** As TAKEN, in a word that knows no number below 0. */
  BELOW,
}
/** Packets that are dealt with in one go at most; there are never more octets than that. */
const MOST_PACKETS: u32 = 1 << 26;

/** ClientEventReceive of \Device\Tcp. IRQL: DISPATCH_LEVEL. Locks: none. */
export function receiveEvent(
  context: usize,
  connection: usize,
  indication: ReceiveIndication,
): NTSTATUS {
  const block = at<Block>(connection, 0);
  const length = indication.available;
  const irql = KeAcquireSpinLock(block.lock);
  const may = beginLocked(block);
  KeReleaseSpinLock(block.lock, irql);
  if (!may) return refuse(block, indication);
  block.taken = 0;
  block.outstanding += length;
  const used = consume(block, indication.tsdu, length);
  indication.taken = block.taken;
  if (VERIFIER) checkCounts(block, used, length);
  if (used < length) noteHeld(block);
  indication.irp = goOn(block, true);
  if (indication.irp != null) return Status.MORE_PROCESSING_REQUIRED;
  return indication.taken == 0 ? Status.DATA_NOT_ACCEPTED : Status.SUCCESS;
}

/** Nobody else deals with what came, and nothing before it waits. Else TCP keeps it. */
function beginLocked(block: Block): bool {
  mustHold(block.lock);
  const open = block.state >= SessionState.CALLING && block.state != SessionState.INBOUND;
  const held = (block.flags & (BlockFlag.BUSY | BlockFlag.HELD)) != 0;
  if (open && !held && block.aheadOctets == 0) {
    block.flags |= BlockFlag.BUSY;
    return true;
  }
  block.flags |= BlockFlag.HELD | BlockFlag.AGAIN;
  return false;
}

/** What TCP is told, what we count and what was dealt with are one (I1, I3). */
function checkCounts(block: Block, used: u32, length: u32): void {
  checkOutstanding(changetype<u32>(block), length - block.taken, length - used);
  checkOutstanding(changetype<u32>(block), block.outstanding, length - used);
}

/** TCP keeps it, unless the session is over: then nobody will ask for it. */
function refuse(block: Block, indication: ReceiveIndication): NTSTATUS {
  if ((block.flags & BlockFlag.ENDING) == 0) return Status.DATA_NOT_ACCEPTED;
  indication.taken = indication.available;
  return Status.SUCCESS;
}

/** TCP keeps octets that we know of. */
function noteHeld(block: Block): void {
  const irql = KeAcquireSpinLock(block.lock);
  block.flags |= BlockFlag.HELD;
  KeReleaseSpinLock(block.lock, irql);
}

/** `octets` are dealt with: TCP is told so, and fewer are outstanding (I1). */
function countTaken(block: Block, octets: u32): void {
  block.taken += octets;
  block.outstanding -= octets < block.outstanding ? octets : block.outstanding;
}

/** Deals with `length` octets at `data`; returns how many it could. The caller is BUSY. */
function consume(block: Block, data: usize, length: u32): u32 {
  let offset: u32 = 0;
  for (let packets: u32 = 0; packets < MOST_PACKETS; packets++) {
    if (block.headerOctets < SESSION_HEADER) {
      offset += takeHeader(block, data + offset, length - offset);
      if (block.headerOctets < SESSION_HEADER || !isValid(block)) break;
    }
    const left = length - offset;
    const run = left < block.left ? left : block.left;
    if (run == 0 && block.left != 0) break;
    const used = takeBody(block, data + offset, run);
    if (used == STOP) break;
    offset += <u32>used;
    countTaken(block, <u32>used);
    if (block.left == 0) block.headerOctets = 0;
  }
  return offset;
}

/** As much of a header as there is; with its last octet it is counted. */
function takeHeader(block: Block, data: usize, length: u32): u32 {
  const missing = SESSION_HEADER - block.headerOctets;
  const octets = length < missing ? length : missing;
  RtlCopyMemory(changetype<usize>(block.header) + block.headerOctets, data, octets);
  block.headerOctets += octets;
  countTaken(block, octets);
  if (block.headerOctets < SESSION_HEADER) return octets;
  block.left = block.header.length;
  block.stamp = KeQueryTickCount();
  // "does not update its count of bytes"
  if (faulty(Fault.Q126560) && block.left == 0) uncount(block);
  return octets;
}

/**
 * Q126560: which of the two counts misses the header no source says (nt-facts 11.4). One that goes
 * below 0, where the header came in pieces, is what ends in a stop.
 */
function uncount(block: Block): void {
  const taken = block.taken;
  const count = queryParameter(Parameter.NtstackZeroLengthCount);
  if (count == ZeroLengthCount.OUTSTANDING) block.outstanding += SESSION_HEADER;
  else if (taken >= SESSION_HEADER || count == ZeroLengthCount.BELOW) {
    block.taken = taken - SESSION_HEADER;
  } else block.taken = 0;
}

/** What may come now; all else ends the session. */
function isValid(block: Block): bool {
  const type = block.header.type;
  const length = block.left;
  let valid = false;
  if (block.flags & BlockFlag.ENDING) return false;
  switch (block.state) {
    case SessionState.CONNECTED:
      valid = type == SessionType.MESSAGE
        ? length <= SESSION_LIMIT
        : type == SessionType.KEEP_ALIVE && length == 0;
      break;
    case SessionState.ACCEPTING:
      valid =
        type == SessionType.REQUEST && length >= REQUEST_LEAST && length <= AHEAD_LIMIT;
      break;
    case SessionState.CALLING:
      valid =
        (type == SessionType.POSITIVE_RESPONSE && length == 0) ||
        (type == SessionType.NEGATIVE_RESPONSE && length == NEGATIVE_OCTETS) ||
        (type == SessionType.RETARGET_RESPONSE && length == RETARGET_OCTETS);
      break;
    default:
      break;
  }
  if (valid) return true;
  nbtDrop(NbtDrop.SESSION_PACKET);
  trace(Event.NBT_MALFORMED, block.remoteAddress, type, length);
  const agreed = block.state == SessionState.CONNECTED;
  const status = agreed ? Status.CONNECTION_ABORTED : failureOf(Status.CONNECTION_ABORTED);
  endSession(block, status, End.ABORT | End.TELL_ABORT);
  return false;
}

/** `run` octets of what follows a header; STOP: not now. */
function takeBody(block: Block, data: usize, run: u32): i32 {
  const type = block.header.type;
  if (type == SessionType.MESSAGE) return deliver(block, data, run);
  if (type == SessionType.KEEP_ALIVE) return 0;
  if (run < block.left) return STOP;
  const length = block.left;
  block.left = 0;
  if (type == SessionType.REQUEST) takeRequest(block, data, length);
  else takeResponse(block, type, data);
  return <i32>length;
}

/**
 * Goes on with what TCP keeps and nobody has asked for, or lets go of BUSY. In an indication the
 * answer is a request for TCP, where there is more to ask for. IRQL: <= DISPATCH_LEVEL. Locks:
 * none.
 */
function goOn(block: Block, indicating: bool): Irp | null {
  for (let turns: u32 = 0; turns < MOST_PACKETS; turns++) {
    const irql = KeAcquireSpinLock(block.lock);
    const due = isPullDueLocked(block);
    const done = !due ? leaveLocked(block) : null;
    const closed = !due && isCloseDueLocked(block);
    const status = block.status;
    KeReleaseSpinLock(block.lock, irql);
    if (done != null) IoCompleteRequest(done, status, 0);
    if (closed) closeByPeer(block);
    if (!due) return null;
    const irp = pullFor(block, pulled);
    if (irp == null) {
      endSession(block, Status.INSUFFICIENT_RESOURCES, End.ABORT | End.TELL_ABORT);
      continue;
    }
    if (indicating) return irp;
    if (!pullDown(block, irp)) return null;
    takeAhead(block);
  }
  return null;
}

/** TCP keeps octets, or what has come is not enough, and what comes next can be dealt with. */
function isPullDueLocked(block: Block): bool {
  mustHold(block.lock);
  const waits = (block.flags & BlockFlag.HELD) != 0 || block.aheadOctets != 0;
  if (block.flags & BlockFlag.ENDING || !waits) return false;
  if (block.headerOctets < SESSION_HEADER || block.header.type != SessionType.MESSAGE) return true;
  const asked = block.current != null || !IsListEmpty(block.receives);
  return asked || (block.flags & BlockFlag.OWED) == 0;
}

/** Lets go of BUSY. At the end the request that was being filled ends as well: the caller's. */
function leaveLocked(block: Block): Irp | null {
  mustHold(block.lock);
  if (block.flags & BlockFlag.ENDING) {
    countCutLocked(block);
    const current = block.current;
    block.current = null;
    return current;
  }
  block.flags &= ~BlockFlag.BUSY;
  return null;
}

/** The peer has closed, and its last octet is taken. */
function isCloseDueLocked(block: Block): bool {
  mustHold(block.lock);
  const flags = block.flags & (BlockFlag.PEER_CLOSED | BlockFlag.ENDING | BlockFlag.BUSY);
  if (flags != BlockFlag.PEER_CLOSED || block.outstanding != 0) return false;
  // A message of no octets that the client has not taken.
  return block.headerOctets < SESSION_HEADER || block.left != 0;
}

function closeByPeer(block: Block): void {
  const end = End.RELEASE | End.TELL_RELEASE | End.CUT;
  endSession(block, Status.GRACEFUL_DISCONNECT, end);
}

/** TCP gave what it was asked for, or said that there is none. */
function pulled(irp: Irp, context: usize): NTSTATUS {
  const block = at<Block>(context, 0);
  if (notePulled(block, irp)) {
    takeAhead(block);
    goOn(block, false);
  }
  dereferenceBlock(block);
  return Status.MORE_PROCESSING_REQUIRED;
}

/** Deals with what was asked for: from its place, as if it had just come. */
function takeAhead(block: Block): void {
  block.taken = 0;
  const octets = block.aheadOctets;
  const used = consume(block, block.ahead + block.aheadOffset, octets);
  block.aheadOctets = octets - used;
  block.aheadOffset = block.aheadOctets ? block.aheadOffset + used : 0;
}

/** TDI_RECEIVE: completes with the message, or when it is full. IRQL: <= DISPATCH_LEVEL. */
export function askForMessage(block: Block, irp: Irp, cancel: CancelRoutine): void {
  const irql = KeAcquireSpinLock(block.lock);
  const over = (block.flags & BlockFlag.ENDING) != 0;
  const mine = !over && (block.flags & BlockFlag.BUSY) == 0;
  if (!over) queueLocked(block, irp, cancel);
  if (mine) block.flags |= BlockFlag.BUSY;
  const status = block.status;
  KeReleaseSpinLock(block.lock, irql);
  if (over) IoCompleteRequest(irp, status, 0);
  if (!mine) return;
  takeAhead(block);
  goOn(block, false);
}

function queueLocked(block: Block, irp: Irp, cancel: CancelRoutine): void {
  mustHold(block.lock);
  IoSetCancelRoutine(irp, cancel);
  InsertTailList(block.receives, irp.queue);
  block.flags &= ~BlockFlag.OWED;
}

/** What came before its time, while a handshake was not over, is dealt with now. */
export function resume(block: Block): void {
  const irql = KeAcquireSpinLock(block.lock);
  const mine = (block.flags & (BlockFlag.BUSY | BlockFlag.HELD)) == BlockFlag.HELD;
  if (mine) block.flags |= BlockFlag.BUSY;
  KeReleaseSpinLock(block.lock, irql);
  if (mine) goOn(block, false);
}

/** ClientEventDisconnect of \Device\Tcp. IRQL: DISPATCH_LEVEL. Locks: none. */
export function disconnectEvent(
  context: usize,
  connection: usize,
  flags: DisconnectFlag,
): NTSTATUS {
  const block = at<Block>(connection, 0);
  const irql = KeAcquireSpinLock(block.lock);
  const agreed = block.state == SessionState.CONNECTED;
  if (flags == DisconnectFlag.RELEASE) block.flags |= BlockFlag.PEER_CLOSED;
  const due = isCloseDueLocked(block);
  KeReleaseSpinLock(block.lock, irql);
  if (flags & DisconnectFlag.ABORT) {
    const status = agreed ? Status.CONNECTION_RESET : failureOf(Status.CONNECTION_RESET);
    endSession(block, status, End.TELL_ABORT | End.CUT);
  } else if (!agreed) {
    endSession(block, failureOf(Status.GRACEFUL_DISCONNECT), End.RELEASE | End.CUT);
  } else if (due) {
    closeByPeer(block);
  }
  return Status.SUCCESS;
}
