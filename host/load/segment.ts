/**
 * TCP segments out of captured frames: Ethernet (VLAN tags, SNAP), Linux cooked, loopback and raw
 * IP; IPv4 with its fragments put together.
 *
 * Not done: checksums, because a card that computes them leaves them wrong in a capture of what it
 * is about to send; IPv6, because NT had none.
 */

import { FragmentStore } from './fragments.js';

/** A frame as a capture holds it; what `readCapture` gives is one. */
export interface RecordedFrame {
  /** Nanoseconds on the capture's clock, whose zero does not matter. */
  readonly timeNs: bigint | number;
  /** What was captured of it, from the link's header on. */
  readonly octets: Uint8Array;
  /** LINKTYPE_ number of the interface it was captured on. */
  readonly linkType: number;
}

/** One end of a connection. */
export interface Endpoint {
  /** IPv4, dotted. */
  readonly address: string;
  readonly port: number;
}

/** A TCP segment (RFC 9293 3.1), as captured. */
export interface TcpSegment {
  /** Nanoseconds since the first frame. */
  readonly timeNs: number;
  /** How many frames came before the one that completed it. */
  readonly index: number;
  readonly source: Endpoint;
  readonly target: Endpoint;
  readonly sequence: number;
  readonly acknowledgment: number;
  /** The `Flag` bits. */
  readonly flags: number;
  /** What was captured of its data. */
  readonly payload: Uint8Array;
  /** Octets of data that it had. */
  readonly payloadOctets: number;
}

/** Bits of the flags of a TCP header. */
export const FLAG = { FIN: 1, SYN: 2, RST: 4, ACK: 16 } as const;

const ETHERNET = 1;
const COOKED = 113;
const COOKED_2 = 276;
const LOOPBACK = new Set([0, 108]);
const RAW_IP = new Set([12, 14, 101, 228]);
const VLAN_TAGS = new Set([0x8100, 0x88a8, 0x9100]);
const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const ARP = 0x0806;
/** A type up to here is a length (Linux cooked: 4), and an 802.2 header follows. */
const LARGEST_LENGTH = 1500;
/** DSAP, SSAP, control and organization of SNAP around an Ethernet type (RFC 1042). */
const SNAP = [0xaa, 0xaa, 3, 0, 0, 0];
const TCP = 6;
const NO_OCTETS = new Uint8Array(0);

/** Reads frames one by one; what is no TCP segment is counted by reason, and never thrown. */
export class SegmentReader {
  /** Frames that are sound but not TCP over IPv4, by what they are. */
  readonly ignored = new Map<string, number>();
  /** Frames, datagrams and segments that cannot be what they say, or lack a part, by reason. */
  readonly malformed = new Map<string, number>();
  /** Frames read so far. */
  frames = 0;
  private originNs: bigint | number | null = null;
  private readonly fragments = new FragmentStore((reason) => this.blame(reason));

  /** The TCP segment that `frame` carries or completes, if any. */
  read(frame: RecordedFrame): TcpSegment | null {
    const index = this.frames;
    this.frames += 1;
    this.originNs ??= frame.timeNs;
    const { octets } = frame;
    const at = this.networkAt(octets, frame.linkType);
    if (at < 0) return null;
    return this.datagram(octets, at, elapsedNs(this.originNs, frame.timeNs), index);
  }

  /** Counts what was never completed. */
  finish(): void {
    this.fragments.finish();
  }

  /** Counts a segment that TCP cannot place. */
  blame(reason: string): null {
    this.malformed.set(reason, (this.malformed.get(reason) ?? 0) + 1);
    return null;
  }

  private ignore(reason: string): null {
    this.ignored.set(reason, (this.ignored.get(reason) ?? 0) + 1);
    return null;
  }

  /** Where the IPv4 header begins; -1, counted, where there is none. */
  private networkAt(octets: Uint8Array, linkType: number): number {
    if (linkType === ETHERNET) return this.afterType(octets, 12, 14);
    if (linkType === COOKED) return this.afterType(octets, 14, 16);
    if (linkType === COOKED_2) return this.afterType(octets, 0, 20);
    if (LOOPBACK.has(linkType)) return this.afterFamily(octets);
    if (RAW_IP.has(linkType)) {
      if ((octets[0] ?? 0) >> 4 === 6) this.ignore('IPv6');
      else return 0;
    } else {
      this.ignore(`link type ${linkType}`);
    }
    return -1;
  }

  private afterType(octets: Uint8Array, typeAt: number, headerOctets: number): number {
    let next = headerOctets;
    let type = octets.length < next ? -1 : be16(octets, typeAt);
    while (VLAN_TAGS.has(type)) {
      type = octets.length < next + 4 ? -1 : be16(octets, next + 2);
      next += 4;
    }
    if (type >= 0 && type <= LARGEST_LENGTH) {
      if (!SNAP.every((octet, offset) => octets[next + offset] === octet)) {
        this.ignore('802.2 without SNAP');
        return -1;
      }
      type = octets.length < next + 8 ? -1 : be16(octets, next + 6);
      next += 8;
    }
    if (type === IPV4) return next;
    if (type < 0) this.blame('link header incomplete');
    else if (type === IPV6) this.ignore('IPv6');
    else if (type === ARP) this.ignore('ARP');
    else this.ignore('another Ethernet type');
    return -1;
  }

