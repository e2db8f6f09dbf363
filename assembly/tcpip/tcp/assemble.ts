/** Segments out of order (RFC 9293, SHLD-31): kept in order of sequence, without overlaps. */

import { mustHold } from "../../ke/spinlock";
import { Counter, count, Drop, drop } from "../counters";
import { Held, hold, releaseHeld } from "./held";
import { reportDuplicateLocked, reportLocked } from "./sack";
import { Segment } from "./segment";
import { before } from "./sequence";
import { Tcb } from "./tcb";

/** Runs of one connection at most: what a window of 64-octet segments holds. */
const MOST_RUNS: u32 = 1024;

/** Keeps what `segment` brings and was not there; the window bounds it. */
export function keepLocked(tcb: Tcb, segment: Segment): void {
  mustHold(tcb.lock);
  count(Counter.TCP_OUT_OF_ORDER);
  let sequence = segment.sequence;
  let data = segment.data;
  let length = segment.length;
  let previous: Held | null = null;
  let next = tcb.waiting;
  while (next != null && !before(sequence, next.sequence)) {
    previous = next;
    next = next.next;
  }
  // What the one before has already is not kept twice.
  if (previous != null) {
    const covered = <i32>(previous.sequence + previous.length - sequence);
    if (covered > 0) {
      if (<u32>covered >= length) {
        drop(Drop.TCP_DUPLICATE);
        reportLocked(tcb, sequence, sequence + length);
        reportDuplicateLocked(tcb, sequence, sequence + length);
        return;
      }
      reportDuplicateLocked(tcb, sequence, sequence + <u32>covered);
      sequence += covered;
      data += covered;
      length -= covered;
    }
  }
  insertLocked(tcb, previous, data, length, sequence);
}

/** Puts a run behind `previous`, and lets go of what it covers behind it. */
function insertLocked(
  tcb: Tcb,
  previous: Held | null,
  data: usize,
  length: u32,
  sequence: u32,
): void {
  mustHold(tcb.lock);
  if (countRunsLocked(tcb) >= MOST_RUNS) {
    drop(Drop.TCP_OUT_OF_WINDOW);
    return;
  }
  const held = hold(data, length, sequence);
  if (held == null) {
    drop(Drop.NO_MEMORY);
    return;
  }
  let next = previous == null ? tcb.waiting : previous.next;
  const end = sequence + length;
  if (next != null && before(next.sequence, end)) {
    const nextEnd = next.sequence + next.length;
    reportDuplicateLocked(tcb, next.sequence, before(nextEnd, end) ? nextEnd : end);
  }
  while (next != null && before(next.sequence, end)) {
    const covered = end - next.sequence;
    if (covered < next.length) {
      next.sequence += covered;
      next.data += covered;
      next.length -= covered;
      break;
    }
    const gone: Held = next;
    next = gone.next;
    releaseHeld(gone);
  }
  held.next = next;
  if (previous == null) tcb.waiting = held;
  else previous.next = held;
  reportLocked(tcb, sequence, end);
}

function countRunsLocked(tcb: Tcb): u32 {
  mustHold(tcb.lock);
  let count: u32 = 0;
  let run: Held | null = tcb.waiting;
  while (run != null) {
    count++;
    run = run.next;
  }
  return count;
}

/** The run whose turn has come, taken out; what of it is old is trimmed. Null: there is none. */
export function takeReadyLocked(tcb: Tcb): Held | null {
  mustHold(tcb.lock);
  let first = tcb.waiting;
  while (first != null && !before(tcb.rcvNxt, first.sequence)) {
    tcb.waiting = first.next;
    first.next = null;
    const old = tcb.rcvNxt - first.sequence;
    if (old < first.length) {
      first.sequence += old;
      first.data += old;
      first.length -= old;
      return first;
    }
    releaseHeld(first);
    first = tcb.waiting;
  }
  return null;
}
