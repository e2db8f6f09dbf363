/**
 * What was sent and is not acknowledged, segment by segment, where SACK was agreed on: the
 * scoreboard of RFC 6675, 3, with the times that RFC 8985, 5.1 asks for.
 *
 * The records of a connection are a ring in order of sequence, and cover all that is on the way, or
 * there are none: without memory the connection goes on by RFC 6582 until all is acknowledged.
 */

import { at } from "../../nt/embed";
import { nowUs } from "../../trace/ring";
import { ExAllocatePoolWithTag, ExFreePool } from "../../ex/pool";
import { LOOKASIDE_OCTETS, LookasideList } from "../../ex/lookaside";
import { ExAllocateFromNPagedLookasideList, ExDeleteNPagedLookasideList } from "../../ex/lookaside";
import { ExFreeToNPagedLookasideList, ExInitializeNPagedLookasideList } from "../../ex/lookaside";
import { Tag } from "../../ex/tag";
import { mustHold } from "../../ke/spinlock";
import { Extension } from "./extension";
import { before, notAfter } from "./sequence";
import { Tcb, TcbFlag } from "./tcb";

/** What became of a segment. */
export const enum SentFlag {
  /** The peer has it. */
  SACKED = 1,
  /** It is lost, and not yet sent again. */
  LOST = 2,
  /** It was sent more than once. */
  AGAIN = 4,
}

/** One segment that was sent, with its FIN. */
@unmanaged
export class Sent {
  left: u32;
  right: u32;
  /** When it was last sent, microseconds. */
  us: u32;
  flags: u32;
}
const SENT_SHIFT: usize = 4;
if (offsetof<Sent>() != 16) ERROR("SENT_SHIFT");

/** Records of the first ring, and of the largest. */
const FIRST: u32 = 16;
const MOST: u32 = 16384;
/** Rings of the first size kept back at most. */
const KEPT: u32 = 1024;
const LIST: usize = memory.data(24);
if (LOOKASIDE_OCTETS > 24) ERROR("LIST");

function list(): LookasideList {
  return changetype<LookasideList>(LIST);
}

/** Makes the lookaside list of small rings. Once, at start. */
export function initializeSent(): void {
  ExInitializeNPagedLookasideList(list(), FIRST << <u32>SENT_SHIFT, Tag.Sent, KEPT);
}

/** Gives what the lookaside list kept back to the pool. At the end. */
export function deleteSentList(): void {
  ExDeleteNPagedLookasideList(list());
}

/** The record of that number, the oldest first. Under the connection's lock. */
export function sentAt(extension: Extension, index: u32): Sent {
  const place = (extension.sentHead + index) & extension.sentMask;
  return at<Sent>(extension.sent, <usize>place << SENT_SHIFT);
}

/** The extension of a connection all whose segments on the way are recorded, or null. */
export function recordedLocked(tcb: Tcb): Extension | null {
  mustHold(tcb.lock);
  if ((tcb.flags & TcbFlag.SACK) == 0) return null;
  const extension = tcb.extension;
  return extension != null && extension.sentCount != 0 ? extension : null;
}

/** Octets that are on the way as far as we know: Pipe (RFC 6675, 4). */
export function pipeLocked(tcb: Tcb): u32 {
  mustHold(tcb.lock);
  const flight = tcb.sndNxt - tcb.sndUna;
  const extension = tcb.flags & TcbFlag.GAPS ? tcb.extension : null;
  if (extension == null) return flight;
  const gone = extension.sackedOctets + extension.lostOctets;
  return flight > gone ? flight - gone : 0;
}

/** A segment was sent, from `left` to before `right`; sndMax has moved. */
export function noteSentLocked(tcb: Tcb, left: u32, right: u32): void {
  mustHold(tcb.lock);
  const extension = tcb.extension;
  if (extension == null) return;
  if (tcb.flags & TcbFlag.RECOVERING) extension.prrOut += right - left;
  const count = extension.sentCount;
  if (count == 0) {
    // What is on the way must be this segment and no more.
    if (left != tcb.sndUna || before(right, tcb.sndMax)) return;
    if (!beginLocked(tcb, extension)) return;
  } else if (left != sentAt(extension, count - 1).right || !makeRoomLocked(tcb, extension)) {
    forgetSentLocked(tcb);
    return;
  }
  extension.sentCount = count + 1;
  const sent = sentAt(extension, count);
  sent.left = left;
  sent.right = right;
  sent.us = <u32>nowUs();
  sent.flags = 0;
}

function beginLocked(tcb: Tcb, extension: Extension): bool {
  mustHold(tcb.lock);
  if (extension.sent == 0) extension.sent = ExAllocateFromNPagedLookasideList(list());
  extension.sentMask = FIRST - 1;
  extension.sentHead = 0;
  extension.tailProbe = 0;
  return extension.sent != 0;
}

/** Room for one more record; false when there is none to be had. */
function makeRoomLocked(tcb: Tcb, extension: Extension): bool {
  mustHold(tcb.lock);
  const size = extension.sentMask + 1;
  if (extension.sentCount < size) return true;
  if (size >= MOST) return false;
  const bigger = ExAllocatePoolWithTag((size * 2) << <u32>SENT_SHIFT, Tag.Sent);
  if (bigger == 0) return false;
  for (let i: u32 = 0; i < size; i++) {
    const from = sentAt(extension, i);
    const to = at<Sent>(bigger, <usize>i << SENT_SHIFT);
    to.left = from.left;
    to.right = from.right;
    to.us = from.us;
    to.flags = from.flags;
  }
  freeRing(extension);
  extension.sent = bigger;
  extension.sentMask = size * 2 - 1;
  extension.sentHead = 0;
  return true;
}

