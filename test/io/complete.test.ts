/** IoCompleteRequest: up through the completion routines, lowest first, and once. */

import { beforeAll, describe, expect } from 'vitest';
import { compileModule } from '../compile.js';
import { Stopped, it, leaves } from '../floor.js';
import { Requests } from './requests.js';

const ENTRY = 'test/assembly/io/request.ts';
const PASSIVE = 0;
const DISPATCH = 2;

let checked: WebAssembly.Module;
let free: WebAssembly.Module;

beforeAll(async () => {
  checked = await compileModule(ENTRY, { checked: true, optimize: 0 });
  free = await compileModule(ENTRY, { optimize: 0 });
});

/** A stack of three drivers: the lowest pends, the others note their completions in `order`. */
class Stack {
  readonly requests: Requests;
  readonly order: string[] = [];
  /** What the completion routine of each answers. */
  readonly answers: Record<string, number> = {};
  readonly irp: number;

  constructor(module: WebAssembly.Module) {
    this.requests = new Requests(module);
    const { requests } = this;
    const lowest = requests.device(() => requests.pending);
    const middle = requests.device((_, irp) => {
      requests.onCompletion(irp, () => this.note('middle'));
      return requests.send(lowest, irp, 1);
    });
    const highest = requests.device((_, irp) => {
      requests.onCompletion(irp, () => this.note('highest'));
      return requests.send(middle, irp, 2);
    });
    this.irp = requests.allocate(3);
    requests.onCompletion(this.irp, () => this.note('allocator'));
    expect(requests.send(highest, this.irp, 3)).toBe(requests.pending);
  }

  complete(status: number, information = 0): void {
    this.requests.complete(this.irp, status, information);
  }

  private note(who: string): number {
    const location = this.requests.floor.call('currentLocationOf', this.irp);
    this.order.push(`${who} at ${location}`);
    return this.answers[who] ?? this.requests.success;
  }
}

function stopOf(run: () => void): string {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof Stopped) return thrown.stop;
    throw thrown;
  }
  return 'it went on';
}

