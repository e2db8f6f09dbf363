import { describe, expect } from 'vitest';
import { CLIENT, it, pattern, SERVER } from './pair.js';

describe.each(['free', 'checked'] as const)('user/datagram (%s)', (target) => {
  it('carries datagrams whole, in order, with their source', async ({ pair }) => {
    await pair({ target }, async ({ server, client }) => {
      const far = await server.user.datagram(7);
      const near = await client.user.datagram();
      await client.ping(SERVER); // of two that wait for ARP, the first is lost (nt-facts 3.7)
      expect([far.port, near.port >= 1024]).toEqual([7, true]);
      await near.send('one', SERVER, 7);
      await near.send(pattern(1400), SERVER, 7);
      const first = await far.receive();
      const second = await far.receive();
      expect(new TextDecoder().decode(first?.data)).toBe('one');
      expect([first?.address, first?.port]).toEqual([CLIENT, near.port]);
      expect(second?.data).toEqual(pattern(1400));
      await far.send('back', first?.address ?? '', first?.port ?? 0);
      expect(new TextDecoder().decode((await near.receive())?.data)).toBe('back');
      far.close();
      near.close();
    });
  });

  it('carries one larger than a frame', async ({ pair }) => {
    await pair({ target }, async ({ server, client }) => {
      const far = await server.user.datagram(7);
      const near = await client.user.datagram();
      await client.ping(SERVER);
      const arrives = far.receive();
      await near.send(pattern(6000), SERVER, 7);
      expect((await arrives)?.data).toEqual(pattern(6000));
      far.close();
      near.close();
    });
  });

  it('carries an empty datagram, and those behind it', async ({ pair }) => {
    await pair({ target }, async ({ server, client }) => {
      const far = await server.user.datagram(7);
      const near = await client.user.datagram();
      await client.ping(SERVER);
      for (const text of ['', 'ab', 'abc']) await near.send(text, SERVER, 7);
      const lengths: (number | undefined)[] = [];
      for (let i = 0; i < 3; i++) lengths.push((await far.receive())?.data.length);
      expect(lengths).toEqual([0, 2, 3]);
      far.close();
      near.close();
    });
  });

  it('sees the end when it is closed, and sends no more', async ({ pair }) => {
    await pair({ target }, async ({ client }) => {
      const near = await client.user.datagram();
      const waits = near.receive();
      near.close();
      expect(await waits).toBeUndefined();
      await expect(near.send('x', SERVER, 7)).rejects.toMatchObject({ status: 'ADDRESS_CLOSED' });
      await expect(near.send(pattern(65_508), SERVER, 7)).rejects.toThrow(/at most 65507/);
    });
  });

  it('binds a port once', async ({ pair }) => {
    await pair({ target }, async ({ client }) => {
      const near = await client.user.datagram(7);
      await expect(client.user.datagram(7)).rejects.toMatchObject({
        status: 'ADDRESS_ALREADY_EXISTS',
      });
      near.close();
    });
  });
});
