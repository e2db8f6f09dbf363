/** The server of iperf3's protocol, against a client that speaks it by hand. */

import { describe, expect } from 'vitest';
import type { Machine, Socket } from '../../host/index.js';
import { serveIperf } from '../../host/user/iperf.js';
import { SERVER, it } from './pair.js';

const COOKIE = 'abcdefghijklmnopqrstuvwxyz0123456789\0';

async function take(socket: Socket, octets: number): Promise<Uint8Array> {
  const parts: number[] = [];
  while (parts.length < octets) {
    const part = await socket.receive(octets - parts.length);
    if (part === undefined) throw new Error(`the end after ${parts.length} of ${octets} octets`);
    parts.push(...part);
  }
  return Uint8Array.from(parts);
}

async function state(socket: Socket): Promise<number> {
  return ((await take(socket, 1))[0] as number) << 24 >> 24;
}

async function sendJson(socket: Socket, value: object): Promise<void> {
  const text = JSON.stringify(value);
  await socket.send(Uint8Array.of(0, 0, text.length >>> 8, text.length & 0xff));
  await socket.send(text);
}

async function open(client: Machine, cookie = COOKIE): Promise<Socket> {
  const socket = await client.user.connect(SERVER, 5201);
  await socket.send(cookie);
  return socket;
}

interface Results {
  readonly sender_has_retransmits: number;
  readonly streams: readonly { readonly id: number; readonly bytes: number }[];
}

/** Ends a test, and gives the server's results. */
async function finish(control: Socket): Promise<Results> {
  await control.send(Uint8Array.of(4));
  expect(await state(control)).toBe(13);
  await sendJson(control, { streams: [] });
  const head = await take(control, 4);
  const length = new DataView(head.buffer).getUint32(0);
  const results = JSON.parse(new TextDecoder().decode(await take(control, length))) as Results;
  expect(await state(control)).toBe(14);
  await control.send(Uint8Array.of(16));
  await control.close();
  return results;
}

describe.each(['free', 'checked'] as const)('user/iperf (%s)', (target) => {
  it('counts what two streams send, and takes no other test meanwhile', async ({ pair }) => {
    await pair({ target }, async ({ server, client }) => {
      const service = await serveIperf(server.user);
      const control = await open(client);
      expect(await state(control)).toBe(9);
      await sendJson(control, { tcp: true, parallel: 2 });
      expect(await state(control)).toBe(10);
      const streams = [await open(client), await open(client)];
      expect([await state(control), await state(control)]).toEqual([1, 2]);
      const other = await open(client, COOKIE.replace('a', 'z'));
      expect(await state(other)).toBe(-1);
      await other.close();
      for (const stream of streams) await stream.send(new Uint8Array(10_000));
      await client.sleep(1e9);
      const { streams: counted, sender_has_retransmits: has } = await finish(control);
      expect(counted.map(({ id, bytes }) => [id, bytes])).toEqual([[1, 10_000], [3, 10_000]]);
      expect(has).toBe(-1);
      for (const stream of streams) await stream.close();
      service.close();
    });
  });

  it('sends where it is asked to, and is there for the next test', async ({ pair }) => {
    await pair({ target }, async ({ server, client }) => {
      const service = await serveIperf(server.user);
      for (let test = 0; test < 2; test++) {
        const control = await open(client);
        expect(await state(control)).toBe(9);
        await sendJson(control, { tcp: true, reverse: true });
        expect(await state(control)).toBe(10);
        const stream = await open(client);
        expect([await state(control), await state(control)]).toEqual([1, 2]);
        let octets = 0;
        while (octets < 200_000) octets += (await stream.receive())?.length ?? Infinity;
        const results = await finish(control);
        expect(results.streams[0]?.bytes).toBeGreaterThanOrEqual(octets);
        stream.abort();
        await client.sleep(1e9);
      }
      service.close();
    });
  });

  it('refuses UDP, and is not held up by who goes away', async ({ pair }) => {
    await pair({ target }, async ({ server, client }) => {
      const service = await serveIperf(server.user);
      const udp = await open(client);
      expect(await state(udp)).toBe(9);
      await sendJson(udp, { udp: true });
      expect(await state(udp)).toBe(-2);
      expect((await take(udp, 8)).length).toBe(8);
      await udp.close();
      await client.sleep(1e9);
      const gone = await open(client);
      expect(await state(gone)).toBe(9);
      await sendJson(gone, { tcp: true, parallel: 1 });
      expect(await state(gone)).toBe(10);
      await gone.close();
      await client.sleep(1e9);
      const garbage = await open(client);
      expect(await state(garbage)).toBe(9);
      await garbage.send(Uint8Array.of(0, 0, 0, 3, 0x7b, 0x7b, 0x7b));
      expect(await garbage.receive()).toBeUndefined();
      await garbage.close();
      service.close();
    });
  });
});
