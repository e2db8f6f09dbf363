/**
 * What the peer has, and what must be lost then: by time (RACK, RFC 8985, 6.2), or, where
 * EnableRack is 0, by how much came that was sent later (IsLost, RFC 6675, 4).
 *
 * Not done: RACK's window does not grow by DSACKs (6.2, step 4), nor is its least round trip
 * forgotten, because reordering here lasts no longer than a quarter of a round trip.
 */

import { nowUs } from "../../trace/ring";
import { ticksOf } from "../../nt/time";
import { Parameter, queryParameter } from "../../ex/registry";
import { mustHold } from "../../ke/spinlock";
import { optionLeft, optionRight } from "../../wire/tcpoption";
import { Extension, ExtensionMark } from "./extension";
import { Options } from "./options";
import { Sent, SentFlag, endGapsLocked, findSentLocked, noteLostLocked } from "./sent";
import { noteSackedLocked, sentAt, takeAcknowledgedLocked } from "./sent";
import { before, notAfter } from "./sequence";
import { Tcb, TcbFlag, TcpTimer } from "./tcb";
import { startTimerLocked } from "./timer";

/** DupThresh (RFC 6675, 2; RFC 8985, 6.2). */
const ENOUGH: u32 = 3;

/**
 * An acknowledgment up to `ack` with blocks: octets that the peer is now known to have. sndUna has
 * not moved yet.
 */
export function deliveredLocked(tcb: Tcb, extension: Extension, ack: u32, options: Options): u32 {
  mustHold(tcb.lock);
  let delivered: u32 = 0;
  let more: bool = extension.sentCount != 0;
  while (more) {
    const sent = sentAt(extension, 0);
    if (!before(sent.left, ack)) break;
    const all = !before(ack, sent.right);
    if ((sent.flags & SentFlag.SACKED) == 0) {
      delivered += (all ? sent.right : ack) - sent.left;
      if (all) noteDeliveryLocked(tcb, extension, sent);
    }
    more = takeAcknowledgedLocked(tcb, extension, ack);
  }
  for (let i: u32 = 0; i < options.blocks; i++) {
    const left = optionLeft(options.sack, i);
    const right = optionRight(options.sack, i);
    // What is below is what came twice (RFC 2883); what is above nobody has sent.
    if (!before(left, right) || before(left, ack) || before(tcb.sndMax, right)) continue;
    delivered += takeBlockLocked(tcb, extension, left, right);
  }
  endGapsLocked(tcb, extension);
  return delivered;
}

function takeBlockLocked(tcb: Tcb, extension: Extension, left: u32, right: u32): u32 {
  mustHold(tcb.lock);
  let octets: u32 = 0;
  for (let i = findSentLocked(tcb, extension, left); i < extension.sentCount; i++) {
    const sent = sentAt(extension, i);
    if (!notAfter(sent.right, right)) break;
    if (sent.flags & SentFlag.SACKED) continue;
    octets += sent.right - sent.left;
    noteDeliveryLocked(tcb, extension, sent);
    noteSackedLocked(tcb, extension, sent);
  }
  return octets;
}

/** RFC 8985, 6.2, steps 1 to 3: the latest segment that was delivered. */
function noteDeliveryLocked(tcb: Tcb, extension: Extension, sent: Sent): void {
  mustHold(tcb.lock);
  const rtt = <u32>nowUs() - sent.us;
  const again = (sent.flags & SentFlag.AGAIN) != 0;
  // Too early for the second copy: it was the first.
  if (again && rtt < extension.leastRttUs) return;
  if (!again) {
    if (extension.leastRttUs == 0 || rtt < extension.leastRttUs) extension.leastRttUs = rtt;
    if (extension.highest != 0 && before(sent.right, extension.highest)) {
      extension.marks |= <u8>ExtensionMark.REORDERED;
    }
  }
  if (extension.highest == 0 || before(extension.highest, sent.right)) {
    extension.highest = sent.right;
  }
  const later = <i32>(sent.us - extension.rackUs);
  const newer = later > 0 || (later == 0 && before(extension.rackRight, sent.right));
  if (!newer && extension.rackRttUs != 0) return;
  extension.rackUs = sent.us;
  extension.rackRight = sent.right;
  extension.rackRttUs = rtt != 0 ? rtt : 1;
}

/** Marks what is lost; true when something is that was not before. */
export function detectLossLocked(tcb: Tcb, extension: Extension): bool {
  mustHold(tcb.lock);
  if ((tcb.flags & TcbFlag.GAPS) == 0) return false;
  return queryParameter(Parameter.EnableRack)
    ? detectByTimeLocked(tcb, extension)
    : detectByCountLocked(tcb, extension);
}

/** RFC 8985, 6.2, step 4: how much later a segment may come than one that was sent after it. */
function reorderWindowLocked(tcb: Tcb, extension: Extension): u32 {
  mustHold(tcb.lock);
  if ((<u32>extension.marks & ExtensionMark.REORDERED) == 0) {
    if (tcb.flags & TcbFlag.RECOVERING) return 0;
    if (<u32>extension.sackedCount >= ENOUGH) return 0;
  }
  const quarter = extension.leastRttUs >>> 2;
  const smooth = tcb.srtt >>> 3;
  return smooth == 0 || quarter < smooth ? quarter : smooth;
}

/** RFC 8985, 6.2, step 5. What may only be late is looked at again when it would be lost. */
function detectByTimeLocked(tcb: Tcb, extension: Extension): bool {
  mustHold(tcb.lock);
  const now = <u32>nowUs();
  const patience = extension.rackRttUs + reorderWindowLocked(tcb, extension);
  let found: bool = false;
  let wait: i32 = 0;
  for (let i: u32 = 0; i < extension.sentCount; i++) {
    const sent = sentAt(extension, i);
    if (sent.flags & (SentFlag.SACKED | SentFlag.LOST)) continue;
    const later = <i32>(extension.rackUs - sent.us);
    const earlier = later > 0 || (later == 0 && before(sent.right, extension.rackRight));
    if (!earlier) continue;
    const left = <i32>(sent.us + patience - now);
    if (left <= 0) {
      noteLostLocked(tcb, extension, sent);
      found = true;
    } else if (left > wait) wait = left;
  }
  if (wait > 0) startTimerLocked(tcb, TcpTimer.REORDER, ticksOf(<u32>wait / 1000 + 1));
  return found;
}

/** RFC 6675, 4: three segments that were sent later have come, and it is not on its way again. */
function detectByCountLocked(tcb: Tcb, extension: Extension): bool {
  mustHold(tcb.lock);
  let above = <u32>extension.sackedCount;
  let found: bool = false;
  for (let i: u32 = 0; i < extension.sentCount && above >= ENOUGH; i++) {
    const sent = sentAt(extension, i);
    if (sent.flags & SentFlag.SACKED) above--;
    else if ((sent.flags & (SentFlag.LOST | SentFlag.AGAIN)) == 0) {
      noteLostLocked(tcb, extension, sent);
      found = true;
    }
  }
  return found;
}
