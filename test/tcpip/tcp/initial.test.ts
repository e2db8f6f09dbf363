/** Initial sequence numbers: by the clock alone to SP3, keyed from SP4. */

import { describe, expect } from 'vitest';
import { it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import { Peer } from '../../wireside/peer.js';

/** The number of the SYN of a new connection to `port`. */
function initialOf({ machine, user }: Bench, port: number): number {
  const peer = new Peer(machine, { port });
  user.connect(user.socket(), port);
  peer.heard();
  return peer.kernels;
}

describe('tcpip/tcp/initial', () => {
  it('is a clock of 4 microseconds where NtstackIsnMode is 0 (MUST-8; Q192292)', ({ bench }) => {
    const one = bench({ release: 'nt40sp3', timeUs: 8_000_000 });
    expect(initialOf(one, 139)).toBe(2_000_000);
    one.machine.advance(1000);
    expect(initialOf(one, 445)).toBe(2_250_000);
  });

  it('wraps with the clock, after 4.77 hours', ({ bench }) => {
    const one = bench({ release: 'nt40sp3', timeUs: 4 * 2 ** 32 + 400 });
    expect(initialOf(one, 139)).toBe(100);
  });

  it('differs by connection, and moves with the clock, from SP4 on (RFC 6528)', ({ bench }) => {
    const one = bench({ release: 'nt40sp4', timeUs: 8_000_000 });
    const [first, second] = [initialOf(one, 139), initialOf(one, 445)];
    expect(Math.abs(first - second)).toBeGreaterThan(1000);
    expect(first).not.toBe(2_000_000);
    const later = bench({ release: 'nt40sp4', timeUs: 9_000_000 });
    expect((initialOf(later, 139) - first) >>> 0).toBe(250_000);
  });
});
