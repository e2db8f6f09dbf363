/** Events: signalled until reset; the DPCs that wait are queued when they are set. */

import { beforeAll, describe, expect } from 'vitest';
import { compileModule } from '../compile.js';
import { Floor, it, leaves } from '../floor.js';

const PASSIVE = 0;
const DISPATCH = 2;

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/ke/kernel.ts', { checked: true, optimize: 0 });
});

/** An event, and DPCs that note their names when they run. */
class Waiting {
  readonly floor = new Floor(module);
  readonly event: number;
  readonly ran: string[] = [];

  constructor(signalled: boolean) {
    this.floor.call('initializeProcessors', 1);
    this.event = this.floor.block(this.floor.value('EVENT_OCTETS'));
    this.floor.call('KeInitializeEvent', this.event, 0, signalled ? 1 : 0);
    this.floor.call('KeRaiseIrql', DISPATCH);
  }

  dpc(name: string): number {
    const dpc = this.floor.block(this.floor.value('DPC_OCTETS'));
    this.floor.call('initializeDpc', dpc, this.floor.routine(() => void this.ran.push(name)));
    return dpc;
  }

  wait(dpc: number): void {
    this.floor.call('waitForEvent', this.event, dpc);
  }

  set(): boolean {
    return this.floor.call('KeSetEvent', this.event) !== 0;
  }

  isSet(): boolean {
    return this.floor.call('KeReadStateEvent', this.event) !== 0;
  }

  /** Lets DPCs run, and gives what has run since the test began. */
  settle(): string[] {
    this.floor.call('KeLowerIrql', PASSIVE);
    this.floor.call('KeRaiseIrql', DISPATCH);
    return this.ran;
  }
}

describe('ke/event', () => {
  it.each([false, true])('begins as it was told (%s), and says so', (signalled) => {
    leaves('irql');
    expect(new Waiting(signalled).isSet()).toBe(signalled);
  });

  it('queues all that wait, in the order in which they came, each once', () => {
    leaves('irql');
    const waiting = new Waiting(false);
    for (const name of ['a', 'b', 'c']) waiting.wait(waiting.dpc(name));
    expect(waiting.settle()).toEqual([]);
    expect(waiting.set()).toBe(false);
    expect(waiting.settle()).toEqual(['a', 'b', 'c']);
    expect(waiting.set()).toBe(true);
    expect(waiting.settle()).toEqual(['a', 'b', 'c']);
    expect(waiting.floor.findings).toEqual([]);
  });

  it('stays signalled until it is reset, and says each time what it was', () => {
    leaves('irql');
    const waiting = new Waiting(false);
    expect([waiting.set(), waiting.set(), waiting.isSet()]).toEqual([false, true, true]);
    expect(waiting.floor.call('KeResetEvent', waiting.event)).toBe(1);
    expect(waiting.floor.call('KeResetEvent', waiting.event)).toBe(0);
    expect([waiting.isSet(), waiting.set()]).toEqual([false, false]);
  });

  it('queues at once what waits for an event that is signalled', () => {
    leaves('irql');
    const waiting = new Waiting(true);
    waiting.wait(waiting.dpc('a'));
    expect(waiting.settle()).toEqual(['a']);
  });

  it('lets wait again, after a reset, what has waited before', () => {
    leaves('irql');
    const waiting = new Waiting(false);
    const dpc = waiting.dpc('a');
    for (let turn = 0; turn < 3; turn++) {
      waiting.wait(dpc);
      waiting.set();
      waiting.settle();
      waiting.floor.call('KeResetEvent', waiting.event);
    }
    expect(waiting.ran).toEqual(['a', 'a', 'a']);
  });

  it('does not queue what has stopped waiting', () => {
    leaves('irql');
    const waiting = new Waiting(false);
    const [a, b, c] = [waiting.dpc('a'), waiting.dpc('b'), waiting.dpc('c')];
    for (const dpc of [a, b, c]) waiting.wait(dpc);
    waiting.floor.call('stopWaiting', b);
    waiting.set();
    expect(waiting.settle()).toEqual(['a', 'c']);
  });

  it('does no harm to a DPC that stops waiting and does not wait, or is queued', () => {
    leaves('irql');
    const waiting = new Waiting(false);
    const { floor } = waiting;
    const idle = waiting.dpc('idle');
    const before = floor.octets.slice();
    floor.call('stopWaiting', idle);
    expect(Buffer.compare(floor.octets, before)).toBe(0);
    const queued = waiting.dpc('queued');
    waiting.wait(queued);
    waiting.set();
    floor.call('stopWaiting', queued);
    expect(floor.call('waitingDpcs', 0)).toBe(1);
    expect(waiting.settle()).toEqual(['queued']);
    floor.call('stopWaiting', queued);
    expect(waiting.settle()).toEqual(['queued']);
  });

  it('may be set at DISPATCH_LEVEL and not above', () => {
    leaves('irql');
    const waiting = new Waiting(false);
    waiting.set();
    expect(waiting.floor.findings).toEqual([]);
    waiting.floor.call('KeRaiseIrql', 12);
    waiting.set();
    expect(waiting.floor.findings).toEqual(['EVENT_IRQL']);
    expect(waiting.floor.findingWords[0]).toEqual([12, waiting.event, 0]);
  });
});
