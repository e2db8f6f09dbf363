/** Pieces on two processors: the timer runs for those that come while the other one stops it. */

import { describe, expect } from 'vitest';
import type { World, WorldOptions } from '../../../host/index.js';
import { ReceiveRing } from '../../../host/kernel/ring.js';
import { FrameBatch } from '../../../host/link/batch.js';
import { test as it } from '../../../host/vitest.js';
import { Place } from '../../place.js';
import { MORE_FRAGMENTS, UDP, ethernet, ipv4 } from '../../wireside/build.js';
import { pattern } from '../../wireside/octets.js';

const SECOND = 1e9;
/** A card's address is 02:00 and the machine's. */
const MAC = Uint8Array.of(2, 0, 10, 0, 0, 1);
/** Places between two steps of a processor that ends with no datagram left; more than there are. */
const PLACES = 12;

/** What came of a piece that processor 1 got. */
interface Expired {
  /** False: there were fewer places. */
  readonly begun: boolean;
  readonly expired: number;
  readonly timers: number;
}

/** The first piece of a datagram, and no other comes. */
function piece(identification: number): FrameBatch {
  const batch = new FrameBatch(1);
  const fields = { protocol: UDP, identification, fragment: MORE_FRAGMENTS };
  batch.push(ethernet(ipv4(pattern(64), fields), { destination: MAC }));
  return batch;
}

/** Processor 1 gets a piece when processor 0 is at the `place`-th place with the lock let go. */
async function pieceAt(
  makeWorld: (options: WorldOptions) => Promise<World>, place: number,
): Promise<Expired> {
  const at = new Place(place, ({ kernel: { raw, memory } }) => {
    new ReceiveRing(memory, raw.receiveRing(0) >>> 0).put(piece(2));
    raw.onInterrupt(0);
  });
  const world = await at.makeWorld(makeWorld);
  const machine = world.machine('a');
  await world.run(SECOND);
  machine.card.receive(piece(1));
  at.begin(machine, 'IpReassembly');
  await world.run(300 * SECOND);
  // While the drivers go nothing comes.
  at.end();
  return {
    begun: at.begun,
    expired: machine.drops().IP_FRAGMENT_EXPIRED ?? 0,
    timers: machine.kernel.raw.runningTimers(),
  };
}

describe('tcpip/ip/reassemble: its timer', () => {
  it('gives up both of two datagrams, whenever the second one comes', async ({ world }) => {
    const all: Expired[] = [];
    for (let place = 1; place <= PLACES; place++) all.push(await pieceAt(world, place));
    const begun = all.filter((one) => one.begun);
    expect(begun.length).toBeGreaterThan(0);
    expect(begun.length).toBeLessThan(PLACES);
    for (const one of begun) expect(one).toEqual({ begun: true, expired: 2, timers: 0 });
  });
});
