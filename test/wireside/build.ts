/** Frames as a peer makes them, octet by octet; what a test leaves out is right. */

import { address, internetChecksum, join, pseudoHeader, viewOf } from './octets.js';

/** The kernel under test, and the station that the tests speak for. */
export const US = address('10.0.0.1');
export const THEM = address('10.0.0.2');
export const OUR_MAC = Uint8Array.of(2, 0, 0, 0, 0, 1);
export const THEIR_MAC = Uint8Array.of(2, 0, 0, 0, 0, 2);
export const BROADCAST_MAC = new Uint8Array(6).fill(255);

export const ICMP = 1;
export const TCP = 6;
export const UDP = 17;

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PSH = 8;
export const ACK = 16;
export const URG = 32;

/** Flags of IPv4's fragment word. */
export const DONT_FRAGMENT = 0x4000;
export const MORE_FRAGMENTS = 0x2000;

/** Who an Ethernet frame is from and for. */
export interface EthernetFields {
  destination?: Uint8Array;
  source?: Uint8Array;
  type?: number;
}

/** What an IPv4 header says; the numbers that are given are written as they are. */
export interface Ipv4Fields {
  source?: number;
  destination?: number;
  protocol?: number;
  identification?: number;
  /** Flags, and the offset in units of 8 octets. */
  fragment?: number;
  ttl?: number;
  version?: number;
  /** In units of 4 octets. */
  headerLength?: number;
  totalLength?: number;
  checksum?: number;
  options?: Uint8Array;
}

/** What a TCP header says. */
export interface TcpFields {
  sourcePort: number;
  destinationPort: number;
  sequence: number;
  acknowledgment?: number;
  flags: number;
  window?: number;
  urgent?: number;
  options?: Uint8Array;
  /** Octets of the header, as its field says. */
  headerLength?: number;
  checksum?: number;
  data?: Uint8Array;
}

/** An Ethernet frame; ours to us unless told. */
export function ethernet(payload: Uint8Array, fields: EthernetFields = {}): Uint8Array {
  const type = fields.type ?? 0x0800;
  return join(
    fields.destination ?? OUR_MAC,
    fields.source ?? THEIR_MAC,
    Uint8Array.of(type >> 8, type & 255),
    payload,
  );
}

/** An ARP packet (RFC 826) in its frame: a request is for everybody. */
export function arp(fields: {
  operation: number;
  sender: number;
  senderMac?: Uint8Array;
  target: number;
  targetMac?: Uint8Array;
}): Uint8Array {
  const senderMac = fields.senderMac ?? THEIR_MAC;
  const packet = new Uint8Array(28);
  const view = viewOf(packet);
  view.setUint16(0, 1);
  view.setUint16(2, 0x0800);
  view.setUint16(4, 0x0604);
  view.setUint16(6, fields.operation);
  packet.set(senderMac, 8);
  view.setUint32(14, fields.sender);
  packet.set(fields.targetMac ?? new Uint8Array(6), 18);
  view.setUint32(24, fields.target);
  const destination = fields.operation === 1 ? BROADCAST_MAC : OUR_MAC;
  return ethernet(packet, { destination, source: senderMac, type: 0x0806 });
}

/** An IPv4 datagram. */
export function ipv4(payload: Uint8Array, fields: Ipv4Fields = {}): Uint8Array {
  const options = fields.options ?? new Uint8Array(0);
  const header = join(new Uint8Array(20), options);
  const view = viewOf(header);
  const words = fields.headerLength ?? header.length / 4;
  view.setUint8(0, ((fields.version ?? 4) << 4) | words);
  view.setUint16(2, fields.totalLength ?? header.length + payload.length);
  view.setUint16(4, fields.identification ?? 1);
  view.setUint16(6, fields.fragment ?? 0);
  view.setUint8(8, fields.ttl ?? 64);
  view.setUint8(9, fields.protocol ?? UDP);
  view.setUint32(12, fields.source ?? THEM);
  view.setUint32(16, fields.destination ?? US);
  view.setUint16(10, fields.checksum ?? internetChecksum(header));
  return join(header, payload);
}

/** An ICMP message: `rest` is the word behind the checksum. */
export function icmp(
  type: number, code: number, rest: number, data: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const message = join(new Uint8Array(8), data);
  const view = viewOf(message);
  view.setUint8(0, type);
  view.setUint8(1, code);
  view.setUint32(4, rest >>> 0);
  view.setUint16(2, internetChecksum(message));
  return message;
}

/** An echo request (type 8) with an identifier and a sequence number. */
export function echoRequest(data: Uint8Array, sequence = 1, identifier = 0x77): Uint8Array {
  return icmp(8, 0, identifier * 0x10000 + sequence, data);
}

/** A UDP datagram. */
export function udp(
  data: Uint8Array,
  ports: { source: number; destination: number; length?: number; checksum?: number },
  between: { source?: number; destination?: number } = {},
): Uint8Array {
  const datagram = join(new Uint8Array(8), data);
  const view = viewOf(datagram);
  view.setUint16(0, ports.source);
  view.setUint16(2, ports.destination);
  view.setUint16(4, ports.length ?? datagram.length);
  const head = pseudoHeader(
    between.source ?? THEM, between.destination ?? US, UDP, datagram.length,
  );
  const sum = internetChecksum(head, datagram);
  view.setUint16(6, ports.checksum ?? (sum === 0 ? 0xffff : sum));
  return datagram;
}

/** A TCP segment. */
export function tcp(
  fields: TcpFields, between: { source?: number; destination?: number } = {},
): Uint8Array {
  const options = fields.options ?? new Uint8Array(0);
  const segment = join(new Uint8Array(20), options, fields.data ?? new Uint8Array(0));
  const view = viewOf(segment);
  view.setUint16(0, fields.sourcePort);
  view.setUint16(2, fields.destinationPort);
  view.setUint32(4, fields.sequence >>> 0);
  view.setUint32(8, (fields.acknowledgment ?? 0) >>> 0);
  view.setUint8(12, ((fields.headerLength ?? 20 + options.length) / 4) << 4);
  view.setUint8(13, fields.flags);
  view.setUint16(14, fields.window ?? 8760);
  view.setUint16(18, fields.urgent ?? 0);
  const head = pseudoHeader(
    between.source ?? THEM, between.destination ?? US, TCP, segment.length,
  );
  view.setUint16(16, fields.checksum ?? internetChecksum(head, segment));
  return segment;
}

/** The MSS option of a SYN (RFC 9293, 3.2). */
export function mssOption(octets: number): Uint8Array {
  return Uint8Array.of(2, 4, octets >> 8, octets & 255);
}

/** The pieces of `payload`, as frames in order, `octets` (a multiple of 8) in each. */
export function pieces(payload: Uint8Array, octets: number, fields: Ipv4Fields = {}): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += octets) {
    const more = at + octets < payload.length ? MORE_FRAGMENTS : 0;
    const part = payload.subarray(at, at + octets);
    frames.push(ethernet(ipv4(part, { ...fields, fragment: more | (at / 8) })));
  }
  return frames;
}
