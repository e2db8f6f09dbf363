/** IP on the way in: is it ours, whole, and for whom? (RFC 791; RFC 1122, 3.2.1) */

import { at } from "../../nt/embed";
import { ExFreePool } from "../../ex/pool";
import { Fragment, IPV4_HEADER, Ipv4Header, isInvalidSource, isMulticast } from "../../wire/ipv4";
import { IPV4_VERSION, Protocol } from "../../wire/ipv4";
import { IcmpHeader, Unreachable } from "../../wire/icmp";
import { UdpHeader } from "../../wire/udp";
import { TcpHeader } from "../../wire/tcp";
import { Counter, count, Drop, drop } from "../counters";
import { Interface, isBroadcast, isLoopback, isOurs } from "../interface";
import { Segment } from "../tcp/segment";
import { readTcp, receiveTcp } from "../tcp/batch";
import { noteRoute } from "../tcp/sourceroute";
import { receiveUdp } from "../udp/receive";
import { receiveIcmp, sendUnreachable } from "./icmp";
import { reassemble } from "./reassemble";

/** What `classify` says of a datagram. */
export const enum Kind {
  /** Dropped and counted. */
  BAD,
  /** A whole TCP segment for us: the batch takes it. */
  TCP,
  /** Anything else that is for us. */
  OTHER,
}

/**
 * Looks at a datagram of which `length` octets are there, without touching anything else.
 * `looped`: we sent it to ourselves.
 */
export function classify(on: Interface, ip: Ipv4Header, length: u32, looped: bool): Kind {
  count(Counter.IP_IN_RECEIVES);
  const reason = faultOf(ip, length, looped);
  if (reason != Drop.COUNT) {
    drop(reason);
    return Kind.BAD;
  }
  const destination = ip.destination;
  if (destination == on.address) {
    const whole = (ip.fragment & (Fragment.MORE | Fragment.OFFSET)) == 0;
    return whole && ip.protocol == Protocol.TCP ? Kind.TCP : Kind.OTHER;
  }
  if (isBroadcast(on, destination) || isOurs(destination)) {
    if (!isLoopback(destination) || looped) return Kind.OTHER;
  }
  // Not done: multicast reception (IGMP), and forwarding (IPEnableRouter): no issue asks for them.
  drop(Drop.IP_NOT_OURS);
  return Kind.BAD;
}

/** Why the header is not to be trusted; Drop.COUNT: it is. */
function faultOf(ip: Ipv4Header, length: u32, looped: bool): Drop {
  if (length < IPV4_HEADER) return Drop.IP_SHORT;
  if (ip.version != IPV4_VERSION) return Drop.IP_VERSION;
  const header = ip.headerLength;
  if (header < IPV4_HEADER || header > length) return Drop.IP_HEADER_LENGTH;
  const total = ip.totalLength;
  if (total < header || total > length) return Drop.IP_TOTAL_LENGTH;
  const sum: u32 = header == IPV4_HEADER ? ip.plainSum : ip.headerSum;
  if (sum != 0xffff) return Drop.IP_CHECKSUM;
  if (!looped && isInvalidSource(ip.source)) return Drop.IP_SOURCE;
  return Drop.COUNT;
}

/** A datagram that is for us, and not a whole TCP segment. IRQL: DISPATCH_LEVEL. Locks: none. */
export function receiveDatagram(on: Interface, ip: Ipv4Header, verified: bool): void {
  if (isBroadcast(on, ip.source)) {
    drop(Drop.IP_SOURCE);
    return;
  }
  const header = ip.headerLength;
  const payload = changetype<usize>(ip) + header;
  const length = ip.totalLength - header;
  if ((ip.fragment & (Fragment.MORE | Fragment.OFFSET)) == 0) {
    deliver(on, ip, payload, length, verified);
    return;
  }
  const block = reassemble(ip, payload, length);
  if (block == 0) return;
  const whole = at<Ipv4Header>(block, 0);
  deliver(on, whole, block + IPV4_HEADER, whole.totalLength - IPV4_HEADER, false);
  ExFreePool(block);
}

function deliver(on: Interface, ip: Ipv4Header, payload: usize, length: u32, verified: bool): void {
  const destination = ip.destination;
  const toGroup = isBroadcast(on, destination) || isMulticast(destination);
  count(Counter.IP_IN_DELIVERS);
  switch (ip.protocol) {
    case Protocol.ICMP:
      receiveIcmp(on, ip, at<IcmpHeader>(payload, 0), length, toGroup);
      break;
    case Protocol.UDP:
      receiveUdp(on, ip, at<UdpHeader>(payload, 0), length, verified, toGroup);
      break;
    case Protocol.TCP:
      // A SYN for everybody is dropped without a word (MUST-57).
      if (toGroup) drop(Drop.TCP_BROADCAST);
      else receiveTcp(on, ip, at<TcpHeader>(payload, 0), length, verified);
      break;
    default:
      drop(Drop.IP_PROTOCOL);
      if (!toGroup) sendUnreachable(on, ip, Unreachable.PROTOCOL);
  }
}

/** Fills in a batch's segment from a datagram that is TCP; false: dropped and counted. */
export function prepare(segment: Segment, on: Interface, ip: Ipv4Header, verified: bool): bool {
  const header = ip.headerLength;
  const tcp = at<TcpHeader>(changetype<usize>(ip), header);
  count(Counter.IP_IN_DELIVERS);
  if (!readTcp(segment, on, ip, tcp, ip.totalLength - header, verified)) return false;
  if (header == IPV4_HEADER || noteRoute(segment)) return true;
  segment.whole = 0;
  return false;
}
