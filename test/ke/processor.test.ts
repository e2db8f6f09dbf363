/** Processors: each with its own level and queue, and which of them runs. */

import { beforeAll, describe, expect } from 'vitest';
import { compileModule } from '../compile.js';
import { Floor, it, leaves } from '../floor.js';

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/ke/kernel.ts', { checked: true, optimize: 0 });
});

function processors(count: number): Floor {
  const floor = new Floor(module);
  floor.call('initializeProcessors', count);
  return floor;
}

describe('ke/processor', () => {
  it.each([1, 2, 8])('makes %i processors at PASSIVE_LEVEL, the first of which runs', (count) => {
    const floor = processors(count);
    expect(floor.call('KeQueryActiveProcessorCount')).toBe(count);
    expect(floor.call('KeGetCurrentProcessorNumber')).toBe(0);
    for (let number = 0; number < count; number++) {
      expect(floor.call('irqlOf', number)).toBe(floor.value('Irql.PASSIVE'));
      expect(floor.call('waitingDpcs', number)).toBe(0);
      floor.call('selectProcessor', number);
      expect(floor.call('KeGetCurrentProcessorNumber')).toBe(number);
    }
  });

  it('keeps the control blocks of the most processors apart', () => {
    const floor = processors(8);
    expect(floor.value('MAXIMUM_PROCESSORS')).toBe(8);
    const blocks = Array.from({ length: 8 }, (_, number) => floor.call('prcbAt', number));
    expect(new Set(blocks).size).toBe(8);
    for (const [number, at] of blocks.entries()) expect(at - (blocks[0] ?? 0)).toBe(64 * number);
    expect((blocks[0] ?? 1) % 64).toBe(0);
  });

  it('gives each processor a level of its own', () => {
    leaves('irql');
    const floor = processors(2);
    floor.call('KeRaiseIrql', floor.value('Irql.DISPATCH'));
    floor.call('selectProcessor', 1);
    expect(floor.call('KeGetCurrentIrql')).toBe(floor.value('Irql.PASSIVE'));
    floor.call('KeRaiseIrql', floor.value('Irql.CLOCK'));
    expect(floor.call('irqlOf', 0)).toBe(floor.value('Irql.DISPATCH'));
    expect(floor.call('irqlOf', 1)).toBe(floor.value('Irql.CLOCK'));
    expect(floor.findings).toEqual([]);
  });

  it('queues a DPC where it is asked for, and runs it when that processor comes down', () => {
    const floor = processors(2);
    const ranOn: number[] = [];
    const dpc = floor.block(floor.value('DPC_OCTETS'));
    const run = (): void => void ranOn.push(floor.call('KeGetCurrentProcessorNumber'));
    floor.call('initializeDpc', dpc, floor.routine(run));
    floor.call('selectProcessor', 1);
    floor.call('KeRaiseIrql', 2);
    floor.call('KeInsertQueueDpc', dpc);
    floor.call('selectProcessor', 0);
    floor.call('KeRaiseIrql', 2);
    floor.call('KeLowerIrql', 0);
    expect(ranOn).toEqual([]);
    expect([floor.call('waitingDpcs', 0), floor.call('waitingDpcs', 1)]).toEqual([0, 1]);
    floor.call('selectProcessor', 1);
    floor.call('KeLowerIrql', 0);
    expect(ranOn).toEqual([1]);
  });

  it('has the levels of NT on x86', () => {
    const floor = processors(1);
    const levels = floor.namesOf('Irql').map((name) => [name, floor.value(`Irql.${name}`)]);
    expect(Object.fromEntries(levels)).toEqual({
      PASSIVE: 0, APC: 1, DISPATCH: 2, DEVICE: 12, CLOCK: 28, HIGH: 31,
    });
  });
});
