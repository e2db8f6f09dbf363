/** The wheel against a sorted list: everything expires at its tick, whatever was done before. */

import { beforeAll, describe, expect } from 'vitest';
import { Random } from '../../host/machine/random.js';
import type { Stream } from '../../host/machine/random.js';
import { compileModule } from '../compile.js';
import { Floor, it } from '../floor.js';

const NONE = 0xffffffff;
const ENTRY_OCTETS = 12;

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/ke/wheel.ts', { checked: true, optimize: 0 });
});

/** How far `later` is after `earlier`, on the circle of ticks. */
function ticksFrom(earlier: number, later: number): number {
  return (later - earlier) >>> 0;
}

/** A wheel and what it must do: entries that run, with the tick at which each is due. */
class Model {
  readonly floor = new Floor(module);
  readonly entries: number[] = [];
  /** Due tick by entry. */
  readonly running = new Map<number, number>();
  readonly wheel: number;
  readonly expired: number;
  tick: number;

  constructor(tick: number, entries: number) {
    this.tick = tick >>> 0;
    this.wheel = this.floor.block(this.floor.value('WHEEL_OCTETS'));
    this.expired = this.floor.block(8);
    this.floor.call('initializeWheel', this.wheel, tick);
    this.floor.call('initializeList', this.expired);
    for (let i = 0; i < entries; i++) {
      const entry = this.floor.block(ENTRY_OCTETS);
      this.floor.call('initializeList', entry);
      this.entries.push(entry);
    }
  }

  start(entry: number, ahead: number): void {
    const due = (this.tick + ahead) >>> 0;
    this.floor.call('startEntry', this.wheel, entry, due);
    this.running.set(entry, due);
  }

  stop(entry: number): boolean {
    this.running.delete(entry);
    return this.floor.call('stopEntry', this.wheel, entry) !== 0;
  }

  nextDue(): number {
    return this.floor.call('nextDue', this.wheel, NONE);
  }

  /** How many ticks ahead the first entry is due. */
  firstAhead(): number {
    let first = NONE;
    for (const due of this.running.values()) first = Math.min(first, ticksFrom(this.tick, due));
    return first;
  }

  /** Plays the wheel up to `target`; everything due by then must come, each at its tick. */
  play(target: number): void {
    const span = ticksFrom(this.tick, target);
    const due = [...this.running].filter(([, at]) => ticksFrom(this.tick, at) <= span);
    const before = this.tick;
    const wanted = due
      .map(([entry, at]) => `${ticksFrom(before, at)} ${entry}`)
      .sort();
    const came: string[] = [];
    while (this.floor.call('advanceWheel', this.wheel, target, this.expired) !== 0) {
      const played = ticksFrom(before, this.floor.call('tickOf', this.wheel));
      expect(this.floor.call('isEmpty', this.expired)).toBe(0);
      while (this.floor.call('isEmpty', this.expired) === 0) {
        const entry = this.floor.call('takeExpired', this.wheel, this.expired);
        came.push(`${played} ${entry}`);
        this.running.delete(entry);
      }
    }
    expect(came.sort()).toEqual(wanted);
    this.tick = target >>> 0;
    expect(this.floor.call('tickOf', this.wheel)).toBe(this.tick);
  }

  /** What holds at all times. */
  check(): void {
    expect(this.floor.call('countOf', this.wheel)).toBe(this.running.size);
    const next = this.nextDue();
    if (this.running.size === 0) {
      expect(next).toBe(NONE);
      return;
    }
    const ahead = ticksFrom(this.tick, next);
    expect(ahead).toBeGreaterThan(0);
    expect(ahead).toBeLessThanOrEqual(this.firstAhead());
  }
}

/** A distance that falls into each ring, beyond them all, or on their borders. */
function distance(chance: Stream): number {
  const border = [1, 255, 256, 257, 511, 512, 65535, 65536, 65537, (1 << 24) - 1, 1 << 24];
  switch (chance.below(6)) {
    case 0:
      return 1 + chance.below(255);
    case 1:
      return 256 + chance.below(65536 - 256);
    case 2:
      return 65536 + chance.below((1 << 24) - 65536);
    case 3:
      return (1 << 24) + chance.below(1 << 24);
    case 4:
      return border[chance.below(border.length)] ?? 1;
    default:
      return 1 + chance.below(2000);
  }
}

