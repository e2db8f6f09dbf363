/** Messages through sessions: whole, in order, of every length, both ways. */

import { describe, expect } from 'vitest';
import { test } from '../../../host/vitest.js';
import { PATIENCE_NS, pairOf, pattern, rawSession, receiveExactly, sessionOf } from '../session.js';

const LENGTHS = [0, 1, 3, 4, 127, 128, 129, 1456, 1460, 4096, 65_535, 65_536, 131_071];

/** Compares long messages without a table of their octets. */
function isSame(message: Uint8Array | undefined, wanted: Uint8Array): boolean {
  return message !== undefined && Buffer.compare(message, wanted) === 0;
}

describe('netbt/session/message', () => {
  test('carries messages both ways, and says who calls', async ({ world }) => {
    const made = await world(pairOf());
    const { client, server } = await sessionOf(made);
    expect(server.remoteName).toBe('CLIENT<00>');
    await made.complete(client.send('hello'), PATIENCE_NS);
    expect(await made.complete(server.receive(), PATIENCE_NS)).toEqual(
      new TextEncoder().encode('hello'));
    client.close();
    expect(await made.complete(server.receive(), PATIENCE_NS)).toBeUndefined();
    server.close();
    await made.run(PATIENCE_NS);
  });

  for (const direct of [false, true]) {
    const port = direct ? 445 : 139;
    test(`carries messages of every length, on port ${port}`, async ({ world }) => {
      const made = await world(pairOf('wire:?loss=2%'));
      const { client, server } = await sessionOf(made, direct);
      const sent = LENGTHS.map(async (octets, i) => client.send(pattern(octets, i)));
      for (const [i, octets] of LENGTHS.entries()) {
        const message = await made.complete(server.receive(), PATIENCE_NS);
        expect(isSame(message, pattern(octets, i))).toBe(true);
      }
      await made.complete(Promise.all(sent), PATIENCE_NS);
      // The client leaves many with its transport before it takes one.
      const back = LENGTHS.map(async (octets, i) => server.send(pattern(octets, i + 7)));
      await made.run(PATIENCE_NS);
      for (const [i, octets] of LENGTHS.entries()) {
        const message = await made.complete(client.receive(), PATIENCE_NS);
        expect(isSame(message, pattern(octets, i + 7))).toBe(true);
      }
      await made.complete(Promise.all(back), PATIENCE_NS);
      client.close();
      server.close();
      await made.run(PATIENCE_NS);
    });
  }

  test('is framed with four octets, and no more', async ({ world }) => {
    const made = await world(pairOf());
    const { socket, server } = await rawSession(made);
    await made.complete(server.send('ab'), PATIENCE_NS);
    await made.complete(server.send(''), PATIENCE_NS);
    await made.complete(server.send(pattern(70_000, 1)), PATIENCE_NS);
    const head = await receiveExactly(made, socket, 6 + 4 + 4);
    expect([...head]).toEqual([0, 0, 0, 2, 0x61, 0x62, 0, 0, 0, 0, 0, 1, 0x11, 0x70]);
    expect(isSame(await receiveExactly(made, socket, 70_000), pattern(70_000, 1))).toBe(true);
    server.close();
    await made.complete(socket.close(), PATIENCE_NS);
    await made.run(PATIENCE_NS);
  });

  test('joins and splits at every octet', async ({ world }) => {
    const messages = [pattern(5, 1), new Uint8Array(0), pattern(130, 2), pattern(1, 3)];
    const stream = messages.flatMap((each) => [0, 0, 0, each.length, ...each]);
    // A keep-alive may stand between two messages.
    stream.splice(9, 0, 0x85, 0, 0, 0);
    const made = await world(pairOf());
    for (let cut = 1; cut < stream.length; cut++) {
      const { socket, server } = await rawSession(made, true);
      await made.complete(socket.send(Uint8Array.from(stream.slice(0, cut))), PATIENCE_NS);
      await made.run(1e8);
      await made.complete(socket.send(Uint8Array.from(stream.slice(cut))), PATIENCE_NS);
      for (const message of messages) {
        expect(await made.complete(server.receive(), PATIENCE_NS)).toEqual(message);
      }
      await made.complete(socket.close(), PATIENCE_NS);
      expect(await made.complete(server.receive(), PATIENCE_NS)).toBeUndefined();
      server.close();
    }
    await made.run(PATIENCE_NS);
  });

  test('takes a session request in two pieces', async ({ world }) => {
    const made = await world(pairOf());
    for (const cut of [1, 3, 4, 5, 37, 38, 39, 71]) {
      const { socket, server } = await rawSession(made, true, cut);
      expect(server.remoteName).toBe('CLIENT<00>');
      server.close();
      await made.complete(socket.close(), PATIENCE_NS);
    }
    await made.run(PATIENCE_NS);
  });

  test('joins what runs across segments in every way', async ({ world }) => {
    const made = await world(pairOf());
    const { socket, server } = await rawSession(made);
    const lengths = Array.from({ length: 60 }, (_, i) => (i * 937) % 5000);
    const stream = lengths.flatMap((octets) =>
      [0, 0, octets >> 8, octets & 0xff, ...pattern(octets, octets)]);
    const sent = socket.send(Uint8Array.from(stream));
    for (const octets of lengths) {
      const message = await made.complete(server.receive(), PATIENCE_NS);
      expect(isSame(message, pattern(octets, octets))).toBe(true);
    }
    await made.complete(sent, PATIENCE_NS);
    server.close();
    await made.complete(socket.close(), PATIENCE_NS);
    await made.run(PATIENCE_NS);
  });
});
