/** Timers: once or again and again, each at its tick, each DPC queued once. */

import { beforeAll, describe, expect } from 'vitest';
import { Random } from '../../host/machine/random.js';
import { compileModule } from '../compile.js';
import { Floor, it, leaves } from '../floor.js';

const PASSIVE = 0;
const DISPATCH = 2;

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/ke/kernel.ts', { checked: true, optimize: 0 });
});

/** One processor and its clock. */
class Clock {
  readonly floor = new Floor(module);
  readonly none: number;
  tick = 0;

  constructor() {
    this.floor.call('initializeProcessors', 1);
    this.floor.call('initializeClock');
    this.none = this.floor.value('NO_TICK');
  }

  timer(): number {
    const timer = this.floor.block(this.floor.value('TIMER_OCTETS'));
    this.floor.call('KeInitializeTimer', timer);
    return timer;
  }

  dpc(run: () => void): number {
    const dpc = this.floor.block(this.floor.value('DPC_OCTETS'));
    this.floor.call('initializeDpc', dpc, this.floor.routine(run));
    return dpc;
  }

  /** A DPC that notes the tick at which it runs. */
  note(ticks: number[]): number {
    return this.dpc(() => void ticks.push(this.tick));
  }

  start(timer: number, ticks: number, period: number, dpc: number): boolean {
    return this.floor.call('KeSetTimerEx', timer, ticks, period, dpc) !== 0;
  }

  cancel(timer: number): boolean {
    return this.floor.call('KeCancelTimer', timer) !== 0;
  }

  running(): number {
    return this.floor.call('runningTimers');
  }

  next(): number {
    return this.floor.call('nextTimerTick');
  }

  /** Time passes to `tick`, and the clock does not come. */
  pass(tick: number): void {
    this.tick = tick;
    this.floor.call('setTick', tick);
  }

  /** The clock comes at `tick`. */
  come(tick: number): void {
    this.pass(tick);
    this.floor.call('clockInterrupt', tick);
  }

  /** The clock comes whenever a timer wants it, up to `tick`; what is overdue comes now. */
  run(tick: number): void {
    for (let next = this.next(); next !== this.none && next <= tick; next = this.next()) {
      const played = this.floor.call('playedTick');
      expect(next).toBeGreaterThan(played);
      this.come(Math.max(next, this.tick));
    }
    this.pass(tick);
  }
}

