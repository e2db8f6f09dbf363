/** Initial sequence numbers: by the clock alone to SP3, keyed from then on. */

import { describe, expect } from 'vitest';
import { BOTH, it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import { chance } from '../../wireside/octets.js';
import { Peer } from '../../wireside/peer.js';

/** The number of the SYN of a new connection to `port`. */
function initialOf({ machine, user }: Bench, port: number): number {
  const peer = new Peer(machine, { port });
  user.connect(user.socket(), port);
  peer.heard();
  return peer.kernels;
}

/** What nmap makes of six initial numbers (its book, 8.3.1: SP, GCD, ISR). */
function sequenceOf(
  numbers: readonly { readonly number: number; readonly atMs: number }[],
): { sp: number; gcd: number; isr: number } {
  const steps = numbers.slice(1).map(({ number, atMs }, i) => {
    const before = numbers[i] ?? { number: 0, atMs: 0 };
    const step = (number - before.number) >>> 0;
    return { step: Math.min(step, 2 ** 32 - step), seconds: (atMs - before.atMs) / 1000 };
  });
  const divide = (a: number, b: number): number => (b === 0 ? a : divide(b, a % b));
  const gcd = steps.reduce((sum, { step }) => divide(sum, step), 0);
  const rates = steps.map(({ step, seconds }) => step / seconds);
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const by = gcd > 9 ? gcd : 1;
  const square = rates.reduce((sum, rate) => sum + ((rate - mean) / by) ** 2, 0);
  const deviation = Math.sqrt(square / (rates.length - 1));
  const bits = (value: number): number => (value <= 1 ? 0 : Math.round(Math.log2(value) * 8));
  return { sp: bits(deviation), gcd, isr: bits(mean) };
}

/** SP of nmap's fingerprints, whose GCD is 1 to 6 and whose ISR is 4B to 55. */
const SCANNED = [['nt40sp3', 0x11, 0x3b], ['nt40', 0xb, 0x3d], ['nt351', 0, 0xdf]] as const;

const WORD = (1n << 64n) - 1n;

/** Two words of the registry's key, as the wired machine sets them. */
function key(low: number, high: number): bigint {
  const word = (i: number): bigint => BigInt(Math.imul(i + 1, 0x9e37_79b1) >>> 0);
  return word(high) << 32n | word(low);
}

/** SipHash-2-4 of 16 octets, from the paper. */
function sipHash([k0, k1]: [bigint, bigint], [m0, m1]: [bigint, bigint]): bigint {
  let [v0, v1, v2, v3] = [
    k0 ^ 0x736f6d6570736575n, k1 ^ 0x646f72616e646f6dn,
    k0 ^ 0x6c7967656e657261n, k1 ^ 0x7465646279746573n,
  ];
  const turn = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (64n - by))) & WORD;
  const rounds = (times: number): void => {
    for (let i = 0; i < times; i++) {
      v0 = (v0 + v1) & WORD; v1 = turn(v1, 13n) ^ v0; v0 = turn(v0, 32n);
      v2 = (v2 + v3) & WORD; v3 = turn(v3, 16n) ^ v2;
      v0 = (v0 + v3) & WORD; v3 = turn(v3, 21n) ^ v0;
      v2 = (v2 + v1) & WORD; v1 = turn(v1, 17n) ^ v2; v2 = turn(v2, 32n);
    }
  };
  for (const block of [m0, m1, 16n << 56n]) {
    v3 ^= block;
    rounds(2);
    v0 ^= block;
  }
  v2 ^= 0xffn;
  rounds(4);
  return v0 ^ v1 ^ v2 ^ v3;
}

describe('tcpip/tcp/initial', () => {
  it('has for its oracle what the paper says of 16 octets', () => {
    const keys: [bigint, bigint] = [0x0706050403020100n, 0x0f0e0d0c0b0a0908n];
    expect(sipHash(keys, keys)).toBe(0x3f2acc7f57c29bdbn);
  });

  for (const release of BOTH) {
    it(`${release}: is a clock of 4 microseconds where NtstackIsnMode is 0 (MUST-8; Q192292)`, ({
      bench,
    }) => {
      const one = bench({ release, parameters: { NtstackIsnMode: 0 }, timeUs: 8_000_000 });
      expect(initialOf(one, 139)).toBe(2_000_000);
      one.machine.advance(1000);
      expect(initialOf(one, 445)).toBe(2_250_000);
    });
  }

  it('wraps with the clock, after 4.77 hours', ({ bench }) => {
    const timeUs = 4 * 2 ** 32 + 400;
    const one = bench({ parameters: { NtstackIsnMode: 0 }, timeUs });
    expect(initialOf(one, 139)).toBe(100);
  });

  it('counts milliseconds to SP3, whatever the connection is (nmap: ISR, SP)', ({ bench }) => {
    const one = bench({ release: 'nt40sp3', timeUs: 8_000_999 });
    // And as much ahead as the last bits of the microseconds say.
    expect([initialOf(one, 139), initialOf(one, 445)]).toEqual([8007, 8007]);
    one.machine.advance(100);
    expect(initialOf(one, 445)).toBe(8107);
    expect(initialOf(bench({ release: 'nt351', timeUs: 2 ** 32 * 1000 + 5000 }), 80)).toBe(5);
  });

  for (const [release, least, most] of SCANNED) {
    it(`looks like ${release} to nmap, however evenly its probes come`, ({ bench }) => {
      for (const jitterUs of [30, 500, 3000]) {
        const below = chance(jitterUs);
        const one = bench({ release, timeUs: 8_000_000 + below(1e6) });
        for (let round = 0; round < 10; round++) {
          const numbers = [0, 1, 2, 3, 4, 5].map((at) => {
            one.machine.advance((100_100 + below(jitterUs)) / 1000);
            return { number: initialOf(one, 1000 + round * 6 + at), atMs: one.machine.nowMs };
          });
          const { sp, gcd, isr } = sequenceOf(numbers);
          const seen = `${jitterUs} us, ${round}: SP ${sp} GCD ${gcd} ISR ${isr}`;
          expect(sp >= least && sp <= most && gcd <= 6, seen).toBe(true);
          expect(isr >= 0x4b && isr <= 0x55, seen).toBe(true);
        }
      }
    });
  }

  for (const release of BOTH) {
    it(`${release}: differs by connection, and moves with the clock, from SP6a on (RFC 6528)`, ({
      bench,
    }) => {
      const one = bench({ release, timeUs: 8_000_000 });
      const [first, second] = [initialOf(one, 139), initialOf(one, 445)];
      expect(Math.abs(first - second)).toBeGreaterThan(1000);
      expect(first).not.toBe(2_000_000);
      // SipHash-2-4 of addresses and ports under the machine's key, above the clock.
      const ports = BigInt(139) << 16n | BigInt(1024);
      const secret = sipHash([key(0, 5), key(2, 7)], [0x0a000001_0a000002n, ports]);
      expect(first).toBe(Number((secret + 2_000_000n) & 0xffff_ffffn));
      const later = bench({ release, timeUs: 9_000_000 });
      expect((initialOf(later, 139) - first) >>> 0).toBe(250_000);
    });
  }

  it('differs a little by connection in SP4 and SP5 (Q192292; nmap: SP, ISR)', ({ bench }) => {
    const numbers = Array.from({ length: 20 }, (_, i) =>
      initialOf(bench({ release: 'nt40sp5', timeUs: 8_000_000 }), 1000 + i) - 2_000_000);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(0x4000);
    expect(new Set(numbers).size).toBeGreaterThan(15);
  });
});
