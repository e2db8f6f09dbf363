/**
 * SYN floods of NT, which keeps a control block for each that is half open (Q142641): what bounds
 * them, and that nothing is left. Those of `modern`, and throughput, are in tcp/synflood.test.ts.
 */

import { describe, expect } from 'vitest';
import { ACK, PSH, SYN, THEM } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import { difference, pattern } from '../../wireside/octets.js';
import { Peer, arrive } from '../../wireside/peer.js';
import type { Connected } from '../../wireside/peer.js';
import { Forger, flood } from './forger.js';

const SYNS = 6000;
const BACKLOG = 200;
/** SYNs in 10 ms. */
const AT_ONCE = 10;

/** SYNs of hosts that are not there: each of its own port, from addresses beyond the gateway. */
function attack({ machine }: Bench, syns: number): number {
  let most = 0;
  for (let sent = 0; sent < syns; sent += AT_ONCE) {
    const address = 0x0b00_0000 + Math.floor(sent / 50_000);
    flood(machine, AT_ONCE, (i) => {
      const peer = new Peer(machine, { address, ours: 80, port: 1024 + (sent + i) % 50_000 });
      return new Forger(peer, SYN).at(sent + i);
    });
    machine.advance(10);
    most = Math.max(most, machine.raw.tableCount());
  }
  return most;
}

/** The connection moves text both ways. */
function mustMove({ user }: Bench, { peer, handle }: Connected): void {
  peer.say(ACK | PSH, { data: pattern(1000) });
  expect(difference(user.drain(handle), pattern(1000))).toBe('same');
  peer.text.length = 0;
  expect(user.send(handle, pattern(700))).toBe(700);
  peer.listen('ack');
  expect(difference(Uint8Array.from(peer.text), pattern(700))).toBe('same');
}

describe('tcpip/security/flood', () => {
  for (const [protect, least, bound] of [
    // The backlog: what it has not is refused.
    [0, BACKLOG, BACKLOG + 1],
    [1, BACKLOG, BACKLOG + 1],
    // Nothing but time, once it engages: 1,000 a second, of which each stays for 3 and 6 seconds.
    [2, 10 * BACKLOG, 9.1 * 1000],
  ] as const) {
    it(`SynAttackProtect ${protect}: ${SYNS} SYNs take no more than is theirs`, ({ bench }) => {
      const one = bench({
        gateway: THEM,
        parameters: { SynAttackProtect: protect, TcpMaxHalfOpen: 100, TcpMaxHalfOpenRetried: 80 },
      });
      const { machine, user } = one;
      machine.meet();
      const open = arrive(one, user.listen(139), 139);
      const listener = user.listen(80, BACKLOG);
      machine.advance(1000);
      const blocks = machine.raw.poolBlocks();
      const most = attack(one, SYNS);
      expect(most).toBeGreaterThanOrEqual(least);
      expect(most).toBeLessThanOrEqual(bound);
      mustMove(one, open);
      machine.take();
      machine.advance(240_000);
      expect(machine.raw.tableCount()).toBe(1);
      // What lists of free blocks keep is bounded, and there for the next; an endpoint of the
      // backlog keeps what it had to tell of a connection that did not answer (notice.ts).
      const kept = machine.raw.poolBlocks() - blocks;
      expect(kept).toBeLessThanOrEqual(most + 2 * BACKLOG);
      attack(one, SYNS / 2);
      machine.take();
      machine.advance(240_000);
      expect(machine.raw.poolBlocks() - blocks).toBeLessThanOrEqual(kept + 1);
      machine.take();
      const client = arrive(one, listener, 80, { port: 999 });
      mustMove(one, client);
      mustMove(one, open);
    });

    it(`SynAttackProtect ${protect}: survives it without memory`, ({ bench }) => {
      const one = bench({ gateway: THEM, parameters: { SynAttackProtect: protect } });
      const { machine, user } = one;
      machine.meet();
      const open = arrive(one, user.listen(139), 139);
      user.listen(80, BACKLOG);
      machine.raw.failAllocation(1, 1);
      attack(one, 1000);
      machine.raw.failAllocation(0, 0);
      machine.take();
      mustMove(one, open);
    });
  }
});
