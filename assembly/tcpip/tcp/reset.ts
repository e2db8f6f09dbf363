/** RST, sent and believed (RFC 9293, 3.5.2 and 3.10.7). */

import { at } from "../../nt/embed";
import { Event } from "../../trace/event";
import { trace } from "../../trace/ring";
import { Status } from "../../nt/status";
import { Parameter, queryParameter } from "../../ex/registry";
import { KeGetCurrentProcessorNumber, MAXIMUM_PROCESSORS } from "../../ke/processor";
import { mustHold } from "../../ke/spinlock";
import { complement, pseudoHeader } from "../../wire/checksum";
import { isInvalidSource, isMulticast, Protocol } from "../../wire/ipv4";
import { TCP_HEADER, TcpFlag, TcpHeader } from "../../wire/tcp";
import { Counter, count } from "../counters";
import { isBroadcast } from "../interface";
import { interfaceFor, nextHopFor } from "../route";
import { allocateDatagram, payloadOf, queueDatagram } from "../ip/send";
import { dieLocked, timeWaitLocked } from "./close";
import { Segment } from "./segment";
import { TcpState } from "./state";
import { Tcb, TcbFlag } from "./tcb";

/** For each processor what the latest SYN-ACK or RST that it sent acknowledged. */
const ANSWERED: usize = memory.data(32);
if (MAXIMUM_PROCESSORS * 4 > 32) ERROR("ANSWERED");

/** One of them. */
@unmanaged
class Answered {
  acknowledgment: u32;
}

function answered(): Answered {
  return changetype<Answered>(ANSWERED + (<usize>KeGetCurrentProcessorNumber() << 2));
}

/** A SYN was answered with this acknowledgment. IRQL: DISPATCH_LEVEL. */
export function noteAnswered(acknowledgment: u32): void {
  answered().acknowledgment = acknowledgment;
}

/** Values of NtstackResetAck. */
const enum ResetAck {
  ZERO = 0,
  LAST_ANSWER = 1,
  SEGMENT = 2,
}

/**
 * The field of a RST that acknowledges nothing. NT: as if nobody wrote it, that of the answer
 * before it, or that of the segment; scanners tell NT by it.
 */
function unusedAcknowledgment(segment: Segment): u32 {
  const how: ResetAck = queryParameter(Parameter.NtstackResetAck);
  if (how == ResetAck.ZERO) return 0;
  return how == ResetAck.SEGMENT ? segment.acknowledgment : answered().acknowledgment;
}

/** Octets that a segment takes of the sequence space. */
export function sequenceLength(segment: Segment): u32 {
  const syn: u32 = segment.flags & TcpFlag.SYN ? 1 : 0;
  const fin: u32 = segment.flags & TcpFlag.FIN ? 1 : 0;
  return segment.length + syn + fin;
}

/** Answers a segment that belongs to no connection. IRQL: DISPATCH_LEVEL. */
export function sendReset(segment: Segment): void {
  if (segment.flags & TcpFlag.RST) return;
  const remote = segment.source;
  if (isInvalidSource(remote) && remote >>> 24 != 127) return;
  if (isMulticast(remote) || isBroadcast(segment.on, remote)) return;
  const via = interfaceFor(remote);
  if (via == null) return;
  const packet = allocateDatagram(via);
  if (packet == null) return;
  const base = payloadOf(packet);
  const tcp = at<TcpHeader>(base, 0);
  const answersAck = (segment.flags & TcpFlag.ACK) != 0;
  const ports = (segment.ports << 16) | (segment.ports >>> 16);
  const sequence = answersAck ? segment.acknowledgment : 0;
  const whole = segment.sequence + sequenceLength(segment);
  const ack = answersAck ? unusedAcknowledgment(segment) : whole;
  noteAnswered(ack);
  const flags: u32 = answersAck ? TcpFlag.RST : TcpFlag.RST | TcpFlag.ACK;
  const partial = tcp.write(ports, sequence, ack, TCP_HEADER, flags, 0);
  const local = segment.destination;
  const head = pseudoHeader(local, remote, Protocol.TCP, TCP_HEADER);
  tcp.checksum = complement(head + partial);
  const hop = nextHopFor(via, remote);
  queueDatagram(packet, via, hop, local, remote, Protocol.TCP, TCP_HEADER, 0);
  count(Counter.TCP_OUT_RSTS);
  count(Counter.TCP_OUT_SEGS);
  trace(Event.TCP_RESET_SENT, remote, segment.ports, segment.flags);
}

/** A RST in the window. In TIME-WAIT it is not believed (RFC 1337), unless the registry says so. */
export function believeResetLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const state: TcpState = tcb.state;
  const waits = state == TcpState.TIME_WAIT;
  if (waits && queryParameter(Parameter.NtstackTimeWaitResets) == 0) {
    timeWaitLocked(tcb);
    return;
  }
  trace(Event.TCP_RESET_BELIEVED, tcb.remoteAddress, tcb.ports, state);
  if (waits || state == TcpState.CLOSING || state == TcpState.LAST_ACK) {
    dieLocked(tcb, Status.CONNECTION_RESET, (tcb.flags & TcbFlag.ORPHAN) == 0);
    return;
  }
  // A connect that has met the peer's own is refused by it (RFC 9293, 3.10.7.4, second).
  const refused = state == TcpState.SYN_RECEIVED && (tcb.flags & TcbFlag.PASSIVE) == 0;
  dieLocked(tcb, refused ? Status.CONNECTION_REFUSED : Status.CONNECTION_RESET, true);
}
