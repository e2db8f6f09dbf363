import { describe, expect, it } from 'vitest';
import { Pacer } from '../../host/cli/pacer.js';

describe('cli/pacer', () => {
  it('tells the time that has passed in the world, in whole ns', () => {
    let nowNs = 1e15;
    const pacer = new Pacer(() => nowNs);
    expect(pacer.now()).toBe(0);
    nowNs += 1000.75;
    expect(pacer.now()).toBe(1000);
    nowNs += 1000.75;
    expect(pacer.now()).toBe(2001);
    expect(pacer.skippedNs).toBe(0);
  });

  it('leaves out what a program that was stopped does not know of', () => {
    let nowNs = 0;
    const pacer = new Pacer(() => nowNs);
    nowNs += 75e9;
    expect(pacer.now()).toBe(500e6);
    expect(pacer.skippedNs).toBe(74.5e9);
  });

  it('counts a wait that was expected, as long as it is', () => {
    let nowNs = 0;
    const pacer = new Pacer(() => nowNs);
    pacer.expect(10e9);
    nowNs += 10.4e9;
    expect(pacer.now()).toBe(10.4e9);
    pacer.expect(Infinity);
    nowNs += 3600e9;
    expect(pacer.now()).toBe(3610.4e9);
    // What was expected once is not expected again.
    nowNs += 2e9;
    expect(pacer.now()).toBe(3610.9e9);
    expect(pacer.skippedNs).toBe(1.5e9);
  });
});
