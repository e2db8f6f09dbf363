/** Lookaside lists: equal blocks kept back up to a depth, given again before the pool is asked. */

import { beforeAll, describe, expect } from 'vitest';
import { Random } from '../../host/machine/random.js';
import { compileModule } from '../compile.js';
import { Floor, it, leaves } from '../floor.js';

const LENGTH = 48;
const DEPTH = 4;

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/ex/memory.ts', { checked: true, optimize: 0 });
});

class Lookaside {
  readonly floor = new Floor(module);
  readonly list: number;

  constructor() {
    this.floor.call('initializeProcessors', 1);
    this.floor.call('initializePool');
    this.list = this.floor.block(this.floor.value('LOOKASIDE_OCTETS'));
    this.floor.call('initializeLookaside', this.list, LENGTH, DEPTH);
  }

  allocate(): number {
    return this.floor.call('ExAllocateFromNPagedLookasideList', this.list);
  }

  free(block: number): void {
    this.floor.call('ExFreeToNPagedLookasideList', this.list, block);
  }

  kept(): number {
    return this.floor.call('keptBlocks', this.list);
  }

  blocks(): number {
    return this.floor.call('poolBlocks');
  }
}

describe('ex/lookaside', () => {
  it('keeps as many blocks as its depth and gives the rest to the pool', () => {
    leaves('pool leaked');
    const lookaside = new Lookaside();
    const blocks = Array.from({ length: DEPTH + 3 }, () => lookaside.allocate());
    expect(lookaside.blocks()).toBe(DEPTH + 3);
    for (const block of blocks) lookaside.free(block);
    expect([lookaside.kept(), lookaside.blocks()]).toEqual([DEPTH, DEPTH]);
    expect(lookaside.floor.findings).toEqual([]);
  });

  it('gives the block that came back last, and does not ask the pool', () => {
    leaves('pool leaked');
    const lookaside = new Lookaside();
    const [a, b] = [lookaside.allocate(), lookaside.allocate()];
    lookaside.free(a);
    lookaside.free(b);
    const asked = lookaside.floor.call('poolAllocations');
    expect([lookaside.allocate(), lookaside.allocate()]).toEqual([b, a]);
    expect(lookaside.floor.call('poolAllocations')).toBe(asked);
    expect(lookaside.kept()).toBe(0);
  });

  it('answers null where it keeps nothing and the pool refuses, and gives what it keeps', () => {
    leaves('pool leaked');
    const lookaside = new Lookaside();
    const block = lookaside.allocate();
    lookaside.floor.call('failAllocation', 1, 1);
    expect(lookaside.allocate()).toBe(0);
    lookaside.free(block);
    expect(lookaside.allocate()).toBe(block);
    expect(lookaside.allocate()).toBe(0);
  });

  it('gives all that it keeps, and what comes back later, back to the pool at its end', () => {
    const lookaside = new Lookaside();
    const blocks = Array.from({ length: DEPTH }, () => lookaside.allocate());
    for (const block of blocks) lookaside.free(block);
    lookaside.floor.call('ExDeleteNPagedLookasideList', lookaside.list);
    expect([lookaside.kept(), lookaside.blocks()]).toEqual([0, 0]);
    lookaside.floor.call('ExDeleteNPagedLookasideList', lookaside.list);
    const late = lookaside.allocate();
    expect(late).not.toBe(0);
    lookaside.free(late);
    expect([lookaside.kept(), lookaside.blocks()]).toEqual([0, 0]);
    expect(lookaside.floor.findings).toEqual([]);
  });

  it('never gives out a block twice, whatever comes and goes', () => {
    leaves('pool leaked');
    const lookaside = new Lookaside();
    const chance = new Random(11).stream('lookaside');
    const out = new Map<number, number>();
    for (let turn = 0; turn < 3000; turn++) {
      const any = [...out.keys()][chance.below(Math.max(1, out.size))];
      if (any !== undefined && chance.chance(out.size > 12 ? 0.7 : 0.4)) {
        const octets = lookaside.floor.octets.subarray(any, any + LENGTH);
        expect(octets.every((octet) => octet === out.get(any))).toBe(true);
        out.delete(any);
        lookaside.free(any);
        continue;
      }
      const block = lookaside.allocate();
      expect(out.has(block)).toBe(false);
      out.set(block, turn & 0xff);
      lookaside.floor.octets.fill(turn & 0xff, block, block + LENGTH);
      expect(lookaside.blocks()).toBe(out.size + lookaside.kept());
      expect(lookaside.kept()).toBeLessThanOrEqual(DEPTH);
    }
    expect(lookaside.floor.findings).toEqual([]);
  });

  it('lets go of its lock before it asks the pool, and leaves IRQL as it was', () => {
    leaves('irql', 'pool leaked');
    const lookaside = new Lookaside();
    for (const level of [0, 2]) {
      lookaside.floor.call('KeRaiseIrql', level);
      const blocks = Array.from({ length: DEPTH + 1 }, () => lookaside.allocate());
      for (const block of blocks) lookaside.free(block);
      expect(lookaside.floor.call('KeGetCurrentIrql')).toBe(level);
      expect(lookaside.floor.call('heldCount', 0)).toBe(0);
    }
    // Two locks at once would leave a bit for their pair.
    const edges = lookaside.floor.call('lockEdges');
    const bits = lookaside.floor.octets.subarray(edges, edges + 2048);
    expect(bits.every((octet) => octet === 0)).toBe(true);
    expect(lookaside.floor.findings).toEqual([]);
  });
});
