/** Frames for tests, made octet by octet, and short ways to read them. */

import { readConversations } from '../../host/load/recording.js';
import type { Conversation, Endpoint, SideName } from '../../host/load/recording.js';

/** What a made segment says. */
export interface SegmentFields {
  source: Endpoint;
  target: Endpoint;
  sequence: number;
  acknowledgment: number;
  flags: number;
  data: Uint8Array;
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An IPv4 datagram that carries a TCP segment. Checksums are left 0. */
export function segmentOf(fields: SegmentFields): Uint8Array {
  const segment = new Uint8Array(20 + fields.data.length);
  const view = new DataView(segment.buffer);
  view.setUint16(0, fields.source.port);
  view.setUint16(2, fields.target.port);
  view.setUint32(4, fields.sequence);
  view.setUint32(8, fields.acknowledgment);
  view.setUint16(12, 0x5000 | fields.flags);
  view.setUint16(14, 8760);
  segment.set(fields.data, 20);
  return ipv4(fields.source.address, fields.target.address, segment, 0, 1);
}

/** An IPv4 datagram; `fragment` is the word of flags and offset. */
export function ipv4(
  source: string,
  target: string,
  payload: Uint8Array,
  fragment: number,
  identification: number,
): Uint8Array {
  const datagram = new Uint8Array(20 + payload.length);
  const view = new DataView(datagram.buffer);
  view.setUint16(0, 0x4500);
  view.setUint16(2, datagram.length);
  view.setUint16(4, identification);
  view.setUint16(6, fragment);
  view.setUint16(8, (128 << 8) | 6);
  datagram.set(source.split('.').map(Number), 12);
  datagram.set(target.split('.').map(Number), 16);
  datagram.set(payload, 20);
  return datagram;
}

/** The pieces of a datagram without options, `octets` of data in each. */
export function fragmentsOf(datagram: Uint8Array, octets: number): Uint8Array[] {
  const source = datagram.subarray(12, 16).join('.');
  const target = datagram.subarray(16, 20).join('.');
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < datagram.length - 20; at += octets) {
    const data = datagram.subarray(20 + at, 20 + at + octets);
    const more = 20 + at + octets < datagram.length ? 0x2000 : 0;
    pieces.push(ipv4(source, target, data, more | (at / 8), 77));
  }
  return pieces;
}

/** An Ethernet frame around a datagram. */
export function ethernet(datagram: Uint8Array): Uint8Array {
  return behind([...Array<number>(12).fill(2), 8, 0])(datagram);
}

function behind(header: number[]) {
  return (datagram: Uint8Array) => Uint8Array.from([...header, ...datagram]);
}

const addresses = Array<number>(12).fill(2);
const snap = [0xaa, 0xaa, 3, 0, 0, 0];

/** Every link layer that a recording reads, and what stands before the datagram there. */
export const linkLayers: Record<string, {
  linkType: number;
  wrap: (datagram: Uint8Array) => Uint8Array;
}> = {
  Ethernet: { linkType: 1, wrap: ethernet },
  'a VLAN': { linkType: 1, wrap: behind([...addresses, 0x81, 0, 0, 5, 8, 0]) },
  'a VLAN in a VLAN': {
    linkType: 1, wrap: behind([...addresses, 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0]),
  },
  'Ethernet with SNAP': { linkType: 1, wrap: behind([...addresses, 0, 60, ...snap, 8, 0]) },
  'Linux cooked': { linkType: 113, wrap: behind([0, 0, 0, 1, 0, 6, ...Array(8).fill(1), 8, 0]) },
  'Linux cooked with a VLAN': {
    linkType: 113, wrap: behind([...Array(14).fill(0), 0x81, 0, 0, 7, 8, 0]),
  },
  'Linux cooked 2': { linkType: 276, wrap: behind([8, 0, ...Array(18).fill(1)]) },
  'loopback of a little-endian machine': { linkType: 0, wrap: behind([2, 0, 0, 0]) },
  'loopback of a big-endian machine': { linkType: 0, wrap: behind([0, 0, 0, 2]) },
  'loopback of OpenBSD': { linkType: 108, wrap: behind([0, 0, 0, 2]) },
  'raw IP': { linkType: 101, wrap: behind([]) },
  'raw IP of BSD': { linkType: 12, wrap: behind([]) },
  'raw IP of OpenBSD': { linkType: 14, wrap: behind([]) },
  'raw IPv4': { linkType: 228, wrap: behind([]) },
};

/** Flags of a TCP header. */
export const [FIN, SYN, RST, ACK] = [1, 2, 4, 16] as const;

/** The two ends of what `made` makes. */
export const CLIENT = { address: '10.0.0.2', port: 1040 };
export const SERVER = { address: '10.0.0.1', port: 139 };

/** All that one side sent. */
export function streamOf(conversation: Conversation | undefined, from: SideName): Buffer {
  const steps = conversation?.steps.filter((step) => step.from === from) ?? [];
  return Buffer.concat(steps.map((step) => step.octets));
}

/** A datagram with a segment from `client` or `server`, with text for data. */
export function made(
  from: SideName,
  sequence: number,
  data: string,
  more: Partial<SegmentFields> = {},
): Uint8Array {
  return segmentOf({
    source: from === 'client' ? CLIENT : SERVER,
    target: from === 'client' ? SERVER : CLIENT,
    sequence: sequence >>> 0,
    acknowledgment: 0,
    flags: ACK,
    data: new TextEncoder().encode(data),
    ...more,
  });
}

/** Frames of these segments over Ethernet, 1 ms apart unless told. */
export function framesOf(segments: Uint8Array[], times?: number[]) {
  return segments.map((octets, at) => (
    { timeNs: times?.[at] ?? at * 1e6, octets: ethernet(octets), linkType: 1 }
  ));
}

/** A handshake: the client's first octet is 1001, the server's 5001. */
export const HANDSHAKE = [
  made('client', 1000, '', { flags: SYN }),
  made('server', 5000, '', { flags: SYN | ACK, acknowledgment: 1001 }),
  made('client', 1001, '', { acknowledgment: 5001 }),
];

/** The recording of these segments, its first conversation, and what both sides sent as text. */
export function read(segments: Uint8Array[], times?: number[]) {
  const recording = readConversations(framesOf(segments, times));
  const [first] = recording.conversations;
  return {
    recording,
    first,
    client: streamOf(first, 'client').toString(),
    server: streamOf(first, 'server').toString(),
  };
}
