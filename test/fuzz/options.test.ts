/** Acknowledgments, blocks and timestamps of chance into a connection that sends and receives. */

import { describe, expect } from 'vitest';
import { join } from '../../host/wire/octets.js';
import { ACK, PSH } from '../wireside/build.js';
import { it } from '../wireside/fixture.js';
import { chance, difference, pattern } from '../wireside/octets.js';
import { SACK_PERMITTED, sack, stamps } from '../wireside/option.js';
import { arrive, fieldOf, stateOf } from '../wireside/peer.js';

const SEEDS = [1, 2, 3, 4, 5, 6];
const STEPS = 3000;

describe('fuzz/options', () => {
  for (const seed of SEEDS) {
    it(`neither traps nor loses an octet, seed ${seed}`, ({ bench }) => {
      const below = chance(seed);
      const one = bench({
        release: 'modern',
        parameters: { EnableRack: seed % 2, CongestionAlgorithm: below(2), NtstackEcn: 1 },
      });
      const { machine, user } = one;
      const agrees = join(SACK_PERMITTED, stamps(1));
      const { peer, handle } = arrive(one, user.listen(80), 80, {
        agrees, carries: stamps(1), window: 60_000,
      });
      const came: number[] = [];
      let stamp = 1;
      let said = 0;
      for (let step = 0; step < STEPS; step++) {
        if (below(8) === 0) user.send(handle, pattern(below(20_000)));
        const una = fieldOf(machine, peer, 'sndUna') >>> 0;
        const flight = (fieldOf(machine, peer, 'sndNxt') - una) >>> 0;
        const edge = (): number => (una + below(flight + 3000) - 1000) >>> 0;
        const blocks = Array.from({ length: below(4) }, () => {
          const left = edge();
          return [left, (left + below(6000) - 500) >>> 0] as const;
        });
        if (below(3) === 0) stamp += below(100);
        const echo = stamps(stamp - (below(20) === 0 ? 5 : 0), below(2 ** 31));
        const data = pattern(below(4) === 0 ? below(1200) : 0, said);
        const ahead = below(3) === 0 ? below(3000) : 0;
        const ack = below(3) === 0 ? una + below(flight + 1) : una;
        peer.say(ACK | (data.length > 0 ? PSH : 0) | (below(30) === 0 ? 64 : 0), {
          sequence: (peer.own + 1 + said + ahead) >>> 0,
          data: pattern(data.length, said + ahead),
          acknowledgment: ack >>> 0,
          window: [60_000, below(3000), 0][below(3)] ?? 0,
          options: join(echo, blocks.length > 0 ? sack(...blocks.slice(0, 3)) : new Uint8Array(0)),
        });
        if (below(5) === 0) machine.advance(below(400));
        if (below(4) === 0) came.push(...user.drain(handle));
        if (stateOf(machine, peer) !== 'ESTABLISHED') break;
        said = (fieldOf(machine, peer, 'rcvNxt') - peer.own - 1) >>> 0;
        peer.heard();
      }
      came.push(...user.drain(handle));
      expect(difference(Uint8Array.from(came), pattern(came.length))).toBe('same');
      expect(came.length).toBeGreaterThan(10_000);
    });
  }
});
