/** A machine with several addresses (RFC 9293, 3.9.1.1): which of them a connection has. */

import { describe, expect } from 'vitest';
import { THEM, US } from '../../wireside/build.js';
import { BOTH, it } from '../../wireside/fixture.js';
import { address } from '../../wireside/octets.js';
import type { Machine } from '../../wireside/machine.js';
import { arrive, reach } from '../../wireside/peer.js';

/** Its second card, and a station there. */
const SECOND = address('10.0.1.1');
const THERE = address('10.0.1.2');
const MASK = 0xffff_ff00;

function addCard({ raw }: Machine): void {
  expect(raw.addAdapter(1, 0x0200, 0x0000_0002, 1500)).toBe(0);
  expect(raw.addInterface(1, SECOND, MASK | 0, 0)).toBe(0);
}

describe('tcpip/tcp/multihomed', () => {
  for (const release of BOTH) {
    it(`${release}: connects from the address that IP sends from (MUST-44)`, ({ bench }) => {
      const { machine, user } = bench({ release });
      addCard(machine);
      for (const [target, own] of [[THEM, US], [THERE, SECOND]] as const) {
        const handle = user.socket();
        expect(user.connect(handle, 139, target)).toBe('PENDING');
        expect(user.query(handle, 'LOCAL_ADDRESS')).toBe(own);
      }
      const syns = machine.take().filter(({ tcp }) => tcp !== undefined);
      expect(syns.map(({ ip }) => ip?.source)).toEqual([US]);
    });
  }

  for (const release of BOTH) {
    it(`${release}: connects from the address that its socket is bound to (MUST-43)`, ({
      bench,
    }) => {
      const { machine, user } = bench({ release });
      addCard(machine);
      const handle = user.socket();
      expect(user.bind(handle, 4321, SECOND)).toBe('SUCCESS');
      expect(user.connect(handle, 139, THEM)).toBe('PENDING');
      expect(user.query(handle, 'LOCAL_ADDRESS')).toBe(SECOND);
      const syns = machine.take().filter(({ tcp }) => tcp !== undefined);
      expect(syns.map(({ ip, tcp }) => [ip?.source, tcp?.sourcePort])).toEqual([[SECOND, 4321]]);
    });
  }

  for (const release of BOTH) {
    it(`${release}: sends all of a connection from one address (MUST-45)`, ({ bench }) => {
      const { machine, user } = bench({ release });
      addCard(machine);
      const listener = user.listen(80);
      const both = [arrive({ machine, user }, listener, 80), reach({ machine, user })];
      for (const { handle } of both) {
        user.send(handle, new Uint8Array(3000));
        user.shutdown(handle);
        machine.advance(10_000);
        const sent = machine.take().filter(({ tcp }) => tcp !== undefined);
        const sources = sent.map(({ ip }) => ip?.source);
        expect(sources.length).toBeGreaterThan(3);
        expect(new Set(sources)).toEqual(new Set([US]));
      }
    });
  }
});
