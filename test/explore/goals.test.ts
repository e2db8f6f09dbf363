/** What of the goals can be told at once; the rest is what `npm run explore -- goals` measures. */

import { describe, expect, it } from 'vitest';
import { ROOT, runNode } from '../../host/cli/child.js';
import { verifierCodes } from './goals.js';

describe('the goals of the verifier', () => {
  it('has a rule, broken and kept, for each code of Driver Verifier that is wanted', () => {
    expect(verifierCodes(ROOT)).toMatchObject([
      { reached: '11 of 11', holds: true }, { reached: '24 of 24', holds: true },
    ]);
  });

  it('takes no number of runs that is none', async () => {
    const words = ['--import', 'tsx', 'test/explore/main.ts', 'goals', '--runs', 'many'];
    const { code, text } = await runNode(words);
    expect(code).toBe(2);
    expect(text).toMatch(/^option --runs: many is no number above 0\n/);
  });
});
