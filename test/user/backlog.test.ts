/** Backlogs of listeners: as long as a release lets them be, and dynamic ones (Q142641). */

import { describe, expect } from 'vitest';
import type { Machine, Socket, WorldOptions } from '../../host/index.js';
import { readPoolTags } from '../../host/kernel/inspect.js';
import { it, SECOND, SERVER } from './pair.js';
import type { RunPair } from './pair.js';

const PORT = 80;
/** Of the tag of sockets, and none: what a listener has besides. */
const LISTENERS = 1;
/** A connect that is refused ends at once. */
const ONCE = { NtstackRefusedRetryDelay: 0 };

/** How many of `count` connects at once are not refused by a listener that never accepts. */
async function taken(
  pair: RunPair, options: Omit<WorldOptions, 'machines'>, backlog: number, count: number,
  pauses: readonly number[] = [],
): Promise<number> {
  return pair({ target: 'checked', ...options, parameters: { ...ONCE, ...options.parameters } },
    async ({ server, client, world }) => {
      const listener = await server.user.listen(PORT, { backlog });
      const open: Socket[] = [];
      for (const [i, connects] of [...pauses, count].entries()) {
        if (i > 0) await world.sleep(SECOND);
        open.push(...await connectAll(client, connects));
      }
      listener.close();
      for (const socket of open) socket.abort();
      return open.length;
    });
}

async function connectAll(client: Machine, count: number): Promise<Socket[]> {
  const ends = await Promise.allSettled(
    Array.from({ length: count }, () => client.user.connect(SERVER, PORT)));
  return ends.flatMap((end) => {
    if (end.status === 'fulfilled') return [end.value];
    expect(end.reason).toMatchObject({ status: 'CONNECTION_REFUSED' });
    return [];
  });
}

/** Sockets that there are, those of backlogs among them. */
function socketsOf(machine: Machine): number {
  const found = readPoolTags(machine.kernel).find(({ tag }) => tag === 'AfdE');
  return found === undefined ? 0 : found.allocations - found.frees - LISTENERS;
}

describe('a backlog', () => {
  for (const [release, longest] of [
    ['nt35', 100], ['nt351', 100], ['nt40', 200], ['nt40sp6a-q297040', 200],
  ] as const) {
    it(`of ${release} is ${longest} at most, and the next SYN is refused`, async ({ pair }) => {
      expect(await taken(pair, { release, faults: [] }, 5000, longest + 3)).toBe(longest);
      expect(await taken(pair, { release, faults: [] }, 7, 12)).toBe(7);
    });
  }

  it('of NT 4.0 Workstation is five', async ({ pair }) => {
    const parameters = { NtstackListenBacklog: 5 };
    expect(await taken(pair, { release: 'nt40', parameters, faults: [] }, 200, 12)).toBe(5);
  });

  const DYNAMIC = {
    EnableDynamicBacklog: 1, MinimumDynamicBacklog: 5, MaximumDynamicBacklog: 30,
    DynamicBacklogGrowthDelta: 10,
  };

  it('that is dynamic grows where few of it are idle', async ({ pair }) => {
    // Nobody accepts: without growth, ten.
    const off = { ...DYNAMIC, EnableDynamicBacklog: 0 };
    expect(await taken(pair, { parameters: off }, 10, 5, [5, 5, 5])).toBe(10);
    expect(await taken(pair, { parameters: DYNAMIC }, 10, 5, [5, 5, 5, 5, 5, 5])).toBe(35);
  });

  it('gains nothing where it asks for no more than the minimum', async ({ pair }) => {
    expect(await taken(pair, { parameters: DYNAMIC }, 5, 5, [5, 5])).toBe(5);
  });

  it('has no more idle and half open than the maximum', async ({ pair }) => {
    const parameters = { ...DYNAMIC, MinimumDynamicBacklog: 9, MaximumDynamicBacklog: 12 };
    await pair({ target: 'checked', parameters: { ...ONCE, ...parameters } }, async (both) => {
      const { server, client, world } = both;
      const listener = await server.user.listen(PORT, { backlog: 10 });
      const open: Socket[] = [];
      for (let round = 0; round < 10; round++) {
        open.push(...await connectAll(client, 20));
        await world.sleep(SECOND);
        // The listener, and what has arrived.
        const idle = socketsOf(server) - 1 - open.length;
        expect(idle).toBeGreaterThan(0);
        expect(idle).toBeLessThanOrEqual(12);
      }
      expect(open.length).toBeGreaterThan(12);
      listener.close();
      for (const socket of open) socket.abort();
    });
  });

  it('grows by its delta at a time', async ({ pair }) => {
    const parameters = { ...DYNAMIC, MinimumDynamicBacklog: 1, DynamicBacklogGrowthDelta: 3 };
    // All ten go at once: what a worker makes then is for those who come later.
    expect(await taken(pair, { parameters, link: 'wire:?delay=10ms' }, 10, 10, [10])).toBe(13);
  });

  it('is filled again as connections are accepted, and no longer than it was', async ({ pair }) => {
    await pair({ target: 'checked', parameters: { ...ONCE, ...DYNAMIC } }, async (both) => {
      const { server, client, world } = both;
      const listener = await server.user.listen(PORT, { backlog: 10 });
      const lengths: number[] = [];
      for (let round = 0; round < 20; round++) {
        const nears = await connectAll(client, 8);
        expect(nears).toHaveLength(8);
        for (const near of nears) near.abort();
        for (let i = 0; i < nears.length; i++) await (await listener.accept()).close();
        await world.sleep(SECOND);
        lengths.push(socketsOf(server));
      }
      // The listener, and at most the ten, or those that were idle when one of them was wanted.
      expect(Math.max(...lengths)).toBeLessThanOrEqual(1 + 10 + 10);
      listener.close();
    });
  });
});
