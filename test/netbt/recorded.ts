/** Sessions that clients of others had with Samba's server, from their frames. */

import { readFileSync } from 'node:fs';
import { readCapture } from '../../host/link/pcapread.js';
import { join, viewOf } from '../../host/wire/octets.js';

/** The clients of others, by file; each has one connection. */
export const RECORDED = [
  'smbclient-nt1-139', 'smbclient-nt1-spnego', 'smbclient-lanman2', 'curl-smb',
] as const;
const PORTS = new Set([139, 445]);

type Way = 'client' | 'server';

/** A packet of one. */
interface RecordedPacket {
  readonly way: Way;
  readonly type: number;
  readonly payload: Uint8Array;
}

/** A recorded session. */
export interface Recorded {
  readonly port: number;
  /** What went each way, segment by segment, without repetitions. */
  readonly client: readonly Uint8Array[];
  readonly server: readonly Uint8Array[];
  /** Packets in the order in which they were whole: types, and what stands behind the headers. */
  readonly packets: readonly RecordedPacket[];
}

/** Reads one of them. */
export function readSession(name: (typeof RECORDED)[number]): Recorded {
  const file = new URL(`../fixtures/${name}.pcapng`, import.meta.url);
  const found = { client: [] as Uint8Array[], server: [] as Uint8Array[] };
  const rest: Record<Way, Uint8Array> = { client: new Uint8Array(0), server: new Uint8Array(0) };
  const next = { client: -1, server: -1 };
  const packets: RecordedPacket[] = [];
  let port = 0;
  for (const { octets } of readCapture(readFileSync(file))) {
    const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
    if (view.getUint16(12) !== 0x0800 || view.getUint8(23) !== 6) continue;
    const tcp = 14 + (view.getUint8(14) & 15) * 4;
    const data = octets.subarray(tcp + (view.getUint8(tcp + 12) >> 4) * 4, 14 + view.getUint16(16));
    const way: Way = PORTS.has(view.getUint16(tcp)) ? 'server' : 'client';
    port = view.getUint16(way === 'server' ? tcp : tcp + 2);
    if (!PORTS.has(port)) continue;
    const sequence = view.getUint32(tcp + 4);
    if ((view.getUint8(tcp + 13) & 2) !== 0) next[way] = (sequence + 1) >>> 0;
    if (data.length === 0 || sequence !== next[way]) continue;
    found[way].push(data);
    next[way] = (sequence + data.length) >>> 0;
    const whole = packetsOf(join(rest[way], data));
    rest[way] = whole.rest;
    packets.push(...whole.packets.map((each) => ({ way, ...each })));
  }
  return { ...found, port, packets };
}

/** The packets that are whole at the start of a stream: what stands behind each header. */
function packetsOf(
  stream: Uint8Array,
): { packets: Omit<RecordedPacket, 'way'>[]; rest: Uint8Array } {
  const packets: Omit<RecordedPacket, 'way'>[] = [];
  let at = 0;
  while (at + 4 <= stream.length) {
    const length = viewOf(stream).getUint32(at) & 0x1ffff;
    if (at + 4 + length > stream.length) break;
    packets.push({ type: stream[at] ?? 0, payload: stream.subarray(at + 4, at + 4 + length) });
    at += 4 + length;
  }
  return { packets, rest: stream.slice(at) };
}
