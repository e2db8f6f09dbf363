/** Two defects of ours that loads found: each failed before it was mended. */

import { describe, expect } from 'vitest';
import type { Socket } from '../../host/index.js';
import { it, pattern, SERVER } from './pair.js';

describe.each(['free', 'checked'] as const)('user mode on tcpip (%s)', (target) => {
  it('refuses a connect to a listener that closed while its connections live', async ({ pair }) => {
    await pair({ target }, async ({ server, client }) => {
      const listener = await server.user.listen(7);
      const near = await client.user.connect(SERVER, 7);
      const far = await listener.accept();
      listener.close();
      const refused = client.user.connect(SERVER, 7);
      await expect(refused).rejects.toMatchObject({ status: 'CONNECTION_REFUSED' });
      await near.send('still here');
      expect(new TextDecoder().decode(await far.receive())).toBe('still here');
      await Promise.all([near.close(), far.close()]);
    });
  });

  it('carries octets both ways at once over a bad link, and aborts nothing', async ({ pair }) => {
    const octets = 150_000;
    const link = 'wire:?loss=5%&delay=20ms';
    await pair({ target, link, seed: 7 }, async ({ server, client }) => {
      const listener = await server.user.listen(7);
      const near = await client.user.connect(SERVER, 7);
      const far = await listener.accept();
      const [one, other] = await Promise.all([
        exchange(near, pattern(octets, 1)), exchange(far, pattern(octets, 2)),
      ]);
      expect(one).toEqual(pattern(octets, 2));
      expect(other).toEqual(pattern(octets, 1));
      await Promise.all([near.close(), far.close()]);
      listener.close();
    });
  });
});

/** Sends all of `octets`, then no more, and gives what the other end sent. */
async function exchange(socket: Socket, octets: Uint8Array): Promise<Uint8Array> {
  const [received] = await Promise.all([
    socket.receiveAll(),
    socket.send(octets).then(async () => socket.shutdown()),
  ]);
  return received;
}
