/**
 * Source routes of connections (RFC 9293, 3.9.2.1; RFC 1122, 4.2.3.8): that which the client gives
 * to a connect, or the way back of that which the peer's segments came by.
 *
 * Not done: the route of a segment that comes in pieces, because they are put together without
 * options.
 */

import { at } from "../../nt/embed";
import { Parameter, queryParameter } from "../../ex/registry";
import { KeGetCurrentProcessorNumber, MAXIMUM_PROCESSORS } from "../../ke/processor";
import { mustHold } from "../../ke/spinlock";
import { isInvalidSource } from "../../wire/ipv4";
import { SourceRoute, findSourceRoute, isRouteOver, reverseRoute } from "../../wire/sourceroute";
import { Drop, drop } from "../counters";
import { RouteCacheEntry, dereferenceRoute, makeRoute, referenceRoute } from "../route";
import { fitPathLocked } from "./pathmtu";
import { Segment, SegmentMark } from "./segment";
import { Tcb, TcbFlag } from "./tcb";

/** Value of DisableIPSourceRouting: nothing that has one is heard. */
const DROP_ALL: u32 = 2;

/** The way back of the segment that is looked at, for each processor. */
const BACK: usize = memory.data(320);
const EACH: usize = 40;
if (offsetof<SourceRoute>() > EACH || EACH * MAXIMUM_PROCESSORS > 320) ERROR("BACK");

/**
 * Looks at the options of IP that `segment` came with. False, and counted: it came by a route that
 * is not heard, or that goes on: we pass nothing on.
 */
export function noteRoute(segment: Segment): bool {
  const route = findSourceRoute(segment.ip);
  if (route == 0) return true;
  if (!isRouteOver(route) || queryParameter(Parameter.DisableIPSourceRouting) == DROP_ALL) {
    drop(Drop.IP_OPTION);
    return false;
  }
  segment.flags |= SegmentMark.ROUTED;
  return true;
}

/** The way back of a segment that is ROUTED; null: through somebody who cannot be. */
function wayBack(segment: Segment): SourceRoute | null {
  const back = at<SourceRoute>(BACK, <usize>KeGetCurrentProcessorNumber() * EACH);
  reverseRoute(back, findSourceRoute(segment.ip), segment.source);
  return back.count != 0 && isPassable(back) ? back : null;
}

/** Every hop of `route` is somebody. */
export function isPassable(route: SourceRoute): bool {
  for (let i: u32 = 0; i < <u32>route.count; i++) {
    if (isInvalidSource(route.hopAt(i))) return false;
  }
  return true;
}

/** A referenced route cache entry for what answers `segment`; null: no route, or no memory. */
export function routeTo(segment: Segment): RouteCacheEntry | null {
  const back = segment.flags & SegmentMark.ROUTED ? wayBack(segment) : null;
  return back == null ? referenceRoute(segment.source) : makeRoute(segment.source, back);
}

/** `tcb` goes by `route` from here on, which it takes over. */
export function setRouteLocked(tcb: Tcb, route: RouteCacheEntry): void {
  mustHold(tcb.lock);
  tcb.route = route;
  if (route.sourceRoute != null) tcb.flags |= TcbFlag.ROUTED;
  else tcb.flags &= ~TcbFlag.ROUTED;
}

/**
 * A segment of a connection that is ROUTED: the way back of it is that of the connection from here
 * on (SHLD-24), unless its client has given one (MUST-52). Without memory all stays as it is.
 */
export function takeRouteLocked(tcb: Tcb, segment: Segment): void {
  mustHold(tcb.lock);
  const old = tcb.route;
  if (old == null || (tcb.flags & TcbFlag.PASSIVE) == 0) return;
  const back = wayBack(segment);
  const known = old.sourceRoute;
  if (back == null || (known != null && known.equals(back))) return;
  const route = makeRoute(tcb.remoteAddress, back);
  if (route == null) return;
  setRouteLocked(tcb, route);
  dereferenceRoute(old);
  fitPathLocked(tcb);
}
