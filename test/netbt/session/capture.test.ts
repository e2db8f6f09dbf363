/** Sessions that others recorded: taken apart, and put together, as they were. */

import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { readCapture } from '../../../host/link/pcapread.js';
import { nameText } from '../../../host/wire/nbname.js';
import { test } from '../../../host/vitest.js';
import { PATIENCE_NS, SERVER, pairOf, receiveExactly } from '../session.js';

const FIXTURE = new URL('../../fixtures/smbclient-nt1-139.pcapng', import.meta.url);
const PORT = 139;

/** What went each way on port 139, segment by segment, without repetitions. */
function streamsOf(file: URL): { client: Uint8Array[]; server: Uint8Array[] } {
  const found = { client: [] as Uint8Array[], server: [] as Uint8Array[] };
  const next = { client: -1, server: -1 };
  for (const { octets } of readCapture(readFileSync(file))) {
    const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
    if (view.getUint16(12) !== 0x0800 || view.getUint8(23) !== 6) continue;
    const tcp = 14 + (view.getUint8(14) & 15) * 4;
    const data = octets.subarray(tcp + (view.getUint8(tcp + 12) >> 4) * 4, 14 + view.getUint16(16));
    const way = view.getUint16(tcp) === PORT ? 'server' : 'client';
    if (way === 'client' && view.getUint16(tcp + 2) !== PORT) continue;
    const sequence = view.getUint32(tcp + 4);
    if ((view.getUint8(tcp + 13) & 2) !== 0) next[way] = (sequence + 1) >>> 0;
    if (data.length === 0 || sequence !== next[way]) continue;
    found[way].push(data);
    next[way] = (sequence + data.length) >>> 0;
  }
  return found;
}

/** The packets of a stream: what stands behind each header, the first one apart. */
function packetsOf(stream: Uint8Array): Uint8Array[] {
  const packets: Uint8Array[] = [];
  for (let at = 0; at < stream.length;) {
    const length = new DataView(stream.buffer, stream.byteOffset + at).getUint32(0) & 0x1ffff;
    packets.push(stream.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return packets;
}

/** The name in first-level encoding at `offset` of a session request's payload. */
function nameAt(payload: Uint8Array, offset: number): string {
  const half = (at: number): number => (payload[offset + 1 + at] ?? 0) - 0x41;
  const octets = Array.from({ length: 16 }, (_, i) => (half(i * 2) << 4) | half(i * 2 + 1));
  return nameText(Uint8Array.from(octets));
}

describe('netbt/session/capture', () => {
  const segments = streamsOf(FIXTURE);
  const client = Buffer.concat(segments.client);
  const server = Buffer.concat(segments.server);
  const [request = new Uint8Array(0), ...asked] = packetsOf(client);
  const [response, ...answered] = packetsOf(server);
  const called = nameAt(request, 0);
  const calling = nameAt(request, 34);

  test('has a session in it', async () => {
    expect(request.length).toBe(68);
    expect(response?.length).toBe(0);
    expect(asked.length).toBeGreaterThan(5);
    expect(answered.length).toBe(asked.length);
  });

  test('is taken apart as it was recorded, and answered octet for octet', async ({ world }) => {
    const made = await world(pairOf());
    const { user } = made.machine('server');
    const listener = await made.complete(user.sessions.listen(called), PATIENCE_NS);
    const socket = await made.complete(
      made.machine('client').user.connect(SERVER, PORT, { noDelay: true }), PATIENCE_NS);
    const sent = Promise.all(segments.client.map(async (segment) => socket.send(segment)));
    const session = await made.complete(listener.accept(), PATIENCE_NS);
    expect(session.remoteName).toBe(calling);
    let at = 4;
    expect(Buffer.compare(await receiveExactly(made, socket, at), server.subarray(0, at))).toBe(0);
    for (const [i, message] of asked.entries()) {
      const heard = await made.complete(session.receive(), PATIENCE_NS);
      expect(Buffer.compare(heard ?? new Uint8Array(0), message)).toBe(0);
      const answer = session.send(answered[i] ?? '');
      const end = server.subarray(at, at + 4 + (answered[i]?.length ?? 0));
      at += end.length;
      expect(Buffer.compare(await receiveExactly(made, socket, end.length), end)).toBe(0);
      await made.complete(answer, PATIENCE_NS);
    }
    await made.complete(sent, PATIENCE_NS);
    session.close();
    await made.complete(socket.close(), PATIENCE_NS);
    await made.run(PATIENCE_NS);
  });

  test('begins with the same session request', async ({ world }) => {
    const made = await world({
      ...pairOf(), machines: [
        { name: 'server', address: `${SERVER}/24` },
        { name: 'client', address: '10.0.0.2/24', netbios: true },
      ],
    });
    const listener = await made.complete(made.machine('server').user.listen(PORT), PATIENCE_NS);
    const { sessions } = made.machine('client').user;
    const call = sessions.call(called, calling, { address: SERVER });
    const socket = await made.complete(listener.accept(), PATIENCE_NS);
    const heard = await receiveExactly(made, socket, 72);
    expect(Buffer.compare(heard, client.subarray(0, 72))).toBe(0);
    await made.complete(socket.send(server.subarray(0, 4)), PATIENCE_NS);
    const session = await made.complete(call, PATIENCE_NS);
    const sent = Promise.all(asked.map(async (message) => session.send(message)));
    const rest = await receiveExactly(made, socket, client.length - 72);
    expect(Buffer.compare(rest, client.subarray(72))).toBe(0);
    await made.complete(sent, PATIENCE_NS);
    const back = socket.send(server.subarray(4));
    for (const message of answered) {
      const answer = await made.complete(session.receive(), PATIENCE_NS);
      expect(Buffer.compare(answer ?? new Uint8Array(0), message)).toBe(0);
    }
    await made.complete(back, PATIENCE_NS);
    session.abort();
    await made.complete(socket.close(), PATIENCE_NS);
    listener.close();
    await made.run(PATIENCE_NS);
  });
});
