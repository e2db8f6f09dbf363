/** ICMP errors for a connection (RFC 1122, 4.2.3.9; RFC 5927): told, and only then believed. */

import { at } from "../../nt/embed";
import { Event } from "../../trace/event";
import { trace } from "../../trace/ring";
import { Status } from "../../nt/status";
import { KeAcquireSpinLockAtDpcLevel, KeReleaseSpinLockFromDpcLevel } from "../../ke/spinlock";
import { mustHold } from "../../ke/spinlock";
import { Unreachable } from "../../wire/icmp";
import { Ipv4Header } from "../../wire/ipv4";
import { TcpHeader } from "../../wire/tcp";
import { dieLocked } from "./close";
import { mssOf } from "./options";
import { forgetSentLocked } from "./sent";
import { before, notAfter } from "./sequence";
import { settle } from "./settle";
import { TcpState } from "./state";
import { findTcb } from "./table";
import { Tcb, dereferenceTcb } from "./tcb";
import { outputLocked } from "./output";

/** RFC 1191, 3: no path is narrower. */
const LEAST_MTU: u32 = 68;

/**
 * "Destination unreachable" quotes the segment of `quote`. Hard errors end a connect (SHLD-26), and
 * nothing else: a connection that is open is not ended by a forger (RFC 5927, 5.2).
 */
export function receiveUnreachable(quote: Ipv4Header, code: u32, nextHopMtu: u32): void {
  const tcp = at<TcpHeader>(changetype<usize>(quote) + quote.headerLength, 0);
  const ports = (tcp.destinationPort << 16) | tcp.sourcePort;
  const tcb = findTcb(quote.destination, ports, quote.source);
  if (tcb == null) return;
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  believeLocked(tcb, tcp.sequenceNumber, code, nextHopMtu);
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
  if (tcb.todo) settle(tcb);
  dereferenceTcb(tcb);
}

function believeLocked(tcb: Tcb, sequence: u32, code: u32, nextHopMtu: u32): void {
  mustHold(tcb.lock);
  // Only what is on the way can have met a router.
  if (before(sequence, tcb.sndUna) || !notAfter(sequence, tcb.sndMax)) return;
  trace(Event.ICMP_UNREACHABLE, tcb.remoteAddress, code, tcb.ports);
  if (code == Unreachable.FRAGMENTATION_NEEDED) {
    if (nextHopMtu >= LEAST_MTU) narrowLocked(tcb, nextHopMtu);
    return;
  }
  const hard = code == Unreachable.PROTOCOL || code == Unreachable.PORT;
  if (tcb.state == TcpState.SYN_SENT && hard) {
    dieLocked(tcb, Status.CONNECTION_REFUSED, false);
  }
}

/** RFC 1191: the path is narrower than its first link; what was too long is sent again. */
function narrowLocked(tcb: Tcb, mtu: u32): void {
  mustHold(tcb.lock);
  const mss = mssOf(mtu);
  if (mss >= <u32>tcb.mss) return;
  tcb.mss = <u16>mss;
  forgetSentLocked(tcb);
  tcb.sndNxt = tcb.sndUna;
  outputLocked(tcb);
}
