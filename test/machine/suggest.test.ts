/** Names that may have been meant. */

import { describe, expect, it } from 'vitest';
import { closestNames, didYouMean } from '../../host/machine/suggest.js';

describe('machine/suggest', () => {
  const known = ['alpha', 'alphabet', 'beta', 'gamma'];

  it('finds what differs by a slip: a letter more, less, other, or two swapped', () => {
    for (const slip of ['alphaa', 'alpa', 'alpho', 'alhpa', 'ALPHA']) {
      expect(closestNames(slip, known)[0], slip).toBe('alpha');
    }
    expect(closestNames('delta', known)).toEqual([]);
    expect(closestNames('', known)).toEqual([]);
    expect(closestNames('alpha'.repeat(1000), known)).toEqual([]);
  });

  it('puts the closest first and offers three at most', () => {
    expect(closestNames('beta', ['zeta', 'beta'])).toEqual(['beta', 'zeta']);
    expect(closestNames('aaaa', ['aaab', 'aaac', 'aaad', 'aaae'])).toHaveLength(3);
    expect(didYouMean('aaaa', ['aaab', 'aaac', 'aaad'])).toBe(
      '; did you mean aaab, aaac or aaad?',
    );
    expect(didYouMean('alphab', known)).toBe('; did you mean alphabet or alpha?');
    expect(didYouMean('omega', ['x'])).toBe('');
  });
});
