/** Spin locks on one processor and on two: levels, owners, and who spins. */

import { beforeAll, describe, expect } from 'vitest';
import { compileModule } from '../compile.js';
import { Floor, it, leaves } from '../floor.js';

const PASSIVE = 0;
const APC = 1;
const DISPATCH = 2;

let checked: WebAssembly.Module;
let free: WebAssembly.Module;

beforeAll(async () => {
  checked = await compileModule('test/assembly/ke/kernel.ts', { checked: true, optimize: 0 });
  free = await compileModule('test/assembly/ke/kernel.ts', { optimize: 0 });
});

function processors(module: WebAssembly.Module, count: number): Floor {
  const floor = new Floor(module);
  floor.call('initializeProcessors', count);
  return floor;
}

function lockOf(floor: Floor, rank: string): number {
  const lock = floor.block(4);
  floor.call('KeInitializeSpinLock', lock, floor.value(`LockRank.${rank}`));
  return lock;
}

describe('ke/spinlock', () => {
  it.each([PASSIVE, APC, DISPATCH])('raises to DISPATCH_LEVEL and gives %i back', (level) => {
    if (level !== PASSIVE) leaves('irql');
    const floor = processors(checked, 1);
    const lock = lockOf(floor, 'TcpTcb');
    floor.call('KeRaiseIrql', level);
    const irql = floor.call('KeAcquireSpinLock', lock);
    expect([irql, floor.call('KeGetCurrentIrql')]).toEqual([level, DISPATCH]);
    expect(floor.call('ownerOf', lock)).toBe(1);
    floor.call('KeReleaseSpinLock', lock, irql);
    expect([floor.call('KeGetCurrentIrql'), floor.call('ownerOf', lock)]).toEqual([level, 0]);
    expect(floor.findings).toEqual([]);
  });

  it('leaves IRQL as it is in the pair for DPCs', () => {
    leaves('irql');
    const floor = processors(checked, 1);
    const lock = lockOf(floor, 'TcpTcb');
    floor.call('KeRaiseIrql', DISPATCH);
    floor.call('KeAcquireSpinLockAtDpcLevel', lock);
    expect([floor.call('KeGetCurrentIrql'), floor.call('ownerOf', lock)]).toEqual([DISPATCH, 1]);
    floor.call('KeReleaseSpinLockFromDpcLevel', lock);
    expect([floor.call('KeGetCurrentIrql'), floor.call('ownerOf', lock)]).toEqual([DISPATCH, 0]);
    expect(floor.findings).toEqual([]);
  });

  it('keeps its rank through every acquire and release', () => {
    const floor = processors(checked, 1);
    for (const name of floor.namesOf('LockRank')) {
      const lock = lockOf(floor, name);
      const irql = floor.call('KeAcquireSpinLock', lock);
      expect(floor.call('rankOf', lock)).toBe(floor.value(`LockRank.${name}`));
      floor.call('KeReleaseSpinLock', lock, irql);
      expect(floor.call('rankOf', lock)).toBe(floor.value(`LockRank.${name}`));
    }
  });

  it('runs the DPCs that wait when the release brings IRQL down, and not before', () => {
    const floor = processors(checked, 1);
    const outer = lockOf(floor, 'TcpTable');
    const inner = lockOf(floor, 'TcpTcb');
    let ran = 0;
    const dpc = floor.block(floor.value('DPC_OCTETS'));
    floor.call('initializeDpc', dpc, floor.routine(() => void ran++));
    const first = floor.call('KeAcquireSpinLock', outer);
    const second = floor.call('KeAcquireSpinLock', inner);
    floor.call('KeInsertQueueDpc', dpc);
    floor.call('KeReleaseSpinLock', inner, second);
    expect(ran).toBe(0);
    floor.call('KeReleaseSpinLock', outer, first);
    expect(ran).toBe(1);
    expect(floor.findings).toEqual([]);
  });

  it('has no spin in it on one processor: who finds it taken goes on (nt-facts 9.3)', () => {
    leaves('lock leaked', 'deadlock', 'lock order', 'irql');
    for (const module of [free, checked]) {
      const floor = processors(module, 1);
      const lock = lockOf(floor, 'TcpTable');
      floor.call('KeAcquireSpinLock', lock);
      expect(floor.call('KeAcquireSpinLock', lock)).toBe(DISPATCH);
      expect([floor.call('ownerOf', lock), floor.call('KeGetCurrentIrql')]).toEqual([1, DISPATCH]);
    }
  });

  it('leaves one processor at DISPATCH_LEVEL, without DPCs, where a lock is leaked', () => {
    leaves('irql');
    const floor = processors(free, 1);
    const lock = lockOf(floor, 'TcpTable');
    let ran = 0;
    const dpc = floor.block(floor.value('DPC_OCTETS'));
    floor.call('initializeDpc', dpc, floor.routine(() => void ran++));
    floor.call('KeAcquireSpinLock', lock);
    for (let i = 0; i < 3; i++) {
      const irql = floor.call('KeAcquireSpinLock', lock);
      floor.call('KeInsertQueueDpc', dpc);
      floor.call('KeReleaseSpinLock', lock, irql);
    }
    expect([floor.call('KeGetCurrentIrql'), ran]).toEqual([DISPATCH, 0]);
  });

  it('spins on the second processor until the first lets go', () => {
    for (const module of [free, checked]) {
      const floor = processors(module, 2);
      const lock = lockOf(floor, 'TcpTable');
      const irql = floor.call('KeAcquireSpinLock', lock);
      const spins: number[][] = [];
      floor.spin = (taken, processor): void => {
        spins.push([taken, processor, floor.call('irqlOf', processor)]);
        if (spins.length < 3) return;
        floor.call('selectProcessor', 0);
        floor.call('KeReleaseSpinLock', lock, irql);
        floor.call('selectProcessor', 1);
      };
      floor.call('selectProcessor', 1);
      const second = floor.call('KeAcquireSpinLock', lock);
      expect(spins).toEqual([[lock, 1, DISPATCH], [lock, 1, DISPATCH], [lock, 1, DISPATCH]]);
      expect(floor.call('ownerOf', lock)).toBe(2);
      floor.call('KeReleaseSpinLock', lock, second);
      expect([floor.call('irqlOf', 0), floor.call('irqlOf', 1)]).toEqual([PASSIVE, PASSIVE]);
      expect(floor.findings).toEqual([]);
    }
  });

  it('spins for ever on two processors where the owner acquires it again', () => {
    leaves('lock leaked', 'irql');
    const floor = processors(free, 2);
    const lock = lockOf(floor, 'TcpTable');
    floor.call('KeAcquireSpinLock', lock);
    const spinners: number[] = [];
    floor.spin = (_lock, processor): void => {
      spinners.push(processor);
      if (spinners.length === 100) throw new Error('a hang');
    };
    expect(() => floor.call('KeAcquireSpinLock', lock)).toThrow('a hang');
    expect(new Set(spinners)).toEqual(new Set([0]));
  });

  it('does not spin for a lock that is free, whatever other locks are taken', () => {
    leaves('lock leaked', 'irql');
    const floor = processors(checked, 2);
    const outer = lockOf(floor, 'TcpTable');
    const inner = lockOf(floor, 'TcpTcb');
    floor.call('KeAcquireSpinLock', outer);
    floor.call('selectProcessor', 1);
    const irql = floor.call('KeAcquireSpinLock', inner);
    floor.call('KeReleaseSpinLock', inner, irql);
    expect(floor.findings).toEqual([]);
  });

  it('tells the host of every acquire, in order, while sites are wanted', () => {
    const floor = processors(checked, 1);
    const outer = lockOf(floor, 'TcpTable');
    const inner = lockOf(floor, 'TcpTcb');
    const both = (): void => {
      floor.call('KeRaiseIrql', DISPATCH);
      floor.call('KeAcquireSpinLockAtDpcLevel', outer);
      floor.call('KeAcquireSpinLockAtDpcLevel', inner);
      floor.call('KeReleaseSpinLockFromDpcLevel', inner);
      floor.call('KeReleaseSpinLockFromDpcLevel', outer);
      floor.call('KeLowerIrql', PASSIVE);
    };
    both();
    expect(floor.sites).toEqual([]);
    floor.call('wantSites', 1);
    both();
    floor.call('wantSites', 0);
    both();
    expect(floor.sites).toEqual([{ lock: outer, sequence: 3 }, { lock: inner, sequence: 4 }]);
  });

  it('has every rank once, so that each pair of locks has an order', () => {
    const floor = processors(checked, 1);
    const ranks = floor.namesOf('LockRank').map((name) => floor.value(`LockRank.${name}`));
    expect(new Set(ranks).size).toBe(ranks.length);
    for (const rank of ranks) expect(rank > 0 && rank < 128).toBe(true);
  });
});
