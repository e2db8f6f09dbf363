import { describe, expect, it } from 'vitest';
import { findIrpLeak, findTimerLeak } from '../../host/watch/irpleak.js';
import { observed } from './observed.js';

describe('watch/irpleak', () => {
  it('takes no request that may still be completed for leaked', () => {
    expect(findIrpLeak(observed({ irpsInUse: 3 }))).toBeUndefined();
    expect(findIrpLeak(observed({ halted: true }))).toBeUndefined();
  });

  it('finds requests that are left when nothing is asked, or all is unloaded', () => {
    expect(findIrpLeak(observed({ irpsInUse: 3 }), true)?.sentence).toBe(
      '3 IRPs are not completed while nothing is asked',
    );
    expect(findIrpLeak(observed({ irpsInUse: 1, halted: true }))).toMatchObject({
      kind: 'irp leaked',
      sentence: '1 IRP is not completed when all drivers are unloaded',
      words: [1],
    });
  });

  it('finds timers that run when all drivers are unloaded, and only then', () => {
    expect(findTimerLeak(observed({ runningTimers: 2 }))).toBeUndefined();
    expect(findTimerLeak(observed({ halted: true }))).toBeUndefined();
    expect(findTimerLeak(observed({ runningTimers: 2, halted: true }))).toMatchObject({
      kind: 'timer left',
      sentence: '2 timers are not stopped when all drivers are unloaded',
    });
  });
});
