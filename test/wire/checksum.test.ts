/** The Internet checksum against a plain loop, and against values worked by hand. */

import { beforeAll, describe, expect, it } from 'vitest';
import { compileEntry } from '../compile.js';

type Routine = (...words: number[]) => number;

const SOURCE = 64 * 1024;
const TARGET = 192 * 1024;

let routines: Record<string, Routine>;
let octets: Uint8Array;

/** Octets of a linear congruential generator: the same for a seed, on every machine. */
function fillSeeded(at: number, length: number, seed: number): void {
  let word = seed >>> 0;
  for (let i = 0; i < length; i++) {
    word = (Math.imul(word, 1664525) + 1013904223) >>> 0;
    octets[at + i] = word >>> 24;
  }
}

/** The exported routine `name`; fails by name where there is none. */
function routine(name: string): Routine {
  const found = routines[name];
  if (found === undefined) throw new Error(`the entry does not export ${name}`);
  return found;
}

beforeAll(async () => {
  const exports = await compileEntry('test/assembly/wire/checksum.ts');
  routines = exports as unknown as Record<string, Routine>;
  octets = new Uint8Array((exports['memory'] as WebAssembly.Memory).buffer);
});

describe('wire/checksum', () => {
  it.each([
    ['seeded octets', (): void => fillSeeded(SOURCE, 4096, 0x1071)],
    ['all ones', (): void => void octets.fill(0xff, SOURCE, SOURCE + 4096)],
    ['all zeros', (): void => void octets.fill(0, SOURCE, SOURCE + 4096)],
  ])('sums and copies every length to 2048 at offsets 0 to 17: %s', (_name, fill) => {
    fill();
    const differs = routine('sweep')(SOURCE, TARGET, 2049, 18);
    const where = differs - 1;
    expect(differs === 0 ? '' : `offset ${where >>> 16}, length ${where & 0xffff}`).toBe('');
  });

  it.each([65535, 65534, 65520, 65473])('sums %i octets of 0xff and of chance', (length) => {
    octets.fill(0xff, SOURCE, SOURCE + 65536);
    expect(routine('sum')(SOURCE, length)).toBe(routine('plainSum')(SOURCE, length));
    fillSeeded(SOURCE, 65536, length);
    expect(routine('sum')(SOURCE, length)).toBe(routine('plainSum')(SOURCE, length));
    expect(routine('copyAndSum')(TARGET, SOURCE, length)).toBe(routine('plainSum')(SOURCE, length));
  });

  it('reads nothing beyond the end of memory', () => {
    for (const length of [0, 1, 15, 16, 63, 64, 65, 1459, 1460]) {
      const last = octets.length - length;
      fillSeeded(last, length, length);
      expect(routine('sum')(last, length)).toBe(routine('plainSum')(last, length));
      expect(routine('copyAndSum')(TARGET, last, length)).toBe(routine('plainSum')(last, length));
    }
  });

  it('gives 0 only for zeros, and 0xffff where ones-complement zero comes of octets', () => {
    octets.fill(0, SOURCE, SOURCE + 128);
    expect(routine('sum')(SOURCE, 128)).toBe(0);
    octets.set([0xff, 0xfe, 0x00, 0x01], SOURCE);
    expect(routine('sum')(SOURCE, 128)).toBe(0xffff);
  });

  it('writes the example of RFC 1071, 3 in network order', () => {
    octets.set([0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7], SOURCE);
    const folded = routine('fold')(routine('sum')(SOURCE, 8));
    routine('setLe16')(TARGET, 0, folded);
    expect([octets[TARGET], octets[TARGET + 1]]).toEqual([0xdd, 0xf2]);
  });

  it('makes an IPv4 header whole, and finds it whole', () => {
    octets.set([
      0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0x00, 0x00,
      0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7,
    ], SOURCE);
    routine('setLe16')(SOURCE, 10, routine('checksum')(SOURCE, 20));
    expect(routine('be16')(SOURCE, 10)).toBe(0xb861);
    expect(routine('checksum')(SOURCE, 20)).toBe(0);
    expect(routine('fold')(routine('sum')(SOURCE, 20))).toBe(0xffff);
  });

  it('sums a pseudo-header as if its twelve octets lay in memory', () => {
    const rows: [number, number, number, number][] = [
      [0x81480a01, 0x81482846, 6, 1480],
      [0xffffffff, 0xffffffff, 255, 65535],
      [0, 0, 17, 8],
    ];
    for (const [source, destination, protocol, length] of rows) {
      routine('setBe32')(SOURCE, 0, source);
      routine('setBe32')(SOURCE, 4, destination);
      routine('setBe16')(SOURCE, 8, protocol);
      routine('setBe16')(SOURCE, 10, length);
      const words = routine('pseudoHeader')(source, destination, protocol, length);
      expect(words).toBe(routine('plainSum')(SOURCE, 12));
    }
  });

  it('combines the sums of two chunks wherever they meet', () => {
    fillSeeded(SOURCE, 512, 7);
    const whole = routine('fold')(routine('sum')(SOURCE, 512));
    for (let cut = 0; cut <= 512; cut++) {
      const combine = routine((cut & 1) === 0 ? 'combine' : 'combineOdd');
      const first = routine('sum')(SOURCE, cut);
      const second = routine('sum')(SOURCE + cut, 512 - cut);
      expect(routine('fold')(combine(first, second))).toBe(whole);
    }
  });
});
