/** Several loads at once, by weight: the more weight, the more of it goes on at a time. */

import type { World } from '../machine/world.js';
import { createBulk } from './bulk.js';
import { createConnectStorm } from './connectstorm.js';
import { sumFigures } from './load.js';
import type { Load, LoadContext, LoadFigures } from './load.js';
import { createMessages } from './messages.js';
import { mostAtOnce } from './recording.js';
import type { Conversation } from './recording.js';
import { createReplay } from './replay.js';
import { createSynFlood } from './synflood.js';

/** The loads that a mix may have. */
export const LOAD_NAMES = ['bulk', 'messages', 'storm', 'synflood', 'replay'] as const;

/** One of them. */
export type LoadName = (typeof LOAD_NAMES)[number];

/** Of each load as much as its weight says; those without are not there. */
export type LoadWeights = Readonly<Partial<Record<LoadName, number>>>;

/** What `mix` stands for: much data, and a little of all that gets in its way. */
export const MIX: LoadWeights = { bulk: 4, messages: 2, storm: 1, synflood: 1 };

/** Connections of each client in all, by which weights are measured. */
const CONNECTIONS = 32;
/** SYNs a second, for a flood of as much weight as there is in all. */
const FLOOD = 20_000;

/**
 * Loads by weight; `conversations` are what a replay plays.
 * @throws TypeError for weights that are none, and for a replay without conversations.
 */
export function createMix(weights: LoadWeights, conversations: readonly Conversation[] = []): Load {
  const named = LOAD_NAMES.filter((name) => weights[name] !== undefined);
  const total = named.reduce((sum, name) => sum + (weights[name] ?? 0), 0);
  const wrong = named.find((name) => !((weights[name] ?? 0) > 0 && total < Infinity));
  if (wrong !== undefined) throw new TypeError(`${wrong}: ${weights[wrong]} is no weight above 0`);
  const loads = named.map((name) => {
    return createLoad(name, (weights[name] ?? 0) / total, conversations);
  });
  const [first] = loads;
  if (first === undefined) throw new TypeError(`no load; there are ${LOAD_NAMES.join(', ')}`);
  return loads.length === 1 ? first : new Mix(loads);
}

function createLoad(
  name: LoadName, share: number, conversations: readonly Conversation[],
): Load {
  const connections = Math.max(1, Math.round(CONNECTIONS * share));
  switch (name) {
    case 'bulk':
      // Each has a window of segments under way, and buffers that the cache should hold.
      return createBulk({ streams: Math.ceil(connections / 2) });
    case 'messages':
      return createMessages({ connections });
    case 'storm':
      // Its eight kinds of places want to be complete.
      return createConnectStorm({ places: Math.max(8, connections) });
    case 'synflood':
      return createSynFlood({ perSecond: Math.max(1, Math.round(FLOOD * share)) });
    case 'replay': {
      // A recording of many conversations at once is a load by itself.
      const rounds = Math.round(connections / Math.max(1, mostAtOnce(conversations)));
      return createReplay({ conversations, rounds: Math.max(1, rounds) });
    }
  }
}

class Mix implements Load {
  readonly name = 'mix';

  constructor(private readonly loads: readonly Load[]) {}

  get figures(): LoadFigures {
    return sumFigures(this.loads.map((load) => load.figures));
  }

  get open(): number {
    return this.loads.reduce((sum, load) => sum + load.open, 0);
  }

  start(world: World, context: LoadContext): void {
    for (const load of this.loads) load.start(world, context);
  }

  stop(): void {
    for (const load of this.loads) load.stop();
  }

  abandon(): void {
    for (const load of this.loads) load.abandon();
  }
}
