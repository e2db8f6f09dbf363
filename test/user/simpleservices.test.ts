/** Echo, discard and chargen, by TCP and by UDP. */

import { describe, expect } from 'vitest';
import { serveSimple } from '../../host/user/simpleservices.js';
import { SERVER, it, pattern } from './pair.js';

describe.each(['free', 'checked'] as const)('user/simpleservices (%s)', (target) => {
  it('echoes what comes, until the end', async ({ pair }) => {
    await pair({ target }, async ({ server, client }) => {
      const service = await serveSimple(server.user, 'echo');
      const socket = await client.user.connect(SERVER, 7);
      const octets = pattern(50_000);
      const sent = socket.send(octets).then(async () => socket.shutdown());
      expect(await socket.receiveAll()).toEqual(octets);
      await sent;
      await socket.close();
      const datagrams = await client.user.datagram();
      await datagrams.send('hello', SERVER, 7);
      const { data, port } = (await datagrams.receive()) ?? {};
      expect([new TextDecoder().decode(data), port]).toEqual(['hello', 7]);
      datagrams.close();
      service.close();
    });
  });

  it('does not answer who answers', async ({ pair }) => {
    await pair({ target }, async ({ server, client, world }) => {
      const services = [
        await serveSimple(server.user, 'echo'), await serveSimple(client.user, 'chargen'),
      ];
      const before = world.link.stats.frames;
      const datagrams = await client.user.datagram(17);
      await datagrams.send('and so on', SERVER, 7);
      await client.sleep(1e9);
      // ARP both ways, and the one datagram.
      expect(world.link.stats.frames - before).toBe(3);
      datagrams.close();
      for (const service of services) service.close();
    });
  });

  it('discards, and closes when the peer does', async ({ pair }) => {
    await pair({ target }, async ({ server, client }) => {
      const service = await serveSimple(server.user, 'discard', 99);
      const socket = await client.user.connect(SERVER, 99);
      await socket.send(pattern(30_000));
      await socket.shutdown();
      expect((await socket.receiveAll()).length).toBe(0);
      await socket.close();
      service.close();
    });
  });

  it('generates characters until the peer goes away', async ({ pair }) => {
    await pair({ target }, async ({ server, client }) => {
      const service = await serveSimple(server.user, 'chargen');
      const socket = await client.user.connect(SERVER, 19);
      let text = '';
      while (text.length < 20_000) text += new TextDecoder().decode(await socket.receive());
      const lines = text.split('\r\n');
      expect(lines[0]).toBe(
        ' !"#$%&\'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg',
      );
      expect(lines[1]?.[0]).toBe('!');
      expect(lines[95]).toBe(lines[0]);
      socket.abort();
      const datagrams = await client.user.datagram();
      await datagrams.send('', SERVER, 19);
      expect((await datagrams.receive())?.data.length).toBe(74);
      datagrams.close();
      service.close();
    });
  });
});
