/** select (Winsock 1.1, 4.1.15): sockets that are ready, or come to be while it waits. */

import { describe, expect } from 'vitest';
import { TICK_NS } from '../../host/index.js';
import type { Machine, SelectEntry, SocketHandler } from '../../host/index.js';
import { it, pattern, SECOND, SERVER } from './pair.js';
import type { Pair } from './pair.js';

const PORT = 80;
const ADDRESS = 0x0a00_0001;
const INFINITE = 0xffff_ffff;
const PENDING = 0x103;
const TIMEOUT = 0x102;
const quiet: SocketHandler = { onEvent: () => undefined };

async function open({ server, client }: Pair, linger?: { receiveBuffer: number }) {
  const listener = await server.user.listen(PORT, linger);
  const [near, far] = await Promise.all([client.user.connect(SERVER, PORT), listener.accept()]);
  return { near, far, listener };
}

/** A select of handles: what each was found ready for, the number, and the status at its end. */
class Selecting {
  readonly entries: SelectEntry[];
  readonly first: number;
  ended: readonly [status: number, ready: number] | undefined;

  constructor(
    machine: Machine, entries: readonly (readonly [handle: number, wanted: number])[],
    timeoutMs: number,
  ) {
    this.entries = entries.map(([handle, wanted]) => ({ handle, wanted, found: -1 }));
    this.first = machine.user.raw.select(this.entries, timeoutMs, {
      onEvent: (events, status, ready) => {
        expect(events).toBe(machine.user.raw.events.SELECTED);
        this.ended = [status, ready];
      },
    });
  }

  get found(): number[] {
    return this.entries.map(({ found }) => found);
  }
}

