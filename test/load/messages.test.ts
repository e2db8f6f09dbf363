import { describe, expect } from 'vitest';
import { introduce } from '../../host/load/load.js';
import { MESSAGE_OCTETS, createMessages } from '../../host/load/messages.js';
import { SECOND, contextOf, it, perform } from './stage.js';

describe('load/messages', () => {
  it('gets an answer to each request, and ends connections in order', async ({ stage }) => {
    const world = await stage();
    const load = createMessages({ connections: 4, exchanges: 50 });
    await perform(world, load, SECOND);
    const { figures } = load;
    expect(figures).toMatchObject({ errors: 0, complaints: [], aborted: 0, refused: 0 });
    expect(figures.closed).toBeGreaterThan(8);
    expect(figures.opened).toBe(figures.closed);
    expect(figures.exchanges).toBeGreaterThan(50 * 8);
    expect(figures.octets).toBeGreaterThan(2 * MESSAGE_OCTETS.least * figures.exchanges);
    expect(figures.octets).toBeLessThan(2 * MESSAGE_OCTETS.most * figures.exchanges);
    expect(figures.verified).toBeGreaterThan(0);
  });

  it('waits for no acknowledgment: a request leaves when an answer is here', async ({ stage }) => {
    const world = await stage({}, 1);
    const load = createMessages({ connections: 1, exchanges: 1e9 });
    await perform(world, load, 10 * SECOND);
    // Two ways of two times 500 us: with Nagle and a delayed acknowledgement it were 5 a second.
    expect(load.figures.exchanges).toBeGreaterThan(4000);
  });

  it('complains of an answer that is not the one', async ({ stage }) => {
    const world = await stage({}, 1);
    const context = contextOf(world);
    const { raw } = context.clients[0]?.user ?? context.server.user;
    const receive = raw.receive.bind(raw);
    let answers = 0;
    raw.receive = (handle, block, octets) => {
      const count = receive(handle, block, octets);
      // Headers come by themselves; in the 6th octet of one begins the second half of its number.
      if (count === 8 && ++answers === 20) block.view(count)[6] = 9;
      return count;
    };
    const load = createMessages({ connections: 1 });
    await introduce(world, context);
    load.start(world, context);
    await world.run(SECOND);
    expect(load.figures.errors).toBe(1);
    expect(load.figures.complaints[0]).toMatch(/^messages: client1: \d+ octets, number \d+, in pl/);
    load.abandon();
    await world.run(SECOND);
  });
});
