import { describe, expect } from 'vitest';
import { createSynFlood } from '../../host/load/synflood.js';
import { introduce } from '../../host/load/load.js';
import { SECOND, contextOf, it, perform } from './stage.js';

describe('load/synflood', () => {
  it('fills the backlog with half-open connections; SYNs beyond are refused', async ({ stage }) => {
    const world = await stage({}, 1);
    const context = contextOf(world);
    const load = createSynFlood({ perSecond: 2000 });
    await introduce(world, context);
    load.start(world, context);
    await world.run(SECOND);
    const { server } = context;
    const halfOpen = server.connections().filter(({ state }) => state === 'SYN_RECEIVED');
    expect(halfOpen.length).toBe(200);
    expect(load.figures.injected).toBeGreaterThanOrEqual(2000);
    expect(load.figures.injected).toBeLessThan(2050);
    const drops = server.drops();
    expect(drops['TCP_NO_BACKLOG']).toBeGreaterThan(1500);
    expect(drops).toMatchObject({ IP_CHECKSUM: 0, TCP_CHECKSUM: 0, TCP_OPTION: 0, IP_NO_ROUTE: 0 });
    load.abandon();
    await world.run(SECOND);
  });

  it('leaves nothing when it is over', async ({ stage }) => {
    const world = await stage({}, 1);
    const load = createSynFlood({ perSecond: 1000 });
    await perform(world, load, 5 * SECOND);
    expect(load.figures.injected).toBeGreaterThanOrEqual(5000);
    expect(load.open).toBe(0);
  });

  it('says what a rate may be', () => {
    expect(() => createSynFlood({ perSecond: 0 })).toThrow(TypeError);
    expect(() => createSynFlood({ perSecond: 2e6 })).toThrow(/perSecond: 2000000 .* 1000000/);
  });
});
