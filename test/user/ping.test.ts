import { describe, expect } from 'vitest';
import { it, SECOND, SERVER } from './pair.js';

describe.each(['free', 'checked'] as const)('user/ping (%s)', (target) => {
  it('is answered, with the round trip of the wire', async ({ pair }) => {
    const link = 'wire:?latency=1ms&rate=0';
    await pair({ target, link }, async ({ client }) => {
      await client.ping(SERVER);
      const reply = await client.ping(SERVER);
      expect(reply).toEqual({ status: 'SUCCESS', roundTripUs: 2000 });
    });
  });

  it('carries as much as a datagram holds, in pieces if it must, and no more', async ({ pair }) => {
    await pair({ target }, async ({ client, server }) => {
      expect(await client.ping(SERVER, { octets: 1472 })).toMatchObject({ status: 'SUCCESS' });
      expect(server.counters()['ICMP_IN_ECHOS']).toBe(1);
      expect(await client.ping(SERVER, { octets: 8000 })).toMatchObject({ status: 'SUCCESS' });
      expect(server.counters()['IP_REASM_OKS']).toBe(1);
      expect(await client.ping(SERVER, { octets: 65_507 })).toMatchObject({ status: 'SUCCESS' });
      expect(server.counters()['ICMP_IN_ECHOS']).toBe(3);
      await expect(client.ping(SERVER, { octets: 65_508 })).rejects.toThrow('0..65507');
    });
  });

  it('is answered by nobody where nobody is', async ({ pair }) => {
    await pair({ target }, async ({ world, client }) => {
      const beganNs = world.clock.now;
      const { status, roundTripUs } = await client.ping('10.0.0.9', { timeoutMs: 500 });
      expect(status).not.toBe('SUCCESS');
      expect(roundTripUs).toBe(0);
      expect(world.clock.now - beganNs).toBeLessThan(5 * SECOND);
    });
  });

  it('names what is wrong with an argument', async ({ pair }) => {
    await pair({ target }, async ({ client }) => {
      await expect(client.ping('nowhere')).rejects.toThrow(/host: 'nowhere'/);
      await expect(client.ping(SERVER, { octets: 65_508 })).rejects.toThrow(/octets.*0\.\.65507/);
      await expect(client.ping(SERVER, { timeoutMs: 0 })).rejects.toThrow(/timeoutMs.*1\.\./);
    });
  });
});
