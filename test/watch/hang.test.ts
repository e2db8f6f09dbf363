import { describe, expect, it } from 'vitest';
import { LATE_TICKS, findHang } from '../../host/watch/hang.js';
import { observed } from './observed.js';

const STUCK = [{ number: 0, irql: 2, waitingDpcs: 1 }];

describe('watch/hang', () => {
  it('is silent while the clock\'s DPC keeps up, and while it is late within reason', () => {
    expect(findHang(observed())).toBeUndefined();
    expect(findHang(observed({ clockTick: 500 + LATE_TICKS }))).toBeUndefined();
  });

  it('finds a clock whose DPC no longer plays, and says since when', () => {
    const verdict = findHang(observed({ clockTick: 501 + LATE_TICKS }));
    expect(verdict).toMatchObject({ kind: 'hang', sinceUs: 5_000_000 });
    expect(verdict?.sentence).toBe(
      'the clock\'s DPC no longer runs: its interrupt brought tick 601, the timers stand at 500',
    );
  });

  it('counts ticks round the circle', () => {
    expect(findHang(observed({ clockTick: 50, playedTick: 0xfffffff0 }))).toBeUndefined();
    expect(findHang(observed({ clockTick: 200, playedTick: 0xfffffff0 }))).toBeDefined();
  });

  it('finds calls that wait for a thread where no processor can run one', () => {
    const verdict = findHang(observed({ processors: STUCK, waitingCalls: 2 }));
    expect(verdict?.sentence).toBe(
      '2 calls wait for a thread, and no processor is at PASSIVE_LEVEL',
    );
  });

  it('is silent about calls that wait while one processor is at PASSIVE_LEVEL', () => {
    const processors = [...STUCK, { number: 1, irql: 0, waitingDpcs: 0 }];
    expect(findHang(observed({ processors, waitingCalls: 2 }))).toBeUndefined();
  });

  it('does not count on a processor that spins', () => {
    const processors = [...STUCK, { number: 1, irql: 0, waitingDpcs: 0, spinsOn: 16 }];
    expect(findHang(observed({ processors, waitingCalls: 1 }))).toBeDefined();
  });
});