function freeRing(extension: Extension): void {
  if (extension.sent == 0) return;
  if (extension.sentMask == FIRST - 1) ExFreeToNPagedLookasideList(list(), extension.sent);
  else ExFreePool(extension.sent);
  extension.sent = 0;
}

/** Lets all records go: all is acknowledged, or nothing more is known of what is on the way. */
export function forgetSentLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const extension = tcb.extension;
  tcb.flags &= ~TcbFlag.GAPS;
  if (extension == null) return;
  freeRing(extension);
  extension.sentCount = 0;
  extension.sackedOctets = 0;
  extension.lostOctets = 0;
  extension.sackedCount = 0;
}

/** `sent` is not lost, or not yet on its way again; what the counts say of it goes. */
function discountLocked(tcb: Tcb, extension: Extension, sent: Sent, octets: u32): void {
  mustHold(tcb.lock);
  if (sent.flags & SentFlag.LOST) extension.lostOctets -= octets;
  if (sent.flags & SentFlag.SACKED) extension.sackedOctets -= octets;
}

/** Takes out the oldest record if all of it is before `ack`; what is before it of a later one. */
export function takeAcknowledgedLocked(tcb: Tcb, extension: Extension, ack: u32): bool {
  mustHold(tcb.lock);
  const sent = sentAt(extension, 0);
  if (!before(sent.left, ack)) return false;
  if (before(ack, sent.right)) {
    discountLocked(tcb, extension, sent, ack - sent.left);
    sent.left = ack;
    return false;
  }
  discountLocked(tcb, extension, sent, sent.right - sent.left);
  if ((sent.flags & SentFlag.SACKED) != 0) extension.sackedCount--;
  extension.sentHead++;
  extension.sentCount--;
  return extension.sentCount != 0;
}

/** The number of the first record that does not begin before `left`. */
export function findSentLocked(tcb: Tcb, extension: Extension, left: u32): u32 {
  mustHold(tcb.lock);
  let low: u32 = 0;
  let high = extension.sentCount;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (before(sentAt(extension, middle).left, left)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The peer has `sent`. */
export function noteSackedLocked(tcb: Tcb, extension: Extension, sent: Sent): void {
  mustHold(tcb.lock);
  discountLocked(tcb, extension, sent, sent.right - sent.left);
  sent.flags = (sent.flags & ~SentFlag.LOST) | SentFlag.SACKED;
  extension.sackedOctets += sent.right - sent.left;
  if (extension.sackedCount < 0xffff) extension.sackedCount++;
  tcb.flags |= TcbFlag.GAPS;
}

/** `sent`, which the peer does not have, is lost. */
export function noteLostLocked(tcb: Tcb, extension: Extension, sent: Sent): void {
  mustHold(tcb.lock);
  if (sent.flags & (SentFlag.LOST | SentFlag.SACKED)) return;
  sent.flags |= SentFlag.LOST;
  extension.lostOctets += sent.right - sent.left;
  tcb.flags |= TcbFlag.GAPS;
}

/** `sent`, which is lost or may be, is on its way again. */
export function noteSentAgainLocked(tcb: Tcb, extension: Extension, sent: Sent): void {
  mustHold(tcb.lock);
  // A tail probe may be of one that the peer has: that stays counted.
  if (sent.flags & SentFlag.LOST) extension.lostOctets -= sent.right - sent.left;
  sent.flags = (sent.flags & ~SentFlag.LOST) | SentFlag.AGAIN;
  sent.us = <u32>nowUs();
  if (tcb.flags & TcbFlag.RECOVERING) extension.prrOut += sent.right - sent.left;
}

/**
 * The retransmission timer has expired: all that the peer does not have is lost. What it had it may
 * have thrown away if it asks for it, or keeps silent (RFC 2018, 8).
 */
export function loseAllLocked(tcb: Tcb, extension: Extension): void {
  mustHold(tcb.lock);
  const reneged =
    (sentAt(extension, 0).flags & SentFlag.SACKED) != 0 || <u32>tcb.retransmitCount > 1;
  for (let i: u32 = 0; i < extension.sentCount; i++) {
    const sent = sentAt(extension, i);
    if (reneged && (sent.flags & SentFlag.SACKED) != 0) {
      extension.sackedOctets -= sent.right - sent.left;
      sent.flags &= ~SentFlag.SACKED;
      extension.sackedCount--;
    }
    noteLostLocked(tcb, extension, sent);
  }
}

/** The oldest record that is lost, or null. */
export function firstLostLocked(tcb: Tcb, extension: Extension): Sent | null {
  mustHold(tcb.lock);
  if (extension.lostOctets == 0) return null;
  for (let i: u32 = 0; i < extension.sentCount; i++) {
    const sent = sentAt(extension, i);
    if (sent.flags & SentFlag.LOST) return sent;
  }
  return null;
}

/** The peer has no more than what it acknowledged: no block, no loss is left. */
export function endGapsLocked(tcb: Tcb, extension: Extension): void {
  mustHold(tcb.lock);
  if (extension.sentCount == 0) forgetSentLocked(tcb);
  else if (extension.sackedOctets + extension.lostOctets == 0) tcb.flags &= ~TcbFlag.GAPS;
}
