/** Two machines on a wire, for the tests of user mode: each at rest at the end. */

import type { Machine, World, WorldOptions } from '../../host/index.js';
import { test } from '../../host/vitest.js';

export const SECOND = 1e9;
export const SERVER = '10.0.0.1';
export const CLIENT = '10.0.0.2';

export interface Pair {
  readonly world: World;
  readonly server: Machine;
  readonly client: Machine;
}

/** Runs a program on two machines, in at most an hour of virtual time; what it gives. */
export type RunPair = <T>(
  options: Omit<WorldOptions, 'machines'>,
  program: (pair: Pair) => Promise<T>,
) => Promise<T>;

/** A test with `pair`; the machines are asked the four questions afterwards. */
export const it = test.extend<{ pair: RunPair }>({
  pair: async ({ world: make }, use) => {
    await use(async (options, program) => {
      const world = await make({
        ...options,
        machines: [
          { name: 'server', address: `${SERVER}/24` },
          { name: 'client', address: `${CLIENT}/24` },
        ],
      });
      const [server, client] = [world.machine('server'), world.machine('client')];
      return world.complete(program({ world, server, client }), 3600 * SECOND);
    });
  },
});

/** Octets that are not all alike, and the same each time. */
export function pattern(length: number, salt = 0): Uint8Array {
  const octets = new Uint8Array(length);
  for (let i = 0; i < length; i++) octets[i] = (i * 31 + (i >>> 8) * 7 + salt) & 0xff;
  return octets;
}
