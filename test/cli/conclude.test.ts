import { describe, expect } from 'vitest';
import { conclude } from '../../host/cli/conclude.js';
import { complain, emptyFigures } from '../../host/load/load.js';
import type { Load } from '../../host/load/load.js';
import type { World } from '../../host/machine/world.js';
import { test } from '../../host/vitest.js';
import { VERDICT_KINDS } from '../../host/watch/verdict.js';

/** A load that has something open for so long after it was stopped. */
function lasting(ns: number, now: () => number): Load {
  let endNs = Infinity;
  return {
    name: 'lasting',
    figures: emptyFigures(),
    get open() {
      return now() < endNs ? 2 : 0;
    },
    start() {},
    stop() {
      endNs = now() + ns;
    },
    abandon() {},
  };
}

/** A world in which a load has something open for so long. */
const it = test.extend<{ arena: (ns: number) => Promise<{ world: World; load: Load }> }>({
  arena: async ({ world: begin }, use) => {
    await use(async (ns) => {
      const world = await begin({ machines: [{ name: 'one', address: '10.0.0.1/24' }] });
      return { world, load: lasting(ns, () => world.clock.now) };
    });
  },
});

describe('cli/conclude', () => {
  it('gives what a load complains of as a verdict, of a kind that there is', async ({ arena }) => {
    const begun = await arena(0);
    complain(begun.load.figures, 'octet 7 is not as sent');
    const { verdicts } = await conclude(begun);
    expect(verdicts).toMatchObject([{ kind: 'data', sentence: 'octet 7 is not as sent' }]);
    expect(VERDICT_KINDS).toContain(verdicts[0]?.kind);
  });

  it('waits for what is open, so long and no longer', async ({ arena }) => {
    const short = await conclude(await arena(100e9));
    expect(short.unjudged).toBe(0);
    expect(short.abandonNs - short.stopNs).toBeCloseTo(100e9, -8);
    const long = await conclude(await arena(1000e9));
    expect(long.unjudged).toBe(2);
    expect(long.abandonNs - long.stopNs).toBe(150e9);
    expect(long.verdicts).toEqual([]);
  });
});
