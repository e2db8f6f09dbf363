import { describe, expect } from 'vitest';
import { KernelStop } from '../../host/index.js';
import type { Machine, Socket } from '../../host/index.js';
import type { Pair } from './pair.js';
import { it, pattern, SECOND, SERVER } from './pair.js';

const ABSENT = '10.0.0.9';

/** Calls on a client that have no end while nothing comes, each by its name. */
async function begin({ server, client }: Pair): Promise<Map<string, Promise<unknown>>> {
  const listener = await server.user.listen(7);
  const near = await client.user.connect(SERVER, 7, { sendBuffer: 1000 });
  await listener.accept();
  const own = await client.user.listen(8);
  const datagrams = await client.user.datagram(9);
  return new Map<string, Promise<unknown>>([
    ['receive', near.receive()],
    ['receiveAll', near.receiveAll()],
    ['send', near.send(pattern(1_000_000))],
    ['shutdown', near.shutdown()],
    ['connect', client.user.connect(ABSENT, 7)],
    ['accept', own.accept()],
    ['datagram', datagrams.receive()],
    ['ping', client.ping(ABSENT, { timeoutMs: 60_000 })],
  ]);
}

/** Calls on a machine that has stopped. */
function ask({ user }: Machine): Map<string, Promise<unknown>> {
  return new Map<string, Promise<unknown>>([
    ['new connect', user.connect(SERVER, 7)],
    ['new listen', user.listen(80)],
    ['new datagram', user.datagram(81)],
    ['new ping', user.ping(SERVER)],
  ]);
}

/** What each was rejected with, in an instant of its own; `pending` where it is not settled. */
async function endsOf(calls: Map<string, Promise<unknown>>): Promise<Record<string, unknown>> {
  const ends = new Map<string, unknown>([...calls.keys()].map((name) => [name, 'pending']));
  for (const [name, call] of calls) {
    call.then(() => ends.set(name, 'resolved'), (error: unknown) => ends.set(name, error));
  }
  for (let turn = 0; turn < 100; turn++) await undefined;
  return Object.fromEntries(ends);
}

describe.each(['free', 'checked'] as const)('user mode of a stopped machine (%s)', (target) => {
  it('has calls wait while it runs, and fail when it is stopped', async ({ pair }) => {
    await pair({ target }, async (both) => {
      const { world, client } = both;
      const calls = await begin(both);
      await world.sleep(SECOND / 10);
      const waiting = await endsOf(calls);
      expect(new Set(Object.values(waiting))).toEqual(new Set(['pending']));
      client.stop();
      const ends = { ...await endsOf(calls), ...await endsOf(ask(client)) };
      expect(Object.keys(ends)).toHaveLength(12);
      for (const [name, end] of Object.entries(ends)) {
        expect(end, name).toMatchObject({
          status: 'DEVICE_NOT_READY', message: 'client: the machine is stopped: DEVICE_NOT_READY',
        });
      }
    });
  });

  it('fails with the KernelStop where the kernel has stopped', async ({
    pair, expectFindingsOf,
  }) => {
    expectFindingsOf('client', 'stopped');
    await pair({ target }, async (both) => {
      const { world, client } = both;
      const calls = await begin(both);
      await world.sleep(SECOND / 10);
      client.fail(new Error('a trap'));
      expect(client.stopped).toBeInstanceOf(KernelStop);
      client.stop();
      const ends = { ...await endsOf(calls), ...await endsOf(ask(client)) };
      for (const [name, end] of Object.entries(ends)) expect(end, name).toBe(client.stopped);
    });
  });

  it('ends what accepts, and what it served, without a failure', async ({ pair }) => {
    await pair({ target }, async ({ world, server, client }) => {
      const served: string[] = [];
      await server.user.listen(7, {}, async (socket) => {
        for await (const data of socket) served.push(new TextDecoder().decode(data));
      });
      const iterated = accepted(await server.user.listen(8));
      const near = await client.user.connect(SERVER, 7);
      await near.send('one');
      await client.user.connect(SERVER, 8);
      await world.sleep(SECOND / 10);
      server.stop();
      expect(await iterated).toHaveLength(1);
      expect(served).toEqual(['one']);
    });
  });

  it('ends an iteration over connections when the listener closes', async ({ pair }) => {
    await pair({ target }, async ({ world, server }) => {
      const listener = await server.user.listen(7);
      const iterated = accepted(listener);
      await world.sleep(SECOND / 10);
      listener.close();
      expect(await iterated).toEqual([]);
    });
  });

  it('has nothing open that could still be closed', async ({ pair }) => {
    await pair({ target }, async ({ server, client }) => {
      const listener = await server.user.listen(7);
      const near = await client.user.connect(SERVER, 7, { sendBuffer: 1000 });
      const far = await listener.accept();
      const sent = near.send(pattern(1_000_000));
      const closed = near.close();
      client.stop();
      await expect(sent).rejects.toMatchObject({ status: 'DEVICE_NOT_READY' });
      await closed;
      await near.close();
      near.abort();
      server.stop();
      await far.close();
      listener.close();
      await expect(far.receive()).rejects.toMatchObject({ status: 'DEVICE_NOT_READY' });
    });
  });
});

async function accepted(listener: AsyncIterable<Socket>): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for await (const socket of listener) sockets.push(socket);
  return sockets;
}
