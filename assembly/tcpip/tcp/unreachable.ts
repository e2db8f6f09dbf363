/** ICMP errors for a connection (RFC 1122, 4.2.3.9; RFC 5927): told, and only then believed. */

import { at } from "../../nt/embed";
import { Event } from "../../trace/event";
import { trace } from "../../trace/ring";
import { NTSTATUS, Status } from "../../nt/status";
import { KeAcquireSpinLockAtDpcLevel, KeReleaseSpinLockFromDpcLevel } from "../../ke/spinlock";
import { mustHold } from "../../ke/spinlock";
import { Parameter, queryParameter } from "../../ex/registry";
import { IcmpType, Unreachable } from "../../wire/icmp";
import { Ipv4Header } from "../../wire/ipv4";
import { finalDestination } from "../../wire/sourceroute";
import { TcpHeader } from "../../wire/tcp";
import { dieLocked } from "./close";
import { findTcb } from "./find";
import { refuseHalf } from "./handshake";
import { hashTuple } from "./hash";
import { narrowLocked } from "./pathmtu";
import { before } from "./sequence";
import { settle } from "./settle";
import { softErrorLocked } from "./softerror";
import { TcpState } from "./state";
import { Tcb, dereferenceTcb } from "./tcb";
import { outputLocked } from "./output";

/**
 * An error of `type` and `code` quotes the segment of `quote`. Hard ones end a connect (SHLD-26),
 * and nothing else: a connection that is open is not ended by a forger (RFC 5927, 5.2). What ends
 * nothing is told to the client (SHLD-25).
 */
export function receiveIcmpError(
  quote: Ipv4Header,
  type: IcmpType,
  code: u32,
  nextHopMtu: u32,
): void {
  const tcp = at<TcpHeader>(changetype<usize>(quote) + quote.headerLength, 0);
  const ports = (tcp.destinationPort << 16) | tcp.sourcePort;
  const remote = finalDestination(quote);
  const hash = hashTuple(remote, ports, quote.source);
  const tcb = findTcb(hash, remote, ports, quote.source);
  const unreachable = type == IcmpType.DESTINATION_UNREACHABLE;
  if (tcb == null) {
    const hard = unreachable && isHard(code);
    if (hard) refuseHalf(remote, ports, quote.source, tcp.sequenceNumber);
    return;
  }
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  if (isOnItsWayLocked(tcb, tcp.sequenceNumber)) {
    trace(Event.ICMP_UNREACHABLE, tcb.remoteAddress, code, tcb.ports);
    if (unreachable) {
      unreachableLocked(tcb, code, nextHopMtu, quote.totalLength);
    } else {
      softErrorLocked(tcb, Status.HOST_UNREACHABLE);
    }
  }
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
  if (tcb.todo) settle(tcb);
  dereferenceTcb(tcb);
}

/** Only what is on the way can have met a router (RFC 5927, 4.1). */
function isOnItsWayLocked(tcb: Tcb, sequence: u32): bool {
  mustHold(tcb.lock);
  return !before(sequence, tcb.sndUna) && before(sequence, tcb.sndMax);
}

function unreachableLocked(tcb: Tcb, code: u32, nextHopMtu: u32, length: u32): void {
  mustHold(tcb.lock);
  if (code == Unreachable.FRAGMENTATION_NEEDED) {
    if (narrowLocked(tcb, nextHopMtu, length)) outputLocked(tcb);
    return;
  }
  if (tcb.state == TcpState.SYN_SENT && isHard(code)) {
    dieLocked(tcb, Status.CONNECTION_REFUSED, false);
    return;
  }
  softErrorLocked(tcb, statusOf(code));
}

function statusOf(code: u32): NTSTATUS {
  if (code == Unreachable.PROTOCOL) return Status.PROTOCOL_UNREACHABLE;
  if (code == Unreachable.PORT) return Status.PORT_UNREACHABLE;
  const net = code == Unreachable.NET || code == Unreachable.NET_PROHIBITED;
  return net ? Status.NETWORK_UNREACHABLE : Status.HOST_UNREACHABLE;
}

/** Nothing of the kind will ever arrive (SHLD-26); the prohibitions are RFC 1122's (3.2.2.1). */
function isHard(code: u32): bool {
  if (code == Unreachable.PROTOCOL || code == Unreachable.PORT) return true;
  if (queryParameter(Parameter.NtstackProhibitedIsHard) == 0) return false;
  return (
    code == Unreachable.NET_PROHIBITED ||
    code == Unreachable.HOST_PROHIBITED ||
    code == Unreachable.COMMUNICATION_PROHIBITED
  );
}
