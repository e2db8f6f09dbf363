import { describe, expect } from 'vitest';
import { emptyFigures, sumFigures } from '../../host/load/load.js';
import { MIX, createMix } from '../../host/load/mix.js';
import { SECOND, it, perform } from './stage.js';

describe('load/mix', () => {
  it('is several loads at once, and its figures are theirs together', async ({ stage }) => {
    const world = await stage();
    const load = createMix(MIX);
    await perform(world, load, 4 * SECOND);
    const { figures } = load;
    expect(figures).toMatchObject({ errors: 0, complaints: [], aborted: 0 });
    for (const name of ['opened', 'closed', 'refused', 'octets', 'verified'] as const) {
      expect(figures[name], name).toBeGreaterThan(0);
    }
    expect(figures.exchanges).toBeGreaterThan(figures.opened);
    expect(figures.injected).toBeGreaterThan(4 * 2500 - 16);
    expect(load.open).toBe(0);
  });

  it('has more of what weighs more', async ({ stage }) => {
    const floods = [];
    for (const weights of [{ messages: 1, synflood: 1 }, { messages: 1, synflood: 3 }]) {
      const world = await stage({}, 1);
      const load = createMix(weights);
      await perform(world, load, SECOND);
      floods.push(load.figures.injected);
    }
    expect(floods).toEqual([10_016, 15_008]);
  });

  it('is the load itself where there is one', () => {
    expect(createMix({ bulk: 3 }).name).toBe('bulk');
    expect(createMix({ bulk: 3, storm: 1 }).name).toBe('mix');
  });

  it('says what weights may be', () => {
    expect(() => createMix({})).toThrow(/no load; there are bulk, messages/);
    expect(() => createMix({ bulk: 0 })).toThrow(/bulk: 0 is no weight/);
    expect(() => createMix({ bulk: 1, storm: NaN })).toThrow(TypeError);
    expect(() => createMix({ replay: 1 })).toThrow(/conversations: none/);
  });

  it('adds up figures and keeps complaints', () => {
    const one = emptyFigures();
    one.opened = 2;
    one.complaints.push('one');
    const other = { ...emptyFigures(), opened: 3, errors: 1, complaints: ['two'] };
    expect(sumFigures([one, other])).toMatchObject({
      opened: 5, errors: 1, complaints: ['one', 'two'],
    });
  });
});
