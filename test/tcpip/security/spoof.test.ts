/**
 * A connection in a trusted host's name, opened by who does not hear the answers but can foretell
 * their numbers (RFC 1948, 1): Q192292 made it harder, Q243835 as hard as it can be.
 */

import { describe, expect } from 'vitest';
import { ACK, PSH, RST, SYN } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import { address } from '../../wireside/octets.js';
import { Peer, stateOf } from '../../wireside/peer.js';
import { Forger, flood } from './forger.js';

const COMMAND = new TextEncoder().encode('echo + + > .rhosts\n');

describe('tcpip/security/spoof', () => {
  for (const [release, guesses, opens] of [
    ['nt40', 64, true],
    ['nt40sp3', 64, true],
    ['nt40sp4', 64, false],
    ['nt40sp4', 2 * 0x4000, true],
    ['nt40sp6a', 4 * 0x4000, false],
    ['modern', 4 * 0x4000, false],
  ] as const) {
    it(`${release}: ${guesses} guesses ${opens ? 'open' : 'do not open'} it`, ({ bench }) => {
      const { machine, user } = bench({ release });
      const attacker = new Peer(machine, { ours: 80, address: address('10.0.0.66'), port: 1023 });
      const trusted = new Peer(machine, { ours: 80, address: address('10.0.0.3'), port: 1022 });
      for (const peer of [attacker, trusted]) {
        machine.stations.set(peer.address, Uint8Array.of(2, 0, 0, 0, 0, peer.address & 255));
      }
      const listener = user.listen(80, 5);
      machine.advance(1234);
      // How far the numbers are: a connection of its own, which it hears.
      attacker.say(SYN);
      const known = attacker.heard()[0]?.sequence ?? 0;
      attacker.say(RST);
      machine.advance(20);
      // What is answered goes to the trusted host, which is too busy to deny it.
      trusted.say(SYN);
      machine.take();
      const forger = new Forger(trusted, ACK | PSH, { data: COMMAND });
      // From the least that it can be on: 20 ms, in milliseconds, or in steps of 4 us and a bit.
      const least = guesses === 64 ? 0 : 5000 - 0x4000;
      flood(machine, guesses, (i) => forger.at(trusted.next, known + least + i + 1));
      const isOpen = stateOf(machine, trusted) === 'ESTABLISHED';
      expect(isOpen).toBe(opens);
      const handle = user.accept(listener);
      expect(handle !== 0).toBe(opens);
      if (opens) expect([...user.drain(handle)]).toEqual([...COMMAND]);
      // Who guesses wrong tells the trusted host so, each time.
      else expect(machine.count('TCP_OUT_RSTS')).toBe(guesses);
    });
  }
});
