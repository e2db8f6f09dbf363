/**
 * Path MTU discovery (RFC 1191): what a router says narrows the route, and segments with it; what
 * nobody says is found by loss (EnablePMTUBHDetect; RFC 2923, 2.1); both are forgotten in time.
 */

import { KeQueryTickCount } from "../../trace/ring";
import { TICKS_PER_SECOND } from "../../nt/time";
import { Parameter, queryParameter } from "../../ex/registry";
import { mustHold } from "../../ke/spinlock";
import { ALIGNED_TIMESTAMPS } from "../../wire/tcpoption";
import { RouteCacheEntry, narrowRoute, widenRoute } from "../route";
import { allocateExtension } from "./extension";
import { mssOf } from "./options";
import { forgetSentLocked } from "./sent";
import { Tcb, TcbFlag } from "./tcb";

/** RFC 1191, 3: no path is narrower. */
const LEAST_MTU: u32 = 68;
/** What every path is taken to carry where segments vanish (RFC 879: 536 octets of text). */
const SAFE_MTU: u32 = 576;
/** RFC 1191, 6.3: for so long a narrow path is not tried again. */
const AGE_TICKS: u32 = 600 * TICKS_PER_SECOND;
/** Retransmissions of a large segment after which its path may be a black hole. */
const VANISHED: u32 = 3;

/** RFC 1191, 7.1: the next MTU that is common and smaller than a datagram of `length` octets. */
function plateauBelow(length: u32): u32 {
  if (length > 17914) return 17914;
  if (length > 8166) return 8166;
  if (length > 4352) return 4352;
  if (length > 2002) return 2002;
  if (length > 1492) return 1492;
  if (length > 1006) return 1006;
  if (length > 508) return 508;
  return length > 296 ? 296 : LEAST_MTU;
}

/**
 * A router could not send a datagram of `length` octets on; `mtu` is what it says of the next link,
 * 0 if it is an old one (RFC 1191, 5). True: what is on the way is to be sent again, in smaller
 * segments.
 */
export function narrowLocked(tcb: Tcb, mtu: u32, length: u32): bool {
  mustHold(tcb.lock);
  const next = mtu != 0 ? mtu : plateauBelow(length);
  // A datagram that fits has met no such link (RFC 5927, 7.2).
  if (next < LEAST_MTU || next >= length) return false;
  return shrinkLocked(tcb, next - hopOctetsLocked(tcb));
}

/** What the hops of its path take of a datagram: what is known of the path is without them. */
function hopOctetsLocked(tcb: Tcb): u32 {
  mustHold(tcb.lock);
  const route = tcb.route;
  if (route == null) return 0;
  const hops = route.sourceRoute;
  return hops == null ? 0 : hops.octets;
}

/** The connection has another path: its segments are no larger than that carries (MUST-16). */
export function fitPathLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const route = tcb.route;
  if (route != null) shrinkLocked(tcb, route.pathMtu);
}

/** What was sent again `retransmitCount` times may be too large for a path that keeps silent. */
export function suspectBlackHoleLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  if (queryParameter(Parameter.EnablePMTUBHDetect) == 0) return;
  if (<u32>tcb.retransmitCount == VANISHED) shrinkLocked(tcb, SAFE_MTU);
}

function textLocked(tcb: Tcb, mtu: u32): u32 {
  mustHold(tcb.lock);
  const stamps: u32 = tcb.flags & TcbFlag.TIMESTAMPS ? ALIGNED_TIMESTAMPS : 0;
  return mssOf(mtu) - stamps;
}

function shrinkLocked(tcb: Tcb, mtu: u32): bool {
  mustHold(tcb.lock);
  const route = tcb.route;
  const text = textLocked(tcb, mtu);
  if (text >= <u32>tcb.mss) return false;
  let extension = tcb.extension;
  if (extension == null) {
    // Without memory its segments stay small.
    extension = allocateExtension();
    tcb.extension = extension;
  }
  if (extension != null && extension.fullMss == 0) extension.fullMss = tcb.mss;
  if (route != null) narrowRoute(route, mtu, KeQueryTickCount());
  tcb.mss = <u16>text;
  forgetSentLocked(tcb);
  tcb.sndNxt = tcb.sndUna;
  return true;
}

/** Once a round trip: the path may be as wide again as it was. */
export function reconsiderPathLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const extension = tcb.extension;
  const route = tcb.route;
  if (extension == null || route == null || extension.fullMss == 0) return;
  if (isOld(route)) widenRoute(route);
  const text = textLocked(tcb, route.pathMtu);
  const full = <u32>extension.fullMss;
  if (text <= <u32>tcb.mss) return;
  tcb.mss = <u16>(text < full ? text : full);
  if (text >= full) extension.fullMss = 0;
}

function isOld(route: RouteCacheEntry): bool {
  return route.pathMtu < route.mtu && KeQueryTickCount() - route.narrowedTick > AGE_TICKS;
}
