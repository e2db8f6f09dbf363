/** How sessions begin and do not, and how they end: refusals, resets, silence, lost cables. */

import { describe, expect } from 'vitest';
import type { World } from '../../../host/index.js';
import { test } from '../../../host/vitest.js';
import {
  NAME, PATIENCE_NS, SERVER, listenerOf, pairOf, pattern, rawSession, receiveExactly, sessionOf,
  sessionRequest,
} from '../session.js';

async function call(world: World, called: string): Promise<string> {
  const { sessions } = world.machine('client').user;
  try {
    await world.complete(sessions.call(called, 'CLIENT<00>', { address: SERVER }), PATIENCE_NS);
    return 'SUCCESS';
  } catch (thrown) {
    return (thrown as { status: string }).status;
  }
}

function blocks(world: World): number[] {
  const { raw } = world.machine('server').kernel;
  return [0, 1, 2].map((what) => raw.netbtBlocks(0, what));
}

describe('netbt/session/end', () => {
  test('refuses a name that nobody has, and one that nobody listens on', async ({ world }) => {
    const made = await world(pairOf());
    await listenerOf(made);
    expect(await call(made, 'OTHER<20>')).toBe('BAD_NETWORK_PATH');
    // A client's own name is there, and listens to nobody.
    const { sessions } = made.machine('server').user;
    const idle = sessions.call('NOBODY<20>', 'IDLE<00>', { address: '10.0.0.9' }).catch(() => 0);
    await made.run(1e8);
    expect(await call(made, 'IDLE<00>')).toBe('REMOTE_NOT_LISTENING');
    await made.complete(idle, PATIENCE_NS);
    await made.run(PATIENCE_NS);
  });

  test('answers with the codes of RFC 1002', async ({ world }) => {
    const made = await world(pairOf());
    await listenerOf(made);
    const socket = await made.complete(
      made.machine('client').user.connect(SERVER, 139), PATIENCE_NS);
    await made.complete(socket.send(sessionRequest('OTHER<20>')), PATIENCE_NS);
    expect([...await receiveExactly(made, socket, 5)]).toEqual([0x83, 0, 0, 1, 0x82]);
    expect(await made.complete(socket.receive(), PATIENCE_NS)).toBeUndefined();
    await made.complete(socket.close(), PATIENCE_NS);
    await made.run(PATIENCE_NS);
  });

  test('fails where nothing listens, and where nobody is', async ({ world }) => {
    const made = await world({
      ...pairOf(), machines: [
        { name: 'server', address: `${SERVER}/24` },
        { name: 'client', address: '10.0.0.2/24', netbios: true },
      ],
    });
    expect(await call(made, NAME)).toBe('CONNECTION_REFUSED');
    const { sessions } = made.machine('client').user;
    await expect(made.complete(
      sessions.call(NAME, 'CLIENT<00>', { address: '10.0.0.77' }), PATIENCE_NS),
    ).rejects.toMatchObject({ status: 'IO_TIMEOUT' });
    await expect(made.complete(sessions.call(NAME, 'CLIENT<00>'), PATIENCE_NS),
    ).rejects.toMatchObject({ status: 'BAD_NETWORK_PATH' });
  });

  test('ends in every order of close and reset, and gives all blocks back', async ({ world }) => {
    const made = await world(pairOf('wire:?loss=5%'));
    await listenerOf(made);
    await made.run(PATIENCE_NS);
    const before = blocks(made);
    const ends = ['close', 'abort'] as const;
    for (let i = 0; i < 120; i++) {
      const { client, server } = await sessionOf(made);
      const [first, second] = i & 1 ? [client, server] : [server, client];
      const sent = client.send(pattern(i * 50, i));
      if (i & 8) await made.complete(server.receive(), PATIENCE_NS);
      first[ends[(i >> 1) & 1] ?? 'close']();
      if (i & 16) await made.run(2e8);
      second[ends[(i >> 2) & 1] ?? 'close']();
      await sent;
    }
    await made.run(10 * PATIENCE_NS);
    expect(blocks(made)).toEqual(before);
    expect(made.machine('server').kernel.raw.irpsInUse()).toBe(0);
  });

  test('drops a connection that asks for nothing, or for something else', async ({ world }) => {
    const made = await world(pairOf());
    await listenerOf(made);
    const { user } = made.machine('client');
    const idle = await made.complete(user.connect(SERVER, 139), PATIENCE_NS);
    const rude = await made.complete(user.connect(SERVER, 139), PATIENCE_NS);
    await made.complete(rude.send(Uint8Array.of(0, 0, 0, 4, 1, 2, 3, 4)), PATIENCE_NS);
    for (const socket of [rude, idle]) {
      await expect(made.complete(socket.receive(), PATIENCE_NS)).rejects.toMatchObject({
        status: 'CONNECTION_RESET',
      });
    }
    expect(blocks(made)[1]).toBe(0);
  });

  test('asks who is silent, and ends with a cable', async ({ world }) => {
    const made = await world(pairOf('wire:', { parameters: { SessionKeepAlive: 60_000 } }));
    const { socket, server } = await rawSession(made);
    await made.run(70e9);
    expect([...await receiveExactly(made, socket, 4)]).toEqual([0x85, 0, 0, 0]);
    made.machine('client').card.unplug();
    const end = server.receive();
    await expect(made.complete(end, 600e9)).rejects.toMatchObject({ status: 'CONNECTION_RESET' });
    expect(blocks(made)[1]).toBe(0);
  });

  test('refuses SYNs when a fixed pool is used up', async ({ world }) => {
    const made = await world(pairOf('wire:', { release: 'nt35', faults: [] }));
    for (let i = 0; i < 7; i++) await sessionOf(made);
    expect(blocks(made)).toEqual([0, 7, 7]);
    expect(await call(made, NAME)).toBe('CONNECTION_REFUSED');
  });
});
