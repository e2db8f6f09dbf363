/**
 * SynAttackProtect (Q142641; nt-facts 1.2): what changes when too many connections are half open.
 *
 * 0: nothing. 1: fewer SYN-ACKs are sent again, and the route cache entry is made only when the
 * handshake is over. 2: as 1, and the client is told only then. It engages while both
 * TcpMaxHalfOpen and TcpMaxHalfOpenRetried are exceeded, or TcpMaxPortsExhausted is.
 */

import { RtlZeroMemory } from "../../nt/memory";
import { Event } from "../../trace/event";
import { trace } from "../../trace/ring";
import { InterlockedDecrement, InterlockedIncrement } from "../../ex/interlocked";
import { Parameter, queryParameter } from "../../ex/registry";
import { mustHold } from "../../ke/spinlock";
import { Tcb, TcbFlag } from "./tcb";

/** Counted interlocked. */
@unmanaged
export class SynAttackCounts {
  halfOpen: u32;
  halfOpenRetried: u32;
  /** SYNs refused for lack of backlog since protection was last not needed. */
  exhausted: u32;
  engaged: u32;
}
const COUNTS: usize = memory.data(16);

/** What is counted, for the host too. */
function synAttackCounts(): SynAttackCounts {
  return changetype<SynAttackCounts>(COUNTS);
}

/** Counts nothing. Once, at start. */
export function initializeSynAttack(): void {
  RtlZeroMemory(COUNTS, 16);
}

/** True when the registry asks for protection at all. */
export function isSynAttackProtectSet(): bool {
  return queryParameter(Parameter.SynAttackProtect) != 0;
}

/** True while protection is engaged: asked at every SYN. IRQL: any. */
function isProtected(): bool {
  if (!isSynAttackProtectSet()) return false;
  const counts = synAttackCounts();
  const many = counts.halfOpen > queryParameter(Parameter.TcpMaxHalfOpen);
  const retried = counts.halfOpenRetried > queryParameter(Parameter.TcpMaxHalfOpenRetried);
  const exhausted = counts.exhausted > queryParameter(Parameter.TcpMaxPortsExhausted);
  const engaged: u32 = (many && retried) || exhausted ? 1 : 0;
  if (engaged != counts.engaged) {
    counts.engaged = engaged;
    const event = engaged ? Event.TCP_SYN_ATTACK_DETECTED : Event.TCP_SYN_ATTACK_OVER;
    trace(event, counts.halfOpen, counts.halfOpenRetried, counts.exhausted);
  }
  return engaged != 0;
}

/** The client is told of a connection only when the handshake is over. */
export function isIndicatedLate(): bool {
  return queryParameter(Parameter.SynAttackProtect) == 2 && isProtected();
}

/** One more is half open; true: protection is engaged, and it is one of those. IRQL: any. */
export function countHalfOpen(): bool {
  const engaged = isProtected();
  InterlockedIncrement(COUNTS + offsetof<SynAttackCounts>("halfOpen"));
  return engaged;
}

/** The SYN-ACK of one that is half open was sent again, for the first time. IRQL: any. */
export function countRetried(): void {
  InterlockedIncrement(COUNTS + offsetof<SynAttackCounts>("halfOpenRetried"));
}

/** One is open, or over; `retried`: it was counted so. IRQL: any. */
export function uncountHalfOpen(retried: bool): void {
  const left = InterlockedDecrement(COUNTS + offsetof<SynAttackCounts>("halfOpen"));
  // Pressure is over: what was refused then says nothing of now.
  if (left * 2 < queryParameter(Parameter.TcpMaxHalfOpen)) synAttackCounts().exhausted = 0;
  if (retried) InterlockedDecrement(COUNTS + offsetof<SynAttackCounts>("halfOpenRetried"));
}

/** As many are half open as TcpMaxHalfOpen says, or more. IRQL: any. */
export function areManyHalfOpen(): bool {
  return synAttackCounts().halfOpen >= queryParameter(Parameter.TcpMaxHalfOpen);
}

/** A connection became half open. */
export function noteHalfOpenLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  tcb.flags |= TcbFlag.HALF_OPEN;
  if (countHalfOpen()) tcb.flags |= TcbFlag.PROTECTED;
}

/** Its SYN-ACK was sent again. */
export function noteRetriedLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  if ((tcb.flags & (TcbFlag.HALF_OPEN | TcbFlag.HALF_OPEN_RETRIED)) != TcbFlag.HALF_OPEN) return;
  tcb.flags |= TcbFlag.HALF_OPEN_RETRIED;
  countRetried();
}

/** It is open, or over. */
export function noteNotHalfOpenLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  if (tcb.flags & TcbFlag.HALF_OPEN) uncountHalfOpen((tcb.flags & TcbFlag.HALF_OPEN_RETRIED) != 0);
  tcb.flags &= ~(TcbFlag.HALF_OPEN | TcbFlag.HALF_OPEN_RETRIED);
}

/** A SYN was refused for lack of backlog. */
export function noteExhausted(): void {
  InterlockedIncrement(COUNTS + offsetof<SynAttackCounts>("exhausted"));
}

/**
 * How many times a SYN-ACK is sent again. Ours: under protection once at most, because the
 * documents say "fewer" and give no number.
 */
export function responseRetransmissions(engaged: bool): u32 {
  const all = queryParameter(Parameter.TcpMaxConnectResponseRetransmissions);
  return engaged && all > 1 ? 1 : all;
}
