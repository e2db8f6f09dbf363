/** MDLs: copies into chains of buffers against a flat array. */

import { beforeAll, describe, expect } from 'vitest';
import { Random } from '../../host/machine/random.js';
import { compileModule } from '../compile.js';
import { Floor, it } from '../floor.js';

const SOURCE_OCTETS = 2048;

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/io/request.ts', { checked: true, optimize: 0 });
});

/** A chain of buffers of these lengths, with a gap after each. */
class Chain {
  readonly floor = new Floor(module);
  readonly source: number;
  readonly first: number;
  private readonly buffers: [at: number, length: number][] = [];

  constructor(lengths: readonly number[]) {
    const { floor } = this;
    this.source = floor.block(SOURCE_OCTETS);
    const mdls = lengths.map((length) => {
      const at = floor.block(length + 8);
      this.buffers.push([at, length]);
      const mdl = floor.block(floor.value('MDL_OCTETS'));
      floor.call('describe', mdl, at, length);
      return mdl;
    });
    mdls.forEach((mdl, index) => {
      const next = mdls[index + 1];
      if (next !== undefined) floor.call('chain', mdl, next);
    });
    this.first = mdls[0] ?? 0;
  }

  copy(offset: number, length: number): number {
    return this.floor.call('copyToMdl', this.first, offset, this.source, length);
  }

  length(): number {
    return this.floor.call('mdlLength', this.first);
  }

  /** What the buffers hold, one after another. */
  octets(): number[] {
    return this.buffers.flatMap(([at, length]) => [
      ...this.floor.octets.subarray(at, at + length),
    ]);
  }

  /** What lies between the buffers, which nobody may write. */
  gaps(): number[] {
    return this.buffers.flatMap(([at, length]) => [
      ...this.floor.octets.subarray(at + length, at + length + 8),
    ]);
  }
}

describe('io/mdl', () => {
  it('describes one buffer, whatever was in the structure before', () => {
    const chain = new Chain([10, 20]);
    expect(chain.length()).toBe(30);
    chain.floor.call('describe', chain.first, chain.source, 7);
    expect(chain.length()).toBe(7);
  });

  it.each([
    [[10], 0, 10, 10],
    [[10], 3, 4, 4],
    [[10], 3, 40, 7],
    [[10], 10, 5, 0],
    [[10], 11, 5, 0],
    [[4, 4, 4], 0, 12, 12],
    [[4, 4, 4], 3, 6, 6],
    [[4, 4, 4], 4, 4, 4],
    [[4, 4, 4], 8, 100, 4],
    [[4, 0, 0, 4], 2, 4, 4],
    [[0], 0, 4, 0],
    [[4, 4], 2, 0, 0],
    [[], 0, 4, 0],
  ])('copies into buffers of %j, from %i, %i octets: %i fit', (lengths, offset, length, fits) => {
    const chain = new Chain(lengths);
    const total = lengths.reduce((sum, each) => sum + each, 0);
    chain.floor.octets.fill(9, chain.source, chain.source + SOURCE_OCTETS);
    expect(chain.length()).toBe(total);
    expect(chain.copy(offset, length)).toBe(fits);
    const expected = Array.from({ length: total }, (_, i) =>
      i >= offset && i < offset + fits ? 9 : 0,
    );
    expect(chain.octets()).toEqual(expected);
    expect(new Set(chain.gaps()).size).toBeLessThanOrEqual(1);
  });

  it.each([1, 2, 3, 4])('does what a copy into one array does: seed %i', (seed) => {
    const chance = new Random(seed).stream('mdl');
    const lengths = Array.from({ length: 1 + chance.below(12) }, () => chance.below(90));
    const total = lengths.reduce((sum, each) => sum + each, 0);
    const chain = new Chain(lengths);
    const flat = Array.from({ length: total }, () => 0);
    for (let turn = 0; turn < 300; turn++) {
      const source = Array.from({ length: chance.below(400) }, () => chance.below(256));
      const offset = chance.below(total + 20);
      chain.floor.octets.set(source, chain.source);
      const fits = Math.max(0, Math.min(source.length, total - offset));
      expect(chain.copy(offset, source.length)).toBe(fits);
      flat.splice(offset, fits, ...source.slice(0, fits));
      expect(chain.octets()).toEqual(flat);
    }
    expect(chain.gaps().every((octet) => octet === 0)).toBe(true);
  });
});
