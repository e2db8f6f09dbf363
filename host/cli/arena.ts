/** Where `ntstack run` takes place: a server, its clients, the link between them, and the load. */

import type { CaptureWriter } from '../link/pcapngwrite.js';
import { introduce } from '../load/load.js';
import type { Load, LoadContext } from '../load/load.js';
import { createMix } from '../load/mix.js';
import { findRelease } from '../machine/release.js';
import type { World } from '../machine/world.js';
import { createWorld } from '../user/create.js';
import type { WorldMachineOptions } from '../user/create.js';
import type { RunPlan } from './plan.js';

/** The targets of the two phases. */
export type PhaseTarget = 'free' | 'checked';

/** A world under load. The same plan and target, the same world. */
export interface Arena {
  readonly world: World;
  readonly load: Load;
}

const CLIENTS = 3;
const SERVER = '10.0.0.1/24';
const GATEWAY = '10.0.0.254';
/** 10.0.0.200 to 10.0.0.250. */
const SPARE = { first: 0x0a00_00c8, last: 0x0a00_00fa };

/** Boots the machines and begins the load. Only `checked` has the defects of a release. */
export async function openArena(
  plan: RunPlan, target: PhaseTarget, pcap?: CaptureWriter,
): Promise<Arena> {
  const hasDefects = target === 'checked' && findRelease(plan.release).faults.length > 0;
  const own: Partial<WorldMachineOptions> = hasDefects ? { faults: 'release' } : {};
  const clients = Array.from({ length: CLIENTS }, (_, i) => {
    return { name: `client${i + 1}`, address: `10.0.0.${11 + i}/24`, ...own };
  });
  const world = await createWorld({
    seed: plan.seed,
    target,
    release: plan.release,
    parameters: plan.parameters,
    link: plan.link,
    machines: [{ name: 'server', address: SERVER, gateway: GATEWAY, ...own }, ...clients],
    digest: false,
    ...(pcap === undefined ? {} : { pcap }),
  });
  const load = createMix(plan.weights, plan.conversations);
  const context: LoadContext = {
    server: world.machine('server'),
    clients: world.machines.slice(1),
    spare: SPARE,
  };
  try {
    await introduce(world, context);
    load.start(world, context);
  } catch (thrown) {
    world.stop();
    throw thrown;
  }
  return { world, load };
}
