/** A small world for the tests of loads: a server, clients, a switch; and how a load runs there. */

import { createWorld } from '../../host/index.js';
import type { World, WorldOptions } from '../../host/index.js';
import { introduce } from '../../host/load/load.js';
import type { Load, LoadContext } from '../../host/load/load.js';
import { mustRest } from '../machine/rest.js';

export const SECOND = 1e9;

/** What a load is given in these worlds. */
export function contextOf(world: World): LoadContext {
  return {
    server: world.machine('server'),
    clients: world.machines.filter(({ name }) => name !== 'server'),
    spare: { first: 0x0a00_00c8, last: 0x0a00_00fa },
  };
}

/** A world of a server and clients, in which nothing is known to be wrong. */
export async function openStage(
  options: Partial<WorldOptions> = {}, clients = 2,
): Promise<World> {
  return createWorld({
    target: 'checked',
    link: 'switch:?latency=500us',
    release: 'nt40sp6a-q297040',
    ...options,
    machines: [
      { name: 'server', address: '10.0.0.1/24', gateway: '10.0.0.254' },
      ...Array.from({ length: clients }, (_, i) => {
        return { name: `client${i + 1}`, address: `10.0.0.${11 + i}/24` };
      }),
    ],
  });
}

/** Runs a load for some virtual time, then to its end; the machines are at rest afterwards. */
export async function perform(world: World, load: Load, ns: number): Promise<void> {
  const context = contextOf(world);
  await introduce(world, context);
  load.start(world, context);
  await world.run(ns);
  load.stop();
  await world.runUntil(() => load.open === 0, 60 * SECOND);
  load.abandon();
  await world.runUntil(() => world.machines.every(isQuiet), 600 * SECOND);
  for (const machine of world.machines) mustRest(machine);
  world.stop();
}

function isQuiet({ kernel }: World['machines'][number]): boolean {
  return kernel.raw.irpsInUse() === 0;
}
