/** Timestamps (RFC 7323, 3 to 5): what is echoed, and what is too old to be believed (PAWS). */

import { nowUs, KeQueryTickCount } from "../../trace/ring";
import { TICKS_PER_SECOND } from "../../nt/time";
import { mustHold } from "../../ke/spinlock";
import { TCP_HEADER, TcpFlag } from "../../wire/tcp";
import { ALIGNED_TIMESTAMPS, isAlignedStamps, optionStamp } from "../../wire/tcpoption";
import { Drop, drop } from "../counters";
import { Extension } from "./extension";
import { Options } from "./options";
import { Segment } from "./segment";
import { before, notAfter } from "./sequence";
import { Tcb, TcbFlag } from "./tcb";

/** RFC 7323, 5.5: a clock of at most 1 ms has gone half round after 24 days. */
const STALE_TICKS: u32 = 24 * 24 * 3600 * TICKS_PER_SECOND;

/** Our timestamp clock: milliseconds (RFC 7323, 5.4). */
export function stampLocked(tcb: Tcb, extension: Extension): u32 {
  mustHold(tcb.lock);
  return <u32>(nowUs() / 1000) + extension.tsOffset;
}

/** The peer's SYN has brought its first timestamp. */
export function beginStampsLocked(tcb: Tcb, stamp: u32): void {
  mustHold(tcb.lock);
  const extension = tcb.extension;
  if (extension == null) return;
  extension.tsRecent = stamp;
  extension.tsRecentTick = KeQueryTickCount();
  extension.lastAckSent = tcb.rcvNxt;
}

/**
 * The options of the segment that was expected, `octets` of them, are none, or the timestamps that
 * were: then it may be predicted (RFC 7323, appendix A).
 */
export function predictStampLocked(tcb: Tcb, segment: Segment, octets: usize): bool {
  mustHold(tcb.lock);
  const extension = tcb.extension;
  if (octets != <usize>ALIGNED_TIMESTAMPS || (tcb.flags & TcbFlag.TIMESTAMPS) == 0) return false;
  const at = changetype<usize>(segment.header) + <usize>TCP_HEADER;
  if (extension == null || !isAlignedStamps(at)) return false;
  const stamp = optionStamp(at + 2);
  if (before(stamp, extension.tsRecent)) return false;
  noteStampLocked(tcb, segment.sequence, stamp);
  return true;
}

/**
 * RFC 7323, 5.3: false when a timestamp tells that `segment` is an old duplicate, or it has none
 * (3.2); it is dropped then, and an old one is to be answered.
 */
export function isFreshLocked(tcb: Tcb, segment: Segment, options: Options): bool {
  mustHold(tcb.lock);
  const extension = tcb.extension;
  if (extension == null || (tcb.flags & TcbFlag.TIMESTAMPS) == 0) return true;
  if (segment.flags & TcpFlag.RST) return true;
  if ((options.present & TcbFlag.TIMESTAMPS) == 0) {
    // A SYN is answered as one (RFC 5961, 4); it is of another connection.
    if (segment.flags & TcpFlag.SYN) return true;
    drop(Drop.TCP_NO_TIMESTAMP);
    return false;
  }
  if (!before(options.stamp, extension.tsRecent)) return true;
  if (KeQueryTickCount() - extension.tsRecentTick > STALE_TICKS) {
    extension.tsRecent = options.stamp;
    return true;
  }
  drop(Drop.TCP_PAWS);
  return false;
}

/** RFC 7323, 4.3, (2): the timestamp of an acceptable segment from `sequence` on is echoed. */
export function noteStampLocked(tcb: Tcb, sequence: u32, stamp: u32): void {
  mustHold(tcb.lock);
  const extension = tcb.extension;
  if (extension == null) return;
  if (before(stamp, extension.tsRecent) || !notAfter(sequence, extension.lastAckSent)) return;
  extension.tsRecent = stamp;
  extension.tsRecentTick = KeQueryTickCount();
}

/** Microseconds since the segment whose timestamp came back was sent; 0: it tells nothing. */
export function echoedUsLocked(tcb: Tcb, options: Options): u32 {
  mustHold(tcb.lock);
  const extension = tcb.extension;
  if (extension == null || (tcb.flags & TcbFlag.TIMESTAMPS) == 0) return 0;
  if ((options.present & TcbFlag.TIMESTAMPS) == 0 || options.echo == 0) return 0;
  const ms = stampLocked(tcb, extension) - options.echo;
  if (ms > 0x3ffff) return 0;
  return ms == 0 ? 500 : ms * 1000;
}
