import { describe, expect } from 'vitest';
import type { Machine, Socket } from '../../host/index.js';
import { CLIENT, it, pattern, SECOND, SERVER } from './pair.js';

const TARGETS = ['free', 'checked'] as const;

async function open(
  server: Machine, client: Machine, port = 80,
): Promise<{ near: Socket; far: Socket }> {
  const listener = await server.user.listen(port);
  const [near, far] = await Promise.all([client.user.connect(SERVER, port), listener.accept()]);
  listener.close();
  return { near, far };
}

describe.each(TARGETS)('user/socket (%s)', (target) => {
  it('connects, and both ends know both addresses', async ({ pair }) => {
    await pair({ target }, async ({ server, client }) => {
      const { near, far } = await open(server, client);
      expect(near.remoteAddress).toBe(SERVER);
      expect(near.remotePort).toBe(80);
      expect(near.localAddress).toBe(CLIENT);
      expect(near.localPort).toBeGreaterThanOrEqual(1024);
      expect([far.remoteAddress, far.remotePort]).toEqual([CLIENT, near.localPort]);
      expect([far.localAddress, far.localPort]).toEqual([SERVER, 80]);
      await Promise.all([near.close(), far.close()]);
    });
  });

  it('holds for sending what its listener says', async ({ pair }) => {
    await pair({ target, link: 'wire:?delay=10ms' }, async ({ server, client, world }) => {
      for (const [sendBuffer, leastNs] of [[65_536, 0], [1000, 3 * 20e6]] as const) {
        const listener = await server.user.listen(80, { sendBuffer });
        const accepted = listener.accept();
        const near = await client.user.connect(SERVER, 80);
        const far = await accepted;
        const beganNs = world.clock.now;
        await far.send(pattern(4000));
        // Each thousand waits for the acknowledgement of the one before.
        expect(world.clock.now - beganNs).toBeGreaterThanOrEqual(leastNs);
        if (leastNs === 0) expect(world.clock.now).toBe(beganNs);
        listener.close();
        await Promise.all([far.close(), near.close()]);
      }
      await expect(server.user.listen(80, { sendBuffer: 0 })).rejects.toThrow('sendBuffer: 0 is');
    });
  });

  it('carries 100 kB each way at once, as they were sent', async ({ pair }) => {
    await pair({ target }, async ({ server, client }) => {
      const { near, far } = await open(server, client);
      const [there, back] = [pattern(100_000, 1), pattern(100_000, 2)];
      const send = async (socket: Socket, data: Uint8Array): Promise<void> => {
        await socket.send(data);
        await socket.shutdown();
      };
      const [, , arrived, returned] = await Promise.all([
        send(near, there), send(far, back), far.receiveAll(), near.receiveAll(),
      ]);
      expect(Buffer.compare(arrived, there)).toBe(0);
      expect(Buffer.compare(returned, back)).toBe(0);
      await Promise.all([near.close(), far.close()]);
    });
  });

  it('carries 300 kB over a wire that loses, repeats and reorders', async ({ pair }) => {
    const link = 'wire:?loss=5%&delay=20ms&reorder=5%&duplicate=5%';
    await pair({ target, link, seed: 7 }, async ({ server, client }) => {
      const { near, far } = await open(server, client);
      const data = pattern(300_000, 3);
      const arrives = far.receiveAll();
      await near.send(data);
      await near.close();
      expect(Buffer.compare(await arrives, data)).toBe(0);
      await far.close();
      expect(client.counters()['TCP_RETRANS_SEGS']).toBeGreaterThan(0);
    });
  });

  it.for([
    ['the client first', async ({ near, far }: Ends) => {
      await near.close();
      expect(await far.receive()).toBeUndefined();
      await far.close();
    }],
    ['the server first', async ({ near, far }: Ends) => {
      await far.close();
      expect(await near.receive()).toBeUndefined();
      await near.close();
    }],
    ['both at once', async ({ near, far }: Ends) => {
      await Promise.all([near.close(), far.close()]);
    }],
    ['the client half, the server answers', async ({ near, far }: Ends) => {
      await near.send('question');
      await near.shutdown();
      expect(text(await far.receiveAll())).toBe('question');
      await far.send('answer');
      await far.close();
      expect(text(await near.receiveAll())).toBe('answer');
      await near.close();
    }],
    ['the client by force', async ({ near, far }: Ends) => {
      const waits = far.receive();
      near.abort();
      await expect(waits).rejects.toMatchObject({ status: 'CONNECTION_RESET' });
      await far.close();
    }],
    ['the server by force', async ({ near, far }: Ends) => {
      const waits = near.receive();
      far.abort();
      await expect(waits).rejects.toMatchObject({ status: 'CONNECTION_RESET' });
      await near.close();
    }],
    ['the server with octets it has not read', async ({ near, far }: Ends) => {
      await near.send('never read');
      const waits = near.receive();
      expect(text(await far.receive(5))).toBe('never');
      await far.close();
      await expect(waits).rejects.toMatchObject({ status: 'CONNECTION_RESET' });
      await near.close();
    }],
  ] as const)('closes: %s', async ([, close], { pair }) => {
    await pair({ target }, async ({ world, server, client }) => {
      const ends = await open(server, client);
      await close(ends);
      await world.sleep(300 * SECOND);
      expect(server.connections()).toEqual([]);
      expect(client.connections()).toEqual([]);
    });
  });

  it('keeps TIME-WAIT for 240 s where it closed first', async ({ pair }) => {
    await pair({ target }, async ({ world, server, client }) => {
      const { near, far } = await open(server, client);
      await near.close();
      await far.receive();
      await far.close();
      await world.sleep(200 * SECOND);
      expect(client.connections().map(({ state }) => state)).toEqual(['TIME_WAIT']);
      expect(server.connections()).toEqual([]);
      await world.sleep(50 * SECOND);
      expect(client.connections()).toEqual([]);
    });
  });

  it('fails with IO_TIMEOUT after 45 s where nobody is (nt40sp6a)', async ({ pair }) => {
    await pair({ target, release: 'nt40sp6a' }, async ({ world, client }) => {
      const beganNs = world.clock.now;
      const failed = await client.user.connect('10.0.0.9', 80).catch((error: unknown) => error);
      expect(failed).toBeInstanceOf(Error);
      expect(failed).toMatchObject({ status: 'IO_TIMEOUT', cause: { status: 'IO_TIMEOUT' } });
      expect((failed as Error).message).toBe('client: connect to 10.0.0.9:80: IO_TIMEOUT');
      expect((world.clock.now - beganNs) / SECOND).toBeCloseTo(45, 0);
    });
  });

  it('fails with CONNECTION_REFUSED where nobody listens', async ({ pair }) => {
    await pair({ target }, async ({ client }) => {
      await expect(client.user.connect(SERVER, 81)).rejects.toMatchObject({
        status: 'CONNECTION_REFUSED',
      });
      expect(client.connections()).toEqual([]);
    });
  });

  it('receives no more than asked for, and the end again and again', async ({ pair }) => {
    await pair({ target }, async ({ server, client }) => {
      const { near, far } = await open(server, client);
      await near.send('abcdef');
      await near.close();
      expect(text(await far.receive(4))).toBe('abcd');
      expect(text(await far.receive())).toBe('ef');
      expect(await far.receive()).toBeUndefined();
      expect(await far.receive()).toBeUndefined();
      await far.close();
      expect(await far.receive()).toBeUndefined();
      await expect(far.send('x')).rejects.toMatchObject({ status: 'ADDRESS_CLOSED' });
      await far.close();
    });
  });

  it('listens on a port once; accepts in order; hands all to a callback', async ({ pair }) => {
    await pair({ target }, async ({ server, client }) => {
      const first = await server.user.listen(80);
      await expect(server.user.listen(80)).rejects.toMatchObject({
        status: 'ADDRESS_ALREADY_EXISTS',
      });
      const ports: number[] = [];
      const second = await server.user.listen(0, {}, (socket) => {
        ports.push(socket.remotePort);
        void socket.close();
      });
      expect(second.port).toBeGreaterThanOrEqual(1024);
      const one = await client.user.connect(SERVER, 80, { localPort: 2001, noDelay: true });
      const two = await client.user.connect(SERVER, 80, { localPort: 2002 });
      const three = await client.user.connect(SERVER, second.port, { localPort: 2003 });
      expect(await three.receive()).toBeUndefined();
      expect(ports).toEqual([2003]);
      const accepted = [await first.accept(), await first.accept()];
      expect(accepted.map(({ remotePort }) => remotePort)).toEqual([2001, 2002]);
      const waits = first.accept();
      first.close();
      await expect(waits).rejects.toMatchObject({ status: 'LOCAL_DISCONNECT' });
      second.close();
      for (const socket of [one, two, three, ...accepted]) await socket.close();
    });
  });

  it('goes by way of others, who pass nothing on here', async ({ pair }) => {
    await pair({ target }, async ({ client, server }) => {
      await server.user.listen(80);
      const connect = client.user.connect(SERVER, 80, { route: [SERVER], strictRoute: true });
      await expect(connect).rejects.toMatchObject({ status: 'IO_TIMEOUT' });
      expect(server.drops()['IP_OPTION']).toBeGreaterThan(0);
    });
  });

  it('names what is wrong with an argument', async ({ pair }) => {
    await pair({ target }, async ({ client: { user } }) => {
      await expect(user.connect('server', 80)).rejects.toThrow(TypeError);
      await expect(user.connect('10.0.0.256', 80)).rejects.toThrow(/host: '10.0.0.256'/);
      await expect(user.connect(SERVER, 0)).rejects.toThrow(/port: 0 .* 1\.\.65535/);
      await expect(user.connect(SERVER, 80, { nodelay: true } as object))
        .rejects.toThrow(/nodelay.*did you mean noDelay/);
      await expect(user.connect(SERVER, 80, { route: ['x'] })).rejects.toThrow(/route: 'x'/);
      await expect(user.connect(SERVER, 80, { route: Array.from({ length: 10 }, () => SERVER) }))
        .rejects.toThrow(/route: .* 10 .* 0\.\.9/);
      await expect(user.listen(80, { backlog: 0 })).rejects.toThrow(/backlog: 0 .* 1\.\.65535/);
      await expect(user.datagram(70_000)).rejects.toThrow(/port: 70000/);
    });
  });
});

interface Ends {
  readonly near: Socket;
  readonly far: Socket;
}

function text(octets: Uint8Array | undefined): string {
  return new TextDecoder().decode(octets);
}
