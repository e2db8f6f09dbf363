import { describe, expect, it } from 'vitest';
import { Clock } from '../../host/machine/clock.js';
import { Runner } from '../../host/machine/run.js';

describe('machine/run', () => {
  it('gives a program its turn at the instant of what it waits for', async () => {
    const runner = new Runner(new Clock());
    const times: number[] = [];
    const program = (async () => {
      for (let i = 0; i < 5; i++) {
        await runner.sleep(100);
        times.push(runner.clock.now);
      }
      return 'done';
    })();
    for (let ns = 1; ns <= 1000; ns++) runner.clock.at(ns, () => {});
    expect(await runner.complete(program, 1000)).toBe('done');
    expect(times).toEqual([100, 200, 300, 400, 500]);
    expect(runner.clock.now).toBe(500);
  });

  it('waits for promises that are none of ours, before time passes for nothing', async () => {
    const runner = new Runner(new Clock());
    const program = (async () => {
      for (let i = 0; i < 500; i++) await Promise.resolve();
      await runner.sleep(10);
      for (let i = 0; i < 500; i++) await Promise.resolve();
    })();
    expect(await runner.runUntil(program, 1e9)).toBe(true);
    expect(runner.clock.now).toBe(10);
  });

  it('stops at the event that makes a predicate true', async () => {
    const runner = new Runner(new Clock());
    let count = 0;
    for (let ns = 1; ns <= 10; ns++) runner.clock.at(ns, () => count++);
    expect(await runner.runUntil(() => count === 4, 100)).toBe(true);
    expect([count, runner.clock.now]).toEqual([4, 4]);
    expect(await runner.runUntil(() => count === 40, 100)).toBe(false);
    expect([count, runner.clock.now]).toEqual([10, 104]);
  });

  it('passes on what a promise is rejected with, and what an event throws', async () => {
    const runner = new Runner(new Clock());
    await expect(runner.complete(Promise.reject(new Error('mine')), 10)).rejects.toThrow('mine');
    runner.clock.after(5, () => {
      throw new Error('event');
    });
    await expect(runner.run(10)).rejects.toThrow('event');
    await runner.run(10);
    expect(runner.clock.now).toBe(15);
  });

  it('runs once at a time', async () => {
    const runner = new Runner(new Clock());
    const first = runner.runUntil(runner.sleep(10), 100);
    await expect(runner.run(1)).rejects.toThrow('one run at a time');
    expect(await first).toBe(true);
  });

  it('ends a program that calls and calls without waiting for time', async () => {
    const runner = new Runner(new Clock());
    let calls = 0;
    const program = (async () => {
      for (; calls < 5_000_000; calls++) {
        runner.noteActivity();
        await undefined;
      }
    })();
    await expect(runner.runUntil(program, 10)).rejects.toThrow('time stands still');
    calls = 5_000_000;
    await program;
  });

  it('wants whole ns from 0 on', async () => {
    const runner = new Runner(new Clock());
    for (const ns of [-1, 0.5, NaN]) await expect(runner.run(ns)).rejects.toThrow(TypeError);
  });
});
