/** The pool against a model: blocks apart, counted by tag, given back, refused when it is full. */

import { beforeAll, describe, expect } from 'vitest';
import { Random } from '../../host/machine/random.js';
import { compileModule } from '../compile.js';
import { Floor, it, leaves } from '../floor.js';

const ENTRY = 'test/assembly/ex/memory.ts';
const HEADER = 8;
/** The largest block that comes from a run in free builds, and octets of a run. */
const RUN_BLOCK = 256;
const RUN_OCTETS = 4096;
const MIB = 1 << 20;

let checked: WebAssembly.Module;
let free: WebAssembly.Module;
let gibibyte: WebAssembly.Module;
let small: WebAssembly.Module;

beforeAll(async () => {
  checked = await compileModule(ENTRY, { checked: true, optimize: 0 });
  free = await compileModule(ENTRY, { optimize: 0 });
  gibibyte = await compileModule(ENTRY, { optimize: 0, maximumPages: 16_384 });
  small = await compileModule(ENTRY, { checked: true, optimize: 0, maximumPages: 40 });
});

/** A block of the model: what was asked for, and what its octets must be. */
interface Block {
  readonly at: number;
  readonly length: number;
  readonly tag: string;
  readonly fill: number;
}

/** What the host sees of a tag. */
interface Count {
  readonly allocations: number;
  readonly frees: number;
  readonly octets: number;
}

class Pool {
  readonly floor: Floor;

  constructor(module: WebAssembly.Module) {
    this.floor = new Floor(module);
    this.floor.call('initializeProcessors', 1);
    this.floor.call('initializePool');
  }

  allocate(length: number, tag = 'Route'): number {
    return this.floor.call('ExAllocatePoolWithTag', length, this.floor.value(`Tag.${tag}`));
  }

  free(at: number): void {
    this.floor.call('ExFreePool', at);
  }

  blocks(): number {
    return this.floor.call('poolBlocks');
  }

  count(tag: string): Count {
    const table = this.floor.call('poolTags');
    for (let slot = 0; slot < this.floor.value('TAG_SLOTS'); slot++) {
      const [name, allocations = 0, frees = 0, octets = 0] = [0, 4, 8, 12].map((offset) =>
        this.floor.word(table + 16 * slot + offset),
      );
      if (name === this.floor.value(`Tag.${tag}`)) return { allocations, frees, octets };
    }
    return { allocations: 0, frees: 0, octets: 0 };
  }
}

type Build = 'free' | 'checked';

function isInRun(build: Build, length: number): boolean {
  return build === 'free' && length <= RUN_BLOCK;
}

/** What a block counts: a run's its size, any other what was asked for. */
function counted(build: Build, length: number): number {
  return isInRun(build, length) ? Math.max(16, Math.ceil(length / 16) * 16) : length;
}

/** Octets of the pool's own before a block. */
function headerOf(build: Build, length: number): number {
  return isInRun(build, length) ? 0 : HEADER;
}

/** Whether a block holds what was written there. */
function isWhole(pool: Pool, { at, length, fill }: Block): boolean {
  return Buffer.alloc(length, fill).equals(pool.floor.octets.subarray(at, at + length));
}

