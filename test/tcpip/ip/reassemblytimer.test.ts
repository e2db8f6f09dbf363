/** Pieces on two processors: the timer runs for those that come while the other one stops it. */

import { describe, expect } from 'vitest';
import type { Machine, World, WorldOptions } from '../../../host/index.js';
import { ReceiveRing } from '../../../host/kernel/ring.js';
import { FrameBatch } from '../../../host/link/batch.js';
import { test as it } from '../../../host/vitest.js';
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
  const table: { lock?: number; machine?: Machine } = {};
  let left = place;
  const onPreempt = (_point: number, object: number): void => {
    if (table.machine === undefined || object !== table.lock) return;
    const { raw, memory } = table.machine.kernel;
    // The lock is free, and no datagram waits.
    const free = (memory.word(object) & 0xffff) === 0 && memory.word(object + 4) === 0;
    if (!free || left === 0 || --left > 0) return;
    raw.selectProcessor(1);
    new ReceiveRing(memory, raw.receiveRing(0) >>> 0).put(piece(2));
    raw.onInterrupt(0);
    raw.selectProcessor(0);
  };
  const world = await makeWorld({
    target: 'explore', seed: 1, link: 'wire:',
    machines: [
      { name: 'a', address: '10.0.0.1/24', processors: 2, onPreempt },
      { name: 'b', address: '10.0.0.2/24' },
    ],
  });
  const [machine] = world.machines;
  if (machine === undefined) throw new Error('no machine');
  await world.run(SECOND);
  machine.card.receive(piece(1));
  const lock = machine.locks().find(({ name }) => name === 'IpReassembly')?.address;
  if (lock === undefined) throw new Error('no lock of reassembly');
  Object.assign(table, { lock, machine });
  await world.run(300 * SECOND);
  // While the drivers go nothing comes.
  delete table.machine;
  return {
    begun: left === 0,
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
