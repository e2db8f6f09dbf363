/**
 * What came before its turn, as blocks for the peer (RFC 2018, 4), and what came twice (RFC 2883).
 *
 * Not kept: more blocks than one segment reports; what fell out is reported again when more of it
 * comes.
 */

import { mustHold } from "../../ke/spinlock";
import { Parameter, queryParameter } from "../../ex/registry";
import { writeSackBlock } from "../../wire/tcpoption";
import { BLOCKS, Block, Extension } from "./extension";
import { Held } from "./held";
import { before, notAfter } from "./sequence";
import { Tcb, TcbFlag } from "./tcb";

/** The extension of a connection that reports blocks, or null. */
function reporterLocked(tcb: Tcb): Extension | null {
  mustHold(tcb.lock);
  return tcb.flags & TcbFlag.SACK ? tcb.extension : null;
}

/**
 * Octets from `left` to before `right` came, and wait: the run that they lie in is the first block
 * of the next report.
 */
export function reportLocked(tcb: Tcb, left: u32, right: u32): void {
  mustHold(tcb.lock);
  const extension = reporterLocked(tcb);
  if (extension == null) return;
  let start = left;
  let end = right;
  let run: Held | null = tcb.waiting;
  while (run != null && notAfter(run.sequence, end)) {
    const runEnd = run.sequence + run.length;
    if (!before(runEnd, start)) {
      if (before(run.sequence, start)) start = run.sequence;
      if (before(end, runEnd)) end = runEnd;
    }
    run = run.next;
  }
  putFirstLocked(tcb, extension, start, end);
}

/** The block from `start` to `end` is the latest; those that it reaches are part of it. */
function putFirstLocked(tcb: Tcb, extension: Extension, start: u32, end: u32): void {
  mustHold(tcb.lock);
  let left = start;
  let right = end;
  const count = <u32>extension.blockCount;
  for (let i: u32 = 0; i < count; i++) {
    const old = extension.blockAt(i);
    if (!touches(old, left, right)) continue;
    if (before(old.left, left)) left = old.left;
    if (before(right, old.right)) right = old.right;
  }
  // From the back, each that stays moves one place, the last one out of the list.
  let kept: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const old = extension.blockAt(i);
    if (touches(old, left, right)) continue;
    const place = extension.blockAt(kept++);
    place.left = old.left;
    place.right = old.right;
  }
  if (kept == BLOCKS) kept--;
  for (let i = kept; i != 0; i--) {
    const place = extension.blockAt(i);
    const old = extension.blockAt(i - 1);
    place.left = old.left;
    place.right = old.right;
  }
  const first = extension.blockAt(0);
  first.left = left;
  first.right = right;
  extension.blockCount = <u8>(kept + 1);
  tcb.flags |= TcbFlag.SACK_DUE;
}

function touches(block: Block, left: u32, right: u32): bool {
  return notAfter(block.left, right) && notAfter(left, block.right);
}

/** Octets from `left` to before `right` came again: the next segment reports them, once. */
export function reportDuplicateLocked(tcb: Tcb, left: u32, right: u32): void {
  mustHold(tcb.lock);
  const extension = reporterLocked(tcb);
  if (extension == null || left == right) return;
  if (queryParameter(Parameter.NtstackDsack) == 0) return;
  // One block for each segment: the first (RFC 2883, 4).
  if (extension.duplicateLeft != extension.duplicateRight) return;
  extension.duplicateLeft = left;
  extension.duplicateRight = right;
  tcb.flags |= TcbFlag.SACK_DUE;
}

/** Text in order came, up to before `end`: what of it waited already has come twice. */
export function reportOverlapLocked(tcb: Tcb, end: u32): void {
  mustHold(tcb.lock);
  const first = tcb.waiting;
  if (first == null || !before(first.sequence, end)) return;
  const firstEnd = first.sequence + first.length;
  reportDuplicateLocked(tcb, first.sequence, before(firstEnd, end) ? firstEnd : end);
}

/** Lets go of blocks that are acknowledged; how many there are to report, duplicates too. */
export function countBlocksLocked(tcb: Tcb, extension: Extension): u32 {
  mustHold(tcb.lock);
  let kept: u32 = 0;
  const count = <u32>extension.blockCount;
  for (let i: u32 = 0; i < count; i++) {
    const old = extension.blockAt(i);
    if (!before(tcb.rcvNxt, old.left)) continue;
    const place = extension.blockAt(kept++);
    place.left = old.left;
    place.right = old.right;
  }
  extension.blockCount = <u8>kept;
  const duplicate: u32 = extension.duplicateLeft != extension.duplicateRight ? 1 : 0;
  if (kept + duplicate == 0) tcb.flags &= ~TcbFlag.SACK_DUE;
  return kept + duplicate;
}

/** Writes `count` blocks at `at`: what came twice, then the latest; returns their octets. */
export function writeBlocksLocked(tcb: Tcb, extension: Extension, at: usize, count: u32): u32 {
  mustHold(tcb.lock);
  let octets: u32 = 0;
  let left = count;
  if (extension.duplicateLeft != extension.duplicateRight) {
    octets = writeSackBlock(at, extension.duplicateLeft, extension.duplicateRight);
    extension.duplicateRight = extension.duplicateLeft;
    left--;
  }
  for (let i: u32 = 0; i < left; i++) {
    const block = extension.blockAt(i);
    octets += writeSackBlock(at + octets, block.left, block.right);
  }
  return octets;
}
