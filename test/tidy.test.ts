/** The laws of the house hold in every file, and every law is proven to be able to fail. */

import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { RULES, inspectProject } from './tidy/laws.js';
import { show } from './tidy/rule.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { violations, stale } = inspectProject(ROOT);

describe('tidy', () => {
  for (const rule of RULES) {
    it(`nothing breaks ${rule.name}`, () => {
      const found = violations.filter((each) => each.rule === rule.name).map(show);
      expect(found, found.join('\n')).toEqual([]);
    });
  }

  it('every exception in test/tidy.allow.ts is needed', () => {
    expect(stale).toEqual([]);
  });

  it('every rule has a name of its own and a proof', () => {
    const folder = new URL('./tidy/', import.meta.url);
    const proofs = readdirSync(folder)
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => readFileSync(new URL(name, folder), 'utf8'))
      .join('\n');
    const names = RULES.map((rule) => rule.name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !proofs.includes(`proves('${name}'`))).toEqual([]);
  });
});
