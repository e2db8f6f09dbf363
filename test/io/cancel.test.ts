/** Cancellation: whoever takes the cancel routine owns the completion, and nobody else. */

import { beforeAll, describe, expect } from 'vitest';
import { Random } from '../../host/machine/random.js';
import { compileModule } from '../compile.js';
import { it, leaves } from '../floor.js';
import { Requests } from './requests.js';

const PASSIVE = 0;
const DISPATCH = 2;

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/io/request.ts', { checked: true, optimize: 0 });
});

/** A driver that queues its requests, and takes them out to complete them, as the DDK has it. */
class Queue {
  readonly requests = new Requests(module);
  readonly queue: number[] = [];
  /** The status with which each IRP was completed, in order. */
  readonly completed: [irp: number, status: number][] = [];
  /** Runs between the cancel of an IRP and its removal from the queue. */
  race: () => void = () => undefined;
  private readonly device: number;
  private readonly cancel: number;

  constructor() {
    const { requests } = this;
    const { floor } = requests;
    this.cancel = floor.routine((irp) => this.onCancel(irp));
    this.device = requests.device((_, irp) => {
      floor.call('IoMarkIrpPending', irp);
      const irql = floor.call('IoAcquireCancelSpinLock');
      floor.call('setCancel', irp, this.cancel);
      this.queue.push(irp);
      floor.call('IoReleaseCancelSpinLock', irql);
      return requests.pending;
    });
  }

  submit(): number {
    const irp = this.requests.allocate(1);
    this.requests.onCompletion(irp, (done) => {
      this.completed.push([done, this.requests.floor.call('statusOf', done)]);
      return this.requests.success;
    });
    this.requests.send(this.device, irp);
    return irp;
  }

  /** Takes the first request that is still the driver's; 0: there is none. */
  take(): number {
    const { floor } = this.requests;
    const irql = floor.call('IoAcquireCancelSpinLock');
    let taken = 0;
    while (taken === 0 && this.queue.length !== 0) {
      const irp = this.queue.shift() ?? 0;
      if (floor.call('clearCancel', irp) !== 0) taken = irp;
    }
    floor.call('IoReleaseCancelSpinLock', irql);
    return taken;
  }

  finish(irp: number): void {
    this.requests.complete(irp, this.requests.success);
  }

  cancelIrp(irp: number): boolean {
    return this.requests.floor.call('IoCancelIrp', irp) !== 0;
  }

  private onCancel(irp: number): void {
    const { floor } = this.requests;
    const at = this.queue.indexOf(irp);
    if (at >= 0) this.queue.splice(at, 1);
    floor.call('IoReleaseCancelSpinLock', floor.call('cancelIrqlOf', irp));
    this.race();
    this.requests.complete(irp, this.requests.cancelled);
  }
}

