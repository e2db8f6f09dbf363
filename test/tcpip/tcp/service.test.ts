/** The DiffServ field of what a connection sends (RFC 9293, 3.9.1; RFC 2474). */

import { describe, expect } from 'vitest';
import { ACK, PSH } from '../../wireside/build.js';
import { BOTH, it } from '../../wireside/fixture.js';
import type { Machine } from '../../wireside/machine.js';
import { pattern } from '../../wireside/octets.js';
import { arrive, fieldOf, Peer, reach, welcome } from '../../wireside/peer.js';

/** Expedited forwarding, above the two bits of ECN. */
const EF = 46 << 2;

/** The types of service of the segments that went out. */
function services(machine: Machine): (number | undefined)[] {
  return machine.take().filter(({ tcp }) => tcp !== undefined).map(({ ip }) => ip?.tos);
}

describe('tcpip/tcp/service', () => {
  for (const release of BOTH) {
    it(`${release}: is what the client set, from the SYN on (MUST-48, SHLD-22)`, ({
      bench,
    }) => {
      const { machine, user } = bench({ release });
      const handle = user.socket();
      expect(user.option(handle, 'TYPE_OF_SERVICE', EF | 3)).toBe('SUCCESS');
      user.connect(handle, 139);
      expect(services(machine)).toEqual([EF]);
      const other = user.socket();
      user.option(other, 'TYPE_OF_SERVICE', EF);
      const peer = welcome({ machine, user }, withoutFirst(machine), other);
      user.send(other, pattern(3000));
      peer.say(ACK | PSH, { data: pattern(10) });
      user.close(other);
      machine.advance(1000);
      const sent = services(machine);
      expect(sent.length).toBeGreaterThan(2);
      expect(new Set(sent)).toEqual(new Set([EF]));
    });
  }

  for (const release of BOTH) {
    it(`${release}: changes with what the client sets while it is open (SHLD-21)`, ({ bench }) => {
      const { machine, user } = bench({ release });
      const { peer, handle } = reach({ machine, user });
      machine.take();
      for (const value of [EF, 8 << 2, 0]) {
        const rto = fieldOf(machine, peer, 'rto') & 0xff_ffff;
        user.option(handle, 'TYPE_OF_SERVICE', value);
        user.send(handle, pattern(10));
        expect(services(machine)).toEqual([value]);
        expect(fieldOf(machine, peer, 'rto') & 0xff_ffff).toBe(rto);
        peer.ack += 10;
        peer.say(ACK, { acknowledgment: peer.ack });
        peer.heard();
      }
      expect(user.option(handle, 'TYPE_OF_SERVICE', 256)).toBe('INVALID_PARAMETER');
    });
  }

  it('leaves the bits of ECN to the connection', ({ bench }) => {
    const { machine, user } = bench({ release: 'modern', parameters: { NtstackEcn: 1 } });
    const { handle } = arrive({ machine, user }, user.listen(80), 80);
    machine.take();
    user.option(handle, 'TYPE_OF_SERVICE', EF | 1);
    user.send(handle, pattern(10));
    expect(services(machine)).toEqual([EF]);
  });
});

/** A peer on another port than the one that has been asked. */
function withoutFirst(machine: Machine): Peer {
  return new Peer(machine, { port: 140 });
}
