/** Segments that come alone: the connection found last is looked at first, while it is there. */

import { describe, expect } from 'vitest';
import { ACK, PSH, RST, SYN } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import { pattern } from '../../wireside/octets.js';
import { Peer, arrive, connections, stateOf } from '../../wireside/peer.js';

describe('tcpip/tcp/find', () => {
  it('finds each connection, the last one or another, in turn and again', ({ bench }) => {
    const one = bench();
    const { machine, user } = one;
    const listener = user.listen(80, 10);
    const ends = [4000, 4001, 4002].map((port) => arrive(one, listener, 80, { port }));
    const received = ends.map(() => 0);
    for (const which of [0, 0, 1, 2, 2, 1, 0, 2]) {
      const { peer, handle } = ends[which] as (typeof ends)[number];
      // One frame in one batch.
      peer.say(ACK | PSH, { data: pattern(10) });
      received[which] = (received[which] ?? 0) + 10;
      expect(user.receive(handle)).toHaveLength(10);
    }
    expect(received).toEqual([30, 20, 30]);
    expect(machine.dropped()).toEqual({});
  });

  it('forgets the one that it found last when that ends', ({ bench }) => {
    const one = bench();
    const { machine, user } = one;
    const listener = user.listen(80, 10);
    const { peer } = arrive(one, listener, 80, { port: 4000 });
    peer.say(RST);
    expect(connections(machine)).toEqual([]);
    // The same four-tuple: a connection of its own, not what was there before.
    const again = arrive(one, listener, 80, { port: 4000, sequence: 900_000 });
    expect(stateOf(machine, again.peer)).toBe('ESTABLISHED');
    expect(machine.raw.tableCount()).toBe(1);
    again.peer.say(ACK | PSH, { data: pattern(5) });
    expect(user.receive(again.handle)).toHaveLength(5);
    expect(machine.findings).toEqual([]);
  });

  it('keeps connections whose listener has closed, and gives it none any more', ({ bench }) => {
    const one = bench();
    const { machine, user } = one;
    const listener = user.listen(80, 10);
    const { peer, handle } = arrive(one, listener, 80, { port: 4000 });
    user.close(listener);
    peer.say(ACK | PSH, { data: pattern(5) });
    expect(user.receive(handle)).toHaveLength(5);
    const late = new Peer(machine, { port: 4001, ours: 80 });
    late.say(SYN);
    expect(late.lines()).toEqual([expect.stringMatching(/R/)]);
    expect(machine.raw.tableCount()).toBe(1);
  });
});
