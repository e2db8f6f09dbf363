/**
 * Tail loss probe (RFC 8985, 7): when nothing comes back, one more segment makes the peer say what
 * it has, before the retransmission timer does worse.
 */

import { Parameter, queryParameter } from "../../ex/registry";
import { mustHold } from "../../ke/spinlock";
import { Counter, count } from "../counters";
import { onLossLocked } from "./congestion";
import { Extension } from "./extension";
import { outputLocked } from "./output";
import { resendLocked } from "./recovery";
import { startTimeoutLocked } from "./rto";
import { recordedLocked, sentAt } from "./sent";
import { Tcb, TcbFlag } from "./tcb";

/** Values of `Extension.tailProbe`. */
const enum Probe {
  NONE,
  NEW,
  OLD,
}

/** PTO has come: a new segment if one may go, else the last one again (RFC 8985, 7.3). */
export function tailExpiredLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const extension = recordedLocked(tcb);
  if (extension != null && extension.tailProbe == Probe.NONE) {
    const before = tcb.sndMax;
    count(Counter.TCP_TAIL_PROBES);
    tcb.cwnd += tcb.mss;
    outputLocked(tcb);
    tcb.cwnd -= tcb.mss;
    extension.tailProbe = <u8>Probe.NEW;
    if (tcb.sndMax == before && extension.sentCount != 0) {
      extension.tailProbe = <u8>Probe.OLD;
      resendLocked(tcb, extension, sentAt(extension, extension.sentCount - 1));
    }
  }
  startTimeoutLocked(tcb);
}

/**
 * All is acknowledged, the probe too. Unless the peer says that it came twice (RFC 2883), it has
 * repaired a loss, which is one of congestion (RFC 8985, 7.4.2).
 */
export function tailAnsweredLocked(tcb: Tcb, extension: Extension, cameTwice: bool): void {
  mustHold(tcb.lock);
  const probe = extension.tailProbe;
  extension.tailProbe = <u8>Probe.NONE;
  if (probe != Probe.OLD || cameTwice || (tcb.flags & TcbFlag.RECOVERING) != 0) return;
  onLossLocked(tcb);
  if (tcb.ssthresh < tcb.cwnd) tcb.cwnd = tcb.ssthresh;
}
