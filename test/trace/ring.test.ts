/** The trace ring: the last events, each with its number and its time, the oldest overwritten. */

import { beforeAll, describe, expect } from 'vitest';
import { compileModule } from '../compile.js';
import { Floor, it } from '../floor.js';

const RECORD_OCTETS = 24;

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/trace/ring.ts', { checked: true, optimize: 0 });
});

/** The six words of slot `slot`: sequence, event, time, a, b, c. */
function slotAt(floor: Floor, slot: number): number[] {
  const at = floor.call('traceRing') + RECORD_OCTETS * slot;
  return [0, 4, 8, 12, 16, 20].map((offset) => floor.word(at + offset));
}

function cursor(floor: Floor): number {
  return floor.word(floor.call('shared') + floor.value('CURSOR_OFFSET'));
}

describe('trace/ring', () => {
  it('keeps event, three words, time and number, from 1', () => {
    const floor = new Floor(module);
    const drop = floor.value('Event.DROP');
    expect([slotAt(floor, 0), cursor(floor)]).toEqual([[0, 0, 0, 0, 0, 0], 0]);
    floor.call('setTime', 0, 1500);
    floor.call('trace', drop, 1, 0xffff_ffff, 0x8000_0000);
    floor.call('setTime', 1, 2500);
    floor.call('trace', floor.value('Event.ICMP_ECHO'), 7, 8, 9);
    expect(slotAt(floor, 0)).toEqual([1, drop, 1500, 1, 0xffff_ffff, 0x8000_0000]);
    expect(slotAt(floor, 1)).toEqual([2, floor.value('Event.ICMP_ECHO'), 2500, 7, 8, 9]);
    expect(slotAt(floor, 2)[0]).toBe(0);
    expect(cursor(floor)).toBe(2);
  });

  it('keeps the last TRACE_SLOTS events, and touches nothing behind them', () => {
    const floor = new Floor(module);
    const slots = floor.value('TRACE_SLOTS');
    expect(slots & (slots - 1)).toBe(0);
    const after = floor.call('traceRing') + RECORD_OCTETS * slots;
    const behind = floor.octets.slice(after, after + 8);
    const count = 2 * slots + 10;
    for (let i = 1; i <= count; i++) floor.call('trace', 1 + (i % 5), i, 0, 0);
    const numbers = Array.from({ length: slots }, (_, slot) => slotAt(floor, slot)[0] ?? 0);
    const expected = Array.from({ length: slots }, (_, i) => count - slots + 1 + i);
    expect(numbers.sort((a, b) => a - b)).toEqual(expected);
    expect(cursor(floor)).toBe(count);
    for (const number of expected.slice(0, 50)) {
      expect(slotAt(floor, (number - 1) % slots).slice(0, 4)).toEqual([
        number, 1 + (number % 5), 0, number,
      ]);
    }
    expect(Buffer.compare(floor.octets.subarray(after, after + 8), behind)).toBe(0);
  });

  it('gives the time and the tick that the host wrote', () => {
    const floor = new Floor(module);
    floor.call('setTime', 0x12, 0xffff_fffe);
    floor.call('setTick', 0xffff_fff0);
    expect([floor.call('nowHigh'), floor.call('nowLow')]).toEqual([0x12, 0xffff_fffe]);
    expect(floor.call('KeQueryTickCount')).toBe(0xffff_fff0);
  });

  it('shares 16 octets with the host: the time, the count of events, the tick', () => {
    const floor = new Floor(module);
    const offsets = ['SHARED_OCTETS', 'CURSOR_OFFSET', 'TICK_OFFSET'];
    expect(offsets.map((name) => floor.value(name))).toEqual([16, 8, 12]);
    floor.call('setTime', 2, 1);
    const at = floor.call('shared');
    expect([floor.word(at), floor.word(at + 4)]).toEqual([1, 2]);
  });
});
