import { describe, expect, vi } from 'vitest';
import { createConnectStorm } from '../../host/load/connectstorm.js';
import { SECOND, it, perform } from './stage.js';

describe('load/connectstorm', () => {
  it('opens and closes where one is, counts who refuses or is not there', async ({ stage }) => {
    const world = await stage({ link: 'switch:?latency=10ms' }, 1);
    const load = createConnectStorm({ places: 8 });
    await perform(world, load, 100 * SECOND);
    const { figures } = load;
    expect(figures).toMatchObject({ errors: 0, complaints: [], aborted: 0 });
    expect(figures.opened).toBe(figures.closed);
    expect(figures.exchanges).toBe(figures.closed);
    expect(figures.octets).toBe(figures.exchanges * 200);
    // A refused connect takes 1.5 s of SYNs (Q175523), one to nobody 45 s (Q142641's schedule).
    expect(figures.refused).toBeGreaterThan(55);
    expect(figures.refused).toBeLessThan(70);
    // The third was begun before the load was stopped, and came to its end behind it.
    expect(figures.unreachable).toBe(3);
  });

  it('answers when it has all of a request, however small its parts', async ({ stage }) => {
    const world = await stage({ parameters: { MTU: 68 } }, 1);
    const load = createConnectStorm({ places: 4 });
    await perform(world, load, 5 * SECOND);
    const { figures } = load;
    expect(figures).toMatchObject({ errors: 0, complaints: [], aborted: 0 });
    expect(figures.exchanges).toBeGreaterThan(50);
    expect(figures.octets).toBe(figures.exchanges * 200);
  });

  it('complains of an answer that is too short', async ({ stage }) => {
    const world = await stage({}, 1);
    const { raw } = world.machine('server').user;
    const send = raw.send.bind(raw);
    const short: typeof raw.send = (handle, box, octets) => send(handle, box, octets / 2);
    vi.spyOn(raw, 'send').mockImplementation(short);
    const load = createConnectStorm({ places: 1 });
    await perform(world, load, SECOND);
    expect(load.figures.complaints[0]).toMatch(/^storm: \S+: 50 of 100 octets came$/);
  });

  it('counts, and outlives, a machine that has no port left (Q149532)', async ({ stage }) => {
    const world = await stage({}, 1);
    const load = createConnectStorm({ places: 32 });
    await perform(world, load, 60 * SECOND);
    const { figures } = load;
    expect(figures.exhausted).toBeGreaterThan(0);
    expect(figures.closed).toBeGreaterThan(5000);
    expect(figures).toMatchObject({ errors: 0, complaints: [], aborted: 0 });
  });
});