describe('ke/timer', () => {
  it.each([1, 7, 255, 256, 300, 65_536, 100_000])('expires once, %i ticks later', (ticks) => {
    const clock = new Clock();
    const expired: number[] = [];
    clock.pass(500);
    expect(clock.start(clock.timer(), ticks, 0, clock.note(expired))).toBe(false);
    clock.run(500 + ticks - 1);
    expect([expired, clock.running()]).toEqual([[], 1]);
    clock.run(500 + 3 * ticks);
    expect([expired, clock.running()]).toEqual([[500 + ticks], 0]);
    expect(clock.next()).toBe(clock.none);
    expect(clock.floor.findings).toEqual([]);
  });

  it('expires at the next tick where it is started for now', () => {
    const clock = new Clock();
    const expired: number[] = [];
    clock.come(9);
    clock.start(clock.timer(), 0, 0, clock.note(expired));
    expect(expired).toEqual([]);
    clock.run(20);
    expect(expired).toEqual([10]);
  });

  it('expires again and again, a period after its due tick and not after its DPC', () => {
    const clock = new Clock();
    const expired: number[] = [];
    const timer = clock.timer();
    clock.start(timer, 5, 30, clock.note(expired));
    clock.run(100);
    expect(expired).toEqual([5, 35, 65, 95]);
    expect([clock.running(), clock.floor.call('dueOf', timer)]).toEqual([1, 125]);
    expect(clock.cancel(timer)).toBe(true);
    clock.run(300);
    expect(expired.length).toBe(4);
  });

  it('queues its DPC once where the clock comes late, and keeps its phase', () => {
    leaves('timer left');
    const clock = new Clock();
    const expired: number[] = [];
    clock.start(clock.timer(), 10, 10, clock.note(expired));
    clock.come(47);
    expect(expired).toEqual([47]);
    clock.run(60);
    expect(expired).toEqual([47, 50, 60]);
  });

  it('queues once a DPC that two timers share', () => {
    const clock = new Clock();
    const expired: number[] = [];
    const dpc = clock.note(expired);
    clock.start(clock.timer(), 5, 0, dpc);
    clock.start(clock.timer(), 5, 0, dpc);
    clock.run(10);
    expect(expired).toEqual([5]);
  });

  it('is cancelled once: true while it runs, false before and after', () => {
    const clock = new Clock();
    const expired: number[] = [];
    const timer = clock.timer();
    expect(clock.cancel(timer)).toBe(false);
    clock.start(timer, 5, 0, clock.note(expired));
    clock.run(4);
    expect([clock.cancel(timer), clock.cancel(timer)]).toEqual([true, false]);
    clock.run(20);
    expect([expired, clock.running()]).toEqual([[], 0]);
  });

  it('says false to a cancel that comes after it expired, and its DPC runs nevertheless', () => {
    const clock = new Clock();
    const expired: number[] = [];
    const timer = clock.timer();
    const answers: boolean[] = [];
    const other = clock.dpc(() => void answers.push(clock.cancel(timer)));
    clock.start(clock.timer(), 5, 0, other);
    clock.start(timer, 5, 0, clock.note(expired));
    clock.run(5);
    expect([answers, expired]).toEqual([[false], [5]]);
  });

  it('says true when it is started while it runs, and expires at the new tick alone', () => {
    const clock = new Clock();
    const expired: number[] = [];
    const timer = clock.timer();
    const dpc = clock.note(expired);
    clock.start(timer, 5, 0, dpc);
    expect(clock.start(timer, 400, 0, dpc)).toBe(true);
    expect(clock.start(timer, 9, 0, dpc)).toBe(true);
    expect(clock.running()).toBe(1);
    clock.run(1000);
    expect(expired).toEqual([9]);
  });

  it('may be started again by its own DPC', () => {
    const clock = new Clock();
    const expired: number[] = [];
    const timer = clock.timer();
    const dpc = clock.dpc(() => {
      expired.push(clock.tick);
      if (expired.length < 4) clock.start(timer, 300, 0, dpc);
    });
    clock.start(timer, 1, 0, dpc);
    clock.run(5000);
    expect(expired).toEqual([1, 301, 601, 901]);
    expect(clock.running()).toBe(0);
  });

  it('makes up for time in which no timer ran, and the clock did not come', () => {
    const clock = new Clock();
    const expired: number[] = [];
    for (const tick of [1_000_000, 0x7fff_ff00, 0xffff_ff00]) {
      clock.pass(tick);
      clock.start(clock.timer(), 300, 0, clock.note(expired));
      const next = clock.next();
      expect((next - tick) >>> 0).toBeLessThanOrEqual(300);
      expect((next - tick) >>> 0).toBeGreaterThan(0);
      for (let turns = 0; clock.next() !== clock.none; turns++) {
        expect(turns).toBeLessThan(4);
        clock.come(clock.next());
      }
    }
    expect(expired).toEqual([1_000_300, 0x7fff_ff00 + 300, (0xffff_ff00 + 300) % 2 ** 32]);
  });

  it('does not run DPCs while IRQL stays at DISPATCH_LEVEL, and does not lose them', () => {
    const clock = new Clock();
    const expired: number[] = [];
    clock.start(clock.timer(), 5, 0, clock.note(expired));
    clock.floor.call('KeRaiseIrql', DISPATCH);
    clock.come(5);
    clock.come(8);
    expect([expired, clock.floor.call('playedTick')]).toEqual([[], 0]);
    clock.floor.call('KeLowerIrql', PASSIVE);
    expect([expired, clock.floor.call('playedTick')]).toEqual([[8], 8]);
  });

  it.each([1, 2, 3])('expires each of many at its tick, whatever is restarted: seed %i', (seed) => {
    leaves('timer left');
    const chance = new Random(seed).stream('timers');
    const clock = new Clock();
    clock.pass(chance.below(100_000));
    const due = new Map<number, number>();
    const timers = Array.from({ length: 30 }, () => {
      const timer = clock.timer();
      const dpc = clock.dpc(() => {
        expect(due.get(timer)).toBe(clock.tick);
        due.delete(timer);
      });
      return { timer, dpc };
    });
    for (let turn = 0; turn < 1500; turn++) {
      const { timer, dpc } = timers[chance.below(timers.length)] ?? { timer: 0, dpc: 0 };
      if (chance.chance(0.2)) {
        expect(clock.cancel(timer)).toBe(due.delete(timer));
      } else {
        const ticks = 1 + chance.below(chance.chance(0.3) ? 100_000 : 600);
        expect(clock.start(timer, ticks, 0, dpc)).toBe(due.has(timer));
        due.set(timer, clock.tick + ticks);
      }
      clock.run(clock.tick + chance.below(chance.chance(0.1) ? 3000 : 50));
      expect(clock.running()).toBe(due.size);
    }
    expect(clock.floor.findings).toEqual([]);
  });
});
