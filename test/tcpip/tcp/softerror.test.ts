/** Errors that may pass (RFC 9293, 3.9.2.2): told, and survived. */

import { describe, expect } from 'vitest';
import { ACK, ethernet, icmp, ipv4, SYN } from '../../wireside/build.js';
import { BOTH, it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import { pattern } from '../../wireside/octets.js';
import { Peer, reach, stateOf } from '../../wireside/peer.js';

const SOFT = [
  [3, 0, 'NETWORK_UNREACHABLE'], [3, 1, 'HOST_UNREACHABLE'], [3, 5, 'HOST_UNREACHABLE'],
  [11, 0, 'HOST_UNREACHABLE'], [11, 1, 'HOST_UNREACHABLE'], [12, 0, 'HOST_UNREACHABLE'],
] as const;

/** An error about the last segment that went out. */
function refuse({ machine }: Bench, type: number, code: number): void {
  const sent = machine.take().findLast(({ tcp }) => tcp !== undefined);
  const quote = sent?.octets.subarray(14, 14 + 28) ?? new Uint8Array(0);
  machine.receive(ethernet(ipv4(icmp(type, code, 0, quote), { protocol: 1 })));
}

describe('tcpip/tcp/softerror', () => {
  for (const [type, code, status] of SOFT) {
    for (const release of BOTH) {
      it(`${release}: tells of ICMP ${type}, ${code}, and lets a connect go on (SHLD-25)`, ({
        bench,
      }) => {
        const one = bench({ release });
        const peer = new Peer(one.machine, { port: 139 });
        const handle = one.user.socket();
        one.user.option(handle, 'SOFT_ERRORS', 1);
        one.user.connect(handle, 139);
        refuse(one, type, code);
        expect(one.user.events(handle).events).toEqual(['SOFT_ERROR']);
        expect(one.user.statusOf(handle, 'SOFT_ERROR')).toBe(status);
        expect(one.user.statusOf(handle, 'SOFT_ERROR')).toBe('SUCCESS');
        one.machine.advance(3000);
        const [syn] = peer.heard();
        expect(syn?.flags).toBe(SYN);
        peer.ack = (peer.kernels + 1) >>> 0;
        peer.say(SYN | ACK);
        expect(one.user.events(handle).events).toEqual(['CONNECTED']);
      });
    }

    for (const release of BOTH) {
      it(`${release}: tells of ICMP ${type}, ${code}, and lets a connection go on (MUST-47)`, ({
        bench,
      }) => {
        const one = bench({ release });
        const { peer, handle } = reach(one);
        one.user.option(handle, 'SOFT_ERRORS', 1);
        one.user.send(handle, pattern(100));
        refuse(one, type, code);
        expect(one.user.events(handle).events).toEqual(['SOFT_ERROR']);
        expect(one.user.statusOf(handle, 'SOFT_ERROR')).toBe(status);
        expect(stateOf(one.machine, peer)).toBe('ESTABLISHED');
      });
    }
  }

  it('tells of hard errors, too, where they end nothing (RFC 5927, 5.2)', ({ bench }) => {
    const one = bench();
    const { peer, handle } = reach(one);
    for (const [code, status] of [
      [2, 'PROTOCOL_UNREACHABLE'], [3, 'PORT_UNREACHABLE'], [9, 'NETWORK_UNREACHABLE'],
    ] as const) {
      one.user.send(handle, pattern(10));
      refuse(one, 3, code);
      expect(one.user.statusOf(handle, 'SOFT_ERROR')).toBe(status);
      peer.ack += 10;
      peer.say(ACK);
    }
    expect(stateOf(one.machine, peer)).toBe('ESTABLISHED');
  });

  for (const release of BOTH) {
    it(`${release}: tells nothing to who does not want to know, but when asked (SHLD-20)`, ({
      bench,
    }) => {
      const one = bench({ release });
      const { handle } = reach(one);
      one.user.send(handle, pattern(100));
      refuse(one, 3, 1);
      expect(one.user.events(handle).events).toEqual([]);
      expect(one.user.statusOf(handle, 'SOFT_ERROR')).toBe('HOST_UNREACHABLE');
      for (const [on, events] of [[1, ['SOFT_ERROR']], [0, []]] as const) {
        expect(one.user.option(handle, 'SOFT_ERRORS', on)).toBe('SUCCESS');
        one.machine.advance(8000);
        refuse(one, 3, 1);
        expect(one.user.events(handle).events).toEqual(events);
      }
    });
  }

  for (const release of BOTH) {
    it(`${release}: tells that nobody answers at its R1, 3, and no sooner (SHLD-9, SHLD-10)`, ({
      bench,
    }) => {
      // Today's own is as great; NT's, half of TcpMaxDataRetransmissions, is 2.
      const one = bench({ release, parameters: release === 'modern' ? {} : { NtstackR1: 3 } });
      const firstMs = release === 'modern' ? 1000 : 3000;
      const { handle } = reach(one);
      one.user.option(handle, 'SOFT_ERRORS', 1);
      one.user.send(handle, pattern(100));
      one.machine.advance((1 + 2) * firstMs);
      expect(one.user.events(handle).events).toEqual([]);
      one.machine.advance(4 * firstMs);
      expect(one.user.events(handle).events).toEqual(['SOFT_ERROR']);
      expect(one.user.statusOf(handle, 'SOFT_ERROR')).toBe('IO_TIMEOUT');
      one.machine.advance(3_600_000);
      expect(one.user.events(handle).events).toContain('ABORTED');
    });
  }

  for (const release of BOTH) {
    it(`${release}: gives a connection up after as many as its client says (MUST-21)`, ({
      bench,
    }) => {
      const usual = release === 'modern' ? 16 : 6;
      for (const [retransmissions, sent] of [[1, 2], [2, 3], [0, usual]] as const) {
        const one = bench({ release });
        const { peer, handle } = reach(one);
        expect(one.user.option(handle, 'RETRANSMISSIONS', retransmissions)).toBe('SUCCESS');
        one.user.send(handle, pattern(100));
        one.machine.advance(3_600_000);
        expect(peer.heard().length).toBe(sent);
        expect(one.user.events(handle).events).toContain('ABORTED');
      }
      const one = bench({ release, parameters: { NtstackMaximumRto: 1000 } });
      const { peer, handle } = reach(one);
      expect(one.user.option(handle, 'RETRANSMISSIONS', 256)).toBe('INVALID_PARAMETER');
      one.user.option(handle, 'RETRANSMISSIONS', 255);
      one.user.send(handle, pattern(100));
      one.machine.advance(600_000);
      expect(stateOf(one.machine, peer)).toBe('ESTABLISHED');
    });
  }
});
