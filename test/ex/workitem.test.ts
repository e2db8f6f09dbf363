/** Work items: run once, in order, at PASSIVE_LEVEL and never above it. */

import { beforeAll, describe, expect } from 'vitest';
import { explore } from '../../host/explore/explorer.js';
import { prepareProgram } from '../../host/explore/program.js';
import { compileModule } from '../compile.js';
import { Floor, it, leaves } from '../floor.js';

const PASSIVE = 0;
const APC = 1;
const DISPATCH = 2;
const LIMIT = 100;

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/ex/memory.ts', { checked: true, optimize: 0 });
});

class Queue {
  readonly floor = new Floor(module);
  /** What ran, in order. */
  readonly ran: string[] = [];

  constructor() {
    this.floor.call('initializeProcessors', 1);
    this.floor.call('initializeWorkQueue');
  }

  item(name: string, run: () => void = () => undefined): number {
    const item = this.floor.block(this.floor.value('WORK_ITEM_OCTETS'));
    const routine = this.floor.routine(() => {
      this.ran.push(name);
      run();
    });
    this.floor.call('initializeWorkItem', item, routine);
    return item;
  }

  queue(item: number): boolean {
    return this.floor.call('ExQueueWorkItem', item) !== 0;
  }

  run(limit = LIMIT): number {
    return this.floor.call('runWorkItems', limit);
  }

  waiting(): number {
    return this.floor.call('waitingWorkItems');
  }
}

describe('ex/workitem', () => {
  it('runs items at PASSIVE_LEVEL, holding nothing, in the order in which they came', () => {
    const queue = new Queue();
    const levels: number[] = [];
    const look = (): void => {
      levels.push(queue.floor.call('KeGetCurrentIrql'), queue.floor.call('heldCount', 0));
    };
    for (const name of ['a', 'b', 'c']) expect(queue.queue(queue.item(name, look))).toBe(true);
    expect([queue.waiting(), queue.ran]).toEqual([3, []]);
    expect(queue.run()).toBe(3);
    expect(queue.ran).toEqual(['a', 'b', 'c']);
    expect(new Set(levels)).toEqual(new Set([0]));
    expect([queue.waiting(), queue.run()]).toEqual([0, 0]);
    expect(queue.floor.findings).toEqual([]);
  });

  it('queues an item once, however often it is asked, and runs it once', () => {
    const queue = new Queue();
    const item = queue.item('a');
    expect([queue.queue(item), queue.queue(item), queue.waiting()]).toEqual([true, false, 1]);
    expect([queue.run(), queue.ran]).toEqual([1, ['a']]);
    expect(queue.queue(item)).toBe(true);
    queue.run();
    expect(queue.ran).toEqual(['a', 'a']);
  });

  it('runs an item again that its own routine queued, after those that waited', () => {
    const queue = new Queue();
    const again = queue.item('again', () => {
      if (queue.ran.length < 3) expect(queue.queue(again)).toBe(true);
    });
    queue.queue(again);
    queue.queue(queue.item('other'));
    expect(queue.run()).toBe(3);
    expect(queue.ran).toEqual(['again', 'other', 'again']);
  });

  it('runs no more than its limit, though an item queues itself for ever', () => {
    const queue = new Queue();
    const forever = queue.item('x', () => void queue.queue(forever));
    queue.queue(forever);
    expect([queue.run(10), queue.ran.length, queue.waiting()]).toEqual([10, 10, 1]);
    expect([queue.run(0), queue.ran.length]).toEqual([0, 10]);
  });

  it.each([APC, DISPATCH])('runs nothing while IRQL is %i, and loses nothing', (level) => {
    const queue = new Queue();
    queue.queue(queue.item('a'));
    queue.floor.call('KeRaiseIrql', level);
    expect([queue.run(), queue.ran, queue.waiting()]).toEqual([0, [], 1]);
    queue.floor.call('KeLowerIrql', PASSIVE);
    expect([queue.run(), queue.ran]).toEqual([1, ['a']]);
  });

  it('may be queued at DISPATCH_LEVEL and from a DPC, and waits for PASSIVE_LEVEL', () => {
    const queue = new Queue();
    const item = queue.item('a');
    const dpc = queue.floor.block(queue.floor.value('DPC_OCTETS'));
    queue.floor.call('initializeDpc', dpc, queue.floor.routine(() => void queue.queue(item)));
    queue.floor.call('KeRaiseIrql', DISPATCH);
    queue.floor.call('KeInsertQueueDpc', dpc);
    queue.floor.call('KeLowerIrql', PASSIVE);
    expect([queue.waiting(), queue.ran]).toEqual([1, []]);
    queue.run();
    expect(queue.ran).toEqual(['a']);
    expect(queue.floor.findings).toEqual([]);
  });

  it('may not be queued above DISPATCH_LEVEL', () => {
    leaves('irql');
    const queue = new Queue();
    queue.floor.call('KeRaiseIrql', 12);
    queue.queue(queue.item('a'));
    expect(queue.floor.findings).toContain('ACQUIRE_ABOVE_DISPATCH');
  });

  it('says that an item came back holding a lock, and runs no other at its level', () => {
    leaves('lock leaked', 'irql');
    const queue = new Queue();
    const lock = queue.floor.block(4);
    queue.floor.call('KeInitializeSpinLock', lock, queue.floor.value('LockRank.TcpTcb'));
    queue.queue(queue.item('leaks', () => void queue.floor.call('KeAcquireSpinLock', lock)));
    queue.queue(queue.item('next'));
    expect([queue.run(), queue.ran, queue.waiting()]).toEqual([1, ['leaks'], 1]);
    const { findings, findingWords } = queue.floor;
    const boundary = queue.floor.value('Boundary.WORK_ITEM');
    expect(findings).toEqual(['LOCK_LEAKED', 'IRQL_LEAKED']);
    expect(findingWords[0]?.slice(0, 2)).toEqual([lock, boundary]);
    expect(findingWords[1]).toEqual([boundary, PASSIVE, DISPATCH]);
  });

  it('lets go of its lock before the routine runs, and takes an item out of the queue', () => {
    const queue = new Queue();
    const lock = queue.floor.call('workQueueLock');
    const seen: number[] = [];
    const look = (): void => void seen.push(queue.floor.call('ownerOf', lock), queue.waiting());
    queue.queue(queue.item('a', look));
    queue.run();
    expect(seen).toEqual([0, 0]);
  });
});

describe('a work item that two processors queue', () => {
  it('waits once and runs once, in whatever order they come', { timeout: 120_000 }, async () => {
    const queued = await compileModule('test/assembly/ex/queued.ts', { explore: true });
    const program = prepareProgram(queued, { points: 'interlocked' });
    const { coverage, findings } = explore(program, { schedules: 500 });
    expect(coverage.traces).toBeGreaterThan(1);
    expect(findings.map(({ sentence }) => sentence)).toEqual([]);
  });
});
