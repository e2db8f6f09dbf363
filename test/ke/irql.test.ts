/** IRQL: raised upwards and lowered downwards only; what waits runs on the way down. */

import { beforeAll, describe, expect } from 'vitest';
import { compileModule } from '../compile.js';
import { Floor, it, leaves } from '../floor.js';

const PASSIVE = 0;
const APC = 1;
const DISPATCH = 2;
const DEVICE = 12;
const HIGH = 31;

let checked: WebAssembly.Module;
let free: WebAssembly.Module;

beforeAll(async () => {
  checked = await compileModule('test/assembly/ke/kernel.ts', { checked: true, optimize: 0 });
  free = await compileModule('test/assembly/ke/kernel.ts', { optimize: 0 });
});

function processor(module: WebAssembly.Module): Floor {
  const floor = new Floor(module);
  floor.call('initializeProcessors', 1);
  return floor;
}

/** A DPC that notes the level at which it runs. */
function queueNote(floor: Floor, levels: number[]): void {
  const dpc = floor.block(floor.value('DPC_OCTETS'));
  const note = (): void => void levels.push(floor.call('KeGetCurrentIrql'));
  floor.call('initializeDpc', dpc, floor.routine(note));
  floor.call('KeInsertQueueDpc', dpc);
}

describe('ke/irql', () => {
  it('raises step by step, giving back what was, and lowers to it again', () => {
    const floor = processor(checked);
    const old = [APC, DISPATCH, DEVICE, HIGH].map((level) => floor.call('KeRaiseIrql', level));
    expect(old).toEqual([PASSIVE, APC, DISPATCH, DEVICE]);
    for (const level of old.reverse()) {
      floor.call('KeLowerIrql', level);
      expect(floor.call('KeGetCurrentIrql')).toBe(level);
    }
    expect(floor.findings).toEqual([]);
  });

  it('takes a raise and a lowering to the same level as neither', () => {
    leaves('irql');
    const floor = processor(checked);
    for (const level of [PASSIVE, DISPATCH, HIGH]) {
      floor.call('setIrql', level);
      expect(floor.call('KeRaiseIrql', level)).toBe(level);
      floor.call('KeLowerIrql', level);
      expect(floor.call('KeGetCurrentIrql')).toBe(level);
    }
    expect(floor.findings).toEqual([]);
  });

  it('reports a raise to a lower level: rule 0x30, with both levels', () => {
    leaves('irql');
    const floor = processor(checked);
    floor.call('setIrql', DEVICE);
    floor.call('KeRaiseIrql', DISPATCH);
    expect(floor.findings).toEqual(['IRQL_RAISE']);
    expect(floor.value('Rule.IRQL_RAISE')).toBe(0x30);
    expect(floor.findingWords[0]?.slice(0, 2)).toEqual([DEVICE, DISPATCH]);
  });

  it('reports a lowering to a higher level: rule 0x31, with both levels', () => {
    leaves('irql');
    const floor = processor(checked);
    floor.call('setIrql', APC);
    floor.call('KeLowerIrql', DISPATCH);
    expect(floor.findings).toEqual(['IRQL_LOWER']);
    expect(floor.value('Rule.IRQL_LOWER')).toBe(0x31);
    expect(floor.findingWords[0]?.slice(0, 2)).toEqual([APC, DISPATCH]);
  });

  it('obeys in a free build and reports nothing', () => {
    leaves('irql');
    const floor = processor(free);
    floor.call('setIrql', DEVICE);
    expect(floor.call('KeRaiseIrql', DISPATCH)).toBe(DEVICE);
    floor.call('KeLowerIrql', HIGH);
    expect(floor.call('KeGetCurrentIrql')).toBe(HIGH);
    floor.call('mustBeAt', PASSIVE);
    floor.call('mustBeAtMost', PASSIVE);
    expect(floor.findings).toEqual([]);
  });

  it.each([PASSIVE, APC])('runs what waits, at DISPATCH_LEVEL, on the way to %i', (level) => {
    if (level !== PASSIVE) leaves('irql');
    const floor = processor(checked);
    const levels: number[] = [];
    floor.call('KeRaiseIrql', DISPATCH);
    queueNote(floor, levels);
    queueNote(floor, levels);
    floor.call('KeLowerIrql', level);
    expect(levels).toEqual([DISPATCH, DISPATCH]);
    expect(floor.call('KeGetCurrentIrql')).toBe(level);
    expect(floor.findings).toEqual([]);
  });

  it('runs nothing while it stays at DISPATCH_LEVEL or above', () => {
    const floor = processor(checked);
    const levels: number[] = [];
    floor.call('KeRaiseIrql', DISPATCH);
    floor.call('KeRaiseIrql', DEVICE);
    queueNote(floor, levels);
    floor.call('KeLowerIrql', DISPATCH);
    expect(levels).toEqual([]);
    floor.call('KeLowerIrql', PASSIVE);
    expect(levels).toEqual([DISPATCH]);
  });

  it('says who must be at a level, or at most there, and is not', () => {
    leaves('irql');
    const floor = processor(checked);
    floor.call('setIrql', DISPATCH);
    floor.call('mustBeAt', DISPATCH);
    floor.call('mustBeAtMost', DISPATCH);
    floor.call('mustBeAtMost', DEVICE);
    expect(floor.findings).toEqual([]);
    floor.call('mustBeAt', PASSIVE);
    floor.call('mustBeAtMost', APC);
    expect(floor.findings).toEqual(['IRQL_WRONG', 'IRQL_WRONG']);
    expect(floor.findingWords).toEqual([[DISPATCH, PASSIVE, 1], [DISPATCH, APC, 0]]);
  });
});
