/** Sections, interfaces and blocks of pcapng, right and wrong ones. */

import { describe, expect, it } from 'vitest';
import { readCapture } from '../../host/link/pcapread.js';
import { block, description, enhanced, join, option, pack, section } from './captures.js';
import { nth } from './recorder.js';

const ONE = Uint8Array.of(1, 2, 3, 4, 5);
const TWO = Uint8Array.of(6, 7);
const all = (...blocks: Uint8Array[]) => [...readCapture(join(...blocks))];
const text = (value: string) => new TextEncoder().encode(value);

describe('link/pcapngread', () => {
  it('reads sections in both orders of octets, one after another, interfaces counted on', () => {
    const frames = all(
      section(true), description(1, 0, option(2, text('eth0'))), enhanced(0, 7n, ONE),
      section(false), description(101, 0, option(2, text('née'), false), false),
      description(1, 0, undefined, false), enhanced(1, 9n, TWO, false),
      enhanced(0, 8n, ONE, false),
    );
    expect(frames).toEqual([
      { timeNs: 7000n, interface: 0, interfaceName: 'eth0', linkType: 1, octets: ONE,
        originalLength: 5 },
      { timeNs: 9000n, interface: 2, interfaceName: '', linkType: 1, octets: TWO,
        originalLength: 2 },
      { timeNs: 8000n, interface: 1, interfaceName: 'née', linkType: 101, octets: ONE,
        originalLength: 5 },
    ]);
  });

  it('takes times in any resolution, with an offset', () => {
    const time = (options: Uint8Array, units: bigint): bigint =>
      nth(all(section(), description(1, 0, options), enhanced(0, units, ONE)), 0).timeNs;
    const resolution = (value: number): Uint8Array => option(9, Uint8Array.of(value));
    expect(time(new Uint8Array(0), 0x1_0000_0003n)).toBe(0x1_0000_0003n * 1000n);
    expect(time(resolution(9), 1_795_176_513_351_633_758n)).toBe(1_795_176_513_351_633_758n);
    expect(time(resolution(0), 3n)).toBe(3_000_000_000n);
    expect(time(resolution(12), 5_999n)).toBe(5n);
    expect(time(resolution(0x80 | 10), 1536n)).toBe(1_500_000_000n);
    const offset = option(14, pack('d', [100n]));
    expect(time(join(resolution(3), offset), 7n)).toBe(100_007_000_000n);
    const earlier = option(14, pack('d', [-1n]));
    expect(time(join(earlier, resolution(9)), 2_000_000_000n)).toBe(1_000_000_000n);
  });

  it('stops at the end of options, and passes over those it does not know', () => {
    const options = join(option(3, text('a comment')), option(0, new Uint8Array(0)),
      option(2, text('hidden')));
    const frames = all(section(), description(1, 0, options), enhanced(0, 0n, ONE));
    expect(nth(frames, 0).interfaceName).toBe('');
  });

  it('reads simple packets: of the first interface, cut by its limit, with the last time', () => {
    const simple = (length: number, octets: Uint8Array) => block(3, pack('w', [length], octets));
    const frames = all(
      section(), description(1, 4), simple(2, TWO), enhanced(0, 5n, TWO), simple(5, ONE),
    );
    expect(frames.map((frame) => [frame.timeNs, [...frame.octets], frame.originalLength])).toEqual([
      [0n, [6, 7], 2], [5000n, [6, 7], 2], [5000n, [1, 2, 3, 4], 5],
    ]);
    const unlimited = all(section(), description(), simple(5, ONE));
    expect(nth(unlimited, 0).octets).toEqual(ONE);
    expect(() => all(section(), description(), simple(9, ONE)))
      .toThrow('offset 56: expected at most 8 octets, found 9');
  });

  it('reads the obsolete packet block', () => {
    const packet = block(2, pack('hhwwww', [0, 77, 0, 3, 5, 60], ONE));
    expect(all(section(), description(), packet)).toEqual([
      { timeNs: 3000n, interface: 0, interfaceName: '', linkType: 1, octets: ONE,
        originalLength: 60 },
    ]);
  });

  it('passes over blocks it does not know', () => {
    const frames = all(
      section(), block(5, new Uint8Array(40)), description(), block(0x8000_0001, ONE),
      enhanced(0, 1n, TWO), block(4, new Uint8Array(0)),
    );
    expect(frames.map((frame) => frame.octets)).toEqual([TWO]);
  });

  it('says where a block is wrong, and what was expected', () => {
    const wrong = (octets: Uint8Array, at: number, value: number): Uint8Array => {
      octets[at] = value;
      return octets;
    };
    const begin = [section(), description()];
    const cases: [Uint8Array[], string][] = [
      [[wrong(section(), 8, 0)], 'offset 8: expected the byte-order magic, found 0x003c2b1a'],
      [[wrong(section(), 12, 2)], 'offset 12: expected version 1, found version 2'],
      [[wrong(section(), 4, 30)], 'offset 4: expected a length from 12 on, by fours, found 30'],
      [[wrong(section(), 4, 8)], 'offset 4: expected a length from 12 on, by fours, found 8'],
      [[wrong(section(), 24, 29)], 'offset 24: expected the length 28 again, found 29'],
      [[wrong(section(), 4, 32)], 'offset 0: expected a block (32 octets), found 28'],
      [[section(), enhanced(0, 0n, ONE)], 'offset 36: expected one of 0 interfaces of the section'],
      [[...begin, enhanced(1, 0n, ONE)],
        'offset 56: expected one of 1 interfaces of the section, found interface 1'],
      [[...begin, wrong(enhanced(0, 0n, ONE), 20, 9)],
        'offset 68: expected at most 8 octets, found 9'],
      [[...begin, block(6, ONE)],
        'offset 56: expected the head of a frame (20 octets), found a body of 8'],
      [[section(), block(1, TWO)],
        'offset 36: expected an interface description (8 octets), found a body of 4'],
      [[section(), description(1, 0, pack('hh', [2, 9]))],
        'offset 44: expected an option of 9 octets, found 0'],
      [[block(0x0a0d0d0a, pack('w', [0x1a2b3c4d]))],
        'offset 8: expected a section header (16 octets), found a body of 4'],
    ];
    for (const [blocks, message] of cases) expect(() => all(...blocks)).toThrow(message);
  });

  it('forgets the interfaces of a section when the next begins', () => {
    expect(() => all(section(), description(), section(), enhanced(0, 0n, ONE)))
      .toThrow('one of 0 interfaces');
  });
});
