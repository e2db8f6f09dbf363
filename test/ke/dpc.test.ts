/** DPCs: queued at most once, run at DISPATCH_LEVEL in order, and never without end. */

import { beforeAll, describe, expect } from 'vitest';
import { compileModule } from '../compile.js';
import { Floor, it, leaves } from '../floor.js';
import type { Routine } from '../floor.js';

const PASSIVE = 0;
const DISPATCH = 2;
/** DPCs that one fall of IRQL runs at most: ke/dpc.ts. */
const DRAIN_LIMIT = 65536;

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/ke/kernel.ts', { checked: true, optimize: 0 });
});

function atDispatch(): Floor {
  const floor = new Floor(module);
  floor.call('initializeProcessors', 1);
  floor.call('KeRaiseIrql', DISPATCH);
  return floor;
}

function dpcOf(floor: Floor, run: Routine): number {
  const dpc = floor.block(floor.value('DPC_OCTETS'));
  floor.call('initializeDpc', dpc, floor.routine(run));
  return dpc;
}

describe('ke/dpc', () => {
  it('queues a DPC once, however often it is asked, and runs it once', () => {
    const floor = atDispatch();
    let ran = 0;
    const dpc = dpcOf(floor, () => void ran++);
    expect(floor.call('KeInsertQueueDpc', dpc)).toBe(1);
    expect(floor.call('KeInsertQueueDpc', dpc)).toBe(0);
    expect(floor.call('KeInsertQueueDpc', dpc)).toBe(0);
    expect(floor.call('waitingDpcs', 0)).toBe(1);
    floor.call('KeLowerIrql', PASSIVE);
    expect([ran, floor.call('waitingDpcs', 0), floor.call('ranDpcs', 0)]).toEqual([1, 0, 1]);
    expect(floor.findings).toEqual([]);
  });

  it('can be queued again once it has begun, and gets its own address', () => {
    const floor = atDispatch();
    const seen: number[] = [];
    const dpc = dpcOf(floor, (self) => {
      seen.push(self);
      expect(floor.call('isQueued', self)).toBe(0);
      expect(floor.call('isDpcActive', 0)).toBe(1);
      if (seen.length < 3) expect(floor.call('KeInsertQueueDpc', self)).toBe(1);
    });
    floor.call('KeInsertQueueDpc', dpc);
    floor.call('KeLowerIrql', PASSIVE);
    expect(seen).toEqual([dpc, dpc, dpc]);
    expect(floor.call('isDpcActive', 0)).toBe(0);
  });

  it('runs DPCs in the order in which they were queued', () => {
    const floor = atDispatch();
    const order: number[] = [];
    const dpcs = Array.from({ length: 20 }, () => dpcOf(floor, (self) => void order.push(self)));
    const mixed = [...dpcs.slice(10), ...dpcs.slice(0, 10)];
    for (const dpc of mixed) floor.call('KeInsertQueueDpc', dpc);
    floor.call('KeLowerIrql', PASSIVE);
    expect(order).toEqual(mixed);
  });

  it('waits for IRQL to fall, even where it is queued at PASSIVE_LEVEL', () => {
    const floor = atDispatch();
    floor.call('KeLowerIrql', PASSIVE);
    const levels: number[] = [];
    const dpc = dpcOf(floor, () => void levels.push(floor.call('KeGetCurrentIrql')));
    floor.call('KeInsertQueueDpc', dpc);
    expect(levels).toEqual([]);
    floor.call('KeRaiseIrql', DISPATCH);
    floor.call('KeLowerIrql', PASSIVE);
    expect(levels).toEqual([DISPATCH]);
  });

  it('runs in the same fall what a DPC queues, after what waited before', () => {
    const floor = atDispatch();
    const order: string[] = [];
    const late = dpcOf(floor, () => void order.push('late'));
    const first = dpcOf(floor, () => {
      order.push('first');
      floor.call('KeInsertQueueDpc', late);
    });
    const second = dpcOf(floor, () => void order.push('second'));
    floor.call('KeInsertQueueDpc', first);
    floor.call('KeInsertQueueDpc', second);
    floor.call('KeLowerIrql', PASSIVE);
    expect(order).toEqual(['first', 'second', 'late']);
  });

  it('ends, when one queues itself again and again, and goes on at the next fall', () => {
    const floor = atDispatch();
    let ran = 0;
    const dpc = dpcOf(floor, (self) => {
      ran++;
      floor.call('KeInsertQueueDpc', self);
    });
    floor.call('KeInsertQueueDpc', dpc);
    floor.call('KeLowerIrql', PASSIVE);
    expect(ran).toBe(DRAIN_LIMIT);
    expect(floor.call('waitingDpcs', 0)).toBe(1);
    expect(floor.call('KeGetCurrentIrql')).toBe(PASSIVE);
    floor.call('KeRaiseIrql', DISPATCH);
    floor.call('KeLowerIrql', PASSIVE);
    expect(ran).toBe(2 * DRAIN_LIMIT);
  });

  it('takes and gives locks without a drain inside a drain', () => {
    const floor = atDispatch();
    const lock = floor.block(4);
    floor.call('KeInitializeSpinLock', lock, floor.value('LockRank.TcpTcb'));
    const order: string[] = [];
    const second = dpcOf(floor, () => void order.push('second'));
    const first = dpcOf(floor, () => {
      floor.call('KeInsertQueueDpc', second);
      const irql = floor.call('KeAcquireSpinLock', lock);
      expect(irql).toBe(DISPATCH);
      floor.call('KeReleaseSpinLock', lock, irql);
      order.push('first');
    });
    floor.call('KeInsertQueueDpc', first);
    floor.call('KeLowerIrql', PASSIVE);
    expect(order).toEqual(['first', 'second']);
    expect(floor.findings).toEqual([]);
  });

  it('says that a DPC came back holding a lock, and that it came back at another level', () => {
    leaves('lock leaked', 'irql');
    const floor = atDispatch();
    const lock = floor.block(4);
    floor.call('KeInitializeSpinLock', lock, floor.value('LockRank.TcpTcb'));
    const leaks = dpcOf(floor, () => void floor.call('KeAcquireSpinLock', lock));
    floor.call('KeInsertQueueDpc', leaks);
    floor.call('KeLowerIrql', PASSIVE);
    expect(floor.findings).toEqual(['LOCK_LEAKED']);
    expect(floor.findingWords[0]?.slice(0, 2)).toEqual([lock, floor.value('Boundary.DPC')]);
    const irql = floor.call('KeRaiseIrql', DISPATCH);
    floor.call('KeReleaseSpinLockFromDpcLevel', lock);
    floor.call('KeLowerIrql', irql);
    const stays = dpcOf(floor, () => void floor.call('KeRaiseIrql', 12));
    floor.call('KeRaiseIrql', DISPATCH);
    floor.call('KeInsertQueueDpc', stays);
    floor.call('KeLowerIrql', PASSIVE);
    expect(floor.findings.slice(1)).toEqual(['IRQL_LEAKED']);
    expect(floor.findingWords[1]).toEqual([floor.value('Boundary.DPC'), DISPATCH, 12]);
  });
});
