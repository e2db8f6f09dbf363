/** The published programs: each defect is found, each twin is clean, and the table says so. */

import { beforeAll, describe, expect, it } from 'vitest';
import { explore } from '../../host/explore/explorer.js';
import type { Exploration } from '../../host/explore/finding.js';
import { prepareProgram } from '../../host/explore/program.js';
import { readSourceMap } from '../../host/watch/sourcemap.js';
import { compileModule, findMap } from '../compile.js';
import { ALL_FILE, PROGRAMS, sizeInAll } from './programs/index.js';
import type { Program } from './programs/index.js';
import { exploreTwin, formatSuite, measureSuite, prepare, programOf } from './suite.js';

/** Schedules in which every program of the table is found, with room for another seed. */
const BOUND = 600;
const TWIN = 100;
/** Programs that take minutes: measured by the suite where they are named. */
const LONG: readonly string[] = ['SafeStack'];

const LIMIT = { timeout: 120_000 };
let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule(`test/explore/programs/${ALL_FILE}.ts`, { explore: true });
}, 120_000);

describe('the published programs', LIMIT, () => {
  for (const program of PROGRAMS.filter(({ name }) => !LONG.includes(name))) {
    it(`finds the defect of ${program.name}, and none in its twin`, () => {
      const [finding] = run(program).findings;
      expect(finding).toMatchObject({ status: 'confirmed', rule: program.rule });
      expect(exploreTwin(module, program, TWIN)).toEqual([]);
    });
  }

  it('finds nothing in the twin of SafeStack', () => {
    expect(exploreTwin(module, programOf('SafeStack'), 2000)).toEqual([]);
  });

  it('confirms the circle of seven philosophers in two schedules, whoever goes first', () => {
    const [finding] = run(programOf('philosophers_7')).findings;
    expect(finding?.schedule).toBeLessThanOrEqual(2);
    expect(finding?.parties).toHaveLength(7);
    const directed = explore(prepare(module, programOf('philosophers_7')), {
      seed: 3, first: true, strategies: ['random'], schedules: BOUND,
    });
    expect(directed.findings[0]?.schedule).toBeLessThanOrEqual(2);
    expect(directed.findings[0]?.strategy).toBe('directed');
  });

  it('shows what needs memory as points only at that level', () => {
    for (const name of ['reorder_3', 'wronglock_3', 'IWSQ']) {
      const program = programOf(name);
      const size = sizeInAll(program);
      const locks = explore(prepareProgram(module, { size, points: 'locks' }), { schedules: 500 });
      expect(locks.findings, name).toEqual([]);
    }
  });
});

describe('one program by itself', LIMIT, () => {
  it('is explored from its own file, and its stacks are resolved', async () => {
    const entry = 'test/explore/programs/philosophers.ts';
    const alone = await compileModule(entry, { explore: true });
    const map = findMap(entry);
    expect(map).not.toBeNull();
    const { findings } = explore(prepareProgram(alone, { size: 3, name: 'philosophers' }), {
      schedules: BOUND, first: true, map: readSourceMap(map as string),
    });
    expect(findings[0]).toMatchObject({ rule: 'DEADLOCK', status: 'confirmed' });
    for (const { stack } of findings[0]?.parties ?? []) {
      expect(stack.some(({ file }) => file.endsWith('philosophers.ts'))).toBe(true);
    }
  });
});

describe('the suite', LIMIT, () => {
  it('counts runs, misses and reports', () => {
    const [row] = measureSuite(module, {
      programs: ['deadlock01'], strategies: ['urw', 'directed'], runs: 3, schedules: 100,
    });
    expect(row).toMatchObject({
      name: 'deadlock01', points: 'locks', best: 2, foundInAllRuns: true, twinReports: 0,
      strategies: { urw: { found: 3, runs: 3 }, directed: { mean: 1, found: 3, runs: 3 } },
    });
  });

  it('marks what was missed in some runs, and in all of them', () => {
    const measured = { programs: ['twostage_20'], strategies: ['pct3'], runs: 2, schedules: 3 };
    const rows = measureSuite(module, measured);
    expect(rows[0]).toMatchObject({ foundInAllRuns: false });
    expect(rows[0]?.strategies['pct3']).toEqual({ mean: 3, found: 0, runs: 2 });
    expect(formatSuite(rows)).toContain('twostage_20  locks      -     6     0');
    const strategies = { pct3: { mean: 2.5, found: 1, runs: 2 } };
    expect(formatSuite([{ ...(rows[0] as (typeof rows)[0]), strategies }])).toContain('2.5*');
  });

  it('names a program that there is not', () => {
    expect(() => measureSuite(module, { programs: ['fork'] })).toThrow(/no program fork: deadlock/);
  });
});

function run(program: Program): Exploration {
  return explore(prepare(module, program), { first: true, schedules: BOUND });
}
