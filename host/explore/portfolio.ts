/** The strategies by their names, and the portfolio: no single one is best at everything. */

import { clocks } from './clocks.js';
import { delayBounded } from './delay.js';
import type { Kinds } from './kinds.js';
import { Exhaustive } from './exhaustive.js';
import { Order } from './order.js';
import { pct } from './pct.js';
import { pos } from './pos.js';
import { randomWalk } from './random.js';
import { surw, urw } from './urw.js';
import type { Strategy } from './strategy.js';

const STRATEGIES: Readonly<Record<string, (kinds: Kinds) => Strategy>> = {
  random: randomWalk,
  pct3: () => pct(3),
  pct10: () => pct(10),
  pos,
  urw,
  surw,
  delay2: () => delayBounded(2),
  clocks,
  order: () => new Order(),
  exhaustive: (kinds) => new Exhaustive(kinds),
};

/**
 * What takes turns where nobody asks for a strategy. The first of all schedules is `order`'s, with
 * equal clocks, and it has three of four: what most defects need is one or two meetings reversed.
 */
export const PORTFOLIO: readonly string[] = [
  'urw', 'pos', 'surw', 'random', 'pct3', 'clocks', 'delay2',
].flatMap((other) => ['order', 'order', 'order', other]);

/** Names that can be asked for. */
export const STRATEGY_NAMES: readonly string[] = [...Object.keys(STRATEGIES), 'portfolio'];

/** How to make each, by name. @throws TypeError that names the unknown one, and those there are. */
export function strategiesOf(
  names: readonly string[] = PORTFOLIO,
): ((kinds: Kinds) => Strategy)[] {
  const wanted = names.flatMap((name) => name === 'portfolio' ? PORTFOLIO : [name]);
  return wanted.map((name) => {
    const make = STRATEGIES[name];
    if (make === undefined) {
      throw new TypeError(`no strategy ${name}: ${STRATEGY_NAMES.join(', ')}`);
    }
    return make;
  });
}

/**
 * Strategies by name; one that is named several times is the same one, with what it has kept.
 * @throws TypeError as `strategiesOf` does.
 */
export function makeStrategies(names: readonly string[] | undefined, kinds: Kinds): Strategy[] {
  const made = new Map<(kinds: Kinds) => Strategy, Strategy>();
  return strategiesOf(names).map((make) => {
    const strategy = made.get(make) ?? make(kinds);
    made.set(make, strategy);
    return strategy;
  });
}
