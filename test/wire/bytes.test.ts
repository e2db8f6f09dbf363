/** Octets in place: both orders, at even and odd addresses, and nothing written beside them. */

import { beforeAll, describe, expect, it } from 'vitest';
import { compileEntry } from '../compile.js';

type Routine = (...words: number[]) => number;

const BASE = 64 * 1024;

let routines: Record<string, Routine>;
let octets: Uint8Array;

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

describe.each([0, 1, 2, 3, 5])('wire/bytes at offset %i', (offset) => {
  it('reads both orders, and small words without a sign', () => {
    octets.set([0x81, 0x92, 0xa3, 0xb4], BASE + offset);
    expect(routine('be16')(BASE, offset)).toBe(0x8192);
    expect(routine('le16')(BASE, offset)).toBe(0x9281);
    expect(routine('be32')(BASE, offset) >>> 0).toBe(0x8192a3b4);
    expect(routine('le32')(BASE, offset) >>> 0).toBe(0xb4a39281);
  });

  it.each([
    ['setBe16', [0xb3, 0xc4]],
    ['setLe16', [0xc4, 0xb3]],
    ['setBe32', [0x91, 0xa2, 0xb3, 0xc4]],
    ['setLe32', [0xc4, 0xb3, 0xa2, 0x91]],
  ])('%s writes its octets and no other', (name, expected) => {
    octets.fill(0x5a, BASE, BASE + 16);
    routine(name)(BASE, offset, 0x91a2b3c4);
    const around = [...octets.subarray(BASE, BASE + 16)];
    expect(around.splice(offset, expected.length)).toEqual(expected);
    expect(around.every((octet) => octet === 0x5a)).toBe(true);
  });

  it('moves 64 bits', () => {
    octets.fill(0, BASE, BASE + 64);
    octets.set([1, 2, 3, 4, 5, 6, 7, 8], BASE + offset);
    routine('move64')(BASE + 32, BASE, offset);
    expect([...octets.subarray(BASE + 32 + offset, BASE + 40 + offset)])
      .toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});
