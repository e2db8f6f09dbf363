/** SO_LINGER (Winsock 1.1, 4.1.17): off, on without time, on with some. */

import { describe, expect } from 'vitest';
import { TICK_NS } from '../../host/index.js';
import type { ConnectOptions, ListenOptions, Machine, Socket } from '../../host/index.js';
import { it, pattern, SECOND, SERVER } from './pair.js';
import type { Pair } from './pair.js';

const PORT = 80;
const DELAY_NS = 100e6;
const LINK = 'wire:?delay=100ms';
/** l_onoff of the struct linger. */
const ON = 0x10000;
/** More than a receiver that does not read takes. */
const MUCH = 400_000;

async function open(
  { server, client }: Pair, options: ConnectOptions = {}, listening: ListenOptions = {},
): Promise<{ near: Socket; far: Socket }> {
  const listener = await server.user.listen(PORT, listening);
  const connects = client.user.connect(SERVER, PORT, { sendBuffer: MUCH, ...options });
  const [near, far] = await Promise.all([connects, listener.accept()]);
  listener.close();
  return { near, far };
}

/** What came before the end, and what the end was. */
async function drain(socket: Socket): Promise<{ octets: number; end: string }> {
  let octets = 0;
  try {
    for await (const piece of socket) octets += piece.length;
    return { octets, end: 'closed' };
  } catch (error) {
    return { octets, end: (error as { status?: string }).status ?? String(error) };
  }
}

function resetsOf(machine: Machine): number {
  return machine.counters()['TCP_OUT_RSTS'] ?? 0;
}

describe.each(['free', 'checked'] as const)('SO_LINGER (%s)', (target) => {
  it('is off at first: a close does not wait, and all arrives', async ({ pair }) => {
    await pair({ target, link: LINK }, async (both) => {
      const { near, far } = await open(both);
      await near.send(pattern(MUCH));
      const began = both.world.clock.now;
      await near.close();
      expect(both.world.clock.now).toBe(began);
      expect(await drain(far)).toEqual({ octets: MUCH, end: 'closed' });
      await far.close();
    });
  });

  it('has a close wait until all is acknowledged', async ({ pair }) => {
    await pair({ target, link: LINK }, async (both) => {
      const { near, far } = await open(both, { linger: 30 });
      const drained = drain(far);
      await near.send(pattern(MUCH));
      const began = both.world.clock.now;
      await near.close();
      expect(both.world.clock.now - began).toBeGreaterThanOrEqual(2 * DELAY_NS);
      expect(both.world.clock.now - began).toBeLessThan(30 * SECOND);
      expect(await drained).toEqual({ octets: MUCH, end: 'closed' });
      expect(resetsOf(both.client)).toBe(0);
      await far.close();
    });
  });

  it('has nothing to wait for where all is acknowledged', async ({ pair }) => {
    await pair({ target, link: LINK }, async (both) => {
      const { near, far } = await open(both, { linger: 30 });
      await near.send('x');
      await both.world.sleep(SECOND);
      const began = both.world.clock.now;
      await near.close();
      expect(both.world.clock.now).toBe(began);
      expect(await drain(far)).toEqual({ octets: 1, end: 'closed' });
      await far.close();
    });
  });

  it('resets the connection when the time is up', async ({ pair }) => {
    await pair({ target, link: LINK }, async (both) => {
      const { near, far } = await open(both, { linger: 2 });
      await near.send(pattern(MUCH));
      const began = both.world.clock.now;
      await expect(near.close()).rejects.toMatchObject({ status: 'IO_TIMEOUT' });
      expect(Math.abs(both.world.clock.now - began - 2 * SECOND)).toBeLessThanOrEqual(TICK_NS);
      await both.world.sleep(SECOND);
      expect(resetsOf(both.client)).toBeGreaterThan(0);
      const { octets, end } = await drain(far);
      expect(octets).toBeGreaterThan(0);
      expect(octets).toBeLessThan(MUCH);
      expect(end).toBe('CONNECTION_RESET');
      await far.close();
    });
  });

  it('without time has a close reset at once, whatever is on its way', async ({ pair }) => {
    await pair({ target, link: LINK }, async (both) => {
      const { near, far } = await open(both, { linger: 0 });
      await near.send(pattern(MUCH));
      const began = both.world.clock.now;
      await near.close();
      expect(both.world.clock.now).toBe(began);
      expect(resetsOf(both.client)).toBe(1);
      const { octets, end } = await drain(far);
      expect(octets).toBeLessThan(MUCH);
      expect(end).toBe('CONNECTION_RESET');
      await far.close();
    });
  });

  it('is inherited by the connections of a listener', async ({ pair }) => {
    await pair({ target }, async (both) => {
      const { near, far } = await open(both, {}, { linger: 0 });
      await far.close();
      expect(await drain(near)).toEqual({ octets: 0, end: 'CONNECTION_RESET' });
      await near.close();
    });
  });

  it('ends where the peer resets the connection', async ({ pair }) => {
    await pair({ target, link: LINK }, async (both) => {
      const { near, far } = await open(both, { linger: 30 });
      await near.send(pattern(MUCH));
      const closed = expect(near.close()).rejects.toMatchObject({ status: 'CONNECTION_RESET' });
      await both.world.sleep(SECOND);
      far.abort();
      await closed;
    });
  });

  it('ends with its program', async ({ pair }) => {
    await pair({ target, link: LINK }, async (both) => {
      const { near, far } = await open(both, { linger: 30 });
      await near.send(pattern(MUCH));
      const closed = near.close();
      await both.world.sleep(SECOND);
      both.client.stop();
      await closed;
      far.abort();
    });
  });

  it('is not for datagrams, is asked for, and is a number of 16 bits', async ({ pair }) => {
    await pair({ target }, async ({ server: { user } }) => {
      const quiet = { onEvent: () => undefined };
      const [stream, datagram] = [user.raw.open('stream', quiet), user.raw.open('datagram', quiet)];
      expect(user.raw.query(stream, 'LINGER')).toBe(0);
      expect(user.raw.option(stream, 'LINGER', ON + 7)).toBe(0);
      expect(user.raw.query(stream, 'LINGER')).toBe(ON + 7);
      expect(user.raw.option(stream, 'LINGER', 0)).toBe(0);
      expect(user.raw.query(stream, 'LINGER')).toBe(0);
      expect(user.raw.option(datagram, 'LINGER', ON)).toBeLessThan(0);
      expect(user.raw.linger(stream)).toBe(0);
      expect(user.raw.linger(77)).toBeLessThan(0);
      user.raw.close(stream, true);
      user.raw.close(datagram, true);
      await expect(user.listen(81, { linger: -1 })).rejects.toThrow('linger: -1 is');
      await expect(user.listen(81, { linger: 65_536 })).rejects.toThrow('linger: 65536 is');
    });
  });
});
