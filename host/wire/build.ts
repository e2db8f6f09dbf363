/** Frames built octet by octet, as any station may send them: what is given is written as it is. */

import { internetChecksum, join, pseudoHeader, viewOf } from './octets.js';

/** Protocols of IPv4. */
export const PROTOCOL = { ICMP: 1, TCP: 6, UDP: 17 } as const;
/** Bits of a TCP header's flags (RFC 9293, 3.1; RFC 3168, 6.1; AE: bit 7 of octet 12). */
export const TCP_FLAG = {
  FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32, ECE: 64, CWR: 128, AE: 256,
} as const;
/** Types of Ethernet frames. */
export const ETHERTYPE = { IPV4: 0x0800, ARP: 0x0806 } as const;
/** The Ethernet address of everybody. */
export const BROADCAST_MAC = new Uint8Array(6).fill(255);

const NOTHING = new Uint8Array(0);

/** Who an Ethernet frame is from and for. */
export interface EthernetFields {
  destination: Uint8Array;
  source: Uint8Array;
  /** IPv4 where not given. */
  type?: number;
}

/** The two ends of a datagram: IPv4 addresses as numbers. */
export interface Between {
  source: number;
  destination: number;
}

/** What an IPv4 header says; what is left out is right. */
export interface Ipv4Fields extends Between {
  protocol: number;
  /** 1 where not given. */
  identification?: number;
  /** Flags, and the offset in units of 8 octets. */
  fragment?: number;
  tos?: number;
  /** 64 where not given. */
  ttl?: number;
  version?: number;
  /** In units of 4 octets. */
  headerLength?: number;
  totalLength?: number;
  checksum?: number;
  options?: Uint8Array;
}

/** What a TCP header says; what is left out is right, or 0. */
export interface TcpFields {
  sourcePort: number;
  destinationPort: number;
  sequence: number;
  acknowledgment?: number;
  /** Of `TCP_FLAG`. */
  flags: number;
  window: number;
  urgent?: number;
  options?: Uint8Array;
  /** Octets of the header, as its field says. */
  headerLength?: number;
  checksum?: number;
  data?: Uint8Array;
}

/** What an ARP packet says (RFC 826). */
export interface ArpFields {
  operation: number;
  sender: number;
  senderMac: Uint8Array;
  target: number;
  /** Unknown, so zero, where not given. */
  targetMac?: Uint8Array;
}

/** An Ethernet frame. */
export function buildEthernet(payload: Uint8Array, fields: EthernetFields): Uint8Array {
  const type = fields.type ?? ETHERTYPE.IPV4;
  return join(fields.destination, fields.source, Uint8Array.of(type >> 8, type & 255), payload);
}

/** An ARP packet, without its frame. */
export function buildArp(fields: ArpFields): Uint8Array {
  const packet = new Uint8Array(28);
  const view = viewOf(packet);
  view.setUint16(0, 1);
  view.setUint16(2, ETHERTYPE.IPV4);
  view.setUint16(4, 0x0604);
  view.setUint16(6, fields.operation);
  packet.set(fields.senderMac, 8);
  view.setUint32(14, fields.sender);
  packet.set(fields.targetMac ?? new Uint8Array(6), 18);
  view.setUint32(24, fields.target);
  return packet;
}

/** An IPv4 datagram (RFC 791, 3.1). */
export function buildIpv4(payload: Uint8Array, fields: Ipv4Fields): Uint8Array {
  const options = fields.options ?? NOTHING;
  const header = join(new Uint8Array(20), options);
  const view = viewOf(header);
  const words = fields.headerLength ?? header.length / 4;
  view.setUint8(0, ((fields.version ?? 4) << 4) | words);
  view.setUint8(1, fields.tos ?? 0);
  view.setUint16(2, fields.totalLength ?? header.length + payload.length);
  view.setUint16(4, fields.identification ?? 1);
  view.setUint16(6, fields.fragment ?? 0);
  view.setUint8(8, fields.ttl ?? 64);
  view.setUint8(9, fields.protocol);
  view.setUint32(12, fields.source);
  view.setUint32(16, fields.destination);
  view.setUint16(10, fields.checksum ?? internetChecksum(header));
  return join(header, payload);
}

/** An ICMP message (RFC 792): `rest` is the word behind the checksum. */
export function buildIcmp(
  type: number, code: number, rest: number, data: Uint8Array = NOTHING,
): Uint8Array {
  const message = join(new Uint8Array(8), data);
  const view = viewOf(message);
  view.setUint8(0, type);
  view.setUint8(1, code);
  view.setUint32(4, rest >>> 0);
  view.setUint16(2, internetChecksum(message));
  return message;
}

/** A UDP datagram (RFC 768). */
export function buildUdp(
  data: Uint8Array,
  ports: { source: number; destination: number; length?: number; checksum?: number },
  between: Between,
): Uint8Array {
  const datagram = join(new Uint8Array(8), data);
  const view = viewOf(datagram);
  view.setUint16(0, ports.source);
  view.setUint16(2, ports.destination);
  view.setUint16(4, ports.length ?? datagram.length);
  const { source, destination } = between;
  const head = pseudoHeader(source, destination, PROTOCOL.UDP, datagram.length);
  const sum = internetChecksum(head, datagram);
  view.setUint16(6, ports.checksum ?? (sum === 0 ? 0xffff : sum));
  return datagram;
}

/** A TCP segment (RFC 9293, 3.1). */
export function buildTcp(fields: TcpFields, between: Between): Uint8Array {
  const options = fields.options ?? NOTHING;
  const segment = join(new Uint8Array(20), options, fields.data ?? NOTHING);
  const view = viewOf(segment);
  const words = (fields.headerLength ?? 20 + options.length) / 4;
  view.setUint16(0, fields.sourcePort);
  view.setUint16(2, fields.destinationPort);
  view.setUint32(4, fields.sequence >>> 0);
  view.setUint32(8, (fields.acknowledgment ?? 0) >>> 0);
  view.setUint16(12, (words << 12) | fields.flags);
  view.setUint16(14, fields.window);
  view.setUint16(18, fields.urgent ?? 0);
  const { source, destination } = between;
  const head = pseudoHeader(source, destination, PROTOCOL.TCP, segment.length);
  view.setUint16(16, fields.checksum ?? internetChecksum(head, segment));
  return segment;
}
