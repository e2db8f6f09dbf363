/** What an ACK lets go (RFC 9293, 3.10.7.4, fifth: check the ACK field). */

import { IsListEmpty, RemoveHeadList } from "../../nt/list";
import { Status } from "../../nt/status";
import { mustHold } from "../../ke/spinlock";
import { irpOfQueue } from "../../io/irp";
import { TcpFlag } from "../../wire/tcp";
import { optionLeft } from "../../wire/tcpoption";
import { Drop, drop } from "../counters";
import { answerLocked, challengeLocked, isPlausibleAckLocked } from "./challenge";
import { finAcknowledgedLocked } from "./close";
import { noteEchoLocked } from "./ecn";
import { Extension } from "./extension";
import { startKeepAliveLocked } from "./keepalive";
import { deliveredLocked } from "./loss";
import { currentOptions } from "./options";
import { stopPersistLocked } from "./persist";
import { advanceLocked, duplicateLocked, growLocked } from "./recovery";
import { isRetransmitTimerLocked, sampleEchoLocked, sampleLocked } from "./rto";
import { startRetransmitLocked } from "./rto";
import { sequenceLength } from "./reset";
import { Segment } from "./segment";
import { recordedLocked } from "./sent";
import { before, notAfter } from "./sequence";
import { scheduleLocked } from "./delayedack";
import { TcpState, awaitsFinAck } from "./state";
import { tailAnsweredLocked } from "./tail";
import { Tcb, TcbFlag, TcpTimer, finishIrpLocked } from "./tcb";

/** Takes the acknowledgment of `segment`; false when the segment is to be dropped. */
export function acknowledgeLocked(tcb: Tcb, segment: Segment): bool {
  mustHold(tcb.lock);
  const ack = segment.acknowledgment;
  if (before(tcb.sndMax, ack)) {
    drop(Drop.TCP_UNSENT_ACKNOWLEDGED);
    answerLocked(tcb, sequenceLength(segment));
    scheduleLocked(tcb);
    return false;
  }
  if (!isPlausibleAckLocked(tcb, ack)) {
    drop(Drop.TCP_OLD_ACK);
    challengeLocked(tcb);
    return false;
  }
  if (tcb.timer == TcpTimer.KEEP_ALIVE) startKeepAliveLocked(tcb);
  const extension = recordedLocked(tcb);
  if (extension != null) {
    takeRecordedLocked(tcb, extension, ack);
  } else if (before(tcb.sndUna, ack)) {
    growLocked(tcb, takeLocked(tcb, ack));
  } else if (isDuplicateLocked(tcb, segment)) {
    duplicateLocked(tcb);
    scheduleLocked(tcb);
  }
  if ((tcb.flags & TcbFlag.ECN) != 0 && (segment.flags & TcpFlag.ECE) != 0) noteEchoLocked(tcb);
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

/** As `acknowledgeLocked` says, for a connection whose segments on the way are recorded. */
function takeRecordedLocked(tcb: Tcb, extension: Extension, ack: u32): void {
  mustHold(tcb.lock);
  const options = currentOptions();
  const delivered = deliveredLocked(tcb, extension, ack, options);
  // Before it is taken: what was on its way until now says how far the window is cut.
  if (extension.tailProbe != 0 && ack == tcb.sndMax) {
    const twice = options.blocks != 0 && before(optionLeft(options.sack, 0), ack);
    tailAnsweredLocked(tcb, extension, twice);
  }
  const acked = before(tcb.sndUna, ack) ? takeLocked(tcb, ack) : 0;
  if (acked == 0 && delivered == 0) return;
  if (tcb.state == TcpState.CLOSED) return;
  advanceLocked(tcb, extension, acked, delivered);
  scheduleLocked(tcb);
}

/** Everything before `ack` has arrived; how many octets were not known to. */
function takeLocked(tcb: Tcb, ack: u32): u32 {
  mustHold(tcb.lock);
  const acked = ack - tcb.sndUna;
  const timed = (tcb.flags & TcbFlag.TIMING) != 0 && before(tcb.timedSequence, ack);
  tcb.sndUna = ack;
  if (before(tcb.sndNxt, ack)) tcb.sndNxt = ack;
  tcb.retransmitCount = 0;
  // Without a sample the timeout stays as far backed off as it is (Karn; RFC 6298, 5).
  if (timed) sampleLocked(tcb);
  else if (tcb.flags & TcbFlag.TIMESTAMPS) sampleEchoLocked(tcb);
  finishSendsLocked(tcb);
  if (tcb.sndUna == tcb.sndMax) {
    const probed = tcb.timer == TcpTimer.PERSIST && tcb.sndUna == tcb.sndEnd;
    if (isRetransmitTimerLocked(tcb) || probed) {
      tcb.timer = <u8>TcpTimer.NONE;
      startKeepAliveLocked(tcb);
    }
  } else if (isRetransmitTimerLocked(tcb)) {
    startRetransmitLocked(tcb);
  }
  scheduleLocked(tcb);
  const finAcked = (tcb.flags & TcbFlag.FIN_SENT) != 0 && ack == tcb.sndEnd + 1;
  if (finAcked && awaitsFinAck(tcb.state)) finAcknowledgedLocked(tcb);
  return acked;
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
