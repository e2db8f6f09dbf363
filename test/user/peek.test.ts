/** What is looked at stays; a row of the connection table that is deleted is a connection's end. */

import { describe, expect } from 'vitest';
import { it, pattern, SECOND } from './pair.js';

const SERVER = 0x0a000001;
const QUIET = { onEvent: () => {} };
const INVALID_PARAMETER = 0xc000000d | 0;

describe.each(['free', 'checked'] as const)('user/peek (%s)', (target) => {
  it.for([0, 65_536])('sees what comes later, with a buffer of %i', async (buffer, { pair }) => {
    await pair({ target }, async ({ server, client, world }) => {
      const { raw } = server.user;
      const block = raw.allocate(4096);
      const listener = raw.open('stream', QUIET);
      raw.option(listener, 'RECEIVE_BUFFER', buffer);
      raw.bind(listener, 0, 80);
      raw.listen(listener, 1);
      const socket = await client.user.connect('10.0.0.1', 80);
      await socket.send(pattern(3000));
      await world.sleep(SECOND);
      const handle = raw.accept(listener, QUIET);
      expect(raw.query(handle, 'READABLE')).toBe(3000);
      expect(raw.peek(handle, block, 1000)).toBe(1000);
      expect(raw.peek(handle, block, 4096)).toBe(3000);
      expect(block.read(3000)).toEqual(pattern(3000));
      expect(raw.receive(handle, block, 1000)).toBe(1000);
      expect(raw.peek(handle, block, 4096)).toBe(2000);
      expect(block.read(2000)).toEqual(pattern(3000).slice(1000));
      expect(raw.receive(handle, block, 4096)).toBe(2000);
      expect([raw.peek(handle, block), raw.receive(handle, block)]).toEqual([0, 0]);
      raw.close(handle, true);
      raw.close(listener, true);
      socket.abort();
    });
  });

  it('sees a datagram as it will be received', async ({ pair }) => {
    await pair({ target }, async ({ server, client, world }) => {
      const { raw } = server.user;
      const block = raw.allocate(64);
      const handle = raw.open('datagram', QUIET);
      raw.bind(handle, 0, 53);
      expect(raw.peek(handle, block)).toBe(raw.noDatagram);
      const socket = await client.user.datagram();
      await socket.send('one', '10.0.0.1', 53);
      await world.sleep(SECOND);
      await socket.send('', '10.0.0.1', 53);
      await world.sleep(SECOND);
      expect([raw.peek(handle, block), raw.receive(handle, block)]).toEqual([3, 3]);
      expect([raw.peek(handle, block), raw.receive(handle, block)]).toEqual([0, 0]);
      expect(raw.peek(handle, block)).toBe(raw.noDatagram);
      raw.close(handle, true);
      socket.close();
    });
  });

  it('ends a connection whose row is deleted, and no other', async ({ pair }) => {
    await pair({ target }, async ({ server, client, world }) => {
      const { raw } = server.user;
      const listener = await server.user.listen(80);
      const socket = await client.user.connect('10.0.0.1', 80);
      const accepted = await listener.accept();
      const remote = client.settings.address;
      const ports = socket.localPort * 0x1_0000 + 80;
      expect(raw.dropConnection(SERVER, remote, ports + 1)).toBe(INVALID_PARAMETER);
      expect(raw.dropConnection(SERVER, remote, ports)).toBe(0);
      await expect(accepted.receive()).rejects.toMatchObject({ status: 'CONNECTION_RESET' });
      await expect(socket.receive()).rejects.toMatchObject({ status: 'CONNECTION_RESET' });
      await world.sleep(SECOND);
      expect([server.connections(), client.connections()]).toEqual([[], []]);
      listener.close();
    });
  });
});