describe('ex/pool', () => {
  it.each([
    ['free', 1],
    ['free', 2],
    ['checked', 3],
    ['checked', 4],
  ] as const)('keeps blocks of random sizes apart and counts them: %s, seed %i', (build, seed) => {
    const pool = new Pool(build === 'free' ? free : checked);
    const chance = new Random(seed).stream('pool');
    const tags = ['Irp', 'Mdl', 'Tcb', 'Route', 'Arp', 'User'];
    const blocks: Block[] = [];
    const totals = new Map<string, { allocations: number; frees: number; octets: number }>();
    for (const tag of tags) totals.set(tag, { allocations: 0, frees: 0, octets: 0 });
    for (let turn = 0; turn < 2000; turn++) {
      if (blocks.length !== 0 && chance.chance(blocks.length > 60 ? 0.6 : 0.4)) {
        const [block] = blocks.splice(chance.below(blocks.length), 1) as [Block];
        expect(isWhole(pool, block)).toBe(true);
        pool.free(block.at);
        const total = totals.get(block.tag) ?? { allocations: 0, frees: 0, octets: 0 };
        total.frees++;
        total.octets -= counted(build, block.length);
        continue;
      }
      const length = chance.below([200_001, 5000, 600, 65][chance.below(4)] ?? 1);
      const tag = tags[chance.below(tags.length)] ?? 'Irp';
      const at = pool.allocate(length, tag);
      expect(at).toBeGreaterThan(0);
      expect(at % 8).toBe(0);
      const block = { at, length, tag, fill: chance.below(256) };
      pool.floor.octets.fill(block.fill, at, at + length);
      blocks.push(block);
      const total = totals.get(tag) ?? { allocations: 0, frees: 0, octets: 0 };
      total.allocations++;
      total.octets += counted(build, length);
      if (turn % 16 === 0) {
        for (const tag of tags) expect(pool.count(tag)).toEqual(totals.get(tag));
        expect(pool.blocks()).toBe(blocks.length);
      }
    }
    const inOrder = [...blocks].sort((a, b) => a.at - b.at);
    inOrder.forEach((block, index) => {
      const next = inOrder[index + 1];
      if (next !== undefined) {
        expect(block.at + block.length + headerOf(build, next.length)).toBeLessThanOrEqual(next.at);
      }
      expect(isWhole(pool, block)).toBe(true);
      pool.free(block.at);
    });
    expect(pool.blocks()).toBe(0);
    for (const tag of tags) expect(pool.count(tag).octets).toBe(0);
    expect(pool.floor.findings).toEqual([]);
  });

  it.each(
    ['free', 'checked'] as const,
  )('gives every length from 0 to 3,000 its octets: %s', (build) => {
    leaves('pool leaked');
    const pool = new Pool(build === 'free' ? free : checked);
    let end = 0;
    for (let length = 0; length <= 3000; length++) {
      const at = pool.allocate(length);
      expect(at - headerOf(build, length)).toBeGreaterThanOrEqual(end);
      end = at + length;
    }
    expect(end).toBeLessThanOrEqual(pool.floor.octets.length);
  });

  it('takes at most a quarter more than was asked for, beyond 512 octets', () => {
    leaves('pool leaked');
    const pool = new Pool(free);
    let before = pool.allocate(600) + 600;
    for (let length = 513; length < 400_000; length = Math.ceil(length * 1.07)) {
      const at = pool.allocate(length);
      const next = pool.allocate(RUN_BLOCK + 1);
      expect(next - at).toBeLessThanOrEqual((length + HEADER) * 1.25 + 16);
      expect(at).toBeGreaterThanOrEqual(before);
      before = next;
    }
  });

  it.each([16, 48, 192, 256])('gives blocks of %i octets no headers in a free build', (size) => {
    leaves('pool leaked');
    const pool = new Pool(free);
    const many = 2000;
    const take = (): number[] =>
      Array.from({ length: many }, () => pool.allocate(size, 'Tcb')).sort((a, b) => a - b);
    const blocks = take();
    const perRun = Math.floor((RUN_OCTETS - (size % 64 === 0 ? 64 : 16)) / size);
    const runs = new Set(blocks.map((at) => Math.floor(at / RUN_OCTETS)));
    expect(runs.size).toBe(Math.ceil(many / perRun));
    expect(blocks.slice(1).every((at, index) => at - (blocks[index] ?? at) >= size)).toBe(true);
    if (size % 64 === 0) expect(blocks.every((at) => at % 64 === 0)).toBe(true);
    for (const at of blocks) pool.free(at);
    expect(pool.count('Tcb')).toEqual({ allocations: many, frees: many, octets: 0 });
    const octets = pool.floor.octets.length;
    expect(take()).toEqual(blocks);
    expect(pool.floor.octets.length).toBe(octets);
  });

  it('makes runs of large blocks that nobody uses before memory grows', () => {
    leaves('pool leaked');
    const pool = new Pool(free);
    const large = Array.from({ length: 4 }, () => pool.allocate(MIB - HEADER));
    while (pool.floor.octets.length < 8 * MIB) pool.allocate(60_000);
    for (const at of large) pool.free(at);
    const octets = pool.floor.octets.length;
    const small: number[] = [];
    for (let taken = 0; taken < 3.5 * MIB; taken += 192) small.push(pool.allocate(192, 'Tcb'));
    expect(pool.floor.octets.length).toBe(octets);
    // A block that became runs is nobody's block any more.
    for (let i = 0; i < large.length; i++) {
      const at = pool.allocate(MIB - HEADER);
      expect(small.filter((each) => each >= at && each < at + MIB - HEADER)).toEqual([]);
    }
  });

  it('gives a freed block to the next that asks for its size, and takes no more memory', () => {
    leaves('pool leaked');
    const pool = new Pool(free);
    const sizes = [1, 100, 1000, 100_000];
    const first = sizes.map((size) => pool.allocate(size));
    const octets = pool.floor.octets.length;
    for (let turn = 0; turn < 1000; turn++) {
      for (const at of first) pool.free(at);
      expect(sizes.map((size) => pool.allocate(size))).toEqual(first);
    }
    expect(pool.floor.octets.length).toBe(octets);
  });

  it('grows to 1 GiB and then refuses, without harm to what it gave', () => {
    leaves('pool leaked');
    const pool = new Pool(gibibyte);
    const length = 64 * MIB - HEADER;
    const blocks: number[] = [];
    for (let at = pool.allocate(length); at !== 0; at = pool.allocate(length)) {
      expect(blocks.length).toBeLessThan(16);
      blocks.push(at);
    }
    expect(blocks.length).toBe(15);
    let rest = 0;
    while (pool.allocate(MIB - HEADER) !== 0) rest++;
    expect(rest).toBeGreaterThanOrEqual(60);
    while (pool.allocate(0x10000 - HEADER) !== 0) rest++;
    expect(pool.floor.octets.length).toBe(1024 * MIB);
    expect(pool.allocate(length)).toBe(0);
    pool.free(blocks[7] ?? 0);
    expect(pool.allocate(length)).toBe(blocks[7]);
    expect(pool.blocks()).toBe(15 + rest);
  });

  it('refuses when memory is full, keeps it in the ring, and gives again what came back', () => {
    leaves('pool leaked');
    const pool = new Pool(small);
    const { floor } = pool;
    const blocks: number[] = [];
    for (let at = pool.allocate(10_000); at !== 0; at = pool.allocate(10_000)) blocks.push(at);
    expect(floor.octets.length).toBe(40 << 16);
    expect(blocks.length).toBeGreaterThan(100);
    expect(floor.word(floor.call('traceRing') + 4)).toBe(floor.value('Event.POOL_REFUSED'));
    expect(floor.word(floor.call('traceRing') + 12)).toBe(floor.value('Tag.Route'));
    expect(floor.word(floor.call('traceRing') + 16)).toBe(10_000);
    expect(pool.count('Route')).toEqual({
      allocations: blocks.length, frees: 0, octets: 10_000 * blocks.length,
    });
    for (const at of blocks) pool.free(at);
    const again = blocks.map(() => pool.allocate(10_000));
    expect(again.sort()).toEqual(blocks.sort());
    expect(pool.allocate(10_000)).toBe(0);
    expect(floor.findings).toEqual([]);
  });

  it.each([128 * MIB, 0x7fff_ffff, 0xffff_fff8, 0xffff_ffff])(
    'refuses %i octets, more than its largest block, and takes no memory for it',
    (length) => {
      const pool = new Pool(checked);
      const octets = pool.floor.octets.length;
      expect(pool.allocate(length)).toBe(0);
      expect([pool.blocks(), pool.floor.octets.length]).toEqual([0, octets]);
    },
  );

  it('gives a structure all of zeros, of whatever was there before', () => {
    const pool = new Pool(checked);
    const size = pool.floor.value('SAMPLE_OCTETS');
    const used = pool.allocate(size);
    pool.floor.octets.fill(0xff, used, used + size);
    pool.free(used);
    const at = pool.floor.call('allocateSample');
    expect(at).toBe(used);
    expect(pool.floor.octets.subarray(at, at + size).every((octet) => octet === 0)).toBe(true);
    pool.floor.call('freeSample', at);
    expect(pool.blocks()).toBe(0);
  });

  it('answers null for a structure where there is no memory', () => {
    const pool = new Pool(checked);
    pool.floor.call('failAllocation', 1, 0);
    expect(pool.floor.call('allocateSample')).toBe(0);
  });

  it.each([1, 2, 7])('fails the %i. allocation that follows, and none besides', (n) => {
    leaves('pool leaked');
    const pool = new Pool(checked);
    for (let i = 0; i < 5; i++) pool.allocate(10);
    pool.floor.call('failAllocation', n, 0);
    const given = Array.from({ length: 12 }, () => pool.allocate(10) !== 0);
    expect(given).toEqual(given.map((_, index) => index !== n - 1));
    expect(pool.floor.call('poolFailures')).toBe(1);
    expect(pool.floor.call('poolAllocations')).toBe(17);
    expect(pool.blocks()).toBe(16);
  });

  it.each([1, 4])('fails the %i. allocation and all that follow, until told otherwise', (n) => {
    leaves('pool leaked');
    const pool = new Pool(checked);
    pool.floor.call('failAllocation', n, 1);
    const given = Array.from({ length: 10 }, () => pool.allocate(10) !== 0);
    expect(given).toEqual(given.map((_, index) => index < n - 1));
    expect(pool.floor.call('poolFailures')).toBe(11 - n);
    pool.floor.call('failAllocation', 0, 0);
    expect(pool.allocate(10)).not.toBe(0);
    expect(pool.floor.call('poolFailures')).toBe(0);
  });

  it('fails nothing in a free build', () => {
    leaves('pool leaked');
    const pool = new Pool(free);
    pool.floor.call('failAllocation', 1, 1);
    expect(pool.allocate(10)).not.toBe(0);
  });

  it('holds its lock while it works and leaves it free, at the level it was called at', () => {
    leaves('irql');
    const pool = new Pool(checked);
    for (const level of [0, 2]) {
      pool.floor.call('KeRaiseIrql', level);
      pool.free(pool.allocate(10));
      expect(pool.floor.call('KeGetCurrentIrql')).toBe(level);
      expect(pool.floor.call('ownerOf', pool.floor.call('poolLock'))).toBe(0);
    }
    expect(pool.floor.findings).toEqual([]);
  });
});