describe('io/cancel', () => {
  it('calls the routine with the cancel lock held, at DISPATCH_LEVEL, with the level saved', () => {
    leaves('irql', 'irp leaked', 'pool leaked');
    for (const level of [PASSIVE, DISPATCH]) {
      const requests = new Requests(module);
      const { floor } = requests;
      const lock = floor.call('cancelLock');
      const irp = requests.allocate(1);
      const seen: number[][] = [];
      const routine = floor.routine((cancelled) => {
        seen.push([
          cancelled, floor.call('ownerOf', lock), floor.call('KeGetCurrentIrql'),
          floor.call('cancelIrqlOf', irp), floor.call('isCancelled', irp),
          floor.call('isCancelable', irp),
        ]);
        floor.call('IoReleaseCancelSpinLock', floor.call('cancelIrqlOf', irp));
      });
      floor.call('setCancel', irp, routine);
      floor.call('KeRaiseIrql', level);
      expect(floor.call('IoCancelIrp', irp)).toBe(1);
      expect(seen).toEqual([[irp, 1, DISPATCH, level, 1, 0]]);
      expect([floor.call('ownerOf', lock), floor.call('KeGetCurrentIrql')]).toEqual([0, level]);
      expect(floor.findings).toEqual([]);
    }
  });

  it('says false, and marks the IRP, where there is no cancel routine', () => {
    leaves('irp leaked', 'pool leaked');
    const requests = new Requests(module);
    const { floor } = requests;
    const irp = requests.allocate(1);
    expect(floor.call('IoCancelIrp', irp)).toBe(0);
    expect(floor.call('isCancelled', irp)).toBe(1);
    expect(floor.call('ownerOf', floor.call('cancelLock'))).toBe(0);
    expect(floor.call('KeGetCurrentIrql')).toBe(PASSIVE);
    expect(floor.findings).toEqual([]);
  });

  it('gives the routine that was set before to whoever sets another or none', () => {
    leaves('irp leaked', 'pool leaked');
    const requests = new Requests(module);
    const { floor } = requests;
    const irp = requests.allocate(1);
    const routine = floor.routine(() => undefined);
    expect([floor.call('setCancel', irp, routine), floor.call('setCancel', irp, routine)]).toEqual(
      [0, 1],
    );
    expect([floor.call('clearCancel', irp), floor.call('clearCancel', irp)]).toEqual([1, 0]);
  });

  it('leaves a request that is cancelled while it waits to its cancel routine', () => {
    const queue = new Queue();
    const irp = queue.submit();
    expect(queue.cancelIrp(irp)).toBe(true);
    expect(queue.completed).toEqual([[irp, queue.requests.cancelled]]);
    expect(queue.take()).toBe(0);
    expect([queue.requests.inUse(), queue.requests.floor.findings.length]).toEqual([0, 0]);
  });

  it('leaves a request that is cancelled after it was taken to whoever took it', () => {
    const queue = new Queue();
    const irp = queue.submit();
    expect(queue.take()).toBe(irp);
    expect(queue.cancelIrp(irp)).toBe(false);
    expect(queue.completed).toEqual([]);
    expect(queue.requests.floor.call('isCancelled', irp)).toBe(1);
    queue.finish(irp);
    expect(queue.completed).toEqual([[irp, queue.requests.success]]);
    expect([queue.requests.inUse(), queue.requests.floor.findings.length]).toEqual([0, 0]);
  });

  it('does not give to a taker a request that its cancel routine is about to complete', () => {
    const queue = new Queue();
    const [first, second] = [queue.submit(), queue.submit()];
    const taken: number[] = [];
    queue.race = (): void => {
      // The cancel routine has let its lock go and has not completed yet: it is still in a queue.
      queue.queue.unshift(first);
      taken.push(queue.take());
    };
    expect(queue.cancelIrp(first)).toBe(true);
    expect(taken).toEqual([second]);
    expect(queue.completed).toEqual([[first, queue.requests.cancelled]]);
    queue.finish(second);
    expect([queue.requests.inUse(), queue.requests.floor.findings.length]).toEqual([0, 0]);
  });

  it('cancels a request once', () => {
    leaves('irp leaked', 'pool leaked');
    const requests = new Requests(module);
    const { floor } = requests;
    const irp = requests.allocate(1);
    let times = 0;
    const routine = floor.routine(() => {
      times++;
      floor.call('IoReleaseCancelSpinLock', floor.call('cancelIrqlOf', irp));
    });
    floor.call('setCancel', irp, routine);
    const answers = [1, 2, 3].map(() => floor.call('IoCancelIrp', irp));
    expect([answers, times]).toEqual([[1, 0, 0], 1]);
  });

  it.each([1, 2, 3])('completes every request once, whoever comes first: seed %i', (seed) => {
    const queue = new Queue();
    const chance = new Random(seed).stream('cancel');
    const alive: number[] = [];
    const taken: number[] = [];
    let submitted = 0;
    for (let turn = 0; turn < 2000; turn++) {
      const what = chance.below(5);
      if (what < 2 && alive.length < 40) {
        alive.push(queue.submit());
        submitted++;
      } else if (what === 2) {
        const irp = queue.take();
        if (irp !== 0) taken.push(irp);
      } else if (what === 3 && alive.length !== 0) {
        const irp = alive[chance.below(alive.length)] ?? 0;
        const waits = queue.queue.includes(irp);
        expect(queue.cancelIrp(irp)).toBe(waits);
      } else if (taken.length !== 0) {
        queue.finish(taken.splice(chance.below(taken.length), 1)[0] ?? 0);
      }
      const done = queue.completed.splice(0).map(([irp]) => irp);
      for (const irp of done) {
        expect(alive).toContain(irp);
        alive.splice(alive.indexOf(irp), 1);
      }
      expect(queue.requests.inUse()).toBe(alive.length);
    }
    for (let irp = queue.take(); irp !== 0; irp = queue.take()) taken.push(irp);
    for (const irp of taken) queue.finish(irp);
    expect(submitted).toBeGreaterThan(500);
    expect([queue.requests.inUse(), queue.requests.floor.findings.length]).toEqual([0, 0]);
  });

  it('says that a cancel routine came back without letting the cancel lock go', () => {
    leaves('lock leaked', 'irql', 'irp leaked', 'pool leaked');
    const requests = new Requests(module);
    const { floor } = requests;
    const irp = requests.allocate(1);
    floor.call('setCancel', irp, floor.routine(() => undefined));
    floor.call('IoCancelIrp', irp);
    expect(floor.findings).toEqual(['LOCK_LEAKED', 'IRQL_LEAKED']);
    expect(floor.findingWords[0]?.slice(0, 2)).toEqual([
      floor.call('cancelLock'), floor.value('Boundary.CANCEL'),
    ]);
  });

  it('comes first or alone: a driver’s own lock may not be held where it is taken', () => {
    leaves('lock leaked', 'lock order', 'irql');
    const requests = new Requests(module);
    const { floor } = requests;
    const lock = requests.lock('AfdEndpoint');
    const cancelIrql = floor.call('IoAcquireCancelSpinLock');
    const irql = floor.call('KeAcquireSpinLock', lock);
    floor.call('KeReleaseSpinLock', lock, irql);
    floor.call('IoReleaseCancelSpinLock', cancelIrql);
    expect(floor.findings).toEqual([]);
    floor.call('KeAcquireSpinLock', lock);
    floor.call('IoAcquireCancelSpinLock');
    expect(floor.findings).toEqual(['LOCK_ORDER']);
  });
});
