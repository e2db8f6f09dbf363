/** Ranges of options, and what is said of a wrong one. */

import { describe, expect, it } from 'vitest';
import { mustBeProbability, mustBeTime, mustBeWhole } from '../../host/link/option.js';

describe('link/option', () => {
  it('lets through what is allowed', () => {
    expect(mustBeWhole('n', 3, 3, 9)).toBe(3);
    expect(mustBeProbability('p', 0)).toBe(0);
    expect(mustBeProbability('p', 1)).toBe(1);
    expect(mustBeTime('t', 3_600_000_000_000)).toBe(3_600_000_000_000);
  });

  it('names the option, the value and the range otherwise', () => {
    expect(() => mustBeWhole('n', 2, 3, 9)).toThrow('n: 2 is not a whole number from 3 to 9');
    expect(() => mustBeWhole('n', 3.5, 3, 9)).toThrow(TypeError);
    for (const p of [-0.1, 1.1, NaN, '0.5' as unknown as number]) {
      expect(() => mustBeProbability('p', p)).toThrow(`p: ${p} is not a number from 0 to 1`);
    }
    for (const t of [-1, 0.5, Infinity, 3_600_000_000_001]) {
      expect(() => mustBeTime('latencyNs', t)).toThrow('latencyNs');
    }
  });
});
