/** Packets of a script that come to the machine, as octets. */

import { buildIcmp, buildIpv4, buildTcp, buildUdp, PROTOCOL, TCP_FLAG } from '../wire/build.js';
import type { Between } from '../wire/build.js';
import type { Conversation } from './conversation.js';
import { MissingFeature } from './syntax.js';
import type { IcmpPattern, PacketPattern, TcpPattern } from './syntax.js';
import { writeOptions } from './tcpoptions.js';

/** RFC 792: an error quotes the header and this many octets behind it. */
const QUOTED_OCTETS = 8;
/** A segment that says no window. */
const NO_WINDOW = 0;

/** The datagram of a packet: from the remote end of `conversation` to ours. */
export function buildPacket(
  { ip, body }: PacketPattern, conversation: Conversation, between: Between,
): Uint8Array {
  const tos = ip.tos ?? ip.ecn;
  const { ttl } = ip;
  const header = {
    ...between, ...(tos === undefined ? {} : { tos }), ...(ttl === undefined ? {} : { ttl }),
  };
  if (body.kind === 'tcp') {
    const segment = tcpSegment(body, conversation, between);
    return buildIpv4(segment, { ...header, protocol: PROTOCOL.TCP });
  }
  if (body.kind === 'udp') {
    const ports = { source: conversation.remotePort, destination: conversation.localPort };
    const datagram = buildUdp(pattern(body.length), ports, between);
    return buildIpv4(datagram, { ...header, protocol: PROTOCOL.UDP });
  }
  const message = icmpMessage(body, conversation, between);
  return buildIpv4(message, { ...header, protocol: PROTOCOL.ICMP });
}

function tcpSegment(
  body: TcpPattern, conversation: Conversation, between: Between,
): Uint8Array {
  const { sequence, acknowledgment, options, window = NO_WINDOW } = body;
  const written = options === 'any' ? [] : conversation.liveOptions(options);
  return buildTcp({
    sourcePort: conversation.remotePort,
    destinationPort: conversation.localPort,
    sequence: conversation.liveRemote(sequence ?? 0),
    acknowledgment: acknowledgment === undefined || (body.flags & TCP_FLAG.ACK) === 0
      ? acknowledgment ?? 0
      : conversation.liveLocal(acknowledgment),
    flags: body.flags,
    window,
    urgent: body.urgent,
    options: writeOptions(written),
    data: pattern(body.length),
  }, between);
}

/** An error that quotes a segment of ours, in the header of which the addresses change sides. */
function icmpMessage(
  { type, code, rest, quoted }: IcmpPattern, conversation: Conversation, between: Between,
): Uint8Array {
  if (quoted === undefined) throw new MissingFeature('ICMP messages that quote no segment');
  const back = { source: between.destination, destination: between.source };
  const segment = buildTcp({
    sourcePort: conversation.localPort,
    destinationPort: conversation.remotePort,
    sequence: conversation.liveLocal(quoted.sequence),
    flags: TCP_FLAG.ACK,
    window: NO_WINDOW,
  }, back);
  const quote = buildIpv4(segment.subarray(0, QUOTED_OCTETS), {
    ...back, protocol: PROTOCOL.TCP, totalLength: 20 + segment.length + quoted.length,
  });
  return buildIcmp(type, code, rest, quote);
}

/** What is in a segment says where it is from, in case somebody looks at a capture. */
function pattern(octets: number): Uint8Array {
  return Uint8Array.from({ length: octets }, (_, i) => i & 255);
}
