import { describe, expect } from 'vitest';
import { PIECE_OCTETS, createBulk } from '../../host/load/bulk.js';
import { introduce } from '../../host/load/load.js';
import { SECOND, contextOf, it, perform } from './stage.js';

describe('load/bulk', () => {
  it('moves data both ways, compares a part of it, and begins new streams', async ({ stage }) => {
    const world = await stage();
    const load = createBulk({ streams: 9, pieces: 4 });
    await perform(world, load, 2 * SECOND);
    const { figures } = load;
    expect(figures).toMatchObject({ errors: 0, complaints: [], aborted: 0, refused: 0 });
    expect(figures.closed).toBeGreaterThan(18);
    expect(figures.opened).toBe(figures.closed);
    expect(figures.octets).toBeGreaterThan(18 * 4 * PIECE_OCTETS);
    expect(figures.verified).toBeGreaterThan(4 * PIECE_OCTETS);
    expect(figures.verified).toBeLessThan(figures.octets);
  });

  it('brings every octet through loss, reordering and duplication', async ({ stage }) => {
    const world = await stage({
      link: 'switch:?latency=500us&loss=3%25&reorder=5%25&duplicate=2%25&delay=5ms', seed: 5,
    });
    const load = createBulk({ streams: 3, pieces: 8 });
    await perform(world, load, 60 * SECOND);
    expect(load.figures).toMatchObject({ complaints: [], aborted: 0 });
    expect(load.figures.verified).toBeGreaterThan(8 * PIECE_OCTETS);
    expect(load.figures.closed).toBeGreaterThan(3);
  });

  it('complains where what arrives is not what was sent', async ({ stage }) => {
    const world = await stage({}, 1);
    const context = contextOf(world);
    const { raw } = context.server.user;
    const receive = raw.receive.bind(raw);
    let spoiled = false;
    raw.receive = (handle, block, octets) => {
      const count = receive(handle, block, octets);
      if (count > 1000 && !spoiled) {
        spoiled = true;
        block.view(count)[999] = (block.view(count)[999] ?? 0) ^ 1;
      }
      return count;
    };
    const load = createBulk({ streams: 1, pieces: 4 });
    await introduce(world, context);
    load.start(world, context);
    await world.run(SECOND);
    expect(spoiled).toBe(true);
    expect(load.figures.errors).toBeGreaterThan(0);
    expect(load.figures.complaints[0]).toBe(
      'bulk: server: stream 0: octets of piece 0 are not as sent',
    );
    load.abandon();
    await world.run(SECOND);
  });

  it('is the same twice, with the same seed', async ({ stage }) => {
    const runs = [];
    for (const seed of [3, 3, 4]) {
      const world = await stage({ seed }, 1);
      const load = createBulk({ streams: 4, pieces: 4 });
      await perform(world, load, SECOND / 10);
      runs.push([world.digest(), load.figures.octets, load.figures.closed]);
    }
    expect(runs[0]).toEqual(runs[1]);
    expect(runs[0]).not.toEqual(runs[2]);
  });
});
