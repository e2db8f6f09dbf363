/** A small world for the tests of loads: a server, clients, a switch; and how a load runs there. */

import type { World, WorldOptions } from '../../host/index.js';
import { introduce } from '../../host/load/load.js';
import type { Load, LoadContext } from '../../host/load/load.js';
import { test } from '../../host/vitest.js';

export const SECOND = 1e9;

/** What a load is given in these worlds. */
export function contextOf(world: World): LoadContext {
  return {
    server: world.machine('server'),
    clients: world.machines.filter(({ name }) => name !== 'server'),
    spare: { first: 0x0a00_00c8, last: 0x0a00_00fa },
  };
}

type MakeStage = (options?: Partial<WorldOptions>, clients?: number) => Promise<World>;

/**
 * A test with worlds of a server and clients, in which nothing is known to be wrong; the machines
 * are asked the four questions afterwards.
 */
export const it = test.extend<{ stage: MakeStage }>({
  stage: async ({ world }, use) => {
    await use(async (options = {}, clients = 2) => world({
      link: 'switch:?latency=500us',
      release: 'nt40sp6a-q297040',
      ...options,
      machines: [
        { name: 'server', address: '10.0.0.1/24', gateway: '10.0.0.254' },
        ...Array.from({ length: clients }, (_, i) => {
          return { name: `client${i + 1}`, address: `10.0.0.${11 + i}/24` };
        }),
      ],
    }));
  },
});

/** Runs a load for some virtual time, then to its end. */
export async function perform(world: World, load: Load, ns: number): Promise<void> {
  const context = contextOf(world);
  await introduce(world, context);
  load.start(world, context);
  await world.run(ns);
  load.stop();
  await world.runUntil(() => load.open === 0, 60 * SECOND);
  load.abandon();
  await world.runUntil(() => world.machines.every(isQuiet), 600 * SECOND);
}

function isQuiet({ kernel }: World['machines'][number]): boolean {
  return kernel.raw.irpsInUse() === 0;
}
