/** Is this segment in the window? (RFC 9293, 3.10.7.4, first: check sequence number). */

import { mustHold } from "../../ke/spinlock";
import { TcpFlag } from "../../wire/tcp";
import { Drop, drop } from "../counters";
import { Segment } from "./segment";
import { answerLocked } from "./challenge";
import { sequenceLength } from "./reset";
import { reportDuplicateLocked } from "./sack";
import { before, inWindow } from "./sequence";
import { TcpState, awaitsFinAck } from "./state";
import { Tcb, TcbFlag } from "./tcb";

/**
 * True when the segment is to be looked at: what lies outside the window has been trimmed away.
 * Else it is dropped, and an acknowledgment is due unless it is a RST.
 */
export function acceptableLocked(tcb: Tcb, segment: Segment): bool {
  mustHold(tcb.lock);
  if (tcb.state == TcpState.SYN_RECEIVED) forgetSynLocked(tcb, segment);
  const window = tcb.rcvAdv - tcb.rcvNxt;
  const length = sequenceLength(segment);
  const past = isPastEndLocked(tcb, segment);
  if (!past && isInside(segment.sequence, length, tcb.rcvNxt, window)) {
    trimLocked(tcb, segment, window);
    return true;
  }
  drop(Drop.TCP_NOT_ACCEPTABLE);
  if (segment.length != 0 && before(segment.sequence, tcb.rcvNxt)) {
    reportDuplicateLocked(tcb, segment.sequence, segment.sequence + segment.length);
  }
  if ((segment.flags & TcpFlag.RST) == 0) answerLocked(tcb, length);
  // A closed window takes no text, but acknowledgments and resets are heard (MUST-66).
  const probes = window == 0 && segment.sequence == tcb.rcvNxt;
  if (!probes && !isFinAgainLocked(tcb, segment, length)) return false;
  segment.length = 0;
  segment.flags &= ~(TcpFlag.FIN | TcpFlag.SYN);
  return true;
}

/** The SYN-ACK of a peer that opens as we do: its SYN has come already (RFC 9293, figure 8). */
function forgetSynLocked(tcb: Tcb, segment: Segment): void {
  mustHold(tcb.lock);
  const both: u32 = TcpFlag.SYN | TcpFlag.ACK;
  if ((segment.flags & both) != both || segment.sequence + 1 != tcb.rcvNxt) return;
  segment.flags &= ~TcpFlag.SYN;
  segment.sequence++;
}

/**
 * A FIN that has come before brings an acknowledgment that may be new: of a peer that closes at the
 * same time, and sends its FIN until ours has come, it is the only one.
 */
function isFinAgainLocked(tcb: Tcb, segment: Segment, length: u32): bool {
  mustHold(tcb.lock);
  const plain = (segment.flags & (TcpFlag.FIN | TcpFlag.SYN | TcpFlag.RST)) == TcpFlag.FIN;
  return plain && awaitsFinAck(tcb.state) && segment.sequence + length == tcb.rcvNxt;
}

/** In TIME-WAIT the peer has nothing more to say: what is numbered beyond its FIN is answered. */
function isPastEndLocked(tcb: Tcb, segment: Segment): bool {
  mustHold(tcb.lock);
  const plain = (segment.flags & (TcpFlag.SYN | TcpFlag.RST | TcpFlag.ACK)) == TcpFlag.ACK;
  return plain && tcb.state == TcpState.TIME_WAIT && before(tcb.rcvNxt, segment.sequence);
}

function isInside(sequence: u32, length: u32, rcvNxt: u32, window: u32): bool {
  if (window == 0) return length == 0 && sequence == rcvNxt;
  if (inWindow(sequence, rcvNxt, window)) return true;
  // It began earlier, and reaches into the window.
  return inWindow(rcvNxt, sequence, length);
}

/** Leaves only what is new and fits. */
function trimLocked(tcb: Tcb, segment: Segment, window: u32): void {
  mustHold(tcb.lock);
  let old = tcb.rcvNxt - segment.sequence;
  if (<i32>old > 0) {
    if (segment.flags & TcpFlag.SYN) {
      segment.flags &= ~TcpFlag.SYN;
      segment.sequence++;
      old--;
    }
    if (old > segment.length) old = segment.length;
    if (old > 0) {
      drop(Drop.TCP_DUPLICATE);
      reportDuplicateLocked(tcb, segment.sequence, segment.sequence + old);
    }
    segment.sequence += old;
    segment.data += old;
    segment.length -= old;
    // Our acknowledgment may have been lost.
    tcb.flags |= TcbFlag.ACK_NOW;
  }
  const beyond = <i32>(segment.sequence + segment.length - (tcb.rcvNxt + window));
  if (beyond <= 0) return;
  drop(Drop.TCP_OUT_OF_WINDOW);
  segment.length -= <u32>beyond < segment.length ? <u32>beyond : segment.length;
  segment.flags &= ~TcpFlag.FIN;
  tcb.flags |= TcbFlag.ACK_NOW;
}
