/** What an ACK lets go (RFC 9293, 3.10.7.4, fifth: check the ACK field). */

import { IsListEmpty, RemoveHeadList } from "../../nt/list";
import { Status } from "../../nt/status";
import { mustHold } from "../../ke/spinlock";
import { irpOfQueue } from "../../io/irp";
import { TcpFlag } from "../../wire/tcp";
import { Drop, drop } from "../counters";
import { challengeLocked, isPlausibleAckLocked } from "./challenge";
import { finAcknowledgedLocked } from "./close";
import { duplicateLocked, growLocked } from "./congestion";
import { startKeepAliveLocked } from "./keepalive";
import { stopPersistLocked } from "./persist";
import { sampleEchoLocked, sampleLocked, startRetransmitLocked } from "./rto";
import { Segment } from "./segment";
import { before, notAfter } from "./sequence";
import { scheduleLocked } from "./delayedack";
import { TcpState, awaitsFinAck } from "./state";
import { Tcb, TcbFlag, TcpTimer, finishIrpLocked } from "./tcb";

/** Takes the acknowledgment of `segment`; false when the segment is to be dropped. */
export function acknowledgeLocked(tcb: Tcb, segment: Segment): bool {
  mustHold(tcb.lock);
  const ack = segment.acknowledgment;
  if (before(tcb.sndMax, ack)) {
    drop(Drop.TCP_UNSENT_ACKNOWLEDGED);
    tcb.flags |= TcbFlag.ACK_NOW;
    scheduleLocked(tcb);
    return false;
  }
  if (!isPlausibleAckLocked(tcb, ack)) {
    drop(Drop.TCP_OLD_ACK);
    challengeLocked(tcb);
    return false;
  }
  if (tcb.timer == TcpTimer.KEEP_ALIVE) startKeepAliveLocked(tcb);
  if (before(tcb.sndUna, ack)) {
    takeLocked(tcb, ack);
  } else if (isDuplicateLocked(tcb, segment)) {
    duplicateLocked(tcb);
    scheduleLocked(tcb);
  }
  updateWindowLocked(tcb, segment);
  return tcb.state != TcpState.CLOSED;
}

/** RFC 5681, 2: what counts as a duplicate. */
function isDuplicateLocked(tcb: Tcb, segment: Segment): bool {
  mustHold(tcb.lock);
  return (
    segment.acknowledgment == tcb.sndUna &&
    segment.length == 0 &&
    (segment.flags & (TcpFlag.SYN | TcpFlag.FIN)) == 0 &&
    segment.window == <u32>tcb.sndWnd &&
    tcb.sndMax != tcb.sndUna &&
    // The answer to a probe tells of no loss.
    tcb.timer != TcpTimer.PERSIST
  );
}

/** Everything before `ack` has arrived. */
function takeLocked(tcb: Tcb, ack: u32): void {
  mustHold(tcb.lock);
  const acked = ack - tcb.sndUna;
  const timed = (tcb.flags & TcbFlag.TIMING) != 0 && before(tcb.timedSequence, ack);
  tcb.sndUna = ack;
  if (before(tcb.sndNxt, ack)) tcb.sndNxt = ack;
  tcb.retransmitCount = 0;
  // Without a sample the timeout stays as far backed off as it is (Karn; RFC 6298, 5).
  if (timed) sampleLocked(tcb);
  else if (tcb.flags & TcbFlag.TIMESTAMPS) sampleEchoLocked(tcb);
  growLocked(tcb, acked);
  finishSendsLocked(tcb);
  if (tcb.sndUna == tcb.sndMax) {
    const probed = tcb.timer == TcpTimer.PERSIST && tcb.sndUna == tcb.sndEnd;
    if (tcb.timer == TcpTimer.RETRANSMIT || probed) {
      tcb.timer = <u8>TcpTimer.NONE;
      startKeepAliveLocked(tcb);
    }
  } else if (tcb.timer == TcpTimer.RETRANSMIT) {
    startRetransmitLocked(tcb);
  }
  scheduleLocked(tcb);
  const finAcked = (tcb.flags & TcbFlag.FIN_SENT) != 0 && ack == tcb.sndEnd + 1;
  if (finAcked && awaitsFinAck(tcb.state)) finAcknowledgedLocked(tcb);
}

/** TDI_SEND completes when all its octets are acknowledged. */
function finishSendsLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  while (!IsListEmpty(tcb.sends)) {
    const irp = irpOfQueue(tcb.sends.flink);
    const end = <u32>irp.driverContext + irp.driverOffset;
    if (!notAfter(end, tcb.sndUna)) return;
    RemoveHeadList(tcb.sends);
    if (tcb.cursor == irp) tcb.cursor = null;
    finishIrpLocked(tcb, irp, Status.SUCCESS, irp.driverOffset);
  }
}

/** The peer's window, from the newest segment that tells it (SND.WL1, SND.WL2). */
function updateWindowLocked(tcb: Tcb, segment: Segment): void {
  mustHold(tcb.lock);
  const newer =
    before(tcb.sndWl1, segment.sequence) ||
    (tcb.sndWl1 == segment.sequence && notAfter(tcb.sndWl2, segment.acknowledgment));
  if (!newer) return;
  const window = segment.window;
  const grew = window > <u32>tcb.sndWnd;
  tcb.sndWnd = <u16>window;
  tcb.sndWl1 = segment.sequence;
  tcb.sndWl2 = segment.acknowledgment;
  if (window > <u32>tcb.maxSndWnd) tcb.maxSndWnd = <u16>window;
  if (tcb.timer == TcpTimer.PERSIST) {
    // The peer speaks: it may keep its window closed as long as it likes (MUST-37).
    tcb.retransmitCount = 0;
    if (window != 0) stopPersistLocked(tcb);
  }
  if (grew) scheduleLocked(tcb);
}
