/**
 * ICMP (RFC 792; RFC 1122, 3.2.2): echo, and the errors that concern a connection.
 *
 * Not done: redirect, source quench (RFC 6633: ignored), timestamps, because nothing here asks.
 */

import { RtlCopyMemory } from "../../nt/memory";
import { Parameter, queryParameter } from "../../ex/registry";
import { complement, fold, sum } from "../../wire/checksum";
import { ICMP_HEADER, ICMP_QUOTE, IcmpHeader, IcmpType, Unreachable } from "../../wire/icmp";
import { IPV4_HEADER, Ipv4Header, Fragment, isInvalidSource, Protocol } from "../../wire/ipv4";
import { Event } from "../../trace/event";
import { trace } from "../../trace/ring";
import { NdisPacket } from "../../ndis/packet";
import { at } from "../../nt/embed";
import { Counter, count, Drop, drop } from "../counters";
import { Interface, isBroadcast } from "../interface";
import { interfaceFor, nextHopFor } from "../route";
import { receiveEchoReply } from "./echo";
import { allocateDatagram, payloadOf, queueDatagram } from "./send";
import { sendInPieces } from "./fragment";
import { receiveIcmpError } from "../tcp/unreachable";

/** An ICMP message of `length` octets. IRQL: DISPATCH_LEVEL. Locks: none. */
export function receiveIcmp(
  on: Interface,
  ip: Ipv4Header,
  icmp: IcmpHeader,
  length: u32,
  toGroup: bool,
): void {
  if (length < ICMP_HEADER) {
    drop(Drop.ICMP_SHORT);
    return;
  }
  if (fold(sum(changetype<usize>(icmp), length)) != 0xffff) {
    drop(Drop.ICMP_CHECKSUM);
    return;
  }
  switch (icmp.type) {
    case IcmpType.ECHO:
      if (toGroup) drop(Drop.ICMP_BROADCAST);
      else answerEcho(on, ip, icmp, length);
      break;
    case IcmpType.ECHO_REPLY:
      count(Counter.ICMP_IN_ECHO_REPS);
      receiveEchoReply(ip.source, icmp, length);
      break;
    case IcmpType.DESTINATION_UNREACHABLE:
      count(Counter.ICMP_IN_DEST_UNREACHS);
      receiveError(icmp, length);
      break;
    case IcmpType.TIME_EXCEEDED:
      count(Counter.ICMP_IN_TIME_EXCDS);
      receiveError(icmp, length);
      break;
    case IcmpType.PARAMETER_PROBLEM:
      count(Counter.ICMP_IN_PARM_PROBS);
      receiveError(icmp, length);
      break;
    default:
      drop(Drop.ICMP_TYPE);
  }
}

function answerEcho(on: Interface, ip: Ipv4Header, icmp: IcmpHeader, length: u32): void {
  count(Counter.ICMP_IN_ECHOS);
  trace(Event.ICMP_ECHO, ip.source, icmp.identifier, icmp.sequenceNumber);
  // The same octets go back with another type, summed anew: nothing else of them changes.
  const base = changetype<usize>(icmp);
  const identifier = icmp.identifier;
  const sequence = icmp.sequenceNumber;
  icmp.begin(IcmpType.ECHO_REPLY, 0);
  icmp.identifier = identifier;
  icmp.sequenceNumber = sequence;
  icmp.checksum = complement(sum(base, length));
  count(Counter.ICMP_OUT_ECHO_REPS);
  const hop = nextHopFor(on, ip.source);
  const keeps = queryParameter(Parameter.NtstackEchoKeepsDf) != 0;
  const dontFragment = keeps ? ip.fragment & Fragment.DONT : 0;
  const source = ip.destination;
  sendInPieces(on, hop, source, ip.source, Protocol.ICMP, base, length, dontFragment);
}

/** An error quotes the datagram that caused it: TCP's go to its connection (MUST-54). */
function receiveError(icmp: IcmpHeader, length: u32): void {
  const quote = at<Ipv4Header>(changetype<usize>(icmp), ICMP_HEADER);
  const left = length - ICMP_HEADER;
  if (left < IPV4_HEADER + ICMP_QUOTE || quote.headerLength < IPV4_HEADER) {
    drop(Drop.ICMP_QUOTE);
    return;
  }
  if (quote.headerLength + ICMP_QUOTE > left || (quote.fragment & Fragment.OFFSET) != 0) {
    drop(Drop.ICMP_QUOTE);
    return;
  }
  if (quote.protocol != Protocol.TCP) return;
  receiveIcmpError(quote, icmp.type, icmp.code, icmp.nextHopMtu);
}

/**
 * Answers the datagram of `ip` with "destination unreachable". Never to an error, a group, or a
 * piece that is not the first (RFC 1122, 3.2.2).
 */
export function sendUnreachable(on: Interface, ip: Ipv4Header, code: Unreachable): void {
  const source = ip.source;
  if (isInvalidSource(source) || isBroadcast(on, source)) return;
  if ((ip.fragment & Fragment.OFFSET) != 0) return;
  const via = interfaceFor(source);
  if (via == null) return;
  const packet: NdisPacket | null = allocateDatagram(via);
  if (packet == null) return;
  const payload = payloadOf(packet);
  const icmp = at<IcmpHeader>(payload, 0);
  const quoted = quoteLength(ip);
  icmp.begin(IcmpType.DESTINATION_UNREACHABLE, code);
  RtlCopyMemory(payload + ICMP_HEADER, changetype<usize>(ip), quoted);
  icmp.checksum = complement(sum(payload, ICMP_HEADER + quoted));
  count(Counter.ICMP_OUT_DEST_UNREACHS);
  trace(Event.ICMP_UNREACHABLE, source, code, 0);
  const length = ICMP_HEADER + quoted;
  const hop = nextHopFor(via, source);
  queueDatagram(packet, via, hop, via.address, source, Protocol.ICMP, length, 0);
}

/** The header and eight octets behind it, or what there is. */
function quoteLength(ip: Ipv4Header): u32 {
  const wanted = ip.headerLength + ICMP_QUOTE;
  return ip.totalLength < wanted ? ip.totalLength : wanted;
}
