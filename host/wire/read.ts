/** What the kernel put on the wire, read strictly: a wrong sum or length throws. */

import { PROTOCOL } from './build.js';
import { internetChecksum, pseudoHeader, viewOf } from './octets.js';

/** Options of IP (RFC 791, 3.1). */
const OPTION = { END: 0, NOP: 1, LOOSE_ROUTE: 131, STRICT_ROUTE: 137 };

/** An ARP packet. */
export interface ArpHeard {
  operation: number;
  senderMac: string;
  sender: number;
  targetMac: string;
  target: number;
}

/** An IPv4 header and what is behind it. */
export interface Ipv4Heard {
  source: number;
  destination: number;
  /** For whom it is in the end: another one where a source route goes on. */
  target: number;
  options: Uint8Array;
  protocol: number;
  /** Type of service: DSCP above, ECN in the two low bits (RFC 3168, 5). */
  tos: number;
  ttl: number;
  identification: number;
  dontFragment: boolean;
  more: boolean;
  /** Octets. */
  offset: number;
  payload: Uint8Array;
}

/** A TCP segment. */
export interface TcpHeard {
  atMs: number;
  sourcePort: number;
  destinationPort: number;
  sequence: number;
  acknowledgment: number;
  /** The eight flags, and AE above them (RFC 3168, 6.1). */
  flags: number;
  window: number;
  urgent: number;
  options: Uint8Array;
  data: Uint8Array;
}

/** A UDP datagram. */
export interface UdpHeard {
  sourcePort: number;
  destinationPort: number;
  data: Uint8Array;
}

/** An ICMP message; `rest` is the word behind the checksum. */
export interface IcmpHeard {
  type: number;
  code: number;
  rest: number;
  data: Uint8Array;
}

/** A frame that the kernel sent, and when. */
export interface Heard {
  atMs: number;
  octets: Uint8Array;
  destination: string;
  source: string;
  arp?: ArpHeard;
  ip?: Ipv4Heard;
  tcp?: TcpHeard;
  udp?: UdpHeard;
  icmp?: IcmpHeard;
}

/** 02-00-00-00-00-01 */
export function macText(octets: Uint8Array): string {
  return [...octets].map((octet) => octet.toString(16).padStart(2, '0')).join('-');
}

/** Reads a frame. @throws Error saying what no peer would accept. */
export function parseFrame(octets: Uint8Array, atMs: number): Heard {
  const view = viewOf(octets);
  const heard: Heard = {
    atMs,
    octets,
    destination: macText(octets.subarray(0, 6)),
    source: macText(octets.subarray(6, 12)),
  };
  const type = view.getUint16(12);
  if (octets.length > 1514) throw new Error(`the kernel sent a frame of ${octets.length} octets`);
  if (type === 0x0806) heard.arp = parseArp(octets.subarray(14));
  else if (type === 0x0800) {
    heard.ip = parseIpv4(octets.subarray(14));
    if (heard.ip.offset === 0 && !heard.ip.more) parsePayload(heard, heard.ip);
  } else throw new Error(`the kernel sent a frame of type ${type.toString(16)}`);
  return heard;
}

function parseArp(packet: Uint8Array): ArpHeard {
  const view = viewOf(packet);
  const fixed = [view.getUint16(0), view.getUint16(2), view.getUint16(4)];
  const right = [1, 0x0800, 0x0604];
  if (fixed.join() !== right.join()) throw new Error(`the kernel's ARP says ${fixed.join()}`);
  return {
    operation: view.getUint16(6),
    senderMac: macText(packet.subarray(8, 14)),
    sender: view.getUint32(14),
    targetMac: macText(packet.subarray(18, 24)),
    target: view.getUint32(24),
  };
}

