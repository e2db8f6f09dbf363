/** Connections that a processor has taken from a queue, to look at one after another. */

import { addressOf, at } from "../../nt/embed";
import { touch } from "../../nt/memory";
import { KeGetCurrentProcessorNumber, MAXIMUM_PROCESSORS } from "../../ke/processor";
import { Tcb, referenceTcb } from "./tcb";
import { keepTouched } from "./touched";

/** As many are taken under one lock; the packets that they queue go down together. */
export const TOGETHER: u32 = 64;
const TAKEN: usize = memory.data(2048);
if (TOGETHER * 4 * MAXIMUM_PROCESSORS > 2048) ERROR("TAKEN");

@unmanaged
class Taken {
  // This processor's own:
  tcb: Tcb;
}
/** What `noteTaken` puts there: where it stands which connection it is. */
@unmanaged
class Noted {
  where: usize;
}

function placeAt(index: u32): Taken {
  const first = KeGetCurrentProcessorNumber() * TOGETHER;
  return at<Taken>(TAKEN + (<usize>(first + index) << 2), 0);
}

/** The connection at that place. IRQL: DISPATCH_LEVEL, in the DPC that has put it there. */
export function takenAt(index: u32): Tcb {
  return placeAt(index).tcb;
}

/** Puts `tcb` there, with a reference that is the taker's. IRQL: DISPATCH_LEVEL. */
export function putTaken(index: u32, tcb: Tcb): void {
  referenceTcb(tcb);
  placeAt(index).tcb = tcb;
}

/** Notes that the connection which stands at `where` is to be taken. IRQL: DISPATCH_LEVEL. */
export function noteTaken(index: u32, where: usize): void {
  at<Noted>(addressOf(placeAt(index)), 0).where = where;
}

/**
 * Takes the `count` connections that were noted, as `putTaken` does: what stands where is loaded
 * for all of them, then they. IRQL: DISPATCH_LEVEL.
 */
export function takeNoted(count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const place = placeAt(i);
    place.tcb = at<Taken>(at<Noted>(addressOf(place), 0).where, 0).tcb;
  }
  let touched: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const tcb = takenAt(i);
    touched ^= touch(addressOf(tcb) + SECOND_LINE);
    referenceTcb(tcb);
  }
  keepTouched(touched);
}
const SECOND_LINE: usize = offsetof<Tcb>("sndNxt");

/**
 * Asks the memory system for what `count` connections will need to send: their second lines, and
 * the routes to which these point. It does nothing else, so that many loads are under way at once;
 * nothing that it reads is believed. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function touchTaken(count: u32): void {
  let touched: u32 = 0;
  for (let i: u32 = 0; i < count; i++) touched ^= touch(addressOf(takenAt(i).route));
  keepTouched(touched);
}
