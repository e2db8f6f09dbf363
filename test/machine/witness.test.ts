import { describe, expect, it } from 'vitest';
import { asStop, KernelStop } from '../../host/kernel/stop.js';
import { Witness } from '../../host/machine/witness.js';

describe('machine/witness', () => {
  it('stops a kernel that says so, or spins; anything else that is thrown is a trap', () => {
    const witness = new Witness('here');
    expect(() => witness.onSpin(0x100, 1)).toThrow('processor 1 spins for ever on lock 0x100');
    expect(() => witness.onBugCheck(0xc2, 1, 2, 3, 4)).toThrow('here: 194 (0xc2) 0x1 0x2 0x3 0x4');
    const trap = asStop(new WebAssembly.RuntimeError('unreachable'), 'here');
    expect(trap).toBeInstanceOf(KernelStop);
    expect([trap.reason, trap.message]).toEqual([
      'trap', 'here: the kernel trapped: RuntimeError: unreachable',
    ]);
    expect(asStop(trap, 'there')).toBe(trap);
  });

  it('keeps findings with time and processor, and not without end', () => {
    const witness = new Witness('here');
    witness.nowUs = () => 7;
    witness.processor = () => 1;
    for (let i = 0; i < 10_001; i++) witness.onFinding(0x1000, i, 2, 3);
    expect(witness.findings[0]).toEqual({
      rule: '4096', words: [0, 2, 3], timeUs: 7, processor: 1, machine: 'here',
    });
    expect([witness.findings.length, witness.findingCount]).toEqual([10_000, 10_001]);
  });

  it('keeps the latest stack of each lock, of so many locks', () => {
    const witness = new Witness('here');
    const usual = Error.stackTraceLimit;
    const acquireHere = (sequence: number): void => witness.onSite(64, sequence);
    acquireHere(1);
    acquireHere(2);
    expect(witness.siteOf(64, 1)).toBeUndefined();
    expect(witness.siteOf(64, 2)).toContain('acquireHere');
    expect(Error.stackTraceLimit).toBe(usual);
    for (let i = 0; i < 4096; i++) witness.onSite(1000 + i, i);
    expect(witness.siteOf(64, 2)).toBeUndefined();
    expect(witness.siteOf(1000, 0)).toBeDefined();
  });
});
