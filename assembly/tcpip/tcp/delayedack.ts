/** ACKs that may wait, and those that wait for the end of the batch (RFC 9293, 3.8.6.3). */

import { Parameter, queryParameter } from "../../ex/registry";
import { ticksOf } from "../../nt/time";
import { Kdpc } from "../../ke/dpc";
import { KeGetCurrentProcessorNumber, MAXIMUM_PROCESSORS } from "../../ke/processor";
import { KeAcquireSpinLockAtDpcLevel, KeReleaseSpinLockFromDpcLevel } from "../../ke/spinlock";
import { mustHold } from "../../ke/spinlock";
import { Counter, count } from "../counters";
import { flushSends, queuedFor } from "../ip/send";
import { Interface } from "../interface";
import { clearAckDeadlineLocked, initializeAckDeadlines } from "./ackdeadline";
import { setAckDeadlineLocked, takeDueAcks } from "./ackdeadline";
import { outputLocked } from "./output";
import { settle } from "./settle";
import { takenAt, touchTaken } from "./taken";
import { Tcb, TcbFlag, dereferenceTcb, referenceTcb } from "./tcb";
import { acknowledgeNowLocked } from "./transmit";

/** Connections, by ackNext, that may have something to say at the end of this batch. */
@unmanaged
class List {
  first: Tcb | null;
}
const LISTS: usize = memory.data(32);
if (MAXIMUM_PROCESSORS * 4 > 32) ERROR("LISTS");

function listOf(processor: u32): List {
  return changetype<List>(LISTS + (<usize>processor << 2));
}

/** What one more connection may queue before the packets must go down. */
const CROWDED: u32 = 192;

/** At the end of this batch `tcb` gets its turn to send. Takes a reference. */
export function scheduleLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  if (tcb.flags & TcbFlag.ACK_LISTED) return;
  const list = listOf(KeGetCurrentProcessorNumber());
  tcb.flags |= TcbFlag.ACK_LISTED;
  tcb.ackNext = list.first;
  list.first = tcb;
  referenceTcb(tcb);
}

/**
 * `length` octets came in order: what makes a second segment, whatever its size, is acknowledged at
 * the end of its batch (nt-facts 3.5; MUST-58, SHLD-19), less may wait for the timer (SHLD-18).
 */
export function noteArrivalLocked(tcb: Tcb, length: u32): void {
  mustHold(tcb.lock);
  const all = <u32>tcb.unacknowledged + length;
  tcb.unacknowledged = <u16>(all < 0xffff ? all : 0xffff);
  if ((tcb.flags & TcbFlag.ACK_DELAYED) == 0 && all < <u32>tcb.mss * 2 && delayLocked(tcb)) return;
  tcb.flags |= TcbFlag.ACK_NOW;
  scheduleLocked(tcb);
}

/** The acknowledgment gets its deadline. False: none can be had, or is wanted. */
function delayLocked(tcb: Tcb): bool {
  mustHold(tcb.lock);
  const tenths = queryParameter(Parameter.TcpDelAckTicks);
  const ms = queryParameter(Parameter.NtstackDelayedAckMs);
  const wait = ticksOf(tenths == 0 || ms == 0 ? tenths * 100 : ms);
  if (wait == 0 || !setAckDeadlineLocked(tcb, wait)) return false;
  tcb.flags |= TcbFlag.ACK_DELAYED;
  return true;
}

/** The end of the batch: everybody who was scheduled sends. IRQL: DISPATCH_LEVEL. Locks: none. */
export function flushScheduled(on: Interface): void {
  const list = listOf(KeGetCurrentProcessorNumber());
  let tcb = list.first;
  list.first = null;
  while (tcb != null) {
    if (queuedFor(on) > CROWDED) flushSends();
    KeAcquireSpinLockAtDpcLevel(tcb.lock);
    const next: Tcb | null = tcb.ackNext;
    const more = takeTurnLocked(tcb);
    KeReleaseSpinLockFromDpcLevel(tcb.lock);
    if (tcb.todo) settle(tcb);
    if (more) continue;
    dereferenceTcb(tcb);
    tcb = next;
  }
}

/** Sends; true when it wants another turn at once. */
function takeTurnLocked(tcb: Tcb): bool {
  mustHold(tcb.lock);
  if (outputLocked(tcb)) return true;
  tcb.flags &= ~TcbFlag.ACK_LISTED;
  tcb.ackNext = null;
  return false;
}

/** No acknowledgment waits. Once, at start. */
export function initializeDelayedAcks(): void {
  initializeAckDeadlines(playDelayedAcks);
}

function playDelayedAcks(dpc: Kdpc, context: usize): void {
  let count = takeDueAcks();
  while (count != 0) {
    touchTaken(count);
    for (let i: u32 = 0; i < count; i++) {
      const tcb = takenAt(i);
      KeAcquireSpinLockAtDpcLevel(tcb.lock);
      expireAckLocked(tcb);
      KeReleaseSpinLockFromDpcLevel(tcb.lock);
      dereferenceTcb(tcb);
    }
    flushSends();
    count = takeDueAcks();
  }
}

/** The deadline has come. What has been acknowledged meanwhile needs nothing. */
function expireAckLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  clearAckDeadlineLocked(tcb);
  if ((tcb.flags & TcbFlag.ACK_DELAYED) == 0) return;
  count(Counter.TCP_DELAYED_ACKS);
  acknowledgeNowLocked(tcb);
}