/** Reads a datagram whose header must verify. */
function parseIpv4(datagram: Uint8Array): Ipv4Heard {
  const view = viewOf(datagram);
  const header = (view.getUint8(0) & 15) * 4;
  const total = view.getUint16(2);
  if (view.getUint8(0) >> 4 !== 4 || header < 20) throw new Error('the kernel sent no IPv4 header');
  if (total > datagram.length) throw new Error(`${total} octets of ${datagram.length} sent`);
  if (internetChecksum(datagram.subarray(0, header)) !== 0) {
    throw new Error('the kernel sent a wrong IPv4 header checksum');
  }
  const word = view.getUint16(6);
  return {
    source: view.getUint32(12),
    destination: view.getUint32(16),
    target: targetOf(datagram.subarray(20, header)) ?? view.getUint32(16),
    options: datagram.subarray(20, header),
    protocol: view.getUint8(9),
    tos: view.getUint8(1),
    ttl: view.getUint8(8),
    identification: view.getUint16(4),
    dontFragment: (word & 0x4000) !== 0,
    more: (word & 0x2000) !== 0,
    offset: (word & 0x1fff) * 8,
    payload: datagram.subarray(header, total),
  };
}

/** The last address of a source route that goes on, or undefined. */
function targetOf(options: Uint8Array): number | undefined {
  for (let at = 0; at < options.length && options[at] !== OPTION.END;) {
    const [kind = 0, length = 0, pointer = 0] = options.subarray(at);
    if (kind === OPTION.LOOSE_ROUTE || kind === OPTION.STRICT_ROUTE) {
      return pointer > length ? undefined : viewOf(options).getUint32(at + length - 4);
    }
    at += kind === OPTION.NOP ? 1 : Math.max(length, 2);
  }
  return undefined;
}

function parsePayload(heard: Heard, ip: Ipv4Heard): void {
  if (ip.protocol === PROTOCOL.TCP) heard.tcp = parseTcp(ip, heard.atMs);
  else if (ip.protocol === PROTOCOL.UDP) heard.udp = parseUdp(ip.payload, ip);
  else if (ip.protocol === PROTOCOL.ICMP) heard.icmp = parseIcmp(ip.payload);
  else throw new Error(`the kernel sent protocol ${ip.protocol}`);
}

function mustVerify(ip: Ipv4Heard): void {
  const head = pseudoHeader(ip.source, ip.target, ip.protocol, ip.payload.length);
  if (internetChecksum(head, ip.payload) !== 0) {
    throw new Error(`the kernel sent a wrong checksum, protocol ${ip.protocol}`);
  }
}

function parseTcp(ip: Ipv4Heard, atMs: number): TcpHeard {
  mustVerify(ip);
  const view = viewOf(ip.payload);
  const header = (view.getUint8(12) >> 4) * 4;
  return {
    atMs,
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    sequence: view.getUint32(4),
    acknowledgment: view.getUint32(8),
    flags: view.getUint16(12) & 0x1ff,
    window: view.getUint16(14),
    urgent: view.getUint16(18),
    options: ip.payload.subarray(20, header),
    data: ip.payload.subarray(header),
  };
}

/** Reads a whole UDP datagram. */
export function parseUdp(payload: Uint8Array, ip: Ipv4Heard): UdpHeard {
  const view = viewOf(payload);
  mustVerify({ ...ip, payload });
  if (view.getUint16(4) !== payload.length) throw new Error('the kernel sent a wrong UDP length');
  return {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    data: payload.subarray(8),
  };
}

/** Reads a whole ICMP message. */
export function parseIcmp(payload: Uint8Array): IcmpHeard {
  const view = viewOf(payload);
  if (internetChecksum(payload) !== 0) throw new Error('the kernel sent a wrong ICMP checksum');
  return {
    type: view.getUint8(0),
    code: view.getUint8(1),
    rest: view.getUint32(4),
    data: payload.subarray(8),
  };
}

/** The payload of a datagram in pieces: they must meet without gap or overlap. */
export function reassembled(frames: readonly Heard[]): Uint8Array {
  const parts = frames.map(({ ip }) => ip).filter((ip) => ip !== undefined);
  const ordered = [...parts].sort((a, b) => a.offset - b.offset);
  let end = 0;
  for (const part of ordered) {
    if (part.offset !== end) throw new Error(`a piece begins at ${part.offset}, not at ${end}`);
    end += part.payload.length;
  }
  if (ordered.some((part, i) => part.more !== i < ordered.length - 1)) {
    throw new Error('not the last piece alone is the last');
  }
  const whole = new Uint8Array(end);
  for (const part of ordered) whole.set(part.payload, part.offset);
  return whole;
}
