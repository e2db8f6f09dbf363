/** Sessions that others recorded: taken apart, and put together, as they were framed. */

import { describe, expect } from 'vitest';
import { nameText } from '../../../host/wire/nbname.js';
import { join } from '../../../host/wire/octets.js';
import { test } from '../../../host/vitest.js';
import { RECORDED, readSession } from '../recorded.js';
import { PATIENCE_NS, SERVER, pairOf, receiveExactly } from '../session.js';

/** The name in first-level encoding at `offset` of a session request's payload. */
function nameAt(payload: Uint8Array, offset: number): string {
  const half = (at: number): number => (payload[offset + 1 + at] ?? 0) - 0x41;
  const octets = Array.from({ length: 16 }, (_, i) => (half(i * 2) << 4) | half(i * 2 + 1));
  return nameText(Uint8Array.from(octets));
}

for (const name of RECORDED) describe(`netbt/session/capture of ${name}`, () => {
  const { port, client: segments, server: answers, packets } = readSession(name);
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
    if (!direct) expect(packets[1]).toEqual({
      way: 'server', type: 0x82, payload: new Uint8Array(0),
    });
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
