/** What the verifier keeps of locks: the order of ranks, who holds what, what it tells of it. */

import { beforeAll, describe, expect } from 'vitest';
import { compileModule } from '../compile.js';
import { Floor, it, leaves, unasked } from '../floor.js';

const PASSIVE = 0;
const DISPATCH = 2;
/** Locks that a processor can hold and be watched: vf/locks.ts. */
const HELD_DEPTH = 15;

let checked: WebAssembly.Module;

beforeAll(async () => {
  checked = await compileModule('test/assembly/ke/kernel.ts', { checked: true, optimize: 0 });
});

/** Two processors, and locks of three ranks. */
class Locks {
  readonly floor: Floor;
  readonly outer: number;
  readonly middle: number;
  readonly inner: number;

  constructor(module: WebAssembly.Module) {
    this.floor = new Floor(module);
    this.floor.call('initializeProcessors', 2);
    this.outer = this.lock('TcpTable');
    this.middle = this.lock('TcpTcb');
    this.inner = this.lock('ExPool');
    this.floor.spin = (lock): void => this.forget(lock);
  }

  lock(rank: string): number {
    const lock = this.floor.block(4);
    this.floor.call('KeInitializeSpinLock', lock, this.floor.value(`LockRank.${rank}`));
    return lock;
  }

  acquire(lock: number): number {
    return this.floor.call('KeAcquireSpinLock', lock);
  }

  release(lock: number, irql: number): void {
    this.floor.call('KeReleaseSpinLock', lock, irql);
  }

  /** Frees a lock past all rules, so that a test that spins goes on. */
  forget(lock: number): void {
    this.floor.octets.fill(0, lock, lock + 2);
  }

  get findings(): string[] {
    return this.floor.findings;
  }
}