/** How far to play at once: mostly little, at times to the very tick that is wanted, or far. */
function step(model: Model, chance: Stream): number {
  switch (chance.below(8)) {
    case 0:
      return 1;
    case 1:
      return 1 + chance.below(1000);
    case 2:
      return 1 + chance.below(70_000);
    case 3:
      return 256 - (model.tick & 255);
    case 4:
      return 255 - (model.tick & 255) || 255;
    case 5:
      return 0x10000 - (model.tick & 0xffff);
    case 6:
      return chance.chance(0.02) ? (1 << 25) + chance.below(1000) : 3;
    default: {
      const next = model.nextDue();
      return next === NONE ? 1 : ticksFrom(model.tick, next);
    }
  }
}

describe('ke/wheel', () => {
  it.each([
    [1, 0],
    [2, 0xffff_f000],
    [3, 0x7fff_ff80],
    [4, 0x00ff_ffff],
    [5, 0x1234_56ff],
  ])('does what a sorted list does for 3,000 chances: seed %i, from tick %i', (seed, tick) => {
    const chance = new Random(seed).stream('wheel');
    const model = new Model(tick, 60);
    for (let turn = 0; turn < 3000; turn++) {
      const entry = model.entries[chance.below(model.entries.length)] ?? 0;
      const runs = model.running.has(entry);
      expect(model.floor.call('isRunning', entry)).toBe(runs ? 1 : 0);
      const what = chance.below(8);
      if (what < 4) {
        if (runs) expect(model.stop(entry)).toBe(true);
        model.start(entry, distance(chance));
      } else if (what < 6) {
        expect(model.stop(entry)).toBe(runs);
      } else {
        model.play(model.tick + step(model, chance));
      }
      model.check();
    }
  });

  it.each([6, 7])('is never late where it is played when it asks to be: seed %i', (seed) => {
    const chance = new Random(seed).stream('wheel');
    const model = new Model(chance.next(), 40);
    for (const entry of model.entries) model.start(entry, distance(chance));
    let turns = 0;
    while (model.running.size !== 0) {
      const next = model.nextDue();
      expect(ticksFrom(model.tick, next)).toBeLessThanOrEqual(model.firstAhead());
      model.play(next);
      expect(++turns).toBeLessThan(40 * 4 + 520);
    }
  });

  it('asks for the tick after the last of a ring, and for none later than an entry there', () => {
    for (const ahead of [1, 2, 5, 200, 255, 256]) {
      const model = new Model(0xff, 1);
      model.start(model.entries[0] ?? 0, ahead);
      model.check();
    }
  });

  it('asks for the turn of the outer ring where that may bring an entry to the inner ones', () => {
    const model = new Model(0, 2);
    const [first = 0, second = 0] = model.entries;
    model.start(first, 0x10001);
    model.play(0xffc0);
    model.start(second, 0x600);
    model.check();
    model.play(0x10005);
    expect([...model.running.keys()]).toEqual([second]);
  });

  it.each([1, 255, 256, 40_000, 65_536, 1_000_000, (1 << 24) + 5])(
    'is played a few times for one entry %i ticks ahead, not once a tick',
    (ahead) => {
      const model = new Model(77, 1);
      model.start(model.entries[0] ?? 0, ahead);
      let turns = 0;
      for (; model.running.size !== 0; turns++) model.play(model.nextDue());
      expect(turns).toBeLessThanOrEqual(4 + Math.ceil(ahead / 65536));
    },
  );

  it('makes what is past, or now, due at the next tick', () => {
    for (const due of [1000, 999, 0, 1000 - 0x7fff_ffff]) {
      const model = new Model(1000, 1);
      const entry = model.entries[0] ?? 0;
      model.floor.call('startEntry', model.wheel, entry, due);
      expect(model.floor.call('dueOf', entry)).toBe(1001);
      expect(model.nextDue()).toBe(1001);
    }
  });

  it('says no to a stop of what does not run: never started, stopped, expired', () => {
    const model = new Model(0, 1);
    const entry = model.entries[0] ?? 0;
    expect(model.stop(entry)).toBe(false);
    model.start(entry, 3);
    expect(model.stop(entry)).toBe(true);
    expect(model.stop(entry)).toBe(false);
    model.start(entry, 3);
    model.play(3);
    expect(model.stop(entry)).toBe(false);
    expect(model.floor.call('countOf', model.wheel)).toBe(0);
  });

  it('stops what has expired and was not yet taken', () => {
    const model = new Model(0, 3);
    for (const entry of model.entries) model.start(entry, 7);
    const { floor, wheel, expired } = model;
    expect(floor.call('advanceWheel', wheel, 7, expired)).toBe(1);
    expect(floor.call('stopEntry', wheel, model.entries[1] ?? 0)).toBe(1);
    expect(floor.call('stopEntry', wheel, model.entries[1] ?? 0)).toBe(0);
    expect(floor.call('takeExpired', wheel, expired)).toBe(model.entries[0]);
    expect(floor.call('takeExpired', wheel, expired)).toBe(model.entries[2]);
    expect(floor.call('isEmpty', expired)).toBe(1);
    expect(floor.call('countOf', wheel)).toBe(0);
  });

  it('starts again, from among the expired, what its routine restarts', () => {
    const model = new Model(0, 1);
    const { floor, wheel, expired } = model;
    const entry = model.entries[0] ?? 0;
    model.start(entry, 7);
    floor.call('advanceWheel', wheel, 500, expired);
    expect(floor.call('stopEntry', wheel, entry)).toBe(1);
    floor.call('startEntry', wheel, entry, 20);
    expect(floor.call('advanceWheel', wheel, 500, expired)).toBe(1);
    expect(floor.call('tickOf', wheel)).toBe(20);
    expect(floor.call('takeExpired', wheel, expired)).toBe(entry);
  });

  it('gives what is due at one tick in the order in which it was started', () => {
    const model = new Model(0, 5);
    for (const entry of model.entries) model.start(entry, 300);
    const came: number[] = [];
    model.floor.call('advanceWheel', model.wheel, 300, model.expired);
    while (model.floor.call('isEmpty', model.expired) === 0) {
      came.push(model.floor.call('takeExpired', model.wheel, model.expired));
    }
    expect(came).toEqual(model.entries);
  });

  it('does not go back', () => {
    const model = new Model(1000, 1);
    model.start(model.entries[0] ?? 0, 5);
    expect(model.floor.call('advanceWheel', model.wheel, 900, model.expired)).toBe(0);
    expect(model.floor.call('tickOf', model.wheel)).toBe(1000);
    model.play(1005);
  });

  // A walk would come to an entry whose links lead out of memory, and trap.
  it('starts, stops and restarts without a walk along the entries of a slot', () => {
    const model = new Model(0, 1000);
    for (const entry of model.entries) model.start(entry, 9);
    const { floor, wheel, entries } = model;
    const links = new Uint32Array(floor.octets.buffer);
    const broken = (index: number): boolean => index > 1 && index < 998 && (index & 7) === 0;
    entries.forEach((entry, index) => {
      if (broken(index)) links.fill(0xffff_fff0, entry / 4, entry / 4 + 2);
    });
    expect(floor.call('stopEntry', wheel, entries[4] ?? 0)).toBe(1);
    floor.call('startEntry', wheel, entries[4] ?? 0, 9);
    expect(floor.call('stopEntry', wheel, entries[999] ?? 0)).toBe(1);
    expect(floor.call('stopEntry', wheel, entries[0] ?? 0)).toBe(1);
    floor.call('startEntry', wheel, entries[0] ?? 0, 9);
    const walk = (): number => floor.call('stopEntry', wheel, entries[16] ?? 0);
    expect(walk).toThrow(WebAssembly.RuntimeError);
  });
});
