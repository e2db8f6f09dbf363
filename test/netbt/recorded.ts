/**
 * What programs of others said, from their frames: sessions of clients with Samba's server, and
 * packets of the name and datagram services, of nmbd, nmblookup, nbtscan and smbtorture.
 */

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { readCapture } from '../../host/link/pcapread.js';
import { join, viewOf } from '../../host/wire/octets.js';

/** The clients of others, by file; each has one connection. */
export const RECORDED = [
  'smbclient-nt1-139', 'smbclient-nt1-spnego', 'smbclient-lanman2', 'curl-smb',
] as const;
const PORTS = new Set([139, 445]);
const FIXTURES = new URL('../fixtures/', import.meta.url);
/** More recordings beside the project, where somebody has put some. */
const SHARED = new URL('../../../shared/captures/', import.meta.url);

const TCP = 6;
const UDP = 17;

type Way = 'client' | 'server';

/** A packet of one. */
export interface RecordedPacket {
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

/** What a recording is read into. */
class Session implements Recorded {
  readonly client: Uint8Array[] = [];
  readonly server: Uint8Array[] = [];
  readonly packets: RecordedPacket[] = [];
  private readonly rest: Record<Way, Uint8Array> = {
    client: new Uint8Array(0), server: new Uint8Array(0),
  };
  private readonly next = { client: -1, server: -1 };

  constructor(readonly port: number) {}

  /** One segment. */
  put(way: Way, segment: DataView): void {
    const sequence = segment.getUint32(4);
    const data = octetsFrom(segment, (segment.getUint8(12) >> 4) * 4);
    if ((segment.getUint8(13) & 2) !== 0) this.next[way] = (sequence + 1) >>> 0;
    if (data.length === 0 || sequence !== this.next[way]) return;
    this[way].push(data);
    this.next[way] = (sequence + data.length) >>> 0;
    const whole = packetsOf(join(this.rest[way], data));
    this.rest[way] = whole.rest;
    this.packets.push(...whole.packets.map((each) => ({ way, ...each })));
  }
}

/** Reads one of `RECORDED`. @throws Error where the file has no session. */
export function readSession(name: (typeof RECORDED)[number]): Recorded {
  const [session] = sessionsOf(new URL(`${name}.pcapng`, FIXTURES));
  if (session === undefined) throw new Error(`${name} has no session`);
  return session;
}

/** The recordings that come with the project; with `all` those beside it, where there are some. */
function filesOf(all: boolean): URL[] {
  const folders = all && existsSync(SHARED) ? [FIXTURES, SHARED] : [FIXTURES];
  return folders.flatMap((folder) => readdirSync(folder)
    .filter((file) => /\.pcap(ng)?$/.test(file)).sort().map((file) => new URL(file, folder)));
}

/** Every session of every recording. */
export function readSessions(all: boolean): Recorded[] {
  return filesOf(all).flatMap(sessionsOf);
}

/** Every packet to or from a UDP port of every recording, each once, whatever its identifier. */
export function readDatagrams(port: number, identifierAt: number, all: boolean): Uint8Array[] {
  const found = new Map<string, Uint8Array>();
  for (const file of filesOf(all)) {
    for (const datagram of payloadsOf(file, UDP)) {
      if (datagram.getUint16(0) !== port && datagram.getUint16(2) !== port) continue;
      const data = octetsFrom(datagram, 8).slice();
      const same = data.slice();
      same.fill(0, identifierAt, identifierAt + 2);
      const key = same.join();
      if (!found.has(key)) found.set(key, data);
    }
  }
  return [...found.values()];
}

function sessionsOf(file: URL): Recorded[] {
  const sessions = new Map<string, Session>();
  for (const segment of payloadsOf(file, TCP)) {
    const ends = [segment.getUint16(0), segment.getUint16(2)] as const;
    const way: Way = PORTS.has(ends[0]) ? 'server' : 'client';
    const [port, peer] = way === 'server' ? ends : [ends[1], ends[0]];
    if (!PORTS.has(port)) continue;
    const key = `${port} ${peer}`;
    const session = sessions.get(key) ?? new Session(port);
    sessions.set(key, session);
    session.put(way, segment);
  }
  return [...sessions.values()];
}

/** What stands behind the IPv4 headers of the frames that carry a protocol. */
function payloadsOf(file: URL, protocol: number): DataView[] {
  const found: DataView[] = [];
  for (const { octets } of readCapture(readFileSync(file))) {
    const view = viewOf(octets);
    if (octets.length < 34 || view.getUint16(12) !== 0x0800) continue;
    if (view.getUint8(23) !== protocol) continue;
    const start = 14 + (view.getUint8(14) & 15) * 4;
    found.push(viewOf(octets.subarray(start, 14 + view.getUint16(16))));
  }
  return found;
}

function octetsFrom(view: DataView, at: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, view.byteLength - at);
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
