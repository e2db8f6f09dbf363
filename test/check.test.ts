/** Every part of `npm run check` but tidy, which is a test of its own. */

import { describe, expect, it } from 'vitest';
import { build } from '../host/cli/build.js';
import { PARTS, findPart, runPart } from '../host/cli/check.js';

describe('check', () => {
  it('build: every target compiles', { timeout: 300_000 }, async () => {
    await expect(build()).resolves.toBeUndefined();
  });

  for (const part of PARTS.filter(({ name }) => name !== 'tidy')) {
    it(`${part.name}: ${part.about}`, { timeout: 300_000 }, async () => {
      const { code, text } = await runPart(part);
      expect(code, text).toBe(0);
    });
  }

  it('names its parts where one is not known', () => {
    expect(() => findPart('spelling')).toThrow(/no part spelling: test, host, assembly/);
  });
});