describe('io/complete', () => {
  it('runs the routines lowest first, each at its own driver’s location, then frees', () => {
    const stack = new Stack(checked);
    stack.complete(stack.requests.success);
    expect(stack.order).toEqual(['middle at 1', 'highest at 2', 'allocator at 3']);
    expect([stack.requests.inUse(), stack.requests.floor.findings.length]).toEqual([0, 0]);
  });

  it('gives every routine its context and the IRP, with status and information', () => {
    const requests = new Requests(checked);
    const { floor } = requests;
    const seen: number[][] = [];
    const lowest = requests.device((_, irp) =>
      requests.complete(irp, floor.value('Status.CONNECTION_RESET'), 1234),
    );
    const irp = requests.allocate(1);
    const routine = floor.routine((completed, context) => {
      seen.push([
        completed, context, floor.call('statusOf', completed),
        floor.call('informationOf', completed),
      ]);
    });
    floor.call('setCompletion', irp, routine);
    expect(requests.send(lowest, irp)).toBe(floor.value('Status.CONNECTION_RESET'));
    expect(seen).toEqual([[irp, routine, 0xc000020d, 1234]]);
  });

  it('stops on the way up where a routine answers MORE_PROCESSING_REQUIRED', () => {
    leaves('irp leaked', 'pool leaked');
    const stack = new Stack(checked);
    stack.answers['highest'] = stack.requests.moreProcessing;
    stack.complete(stack.requests.success);
    expect(stack.order).toEqual(['middle at 1', 'highest at 2']);
    expect(stack.requests.inUse()).toBe(1);
  });

  it('lets the driver that kept an IRP complete it later, for those above it', () => {
    for (const module of [checked, free]) {
      const stack = new Stack(module);
      const { requests } = stack;
      stack.answers['middle'] = requests.moreProcessing;
      stack.complete(requests.success, 5);
      expect(stack.order).toEqual(['middle at 1']);
      stack.complete(requests.cancelled, 6);
      expect(stack.order).toEqual(['middle at 1', 'highest at 2', 'allocator at 3']);
      expect([requests.inUse(), requests.floor.findings.length]).toEqual([0, 0]);
    }
  });

  it('lets the driver that kept an IRP send it down again', () => {
    const requests = new Requests(checked);
    const asked: number[] = [];
    const lowest = requests.device((_, irp) => {
      const location = requests.floor.call('IoGetCurrentIrpStackLocation', irp);
      asked.push(requests.floor.call('parameterOf', location));
      return requests.complete(irp, requests.success);
    });
    const highest = requests.device((_, irp) => {
      requests.onCompletion(irp, (again) => {
        if (asked.length < 3) {
          requests.onCompletion(again, () => requests.moreProcessing);
          requests.send(lowest, again, 20 + asked.length);
          return requests.moreProcessing;
        }
        return requests.success;
      });
      return requests.send(lowest, irp, 20);
    });
    const irp = requests.allocate(2);
    requests.onCompletion(irp, () => requests.moreProcessing);
    requests.send(highest, irp);
    expect(asked).toEqual([20, 21]);
    requests.complete(irp, requests.success);
    requests.floor.call('IoFreeIrp', irp);
    expect([requests.inUse(), requests.floor.findings.length]).toEqual([0, 0]);
  });

  it('leaves the IRP to an allocator that keeps it, to free or to send again', () => {
    const requests = new Requests(checked);
    let sent = 0;
    const device = requests.device((_, irp) => {
      sent++;
      return requests.complete(irp, requests.success);
    });
    const irp = requests.allocate(1);
    requests.onCompletion(irp, () => requests.moreProcessing);
    requests.send(device, irp);
    expect(requests.inUse()).toBe(1);
    requests.floor.call('IoInitializeIrp', irp, 1);
    requests.onCompletion(irp, () => requests.moreProcessing);
    requests.send(device, irp);
    requests.floor.call('IoFreeIrp', irp);
    expect([sent, requests.inUse(), requests.floor.findings.length]).toEqual([2, 0, 0]);
  });

  it('lets a routine free the IRP itself and answer MORE_PROCESSING_REQUIRED', () => {
    leaves('irp leaked', 'pool leaked');
    const requests = new Requests(checked);
    const device = requests.device((_, irp) => requests.complete(irp, requests.success));
    const irp = requests.allocate(1);
    requests.onCompletion(irp, (completed) => {
      requests.floor.call('IoFreeIrp', completed);
      return requests.moreProcessing;
    });
    requests.send(device, irp);
    expect(requests.stateOf(irp)).toBe('FREE');
    expect([requests.inUse(), requests.floor.findings.length]).toEqual([0, 0]);
    expect(requests.allocate(1)).toBe(irp);
  });

  it('frees an IRP for which nobody waits', () => {
    const requests = new Requests(checked);
    const device = requests.device((_, irp) => requests.complete(irp, requests.success));
    requests.send(device, requests.allocate(1));
    expect([requests.inUse(), requests.floor.findings.length]).toEqual([0, 0]);
  });

  it.each(['checked', 'free'])('stops with 0x44 where an IRP is completed twice: %s', (build) => {
    leaves('stopped', ...(build === 'free' ? [] : ['irp misuse' as const]));
    const stack = new Stack(build === 'free' ? free : checked);
    stack.answers['allocator'] = stack.requests.moreProcessing;
    stack.complete(stack.requests.success);
    const stop = stopOf(() => stack.complete(stack.requests.success));
    expect(stop).toBe('MULTIPLE_IRP_COMPLETE_REQUESTS');
    const { floor } = stack.requests;
    expect(floor.value('Stop.MULTIPLE_IRP_COMPLETE_REQUESTS')).toBe(0x44);
    expect(floor.findings).toEqual(build === 'free' ? [] : ['IRP_COMPLETED_TWICE']);
  });

  it('stops where an IRP is completed that was freed, or that was never sent', () => {
    leaves('stopped', 'irp misuse');
    const stack = new Stack(checked);
    stack.complete(stack.requests.success);
    const twice = 'MULTIPLE_IRP_COMPLETE_REQUESTS';
    expect(stopOf(() => stack.complete(stack.requests.success))).toBe(twice);
    const requests = new Requests(checked);
    const irp = requests.allocate(1);
    expect(stopOf(() => void requests.complete(irp, requests.success))).toBe(twice);
  });

  it('says that an IRP was completed with its cancel routine set', () => {
    leaves('irp misuse');
    const stack = new Stack(checked);
    const { floor } = stack.requests;
    floor.call('setCancel', stack.irp, floor.routine(() => undefined));
    stack.complete(stack.requests.success);
    expect(floor.findings).toEqual(['IRP_CANCELABLE']);
    expect(floor.findingWords[0]?.[0]).toBe(stack.irp);
  });

  it('says that a lock is held where an IRP is completed, or sent', () => {
    leaves('lock misuse');
    const { requests, ...stack } = new Stack(checked);
    const { floor } = requests;
    const lock = requests.lock('TcpTcb');
    const irql = floor.call('KeAcquireSpinLock', lock);
    requests.complete(stack.irp, requests.success);
    const device = requests.device((_, irp) => requests.complete(irp, requests.success));
    requests.send(device, requests.allocate(1));
    floor.call('KeReleaseSpinLock', lock, irql);
    const completion = floor.value('Boundary.COMPLETION');
    const dispatch = floor.value('Boundary.DISPATCH');
    expect(new Set(floor.findings.slice(0, 3))).toEqual(new Set(['LOCK_HELD_AT_BOUNDARY']));
    expect(floor.findingWords.map((words) => words.slice(0, 2)).slice(0, 3)).toEqual([
      [lock, completion], [lock, dispatch], [lock, completion],
    ]);
  });

  it('says that a completion routine leaked a lock, or came back at another level', () => {
    leaves('lock leaked', 'irql');
    const requests = new Requests(checked);
    const { floor } = requests;
    const lock = requests.lock('TcpTcb');
    const device = requests.device((_, irp) => requests.complete(irp, requests.success));
    const irp = requests.allocate(1);
    requests.onCompletion(irp, () => {
      floor.call('KeAcquireSpinLock', lock);
      return requests.success;
    });
    requests.send(device, irp);
    const completion = floor.value('Boundary.COMPLETION');
    expect(floor.findings.slice(0, 2)).toEqual(['LOCK_LEAKED', 'COMPLETION_IRQL']);
    expect(floor.findingWords[0]?.slice(0, 2)).toEqual([lock, completion]);
    expect(floor.findingWords[1]).toEqual([completion, PASSIVE, DISPATCH]);
    expect(floor.value('Rule.COMPLETION_IRQL')).toBe(0xfa);
  });

  it('says that a dispatch routine leaked a lock, or came back at another level', () => {
    leaves('lock leaked', 'irql', 'irp leaked', 'pool leaked');
    const requests = new Requests(checked);
    const { floor } = requests;
    const lock = requests.lock('TcpTcb');
    const device = requests.device(() => {
      floor.call('KeAcquireSpinLock', lock);
      return requests.pending;
    });
    requests.send(device, requests.allocate(1));
    const dispatch = floor.value('Boundary.DISPATCH');
    expect(floor.findings).toEqual(['LOCK_LEAKED', 'IRQL_LEAKED']);
    expect(floor.findingWords[0]?.slice(0, 2)).toEqual([lock, dispatch]);
    expect(floor.findingWords[1]).toEqual([dispatch, PASSIVE, DISPATCH]);
  });

  it('may be called at DISPATCH_LEVEL and not above', () => {
    leaves('irql', 'irp leaked', 'pool leaked');
    const stack = new Stack(checked);
    const { floor } = stack.requests;
    floor.call('KeRaiseIrql', DISPATCH);
    stack.complete(stack.requests.success);
    expect(floor.findings).toEqual([]);
    const device = stack.requests.device(() => stack.requests.pending);
    const irp = stack.requests.allocate(1);
    stack.requests.onCompletion(irp, () => stack.requests.moreProcessing);
    stack.requests.send(device, irp);
    floor.call('KeRaiseIrql', 12);
    stack.requests.complete(irp, stack.requests.success);
    expect(floor.findings).toEqual(['IRQL_WRONG']);
  });
});
