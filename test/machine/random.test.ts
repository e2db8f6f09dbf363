/** Known words, independent streams, fair draws. */

import { describe, expect, it } from 'vitest';
import { Random, Stream } from '../../host/machine/random.js';

const words = (stream: Stream, n: number): number[] =>
  Array.from({ length: n }, () => stream.next());

/** Draws whole numbers, and wants each of the first `kinds` within 5 % of its share, none else. */
function expectEven(draws: number, kinds: number, draw: () => number): void {
  const counts = new Map<number, number>();
  for (let i = 0; i < draws; i++) {
    const drawn = draw();
    counts.set(drawn, (counts.get(drawn) ?? 0) + 1);
  }
  expect([...counts.keys()].sort((a, b) => a - b)).toEqual([...Array(kinds).keys()]);
  const share = draws / kinds;
  for (const count of counts.values()) expect(Math.abs(count - share)).toBeLessThan(share / 20);
}

describe('machine/random', () => {
  it('is xoshiro128**: the first words from the state 1, 2, 3, 4', () => {
    expect(words(new Stream(1, 2, 3, 4), 4)).toEqual([11520, 0, 5927040, 70819200]);
  });

  it('gives each name the same words whatever else was asked, in whatever order', () => {
    const one = new Random(1);
    const loss = words(one.stream('loss'), 8);
    const delay = words(one.stream('delay'), 8);
    const other = new Random(1);
    expect(words(other.stream('delay'), 8)).toEqual(delay);
    words(other.stream('more'), 3);
    expect(words(other.stream('loss'), 8)).toEqual(loss);
    expect(loss).not.toEqual(delay);
  });

  it('continues a stream that is asked for again', () => {
    const random = new Random(5);
    const first = words(random.stream('x'), 4);
    const second = words(random.stream('x'), 4);
    expect([...first, ...second]).toEqual(words(new Random(5).stream('x'), 8));
  });

  it('tells names, seeds and derived seeds apart', () => {
    const seen = new Set<number>();
    for (const seed of [0, 1, 2, 0xffff_ffff, 2 ** 40, -1n & 0xffff_ffff_ffff_ffffn]) {
      for (const name of ['', 'a', 'b', 'ab', 'ba', 'aa', 'loss/0', 'loss/1']) {
        seen.add(new Random(seed).stream(name).next());
        seen.add(new Random(seed).derive(name).stream('').next());
      }
    }
    expect(seen.size).toBe(6 * 8 * 2);
  });

  it('takes a seed as a number, a bigint, and text in decimal or hex', () => {
    for (const seed of [42, 42n, '42', '0x2a', '0X2A', '0x000000000000002a']) {
      expect(new Random(seed).seed).toBe('0x000000000000002a');
    }
    expect(new Random('0xfedcba9876543210').seed).toBe('0xfedcba9876543210');
    expect(new Random((1n << 64n) - 1n).seed).toBe('0xffffffffffffffff');
    const again = new Random(new Random(99).seed);
    expect(again.stream('s').next()).toBe(new Random(99).stream('s').next());
  });

  it('refuses other seeds, and names them', () => {
    for (const seed of [-1, 1.5, NaN, 2 ** 60, -1n, 1n << 64n, '', 'abc', '0x', '-1', '1e3',
      '0x10000000000000000', '18446744073709551616']) {
      expect(() => new Random(seed)).toThrow(TypeError);
      expect(() => new Random(seed)).toThrow(`seed ${String(seed)}`);
    }
  });

  it('spreads uniform() over 0 to 1', () => {
    const stream = new Random(3).stream('uniform');
    expectEven(160_000, 16, () => Math.floor(stream.uniform() * 16));
  });

  it('gives below(n) every number, and none else', () => {
    const stream = new Random(4).stream('below');
    expectEven(70_000, 7, () => stream.below(7));
    expect(stream.below(1)).toBe(0);
    expect(stream.below(2 ** 32)).toBeGreaterThanOrEqual(0);
    for (const n of [0, -1, 1.5, 2 ** 32 + 1, NaN]) {
      expect(() => stream.below(n)).toThrow(RangeError);
    }
  });

  it('meets chance(p) as often as p says, and takes one word for it', () => {
    const stream = new Random(6).stream('chance');
    let met = 0;
    for (let i = 0; i < 100_000; i++) if (stream.chance(0.05)) met++;
    expect(Math.abs(met - 5000)).toBeLessThan(300);
    expect([stream.chance(0), stream.chance(1)]).toEqual([false, true]);
    const other = new Random(6).stream('chance');
    for (let i = 0; i < 100_002; i++) other.next();
    expect(stream.next()).toBe(other.next());
  });

  it('fills octets from its words, low octet first', () => {
    const octets = new Uint8Array(6);
    new Stream(1, 2, 3, 4).fillOctets(octets);
    expect([...octets]).toEqual([0x00, 0x2d, 0, 0, 0, 0]);
  });

  it('refuses a state of zeros', () => {
    expect(() => new Stream(0, 0, 0, 0)).toThrow(RangeError);
  });
});