describe('vf/locks', () => {
  it('lets every pair of ranks be taken in one order and reports the other', () => {
    // Unasked: every second pair breaks the order.
    unasked();
    const all = new Locks(checked).floor.namesOf('LockRank');
    const ranks = all.filter((rank) => rank !== 'Unranked');
    for (const first of ranks) {
      for (const second of ranks) {
        const locks = new Locks(checked);
        const [a, b] = [locks.lock(first), locks.lock(second)];
        locks.acquire(a);
        locks.acquire(b);
        const inOrder = ranks.indexOf(first) < ranks.indexOf(second);
        expect(locks.findings, `${first}, then ${second}`).toEqual(inOrder ? [] : ['LOCK_ORDER']);
      }
    }
  });

  it('lets a lock without a rank be taken after and before any other', () => {
    // Unasked: each instance is left with its locks held.
    unasked();
    const ranks = new Locks(checked).floor.namesOf('LockRank');
    for (const other of ranks) {
      for (const [first, second] of [['Unranked', other], [other, 'Unranked']]) {
        const locks = new Locks(checked);
        locks.acquire(locks.lock(first ?? ''));
        locks.acquire(locks.lock(second ?? ''));
        expect(locks.findings, `${first}, then ${second}`).toEqual([]);
      }
    }
  });

  it('names the lock held and its rank where the order is broken, for each that is', () => {
    leaves('lock leaked', 'lock order', 'irql');
    const locks = new Locks(checked);
    locks.acquire(locks.middle);
    locks.acquire(locks.inner);
    locks.acquire(locks.outer);
    const { floor } = locks;
    expect(floor.findings).toEqual(['LOCK_ORDER', 'LOCK_ORDER']);
    expect(floor.findingWords).toEqual([
      [locks.outer, locks.middle, floor.value('LockRank.TcpTcb')],
      [locks.outer, locks.inner, floor.value('LockRank.ExPool')],
    ]);
  });

  it('keeps the orders it saw, one bit for each pair', () => {
    leaves('lock leaked', 'irql');
    const locks = new Locks(checked);
    locks.acquire(locks.outer);
    locks.acquire(locks.middle);
    locks.acquire(locks.inner);
    const { floor } = locks;
    const ranks = ['TcpTable', 'TcpTcb', 'ExPool'];
    const [a, b, c] = ranks.map((name) => floor.value(`LockRank.${name}`));
    const edges = floor.call('lockEdges');
    const seen: string[] = [];
    for (let bit = 0; bit < 128 * 128; bit++) {
      const octet = floor.octets[edges + (bit >> 3)] ?? 0;
      if (((octet >> (bit & 7)) & 1) !== 0) seen.push(`${bit >> 7} ${bit & 127}`);
    }
    expect(seen).toEqual([`${a} ${b}`, `${a} ${c}`, `${b} ${c}`]);
  });

  it('shows the host what is held: lock, rank, level, and the number of the acquire', () => {
    leaves('lock leaked', 'irql');
    const locks = new Locks(checked);
    locks.release(locks.outer, locks.acquire(locks.outer));
    locks.acquire(locks.outer);
    locks.acquire(locks.inner);
    const { floor } = locks;
    const stack = floor.call('heldStacks');
    expect(floor.word(stack)).toBe(2);
    const words = Array.from({ length: 8 }, (_, i) => floor.word(stack + 16 + 4 * i));
    expect(words).toEqual([
      locks.outer, floor.value('LockRank.TcpTable'), PASSIVE, 2,
      locks.inner, floor.value('LockRank.ExPool'), DISPATCH, 3,
    ]);
  });

  it('counts what each processor holds apart', () => {
    leaves('lock leaked', 'lock misuse', 'irql');
    const locks = new Locks(checked);
    locks.acquire(locks.outer);
    locks.floor.call('selectProcessor', 1);
    locks.acquire(locks.middle);
    locks.floor.call('mustHold', locks.middle);
    expect(locks.findings).toEqual([]);
    expect([locks.floor.call('heldCount', 0), locks.floor.call('heldCount', 1)]).toEqual([1, 1]);
    locks.floor.call('mustHold', locks.outer);
    expect(locks.findings).toEqual(['LOCK_NOT_HELD']);
  });

  it('takes a lock that is released out of order out of the middle', () => {
    leaves('lock misuse');
    const locks = new Locks(checked);
    for (const lock of [locks.outer, locks.middle, locks.inner]) locks.acquire(lock);
    locks.release(locks.middle, DISPATCH);
    expect(locks.findings).toEqual(['LOCK_RELEASE_ORDER']);
    expect(locks.floor.findingWords[0]?.slice(0, 2)).toEqual([locks.middle, locks.inner]);
    locks.release(locks.inner, DISPATCH);
    locks.release(locks.outer, PASSIVE);
    expect([locks.findings.length, locks.floor.call('heldCount', 0)]).toEqual([1, 0]);
  });

  it('watches as many locks as it has room for, and is not harmed by more', () => {
    const locks = new Locks(checked);
    const { floor } = locks;
    const many = floor.namesOf('LockRank').slice(0, HELD_DEPTH + 2).map((name) => locks.lock(name));
    expect(many.length).toBe(HELD_DEPTH + 2);
    for (const lock of many) locks.acquire(lock);
    expect(floor.call('heldCount', 0)).toBe(HELD_DEPTH);
    expect(floor.call('heldCount', 1)).toBe(0);
    for (const lock of many.reverse()) {
      locks.release(lock, lock === many.at(-1) ? PASSIVE : DISPATCH);
    }
    expect([floor.call('heldCount', 0), floor.findings.length]).toEqual([0, 0]);
  });

  it('reports each lock that was leaked, with its boundary and its acquire', () => {
    leaves('lock leaked', 'irql');
    const locks = new Locks(checked);
    for (const lock of [locks.outer, locks.middle, locks.inner]) locks.acquire(lock);
    const dpc = locks.floor.value('Boundary.DPC');
    locks.floor.call('checkBalanced', dpc, 0, 1);
    expect(locks.floor.findingWords).toEqual([[locks.middle, dpc, 2], [locks.inner, dpc, 3]]);
  });
});
