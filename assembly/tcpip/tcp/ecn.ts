/** Explicit congestion notification (RFC 3168, 6.1): a router marks what it would have dropped. */

import { Parameter, queryParameter } from "../../ex/registry";
import { mustHold } from "../../ke/spinlock";
import { Ecn } from "../../wire/ipv4";
import { TcpFlag } from "../../wire/tcp";
import { Counter, count } from "../counters";
import { onLossLocked } from "./congestion";
import { ExtensionMark, allocateExtension } from "./extension";
import { Segment } from "./segment";
import { before } from "./sequence";
import { isSynchronized } from "./state";
import { Tcb, TcbFlag } from "./tcb";

/** Values of NtstackEcn: 2 agrees to what a peer offers, and offers nothing. */
const OFFER: u32 = 1;

/** Our SYN offers it, if the registry says so. */
export function offerEcnLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  if (queryParameter(Parameter.NtstackEcn) == OFFER) tcb.flags |= TcbFlag.ECN;
}

/** The SYN goes out again: the offer may be what keeps it from arriving (6.1.1.1). */
export function withdrawEcnLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const offers = queryParameter(Parameter.NtstackEcnRetries);
  if (<u32>tcb.retransmitCount > offers) tcb.flags &= ~TcbFlag.ECN;
}

/** The peer's SYN has come: it offers with ECE and CWR, and agrees with ECE alone (6.1.1). */
export function agreeEcnLocked(tcb: Tcb, flags: u32): void {
  mustHold(tcb.lock);
  const said = flags & (TcpFlag.ECE | TcpFlag.CWR);
  let agreed: bool = false;
  if (flags & TcpFlag.ACK) agreed = (tcb.flags & TcbFlag.ECN) != 0 && said == TcpFlag.ECE;
  else if (said == (TcpFlag.ECE | TcpFlag.CWR)) agreed = queryParameter(Parameter.NtstackEcn) != 0;
  if (agreed && tcb.extension == null) {
    tcb.extension = allocateExtension();
    agreed = tcb.extension != null;
  }
  tcb.flags = agreed ? tcb.flags | TcbFlag.ECN : tcb.flags & ~TcbFlag.ECN;
}

/** The flags that a segment carries besides `flags`; what is said with them is said. */
export function ecnFlagsLocked(tcb: Tcb, sequence: u32, flags: u32, length: u32): u32 {
  mustHold(tcb.lock);
  const extension = tcb.extension;
  if (flags & TcpFlag.RST) return 0;
  if (flags & TcpFlag.SYN) {
    return flags & TcpFlag.ACK ? TcpFlag.ECE : TcpFlag.ECE | TcpFlag.CWR;
  }
  if (extension == null) return 0;
  const marks = <u32>extension.marks;
  let more: u32 = marks & ExtensionMark.ECE_DUE ? TcpFlag.ECE : 0;
  if ((marks & ExtensionMark.CWR_DUE) != 0 && isNewTextLocked(tcb, sequence, length)) {
    extension.marks = <u8>(marks & ~ExtensionMark.CWR_DUE);
    more |= TcpFlag.CWR;
  }
  return more;
}

/** What the datagram of a segment says: only new text may be marked on its way (6.1.4 to 6.1.6). */
export function codepointLocked(tcb: Tcb, sequence: u32, length: u32): u32 {
  mustHold(tcb.lock);
  const marks = isSynchronized(tcb.state) && isNewTextLocked(tcb, sequence, length);
  return marks ? Ecn.ECT0 : Ecn.NOT_ECT;
}

function isNewTextLocked(tcb: Tcb, sequence: u32, length: u32): bool {
  mustHold(tcb.lock);
  return length != 0 && !before(sequence, tcb.sndMax);
}

/** A router has marked the datagram of `segment`. */
export function isMarked(segment: Segment): bool {
  return (segment.ip.typeOfService & Ecn.MASK) == Ecn.CE;
}

/** Text came: the peer is told of a mark until it says that it has reacted (6.1.3). */
export function noteMarkLocked(tcb: Tcb, segment: Segment): void {
  mustHold(tcb.lock);
  const extension = tcb.extension;
  if (extension == null) return;
  if (segment.flags & TcpFlag.CWR) extension.marks &= <u8>~ExtensionMark.ECE_DUE;
  if (segment.length == 0 || !isMarked(segment)) return;
  count(Counter.TCP_MARKS_IN);
  extension.marks |= <u8>ExtensionMark.ECE_DUE;
  tcb.flags |= TcbFlag.ACK_NOW;
}

/** The peer tells of a mark: as a loss, once for each window (6.1.2). */
export function noteEchoLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const extension = tcb.extension;
  if (extension == null || (tcb.flags & TcbFlag.RECOVERING) != 0) return;
  if (before(tcb.sndUna, tcb.recover) || tcb.sndMax == tcb.sndUna) return;
  onLossLocked(tcb);
  if (tcb.ssthresh < tcb.cwnd) tcb.cwnd = tcb.ssthresh;
  tcb.recover = tcb.sndMax;
  extension.marks |= <u8>(ExtensionMark.CWR_DUE | ExtensionMark.REDUCED);
}
