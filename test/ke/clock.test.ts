/** The clock: its interrupt notes the tick, its DPC plays the timers. */

import { beforeAll, describe, expect } from 'vitest';
import { compileModule } from '../compile.js';
import { Floor, it, leaves } from '../floor.js';

const PASSIVE = 0;
const DISPATCH = 2;

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/ke/kernel.ts', { checked: true, optimize: 0 });
});

function clocked(): Floor {
  const floor = new Floor(module);
  floor.call('initializeProcessors', 1);
  floor.call('initializeClock');
  return floor;
}

describe('ke/clock', () => {
  it('begins at tick 0 with no timer', () => {
    const floor = clocked();
    expect(floor.call('interruptTick')).toBe(0);
    expect(floor.call('playedTick')).toBe(0);
    expect(floor.call('runningTimers')).toBe(0);
    expect(floor.call('nextTimerTick')).toBe(floor.value('NO_TICK'));
  });

  it('notes the tick and plays the wheel to it before it returns', () => {
    const floor = clocked();
    floor.call('clockInterrupt', 3);
    expect([floor.call('interruptTick'), floor.call('playedTick')]).toEqual([3, 3]);
    floor.call('clockInterrupt', 1000);
    expect([floor.call('interruptTick'), floor.call('playedTick')]).toEqual([1000, 1000]);
    expect(floor.call('KeGetCurrentIrql')).toBe(PASSIVE);
    expect(floor.findings).toEqual([]);
  });

  it('still comes at DISPATCH_LEVEL, where its DPC waits, once however often it came', () => {
    const floor = clocked();
    floor.call('KeRaiseIrql', DISPATCH);
    for (const tick of [1, 2, 3]) floor.call('clockInterrupt', tick);
    expect([floor.call('interruptTick'), floor.call('playedTick')]).toEqual([3, 0]);
    expect(floor.call('waitingDpcs', 0)).toBe(1);
    expect(floor.call('KeGetCurrentIrql')).toBe(DISPATCH);
    floor.call('KeLowerIrql', PASSIVE);
    expect([floor.call('playedTick'), floor.call('ranDpcs', 0)]).toEqual([3, 1]);
    expect(floor.findings).toEqual([]);
  });

  it('may come above the level of devices, and not above its own', () => {
    leaves('irql');
    const floor = clocked();
    floor.call('KeRaiseIrql', 12);
    floor.call('clockInterrupt', 1);
    expect(floor.findings).toEqual([]);
    floor.call('KeRaiseIrql', 31);
    floor.call('clockInterrupt', 2);
    expect(floor.findings).toContain('IRQL_RAISE');
  });

  it('does not play the wheel back where ticks come out of order', () => {
    const floor = clocked();
    floor.call('clockInterrupt', 10);
    const timer = floor.block(floor.value('TIMER_OCTETS'));
    const dpc = floor.block(floor.value('DPC_OCTETS'));
    let ran = 0;
    floor.call('KeInitializeTimer', timer);
    floor.call('initializeDpc', dpc, floor.routine(() => void ran++));
    floor.call('setTick', 10);
    floor.call('KeSetTimerEx', timer, 5, 0, dpc);
    floor.call('clockInterrupt', 4);
    expect([floor.call('playedTick'), ran]).toEqual([10, 0]);
    floor.call('clockInterrupt', 15);
    expect(ran).toBe(1);
  });
});
