/** Interrupt lines: one routine each, run at the level of devices; its DPCs follow at once. */

import { beforeAll, describe, expect } from 'vitest';
import { compileModule } from '../compile.js';
import { Floor, it, leaves } from '../floor.js';

const PASSIVE = 0;
const DISPATCH = 2;
const DEVICE = 12;

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/ke/kernel.ts', { checked: true, optimize: 0 });
});

function processor(): Floor {
  const floor = new Floor(module);
  floor.call('initializeProcessors', 1);
  return floor;
}

function lockOf(floor: Floor): number {
  const lock = floor.block(4);
  floor.call('KeInitializeSpinLock', lock, floor.value('LockRank.NdisAdapter'));
  return lock;
}

describe('ke/interrupt', () => {
  it('runs the routine of the line at DIRQL, with its context, and no other', () => {
    const floor = processor();
    const seen: string[] = [];
    for (const line of [3, 4]) {
      const run = (context: number): void => {
        seen.push(`${line} ${context} at ${floor.call('KeGetCurrentIrql')}`);
      };
      expect(floor.call('connectInterrupt', line, floor.routine(run))).toBe(1);
    }
    floor.call('deliverInterrupt', 4);
    floor.call('deliverInterrupt', 3);
    expect(seen).toEqual([`4 1 at ${DEVICE}`, `3 0 at ${DEVICE}`]);
    expect(floor.call('KeGetCurrentIrql')).toBe(PASSIVE);
    expect(floor.call('interruptsOf', 0)).toBe(2);
    expect(floor.findings).toEqual([]);
  });

  it('gives a line to one routine only, and to the next after it was given up', () => {
    const floor = processor();
    const calls: string[] = [];
    const first = floor.routine(() => void calls.push('first'));
    const second = floor.routine(() => void calls.push('second'));
    expect(floor.call('connectInterrupt', 0, first)).toBe(1);
    expect(floor.call('connectInterrupt', 0, second)).toBe(0);
    floor.call('IoDisconnectInterrupt', 0);
    floor.call('deliverInterrupt', 0);
    expect(floor.call('connectInterrupt', 0, second)).toBe(1);
    floor.call('deliverInterrupt', 0);
    expect(calls).toEqual(['second']);
  });

  it('has lines 0 to LINES - 1, and no other', () => {
    const floor = processor();
    const lines = floor.value('LINES');
    const nothing = floor.routine(() => undefined);
    expect(floor.call('connectInterrupt', lines - 1, nothing)).toBe(1);
    for (const line of [lines, lines + 1, 0x7fff_ffff]) {
      expect(floor.call('connectInterrupt', line, nothing)).toBe(0);
    }
  });

  it('writes nothing behind its table when a line is given up that does not exist', () => {
    const floor = processor();
    const lines = floor.value('LINES');
    const before = floor.octets.slice();
    floor.call('connectInterrupt', lines - 1, floor.routine(() => undefined));
    const connected = floor.octets.findLastIndex((octet, at) => octet !== before[at]);
    expect(floor.octets[connected]).toBe(1);
    // Entries are 16 octets: this is where the word of one more line would be.
    floor.octets[connected + 16] = 0x5a;
    floor.call('IoDisconnectInterrupt', lines);
    expect(floor.octets[connected + 16]).toBe(0x5a);
  });

  it('does nothing where nobody is connected', () => {
    const floor = processor();
    floor.call('deliverInterrupt', 5);
    expect(floor.call('interruptsOf', 0)).toBe(0);
  });

  it('runs the DPC that its routine queues before it returns to PASSIVE_LEVEL', () => {
    const floor = processor();
    const order: string[] = [];
    const dpc = floor.block(floor.value('DPC_OCTETS'));
    const note = (): void => void order.push(`dpc at ${floor.call('KeGetCurrentIrql')}`);
    floor.call('initializeDpc', dpc, floor.routine(note));
    const isr = floor.routine(() => {
      floor.call('KeInsertQueueDpc', dpc);
      order.push('isr');
    });
    floor.call('connectInterrupt', 1, isr);
    floor.call('deliverInterrupt', 1);
    expect(order).toEqual(['isr', `dpc at ${DISPATCH}`]);
  });

  it('leaves the DPC to whoever it interrupted at DISPATCH_LEVEL', () => {
    const floor = processor();
    let ran = 0;
    const dpc = floor.block(floor.value('DPC_OCTETS'));
    floor.call('initializeDpc', dpc, floor.routine(() => void ran++));
    const isr = floor.routine(() => void floor.call('KeInsertQueueDpc', dpc));
    floor.call('connectInterrupt', 1, isr);
    const irql = floor.call('KeRaiseIrql', DISPATCH);
    floor.call('deliverInterrupt', 1);
    expect([ran, floor.call('KeGetCurrentIrql')]).toEqual([0, DISPATCH]);
    floor.call('KeLowerIrql', irql);
    expect(ran).toBe(1);
  });

  it('says that a routine leaked a lock: rule 0x2003, at the ISR boundary', () => {
    leaves('lock leaked');
    const floor = processor();
    const lock = lockOf(floor);
    // A routine that lowers IRQL to take a lock is wrong twice; here only the lock is looked at.
    const isr = floor.routine(() => {
      floor.call('setIrql', DISPATCH);
      floor.call('KeAcquireSpinLock', lock);
      floor.call('setIrql', DEVICE);
    });
    floor.call('connectInterrupt', 2, isr);
    floor.call('deliverInterrupt', 2);
    expect(floor.findings).toEqual(['LOCK_LEAKED']);
    expect(floor.findingWords[0]?.slice(0, 2)).toEqual([lock, floor.value('Boundary.ISR')]);
  });

  it('says that a routine took a lock above DISPATCH_LEVEL: rule 0x42', () => {
    leaves('lock leaked', 'irql');
    const floor = processor();
    const lock = lockOf(floor);
    const isr = floor.routine(() => void floor.call('KeAcquireSpinLock', lock));
    floor.call('connectInterrupt', 2, isr);
    floor.call('deliverInterrupt', 2);
    expect(floor.findings).toContain('ACQUIRE_ABOVE_DISPATCH');
    expect(floor.findingWords[0]?.slice(0, 2)).toEqual([lock, DEVICE]);
  });

  it('says that a routine came back at another level: rule 0x111', () => {
    leaves('irql');
    const floor = processor();
    const isr = floor.routine(() => void floor.call('KeRaiseIrql', 28));
    floor.call('connectInterrupt', 2, isr);
    floor.call('deliverInterrupt', 2);
    expect(floor.findings).toEqual(['ISR_IRQL']);
    expect(floor.value('Rule.ISR_IRQL')).toBe(0x111);
    expect(floor.findingWords[0]).toEqual([floor.value('Boundary.ISR'), DEVICE, 28]);
    expect(floor.call('KeGetCurrentIrql')).toBe(PASSIVE);
  });
});
