/** All connections: found among many, in one partition or several, and as many as there are. */

import { describe, expect } from 'vitest';
import { ACK, FIN, PSH, RST, SYN } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import { address, chance, difference, pattern } from '../../wireside/octets.js';
import { Peer, arrive, connections, stateOf } from '../../wireside/peer.js';

const NET = address('10.0.0.0');

/** `count` connections to port 80, from four addresses and many ports. */
function many(bench: Bench, count: number): Peer[] {
  const listener = bench.user.listen(80, 10);
  for (let host = 2; host < 6; host++) {
    bench.machine.stations.set(NET + host, Uint8Array.of(2, 0, 0, 0, 0, host));
  }
  return Array.from({ length: count }, (_, i) => {
    const { peer, handle } = arrive(bench, listener, 80, {
      address: NET + 2 + (i % 4), port: 1024 + (i >> 2), sequence: i * 100_000,
    });
    bench.user.option(handle, 'SINK', 1);
    return peer;
  });
}

describe('tcpip/tcp/table', () => {
  for (const partitions of [1, 4, 32]) {
    it(`finds each of 600 connections in ${partitions} partitions as they come and go`, ({
      bench,
    }) => {
      const one = bench({
        parameters: { NumTcbTablePartitions: partitions, MaxHashTableSize: 64 },
      });
      const { machine } = one;
      const peers = many(one, 600);
      expect(machine.raw.tableCount()).toBe(600);
      expect(new Set(connections(machine)).size).toBe(600);
      const below = chance(partitions);
      while (peers.length > 0) {
        // A batch of one segment each, from eight of them; then one of them goes.
        const some = peers.slice(0, 8);
        machine.receive(...some.map((peer) => peer.frame(ACK | PSH, { data: pattern(10) })));
        const [gone] = peers.splice(below(peers.length), 1);
        gone?.say(RST);
        for (let i = 0; i < 20 && peers.length > 0; i++) {
          const [more] = peers.splice(below(peers.length), 1);
          more?.say(RST);
        }
        expect(machine.raw.tableCount()).toBe(peers.length);
        expect(new Set(connections(machine)).size).toBe(peers.length);
      }
      expect(machine.dropped()).toEqual({});
    });
  }

  it('grows, and says so', ({ bench }) => {
    const one = bench({ parameters: { MaxHashTableSize: 64 } });
    many(one, 130);
    // At most half full: 64 to 128 at the 33rd, 256 at the 65th, 512 at the 129th.
    expect(one.machine.traced('TCP_TABLE_GREW')).toBe(3);
  });

  it('tells connections apart that differ in one of their four parts', ({ bench }) => {
    const one = bench();
    const { machine, user } = one;
    machine.stations.set(NET + 3, Uint8Array.of(2, 0, 0, 0, 0, 3));
    const [first, second] = [user.listen(80), user.listen(81)];
    const ends = [
      arrive(one, first, 80, { port: 4000 }),
      arrive(one, first, 80, { port: 4001 }),
      arrive(one, first, 80, { port: 4000, address: NET + 3 }),
      arrive(one, second, 81, { port: 4000 }),
    ];
    machine.receive(...ends.map(({ peer }, i) =>
      peer.frame(ACK | PSH, { data: pattern(50, i * 50) })));
    for (const [i, { handle }] of ends.entries()) {
      expect(difference(user.drain(handle), pattern(50, i * 50))).toBe('same');
    }
  });

  it('finds a connection that an earlier segment of the same batch has made', ({ bench }) => {
    const one = bench();
    const { machine, user } = one;
    const listener = user.listen(80);
    const peer = new Peer(machine, { ours: 80 });
    const syn = peer.frame(SYN);
    machine.receive(syn, peer.frame(RST | ACK, { acknowledgment: 0 }));
    expect(machine.raw.tableCount()).toBe(0);
    // And one that an earlier segment has ended.
    const { peer: other } = arrive(one, listener, 80, { port: 4001 });
    const reset = other.frame(RST, { sequence: other.next });
    machine.receive(reset, other.frame(ACK | PSH, { data: pattern(10), acknowledgment: 77 }));
    const answers = other.heard();
    expect(answers).toMatchObject([{ flags: RST, sequence: 77 }]);
  });

  it('finds what an earlier segment made in the place of one that was ended', ({ bench }) => {
    const one = bench();
    const { machine, user } = one;
    const { peer } = arrive(one, user.listen(80), 80);
    const again = new Peer(machine, { ours: 80, sequence: 0x1000 });
    const syn = again.frame(SYN);
    machine.receive(peer.frame(RST), syn, syn);
    expect(again.lines()).toEqual(['S. 0(0) ack 1', '. 1(0) ack 1']);
    expect(machine.dropped()).toEqual({ TCP_NOT_ACCEPTABLE: 1 });
    expect(machine.raw.tableCount()).toBe(1);
  });

  it('keeps two segments of one batch for one connection in order', ({ bench }) => {
    const one = bench();
    const { machine, user } = one;
    const { peer, handle } = arrive(one, user.listen(80), 80);
    machine.receive(...Array.from({ length: 60 }, (_, i) =>
      peer.frame(ACK | PSH, { data: pattern(100, i * 100) })));
    expect(difference(user.drain(handle), pattern(6000))).toBe('same');
    machine.receive(peer.frame(ACK, { data: pattern(10) }), peer.frame(ACK | FIN));
    expect(stateOf(machine, peer)).toBe('CLOSE_WAIT');
  });

  it('takes more frames at once than a batch has', ({ bench }) => {
    const one = bench();
    const { machine, user } = one;
    const { peer, handle } = arrive(one, user.listen(80), 80);
    machine.receive(...Array.from({ length: 250 }, (_, i) =>
      peer.frame(ACK | PSH, { data: pattern(30, i * 30) })));
    expect(difference(user.drain(handle), pattern(7500))).toBe('same');
  });
});
