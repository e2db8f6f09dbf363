/** The segment that was expected: in order, nothing special (Jacobson's header prediction). */

import { mustHold } from "../../ke/spinlock";
import { IsListEmpty } from "../../nt/list";
import { TCP_HEADER, TcpFlag } from "../../wire/tcp";
import { Counter, count, countMany } from "../counters";
import { noteArrivalLocked } from "./delayedack";
import { isMarked } from "./ecn";
import { startKeepAliveLocked } from "./keepalive";
import { Segment } from "./segment";
import { TcpState } from "./state";
import { Tcb, TcbFlag, TcpTimer } from "./tcb";
import { predictStampLocked } from "./timestamp";

/** What makes a connection ordinary. */
const SPECIAL: u32 = TcbFlag.INDICATING | TcbFlag.RECOVERING | TcbFlag.URGENT;
/** What makes its segments carry more than the header says. */
const PREDICTS_MORE: u32 = TcbFlag.TIMESTAMPS | TcbFlag.ECN;

/**
 * Takes pure text in order that acknowledges nothing new. True when it was that, and the octets are
 * to be indicated, as `takeTextLocked` says: the same that the steps of receive.ts come to, with
 * less to look at.
 */
export function predictLocked(tcb: Tcb, segment: Segment): bool {
  mustHold(tcb.lock);
  if (tcb.state != TcpState.ESTABLISHED || segment.sequence != tcb.rcvNxt) return false;
  if ((segment.flags & ~TcpFlag.PSH) != TcpFlag.ACK) return false;
  if (segment.acknowledgment != tcb.sndUna || segment.window != <u32>tcb.sndWnd) return false;
  const length = segment.length;
  if (length == 0 || length > tcb.rcvAdv - tcb.rcvNxt) return false;
  if ((tcb.flags & SPECIAL) != 0 || tcb.held != null || tcb.waiting != null) return false;
  if (tcb.connection == null || !IsListEmpty(tcb.receives)) return false;
  const options = segment.data - changetype<usize>(segment.header) - <usize>TCP_HEADER;
  if (options | (tcb.flags & PREDICTS_MORE)) {
    if ((tcb.flags & TcbFlag.ECN) != 0 && isMarked(segment)) return false;
    const stamped = (tcb.flags & TcbFlag.TIMESTAMPS) != 0;
    if ((options != 0 || stamped) && !predictStampLocked(tcb, segment, options)) return false;
  }
  tcb.flags |= TcbFlag.INDICATING;
  tcb.rcvNxt += length;
  tcb.sndWl1 = segment.sequence;
  if (tcb.timer == TcpTimer.KEEP_ALIVE) startKeepAliveLocked(tcb);
  count(Counter.TCP_PREDICTED);
  countMany(Counter.TCP_OCTETS_IN, length);
  noteArrivalLocked(tcb, length);
  return true;
}
