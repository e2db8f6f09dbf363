/** Neighbours on two processors: the timer runs for who comes while the other stops it. */

import { describe, expect } from 'vitest';
import type { World, WorldOptions } from '../../host/index.js';
import { test as it } from '../../host/vitest.js';
import { Place } from '../place.js';

const SECOND = 1e9;
const ABSENT = 0x0a00004d;
/** Places between two steps of a processor that ends with the table; more than there are. */
const PLACES = 8;

/** What came of a ping from processor 1 to a host that is not there. */
interface Asked {
  /** False: there were fewer places. */
  readonly begun: boolean;
  readonly requests: number;
  readonly unresolved: number;
  readonly timers: number;
}

/** Processor 1 pings when processor 0 is at the `place`-th place with the table's lock let go. */
async function pingAt(
  makeWorld: (options: WorldOptions) => Promise<World>, place: number,
): Promise<Asked> {
  const at = new Place(place, ({ kernel: { raw } }) => void raw.echo(ABSENT, 32, 1000, 0));
  const world = await at.makeWorld(makeWorld);
  const machine = world.machine('a');
  await world.complete(machine.ping('10.0.0.2'), 5 * SECOND);
  const before = machine.counters().ARP_OUT_REQUESTS ?? 0;
  at.begin(machine, 'ArpTable');
  await world.run(300 * SECOND);
  const asked = {
    begun: at.begun,
    requests: (machine.counters().ARP_OUT_REQUESTS ?? 0) - before,
    unresolved: machine.drops().ARP_UNRESOLVED ?? 0,
    timers: machine.kernel.raw.runningTimers(),
  };
  at.end();
  return asked;
}

describe('tcpip/neighbour', () => {
  it('asks for a host three times, whenever another processor begins', async ({ world }) => {
    const all: Asked[] = [];
    for (let place = 1; place <= PLACES; place++) all.push(await pingAt(world, place));
    const begun = all.filter((one) => one.begun);
    expect(begun.length).toBeGreaterThan(1);
    expect(begun.length).toBeLessThan(PLACES);
    for (const one of begun) {
      expect(one).toEqual({ begun: true, requests: 3, unresolved: 1, timers: 0 });
    }
  });
});
