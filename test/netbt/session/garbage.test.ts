/** Session packets that are none: garbage, truncated, spliced; sessions of others go on. */

import { describe, expect } from 'vitest';
import type { World } from '../../../host/index.js';
import { Random } from '../../../host/machine/random.js';
import type { Stream } from '../../../host/machine/random.js';
import { test } from '../../../host/vitest.js';
import { PATIENCE_NS, SERVER, listenerOf, pairOf, pattern, sessionOf, sessionRequest } from
  '../session.js';

const CALLS = 150;
const REQUEST = sessionRequest();
const TYPES = [0x00, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0xff];

/** What somebody sends who means no good, or who does not know better. */
function rubbish(random: Stream): Uint8Array {
  const octet = (): number => random.below(256);
  const length = random.below(90);
  const garbage = Array.from({ length }, octet);
  switch (random.below(5)) {
    case 0: return Uint8Array.from(garbage);
    case 1: return REQUEST.subarray(0, random.below(REQUEST.length));
    case 2: {
      const spoilt = Uint8Array.from(REQUEST);
      spoilt[random.below(spoilt.length)] = octet();
      return spoilt;
    }
    case 3: return Uint8Array.from([TYPES[random.below(TYPES.length)] ?? 0, octet() & 1, 0, length,
      ...garbage]);
    default: return Uint8Array.from([...REQUEST, ...garbage]);
  }
}

async function bother(world: World, data: Uint8Array, abort: boolean): Promise<void> {
  const socket = await world.complete(
    world.machine('client').user.connect(SERVER, 139), PATIENCE_NS);
  await world.complete(socket.send(data), PATIENCE_NS).catch(() => undefined);
  await world.run(1e8);
  if (abort) socket.abort();
  else await world.complete(socket.close(), PATIENCE_NS).catch(() => undefined);
}

describe('netbt/session/garbage', () => {
  test('is dropped, and harms nobody', async ({ world }) => {
    const made = await world(pairOf());
    const { client, server } = await sessionOf(made);
    const listener = await listenerOf(made);
    const random = new Random(7).stream('garbage');
    const greet = async (): Promise<void> => {
      const session = await listener.accept();
      await session.send('who are you').catch(() => undefined);
      await session.receive().catch(() => undefined);
      session.close();
    };
    for (let i = 0; i < CALLS; i++) {
      await bother(made, rubbish(random), random.below(2) === 0);
      if (i % 10 !== 0) continue;
      await made.complete(client.send(pattern(300, i)), PATIENCE_NS);
      expect(await made.complete(server.receive(), PATIENCE_NS)).toEqual(pattern(300, i));
    }
    // Those whose request was whole have sessions.
    const greeted = Array.from({ length: CALLS }, greet);
    await made.run(PATIENCE_NS);
    listener.close();
    await made.complete(Promise.allSettled(greeted), PATIENCE_NS);
    client.close();
    server.close();
    await made.run(10 * PATIENCE_NS);
    expect(made.machine('server').kernel.raw.netbtBlocks(0, 1)).toBe(0);
  });
});
