/** Route cache entries: found again when their table has grown, gone when nobody uses them. */

import { describe, expect } from 'vitest';
import { readPoolTags } from '../../host/kernel/inspect.js';
import { RST, SYN } from '../wireside/build.js';
import { it } from '../wireside/fixture.js';
import { address } from '../wireside/octets.js';
import { Peer } from '../wireside/peer.js';

/** Enough for the table to double three times: from 256 buckets to 2,048. */
const DESTINATIONS = 1500;

describe('tcpip/route', () => {
  it('keeps one entry for each destination, and none that no connection uses', ({ bench }) => {
    const { machine, user } = bench({ gateway: address('10.0.0.254') });
    user.listen(80, 2 * DESTINATIONS);
    const first = address('172.16.0.1');
    const open = (port: number): Peer[] => Array.from({ length: DESTINATIONS }, (_, i) => {
      const peer = new Peer(machine, { ours: 80, port, address: first + i });
      peer.say(SYN);
      machine.take();
      return peer;
    });
    const end = (peer: Peer): void => {
      peer.say(RST);
      machine.take();
    };
    const empty = machine.raw.poolBlocks();
    const ones = open(4000);
    const one = machine.raw.poolBlocks();
    const others = open(4001);
    // A second connection to the same destination shares its entry.
    expect(machine.raw.poolBlocks() - one).toBeLessThan(one - empty);
    // In another order than they came: from the middle of chains, and from their ends.
    for (const [i, peer] of ones.entries()) if (i % 3 === 1) end(peer);
    for (const peer of ones.toReversed()) end(peer);
    for (const [i, peer] of others.entries()) if (i % 2 === 0) end(peer);
    for (const peer of open(4002).reverse()) end(peer);
    for (const peer of others) end(peer);
    expect(machine.raw.tableCount()).toBe(0);
  });

  it('has no larger table for having had many, one after another', ({ bench }) => {
    const { machine, user } = bench({ gateway: address('10.0.0.254') });
    user.listen(80, 5);
    const octets = (): number =>
      readPoolTags(machine.kernel).find(({ tag }) => tag === 'IPrc')?.octets ?? 0;
    for (let i = 0; i < DESTINATIONS; i++) {
      const peer = new Peer(machine, { ours: 80, port: 4000, address: address('172.16.0.1') + i });
      peer.say(SYN);
      peer.say(RST);
      machine.take();
    }
    expect(octets()).toBe(0);
  });
});
