/** The verifier's rules of pool: each speaks in one case and is still in another. */

import { beforeAll, describe, expect } from 'vitest';
import { compileModule } from '../compile.js';
import { Floor, it, leaves } from '../floor.js';

const POISON = 0xdd;

let checked: WebAssembly.Module;
let free: WebAssembly.Module;

beforeAll(async () => {
  checked = await compileModule('test/assembly/ex/memory.ts', { checked: true, optimize: 0 });
  free = await compileModule('test/assembly/ex/memory.ts', { optimize: 0 });
});

function pool(module: WebAssembly.Module): Floor {
  const floor = new Floor(module);
  floor.call('initializeProcessors', 1);
  floor.call('initializePool');
  return floor;
}

function allocate(floor: Floor, length: number): number {
  return floor.call('ExAllocatePoolWithTag', length, floor.value('Tag.Tcb'));
}

describe('vf/pool', () => {
  it('says which block of which tag was freed twice: rule 0x13', () => {
    leaves('pool misuse');
    const floor = pool(checked);
    const at = allocate(floor, 40);
    floor.call('ExFreePool', at);
    expect(floor.findings).toEqual([]);
    floor.call('ExFreePool', at);
    expect(floor.findings).toEqual(['POOL_DOUBLE_FREE']);
    expect(floor.value('Rule.POOL_DOUBLE_FREE')).toBe(0x13);
    expect(floor.findingWords[0]?.slice(0, 2)).toEqual([at, floor.value('Tag.Tcb')]);
  });

  // A free build looks at blocks that have a header: those of more than 256 octets.
  it.each([
    ['checked', 40], ['checked', 300], ['free', 300],
  ] as const)('does not give twice what was freed twice: %s, %i octets', (build, length) => {
    leaves('pool leaked', ...(build === 'free' ? [] : ['pool misuse' as const]));
    const floor = pool(build === 'free' ? free : checked);
    const at = allocate(floor, length);
    floor.call('ExFreePool', at);
    floor.call('ExFreePool', at);
    expect(floor.call('poolBlocks')).toBe(0);
    expect(allocate(floor, length)).toBe(at);
    expect(allocate(floor, length)).not.toBe(at);
  });

  it('says that what was freed is no block: rule 0x10', () => {
    leaves('pool misuse', 'pool leaked');
    const floor = pool(checked);
    const at = allocate(floor, 200);
    floor.call('ExFreePool', at + 16);
    const scratch = floor.block(64);
    floor.octets.fill(0xff, scratch, scratch + 64);
    floor.call('ExFreePool', scratch + 32);
    expect(floor.findings).toEqual(['POOL_BAD_ADDRESS', 'POOL_BAD_ADDRESS']);
    expect(floor.value('Rule.POOL_BAD_ADDRESS')).toBe(0x10);
    expect(floor.findingWords.map(([address]) => address)).toEqual([at + 16, scratch + 32]);
    expect(floor.call('poolBlocks')).toBe(1);
  });

  it.each([0, 1, 3, 40, 513, 5000])('says that %i octets were overrun by one: 0x51', (length) => {
    leaves('pool misuse');
    const floor = pool(checked);
    const at = allocate(floor, length);
    floor.octets[at + length] = 0;
    floor.call('ExFreePool', at);
    expect(floor.findings).toEqual(['POOL_OVERRUN']);
    expect(floor.value('Rule.POOL_OVERRUN')).toBe(0x51);
    expect(floor.findingWords[0]).toEqual([at, floor.value('Tag.Tcb'), length]);
  });

  it.each([0, 1, 3, 40, 513, 5000])('lets all %i octets be written', (length) => {
    const floor = pool(checked);
    const at = allocate(floor, length);
    floor.octets.fill(0, at, at + length);
    floor.call('ExFreePool', at);
    expect(floor.findings).toEqual([]);
  });

  it('spoils what is given and what is freed, so that nobody lives on what was there', () => {
    const floor = pool(checked);
    const at = allocate(floor, 40);
    const octets = (): Uint8Array => floor.octets.slice(at, at + 40);
    expect(octets().every((octet) => octet === POISON)).toBe(true);
    floor.octets.fill(7, at, at + 40);
    floor.call('ExFreePool', at);
    expect(octets().every((octet) => octet === POISON)).toBe(true);
  });

  it('says that pool was asked for above DISPATCH_LEVEL: rule 0x02, with level and tag', () => {
    leaves('irql', 'pool leaked');
    const floor = pool(checked);
    floor.call('KeRaiseIrql', 2);
    floor.call('ExFreePool', allocate(floor, 10));
    expect(floor.findings).toEqual([]);
    floor.call('KeRaiseIrql', 12);
    allocate(floor, 10);
    expect(floor.findings[0]).toBe('POOL_IRQL');
    expect(floor.value('Rule.POOL_IRQL')).toBe(0x02);
    expect(floor.findingWords[0]?.slice(0, 2)).toEqual([12, floor.value('Tag.Tcb')]);
  });

  it('says that pool was freed above DISPATCH_LEVEL: rule 0x12, with level and block', () => {
    leaves('irql');
    const floor = pool(checked);
    const at = allocate(floor, 10);
    floor.call('KeRaiseIrql', 12);
    floor.call('ExFreePool', at);
    expect(floor.findings[0]).toBe('POOL_FREE_IRQL');
    expect(floor.findingWords[0]?.slice(0, 2)).toEqual([12, at]);
  });

  it('adds nothing to a block of a free build, and says nothing there', () => {
    leaves('irql', 'pool leaked');
    const floor = pool(free);
    const [small, beside] = [allocate(floor, 8), allocate(floor, 8)];
    expect(beside - small).toBe(16);
    floor.call('ExFreePool', small);
    const first = allocate(floor, 300);
    floor.call('KeRaiseIrql', 12);
    floor.call('ExFreePool', first);
    floor.call('ExFreePool', first);
    floor.call('ExFreePool', floor.block(64) + 32);
    expect(floor.findings).toEqual([]);
    expect(floor.call('poolBlocks')).toBe(1);
  });
});
