/** Frames as the tests' peer makes them: theirs to us unless told; what is left out is right. */

import { BROADCAST_MAC, ETHERTYPE, PROTOCOL, TCP_FLAG, buildArp, buildEthernet } from
  '../../host/wire/build.js';
import { buildIcmp, buildIpv4, buildTcp, buildUdp } from '../../host/wire/build.js';
import type { Between, EthernetFields, Ipv4Fields, TcpFields } from '../../host/wire/build.js';
import { address } from './octets.js';

export { BROADCAST_MAC, buildIcmp as icmp };
export const { ICMP, TCP, UDP } = PROTOCOL;
export const { FIN, SYN, RST, PSH, ACK, URG } = TCP_FLAG;

/** The kernel under test, and the station that the tests speak for. */
export const US = address('10.0.0.1');
export const THEM = address('10.0.0.2');
export const OUR_MAC = Uint8Array.of(2, 0, 0, 0, 0, 1);
export const THEIR_MAC = Uint8Array.of(2, 0, 0, 0, 0, 2);

/** Flags of IPv4's fragment word. */
export const DONT_FRAGMENT = 0x4000;
export const MORE_FRAGMENTS = 0x2000;

/** The window of a peer that says none. */
const WINDOW = 8760;

/** An Ethernet frame; theirs to us unless told. */
export function ethernet(
  payload: Uint8Array, fields: Partial<EthernetFields> = {},
): Uint8Array {
  return buildEthernet(payload, { destination: OUR_MAC, source: THEIR_MAC, ...fields });
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
  const destination = fields.operation === 1 ? BROADCAST_MAC : OUR_MAC;
  const packet = buildArp({ ...fields, senderMac });
  return ethernet(packet, { destination, source: senderMac, type: ETHERTYPE.ARP });
}

/** An IPv4 datagram, of UDP unless told. */
export function ipv4(payload: Uint8Array, fields: Partial<Ipv4Fields> = {}): Uint8Array {
  return buildIpv4(payload, { source: THEM, destination: US, protocol: UDP, ...fields });
}

/** An echo request (type 8) with an identifier and a sequence number. */
export function echoRequest(data: Uint8Array, sequence = 1, identifier = 0x77): Uint8Array {
  return buildIcmp(8, 0, identifier * 0x10000 + sequence, data);
}

/** A UDP datagram. */
export function udp(
  data: Uint8Array,
  ports: { source: number; destination: number; length?: number; checksum?: number },
  between: Partial<Between> = {},
): Uint8Array {
  return buildUdp(data, ports, { source: THEM, destination: US, ...between });
}

/** A TCP segment. */
export function tcp(
  fields: Omit<TcpFields, 'window'> & { window?: number }, between: Partial<Between> = {},
): Uint8Array {
  return buildTcp({ window: WINDOW, ...fields }, { source: THEM, destination: US, ...between });
}

/** The MSS option of a SYN (RFC 9293, 3.2). */
export function mssOption(octets: number): Uint8Array {
  return Uint8Array.of(2, 4, octets >> 8, octets & 255);
}

/** The pieces of `payload`, as frames in order, `octets` (a multiple of 8) in each. */
export function pieces(
  payload: Uint8Array, octets: number, fields: Partial<Ipv4Fields> = {},
): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += octets) {
    const more = at + octets < payload.length ? MORE_FRAGMENTS : 0;
    const part = payload.subarray(at, at + octets);
    frames.push(ethernet(ipv4(part, { ...fields, fragment: more | (at / 8) })));
  }
  return frames;
}
