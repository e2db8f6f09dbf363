/** The 21 small cases: 18 defects are found, and none in their twins; 3 traps are none. */

import { beforeAll, describe, expect, it } from 'vitest';
import { explore } from '../../host/explore/explorer.js';
import type { Finding } from '../../host/explore/finding.js';
import { compileModule } from '../compile.js';
import { CASES } from './cases/cases.js';
import type { SmallCase } from './cases/cases.js';
import { CASES_ENTRY, formatCases, isGood, measureCases, prepareCase } from './cases/table.js';

const LIMIT = { timeout: 120_000 };
let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule(CASES_ENTRY, { explore: true });
}, 120_000);

function findingsOf(each: SmallCase, fixed = false): readonly Finding[] {
  return explore(prepareCase(module, each, fixed), { schedules: 100 }).findings;
}

const isTold = ({ status }: Finding): boolean => status !== 'refuted';

describe('the small cases', LIMIT, () => {
  it('are 18 defects and 3 traps', () => {
    expect(CASES.filter(({ rule }) => rule !== undefined)).toHaveLength(18);
    expect(CASES.map(({ number }) => number)).toEqual(Array.from({ length: 21 }, (_, i) => i + 1));
  });

  it.each(CASES.filter(({ rule }) => rule !== undefined))(
    'case $number, $name: $rule is confirmed, and the twin is clean', (each) => {
      const found = findingsOf(each).filter(({ rule }) => rule === each.rule);
      expect(found.map(({ status }) => status)).toContain('confirmed');
      expect(findingsOf(each, true).filter(isTold)).toEqual([]);
    });

  it.each(CASES.filter(({ rule }) => rule === undefined))('case $number, $name', (each) => {
    const findings = findingsOf(each);
    expect(findings.filter(isTold)).toEqual([]);
    expect(findings.length > 0).toBe(each.refuted !== undefined);
    for (const { reason } of findings) expect(reason).toContain(each.refuted);
  });

  it('names who has what in a circle of mutexes', () => {
    const [found] = findingsOf(CASES[0] as SmallCase);
    expect(found?.sentence).toMatch(/thread 0 and thread 1 take .* in opposite orders/);
  });

  it('stand in a table that counts them', () => {
    const rows = measureCases(module);
    expect(rows.every(isGood)).toBe(true);
    const table = formatCases(rows);
    expect(table).toMatch(/\n18 of 18 found, 0 false$/);
    expect(table).toContain('trap: the other order only tries       nothing');
    const [first, ...rest] = rows;
    const { found: _, ...missed } = first as (typeof rows)[0];
    const wrong = { ...missed, falseReports: [first?.found as Finding] };
    expect(isGood(wrong)).toBe(false);
    expect(formatCases([wrong, ...rest])).toMatch(/nothing; 1 FALSE[^]*\n17 of 18 found, 1 false$/);
  });
});
