/** Sessions that others recorded: taken apart, and put together, as they were framed. */

import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { readCapture } from '../../../host/link/pcapread.js';
import { nameText } from '../../../host/wire/nbname.js';
import { join, viewOf } from '../../../host/wire/octets.js';
import { test } from '../../../host/vitest.js';
import { PATIENCE_NS, SERVER, pairOf, receiveExactly } from '../session.js';

/** The clients of others, by file; each has one connection. */
const FILES = [
  'smbclient-nt1-139', 'smbclient-nt1-spnego', 'smbclient-lanman2', 'curl-smb',
] as const;
const PORTS = new Set([139, 445]);

type Way = 'client' | 'server';

/** A recorded session. */
interface Recorded {
  readonly port: number;
  /** What went each way, segment by segment, without repetitions. */
  readonly client: readonly Uint8Array[];
  readonly server: readonly Uint8Array[];
  /** Packets behind their headers, in the order in which they were whole. */
  readonly packets: readonly { readonly way: Way; readonly payload: Uint8Array }[];
}

function read(name: string): Recorded {
  const file = new URL(`../../fixtures/${name}.pcapng`, import.meta.url);
  const found = { client: [] as Uint8Array[], server: [] as Uint8Array[] };
  const rest: Record<Way, Uint8Array> = { client: new Uint8Array(0), server: new Uint8Array(0) };
  const next = { client: -1, server: -1 };
  const packets: { way: Way; payload: Uint8Array }[] = [];
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
    packets.push(...whole.packets.map((payload) => ({ way, payload })));
  }
  return { ...found, port, packets };
}

/** The packets that are whole at the start of a stream: what stands behind each header. */
function packetsOf(stream: Uint8Array): { packets: Uint8Array[]; rest: Uint8Array } {
  const packets: Uint8Array[] = [];
  let at = 0;
  while (at + 4 <= stream.length) {
    const length = viewOf(stream).getUint32(at) & 0x1ffff;
    if (at + 4 + length > stream.length) break;
    packets.push(stream.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return { packets, rest: stream.slice(at) };
}

/** The name in first-level encoding at `offset` of a session request's payload. */
function nameAt(payload: Uint8Array, offset: number): string {
  const half = (at: number): number => (payload[offset + 1 + at] ?? 0) - 0x41;
  const octets = Array.from({ length: 16 }, (_, i) => (half(i * 2) << 4) | half(i * 2 + 1));
  return nameText(Uint8Array.from(octets));
}

for (const name of FILES) describe(`netbt/session/capture of ${name}`, () => {
  const { port, client: segments, server: answers, packets } = read(name);
  const direct = port === 445;
  const client = join(...segments);
  const server = join(...answers);
  // On port 445 there is no session request, and nobody is called by name.
  const [request] = direct ? [] : packets;
  const messages = direct ? packets : packets.slice(2);
  const called = request === undefined ? 'SERVER<20>' : nameAt(request.payload, 0);
  const calling = request === undefined ? 'CLIENT<00>' : nameAt(request.payload, 34);

  test('has a session in it', async () => {
    expect(request?.payload.length).toBe(direct ? undefined : 68);
    if (!direct) expect(packets[1]).toEqual({ way: 'server', payload: new Uint8Array(0) });
    expect(messages.length).toBeGreaterThan(10);
    const octets = packets.reduce((sum, { payload }) => sum + 4 + payload.length, 0);
    expect(octets).toBe(client.length + server.length);
  });

  test('is taken apart as it was recorded, and answered octet for octet', async ({ world }) => {
    const made = await world(pairOf());
    const { user } = made.machine('server');
    const listener = await made.complete(user.sessions.listen(called, { direct }), PATIENCE_NS);
    const socket = await made.complete(
      made.machine('client').user.connect(SERVER, port, { noDelay: true }), PATIENCE_NS);
    const sent = Promise.all(segments.map(async (segment) => socket.send(segment)));
    const answered = receiveExactly(made, socket, server.length);
    const session = await listener.accept();
    if (!direct) expect(session.remoteName).toBe(calling);
    for (const { way, payload } of messages) {
      if (way === 'server') await session.send(payload);
      else expect(Buffer.compare(await session.receive() ?? client, payload)).toBe(0);
    }
    expect(Buffer.compare(await answered, server)).toBe(0);
    await made.complete(sent, PATIENCE_NS);
    session.close();
    listener.close();
    await made.complete(socket.close(), PATIENCE_NS);
    await made.run(PATIENCE_NS);
  });

  test('is what we send, octet for octet', async ({ world }) => {
    const made = await world({
      ...pairOf(), machines: [
        { name: 'server', address: `${SERVER}/24` },
        { name: 'client', address: '10.0.0.2/24', netbios: true },
      ],
    });
    const listener = await made.complete(made.machine('server').user.listen(port), PATIENCE_NS);
    const { sessions } = made.machine('client').user;
    const call = sessions.call(called, calling, { address: SERVER, direct });
    const socket = await made.complete(listener.accept(), PATIENCE_NS);
    const heard = receiveExactly(made, socket, client.length);
    const back = socket.send(server);
    const session = await call;
    for (const { way, payload } of messages) {
      if (way === 'client') await session.send(payload);
      else expect(Buffer.compare(await session.receive() ?? server, payload)).toBe(0);
    }
    expect(Buffer.compare(await heard, client)).toBe(0);
    await made.complete(back, PATIENCE_NS);
    session.abort();
    await made.complete(socket.close(), PATIENCE_NS);
    listener.close();
    await made.run(PATIENCE_NS);
  });
});