  /** Four octets of address family, in the order of the machine that captured: 2 is IPv4. */
  private afterFamily(octets: Uint8Array): number {
    if (octets.length < 4) {
      this.blame('link header incomplete');
      return -1;
    }
    const family = (octets[0] ?? 0) | (octets[3] ?? 0);
    if (family === 2 && octets[1] === 0 && octets[2] === 0) return 4;
    this.ignore('another address family');
    return -1;
  }

  /** RFC 791 3.1. */
  private datagram(octets: Uint8Array, at: number, timeNs: number, index: number) {
    const present = octets.length - at;
    if (present < 20) return this.blame('IPv4 header incomplete');
    const first = octets[at] ?? 0;
    if (first >> 4 !== 4) return this.blame('not IP version 4');
    const headerOctets = (first & 15) * 4;
    // A card that segments by itself gets datagrams too long for the field: it is left 0.
    const totalOctets = be16(octets, at + 2) || present;
    if (headerOctets < 20 || totalOctets < headerOctets) return this.blame('IPv4 lengths');
    if (present < headerOctets) return this.blame('IPv4 header incomplete');
    const protocol = octets[at + 9] ?? 0;
    if (protocol !== TCP) {
      return this.ignore({ 1: 'ICMP', 2: 'IGMP', 17: 'UDP' }[protocol] ?? 'another IP protocol');
    }
    let payload = octets.subarray(at + headerOctets, at + Math.min(totalOctets, present));
    let payloadOctets = totalOctets - headerOctets;
    const source = dotted(octets, at + 12);
    const target = dotted(octets, at + 16);
    const fragment = be16(octets, at + 6);
    if ((fragment & 0x3fff) !== 0) {
      if (payload.length < payloadOctets) return this.blame('fragment cut short by the capture');
      const key = `${source} ${target} ${be16(octets, at + 4)}`;
      const offset = (fragment & 0x1fff) * 8;
      const whole = this.fragments.add(key, timeNs, offset, (fragment & 0x2000) !== 0, payload);
      if (whole === null) return null;
      payload = whole;
      payloadOctets = whole.length;
    }
    return this.segment({ timeNs, index, source, target, payload, payloadOctets });
  }

  /** RFC 9293 3.1. */
  private segment(datagram: Datagram): TcpSegment | null {
    const { timeNs, index, payload: octets, payloadOctets } = datagram;
    if (octets.length < 20) return this.blame('TCP header incomplete');
    const headerOctets = ((octets[12] ?? 0) >> 4) * 4;
    if (headerOctets < 20 || headerOctets > payloadOctets) return this.blame('TCP data offset');
    if (headerOctets > octets.length) return this.blame('TCP header incomplete');
    const flags = octets[13] ?? 0;
    const synAndEnd = (flags & FLAG.SYN) !== 0 && (flags & (FLAG.FIN | FLAG.RST)) !== 0;
    if (synAndEnd || (flags & (FLAG.SYN | FLAG.FIN | FLAG.RST | FLAG.ACK)) === 0) {
      return this.blame('TCP flags');
    }
    const source = { address: datagram.source, port: be16(octets, 0) };
    const target = { address: datagram.target, port: be16(octets, 2) };
    if (source.port === 0 || target.port === 0) return this.blame('TCP port 0');
    if (source.port === target.port && source.address === target.address) {
      return this.blame('source is target');
    }
    if (octets.length < payloadOctets) this.blame('data cut short by the capture');
    return {
      timeNs,
      index,
      source,
      target,
      sequence: be32(octets, 4),
      acknowledgment: be32(octets, 8),
      flags,
      payload: octets.length > headerOctets ? octets.subarray(headerOctets) : NO_OCTETS,
      payloadOctets: payloadOctets - headerOctets,
    };
  }
}

/** An IPv4 datagram, whole as far as it was captured. */
interface Datagram {
  readonly timeNs: number;
  readonly index: number;
  readonly source: string;
  readonly target: string;
  readonly payload: Uint8Array;
  readonly payloadOctets: number;
}

/** Subtracts before it rounds: nanoseconds since 1970 are too many for a number. */
function elapsedNs(from: bigint | number, to: bigint | number): number {
  if (typeof from === 'bigint' && typeof to === 'bigint') return Number(to - from);
  return Number(to) - Number(from);
}

function be16(octets: Uint8Array, at: number): number {
  return ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0);
}

function be32(octets: Uint8Array, at: number): number {
  return ((be16(octets, at) << 16) | be16(octets, at + 2)) >>> 0;
}

function dotted(octets: Uint8Array, at: number): string {
  return octets.subarray(at, at + 4).join('.');
}
