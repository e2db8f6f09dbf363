/**
 * `npm run explore`: `suite` measures the published programs, `cases` the small cases and lockdep's
 * shapes, which belong to the tests, `goals` all that is to be reached; all else is
 * `ntstack explore`.
 */

import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { ROOT } from '../../host/cli/child.js';
import { main } from '../../host/cli/ntstack.js';
import { compileModule } from '../compile.js';
import { CASES_ENTRY, formatCases, isGood, measureCases, measureShapes } from './cases/table.js';
import { compileSmp } from '../smp/measure.js';
import { measureGoals } from './goals.js';
import type { Goal } from './goals.js';
import { ALL_FILE } from './programs/index.js';
import { compileScripts } from './script.js';
import { formatSuite, measureSuite } from './suite.js';

const USAGE = 'usage: npm run explore -- suite [--json] [--programs NAME,…] [--strategies NAME,…]'
  + ' [--runs N] [--schedules N]';

const GOAL_USAGE = 'usage: npm run explore -- goals [--json] [--runs N]';

const [command, ...rest] = process.argv.slice(2);
process.exitCode = command === 'suite' ? await suite(rest)
  : command === 'cases' ? await cases()
  : command === 'goals' ? await goals(rest)
    : await main(['explore', ...process.argv.slice(2)]);

/** Gives the exit code: 1 where something was missed or reported wrongly. */
async function cases(): Promise<number> {
  const tables = [
    measureCases(await compileModule(CASES_ENTRY, { explore: true })),
    measureShapes(await compileScripts()),
  ];
  process.stdout.write(`${tables.map((rows) => formatCases(rows)).join('\n\n')}\n`);
  return tables.every((rows) => rows.every(isGood)) ? 0 : 1;
}

/** Gives the exit code: 1 where something was missed or reported wrongly, 2 for wrong use. */
async function suite(words: readonly string[]): Promise<number> {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        json: { type: 'boolean' }, programs: { type: 'string' }, strategies: { type: 'string' },
        runs: { type: 'string' }, schedules: { type: 'string' },
      },
    });
    const module = await compileModule(`test/explore/programs/${ALL_FILE}.ts`, { explore: true });
    const rows = measureSuite(module, {
      ...(values.programs === undefined ? {} : { programs: values.programs.split(',') }),
      ...(values.strategies === undefined ? {} : { strategies: values.strategies.split(',') }),
      ...(values.runs === undefined ? {} : { runs: countOf('runs', values.runs) }),
      ...(values.schedules === undefined
        ? {}
        : { schedules: countOf('schedules', values.schedules) }),
      say: (line) => void process.stderr.write(`${line}\n`),
    });
    const text = values.json === true ? JSON.stringify({ programs: rows }) : formatSuite(rows);
    process.stdout.write(`${text}\n`);
    return rows.every((row) => row.foundInAllRuns && row.twinReports === 0) ? 0 : 1;
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown;
    process.stderr.write(`${thrown.message}\n${USAGE}\n`);
    return 2;
  }
}

/** Gives the exit code: 1 where a goal that was measured is missed, 2 for wrong use. */
async function goals(words: readonly string[]): Promise<number> {
  try {
    const { values } = parseArgs({
      args: [...words], options: { json: { type: 'boolean' }, runs: { type: 'string' } },
    });
    const runs = values.runs === undefined ? 20 : countOf('runs', values.runs);
    const measured = await measureGoals({
      root: ROOT,
      kernel: new URL('../../build/explore.wasm', import.meta.url),
      cases: await compileModule(CASES_ENTRY, { explore: true }),
      scripts: await compileScripts(),
      programs: await compileModule(`test/explore/programs/${ALL_FILE}.ts`, { explore: true }),
      smp: await compileSmp(),
      runs,
      now: () => performance.now(),
      say: (line) => void process.stderr.write(`${line}\n`),
    });
    const text = values.json === true ? JSON.stringify({ goals: measured }) : tableOf(measured);
    process.stdout.write(`${text}\n`);
    return measured.every(({ holds }) => holds !== false) ? 0 : 1;
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown;
    process.stderr.write(`${thrown.message}\n${GOAL_USAGE}\n`);
    return 2;
  }
}

function tableOf(measured: readonly Goal[]): string {
  const table = new Table({
    head: ['what', 'goal', 'reached', ''], colWidths: [32, 32, 44, 5], wordWrap: true,
    style: { head: [], border: [] },
  });
  for (const { what, goal, reached, holds } of measured) {
    table.push([what, goal, reached, holds === undefined ? '-' : holds ? 'yes' : 'no']);
  }
  return table.toString();
}

function countOf(option: string, word: string): number {
  const count = Number(word);
  if (Number.isInteger(count) && count > 0) return count;
  throw new TypeError(`option --${option}: ${word} is no number above 0`);
}