describe.each(['free', 'checked'] as const)('select (%s)', (target) => {
  it('waits for octets, and says who has them', async ({ pair }) => {
    await pair({ target }, async (both) => {
      const { near, far, listener } = await open(both);
      const { user } = both.server;
      expect(await user.select({ read: [far, listener], write: [far] }))
        .toEqual({ read: [], write: [far], except: [] });
      expect(await user.select({ read: [far, listener] }, 0))
        .toEqual({ read: [], write: [], except: [] });
      const began = both.world.clock.now;
      expect(await user.select({ read: [far, listener], except: [far] }, 2500))
        .toEqual({ read: [], write: [], except: [] });
      expect(Math.abs(both.world.clock.now - began - 2.5 * SECOND)).toBeLessThanOrEqual(TICK_NS);
      const waits = user.select({ read: [listener, far] });
      await near.send('x');
      expect(await waits).toEqual({ read: [far], write: [], except: [] });
      expect((await user.select({ read: [far] }, 0)).read).toEqual([far]);
      await far.receive();
      expect((await user.select({ read: [far] }, 0)).read).toEqual([]);
      listener.close();
      await Promise.all([near.close(), far.close()]);
    });
  });

  it('waits for connections, datagrams and ends', async ({ pair }) => {
    await pair({ target }, async (both) => {
      const { near, far, listener } = await open(both);
      const { server: { user }, client } = both;
      const datagrams = await user.datagram(53);
      const sender = await client.user.datagram();
      const read = [listener, datagrams, far];
      const connects = user.select({ read });
      const second = await client.user.connect(SERVER, PORT);
      expect((await connects).read).toEqual([listener]);
      const accepted = await listener.accept();
      const comes = user.select({ read });
      await sender.send('', SERVER, 53);
      expect((await comes).read).toEqual([datagrams]);
      expect((await datagrams.receive())?.data).toHaveLength(0);
      const ends = user.select({ read });
      await near.close();
      expect((await ends).read).toEqual([far]);
      const resets = user.select({ read: [listener, accepted] });
      second.abort();
      expect((await resets).read).toEqual([accepted]);
      listener.close();
      datagrams.close();
      sender.close();
      await Promise.all([far.close(), accepted.close()]);
    });
  });

  it('waits for room', async ({ pair }) => {
    await pair({ target, link: 'wire:?delay=50ms' }, async (both) => {
      const { near, far, listener } = await open(both);
      const { user } = both.client;
      const sends = near.send(pattern(1_000_000));
      expect((await user.select({ write: [near] }, 0)).write).toEqual([]);
      const waits = user.select({ write: [near] });
      const drained = (async () => {
        for (let octets = 0; octets < 1_000_000;) octets += (await far.receive())?.length ?? 0;
      })();
      expect((await waits).write).toEqual([near]);
      await sends;
      await drained;
      listener.close();
      await Promise.all([near.close(), far.close()]);
    });
  });

  it('tells of what a socket without a buffer has with the transport', async ({ pair }) => {
    await pair({ target }, async ({ server, client, world }) => {
      const { raw } = server.user;
      const { RECEIVE } = raw.pollEvents;
      const listener = raw.open('stream', quiet);
      raw.option(listener, 'RECEIVE_BUFFER', 0);
      raw.bind(listener, 0, PORT);
      raw.listen(listener, 1);
      const near = await client.user.connect(SERVER, PORT);
      await world.sleep(SECOND);
      const far = raw.accept(listener, quiet);
      const waits = new Selecting(server, [[far, RECEIVE]], INFINITE);
      expect(waits.first).toBe(PENDING);
      await near.send('abc');
      await world.sleep(SECOND);
      expect([waits.ended, waits.found]).toEqual([[0, 1], [RECEIVE]]);
      expect(new Selecting(server, [[far, RECEIVE]], 0).first).toBe(1);
      expect(raw.receive(far, raw.allocate(10))).toBe(3);
      expect(new Selecting(server, [[far, RECEIVE]], 0).first).toBe(0);
      raw.close(far, true);
      raw.close(listener, true);
      await expect(near.receive()).rejects.toMatchObject({ status: 'CONNECTION_RESET' });
      await near.close();
    });
  });

  it('has connects that failed, and urgent octets, among the exceptions', async ({ pair }) => {
    await pair({ target }, async ({ server, client, world }) => {
      const { raw } = client.user;
      const { CONNECT_FAIL, CONNECT, RECEIVE_EXPEDITED, SEND } = raw.pollEvents;
      const wanted = CONNECT_FAIL | CONNECT | SEND;
      const [refused, open_] = [raw.open('stream', quiet), raw.open('stream', quiet)];
      const there = server.user.raw.open('stream', quiet);
      server.user.raw.bind(there, 0, PORT);
      server.user.raw.listen(there, 1);
      raw.connect(refused, ADDRESS, PORT + 1);
      const fails = new Selecting(client, [[refused, wanted]], INFINITE);
      raw.connect(open_, ADDRESS, PORT);
      const connects = new Selecting(client, [[open_, wanted]], INFINITE);
      expect([fails.first, connects.first]).toEqual([PENDING, PENDING]);
      await world.sleep(10 * SECOND);
      expect([fails.ended, fails.found]).toEqual([[0, 1], [CONNECT_FAIL]]);
      expect([connects.ended, connects.found]).toEqual([[0, 1], [CONNECT | SEND]]);

      const far = server.user.raw.accept(there, quiet);
      const urgent = new Selecting(client, [[open_, RECEIVE_EXPEDITED]], INFINITE);
      const block = server.user.raw.allocate(1);
      server.user.raw.sendUrgent(far, block, 1);
      await world.sleep(SECOND);
      expect([urgent.ended, urgent.found]).toEqual([[0, 1], [RECEIVE_EXPEDITED]]);
      expect(new Selecting(client, [[open_, RECEIVE_EXPEDITED]], 0).first).toBe(1);
      expect(raw.receiveUrgent(open_, raw.allocate(1))).toBe(1);
      expect(new Selecting(client, [[open_, RECEIVE_EXPEDITED]], 0).first).toBe(0);

      raw.option(open_, 'OOB_INLINE', 1);
      server.user.raw.sendUrgent(far, block, 1);
      await world.sleep(SECOND);
      const among = new Selecting(
        client, [[open_, RECEIVE_EXPEDITED | raw.pollEvents.RECEIVE]], 0);
      expect(among.found).toEqual([raw.pollEvents.RECEIVE]);
      for (const handle of [refused, open_]) raw.close(handle, true);
      for (const handle of [there, far]) server.user.raw.close(handle, true);
    });
  });

  it('ends where a socket is closed that it waits for', async ({ pair }) => {
    await pair({ target }, async (both) => {
      const { near, far, listener } = await open(both);
      const waits = both.server.user.select({ read: [listener, far] });
      listener.close();
      expect((await waits).read).toEqual([listener]);
      await expect(both.server.user.select({ read: [listener] }, 0))
        .rejects.toMatchObject({ status: 'INVALID_HANDLE' });
      await Promise.all([near.close(), far.close()]);
    });
  });

  it('is of many at once, several times at once', async ({ pair }) => {
    await pair({ target }, async (both) => {
      const { server, client, world } = both;
      const { raw } = server.user;
      const { RECEIVE } = raw.pollEvents;
      const listener = raw.open('stream', quiet);
      raw.bind(listener, 0, PORT);
      raw.listen(listener, 100);
      const nears = await Promise.all(
        Array.from({ length: 100 }, () => client.user.connect(SERVER, PORT)));
      await world.sleep(SECOND);
      const fars = nears.map(() => raw.accept(listener, quiet));
      const all = fars.map((handle) => [handle, RECEIVE] as const);
      const twice = [0, 1].map(() => new Selecting(server, all, INFINITE));
      const late = new Selecting(server, all.slice(0, 10), 3000);
      await nears[77]?.send('x');
      await world.sleep(SECOND);
      const found = all.map(([handle]) =>
        raw.query(handle, 'READABLE') === 1 ? RECEIVE : 0);
      expect(found.filter((each) => each !== 0)).toHaveLength(1);
      for (const each of twice) expect([each.ended, each.found]).toEqual([[0, 1], found]);
      await world.sleep(3 * SECOND);
      const isAmong = found.slice(0, 10).some((each) => each !== 0);
      expect(late.ended).toEqual(isAmong ? [0, 1] : [TIMEOUT, 0]);
      for (const handle of [...fars, listener]) raw.close(handle, true);
      for (const near of nears) near.abort();
    });
  });

  it('ends with its program, and a machine that stops leaves nothing of it', async ({ pair }) => {
    await pair({ target }, async (both) => {
      const { near, far, listener } = await open(both);
      const waits = both.server.user.select({ read: [listener, far] }, 60_000);
      const rejected = expect(waits).rejects.toMatchObject({ status: 'DEVICE_NOT_READY' });
      await both.world.sleep(SECOND);
      both.server.stop();
      await rejected;
      near.abort();
    });
  });

  it('refuses what is no socket, no set and no time', async ({ pair }) => {
    await pair({ target }, async ({ server }) => {
      const { user } = server;
      await expect(user.select({})).rejects.toThrow('there is no socket in its sets');
      const listener = await user.listen(PORT);
      await expect(user.select({ read: [listener] }, -1)).rejects.toThrow('timeoutMs: -1 is');
      const wrong = new Selecting(server, [[user.raw.open('stream', quiet), 1], [4096, 1]], 0);
      expect(wrong.first).toBeLessThan(0);
      expect(wrong.found).toEqual([0, 0]);
      expect(user.raw.select([], 0, quiet)).toBeLessThan(0);
      listener.close();
    });
  });
});
