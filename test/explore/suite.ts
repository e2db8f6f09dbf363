/**
 * How many schedules each strategy takes to the first bug of each published program: fixed seeds,
 * a number of runs, a bound on schedules; the schedule from which the profile comes is counted.
 * A twin without the defect is explored as well: whatever is found in it is a false report.
 */

import { explore } from '../../host/explore/explorer.js';
import type { Finding } from '../../host/explore/finding.js';
import { prepareProgram } from '../../host/explore/program.js';
import type { Prepared } from '../../host/explore/program.js';
import { PROGRAMS, sizeInAll } from './programs/index.js';
import type { Program } from './programs/index.js';

/** What is measured where nobody asks for less: `directed` is the default, with prediction. */
export const MEASURED: readonly string[] = [
  'random', 'pct3', 'pct10', 'pos', 'urw', 'surw', 'delay2', 'order', 'portfolio', 'directed',
];

/** What one strategy came to at one program. */
export interface Measure {
  /** Schedules to the first finding; where a run misses, all that it had. */
  readonly mean: number;
  readonly found: number;
  readonly runs: number;
}

/** A line of the table. */
export interface Row {
  readonly name: string;
  readonly points: string;
  /** The best published mean; null where none is. */
  readonly best: number | null;
  readonly strategies: Readonly<Record<string, Measure>>;
  /** Whether the strategy that is used by default found it in each of its runs. */
  readonly foundInAllRuns: boolean;
  /** Findings in the twin. */
  readonly twinReports: number;
}

/** What is measured. */
export interface SuiteOptions {
  /** Names of programs. Default: all of which many runs are done in minutes. */
  readonly programs?: readonly string[];
  readonly strategies?: readonly string[];
  readonly runs?: number;
  readonly schedules?: number;
  /** Told of each program and strategy that is begun. */
  readonly say?: (line: string) => void;
}

/** Programs whose bound is far above the others' are measured where they are named. */
const USUAL_PROGRAMS: readonly string[] = PROGRAMS
  .filter(({ schedules }) => schedules === undefined)
  .map(({ name }) => name);
const USUAL_RUNS = 20;
const USUAL_SCHEDULES = 10_000;
/** Schedules of a twin. */
const TWIN_SCHEDULES = 1000;

/** Measures what the options name, in a module of all programs. @throws TypeError: no such one. */
export function measureSuite(module: WebAssembly.Module, options: SuiteOptions = {}): Row[] {
  return (options.programs ?? USUAL_PROGRAMS).map((name) => {
    const program = programOf(name);
    const strategies: Record<string, Measure> = {};
    for (const strategy of options.strategies ?? MEASURED) {
      options.say?.(`${name}: ${strategy}`);
      strategies[strategy] = measure(module, program, strategy, options);
    }
    const usual = strategies['directed'] ?? Object.values(strategies).at(-1);
    return {
      name,
      points: program.points,
      best: program.best,
      strategies,
      foundInAllRuns: usual !== undefined && usual.found === usual.runs,
      twinReports: exploreTwin(module, program).length,
    };
  });
}

/** The program of that name. @throws TypeError that names it where there is none. */
export function programOf(name: string): Program {
  const found = PROGRAMS.find((program) => program.name === name);
  if (found !== undefined) return found;
  throw new TypeError(`no program ${name}: ${PROGRAMS.map((each) => each.name).join(', ')}`);
}

/** An engine before the first schedule of `program`, or of its twin. */
export function prepare(module: WebAssembly.Module, program: Program, fixed = false): Prepared {
  const { name, points } = program;
  return prepareProgram(module, { name, points, size: sizeInAll(program), fixed });
}

/** What a thousand schedules find in the twin, refuted predictions left out. */
export function exploreTwin(
  module: WebAssembly.Module, program: Program, schedules = TWIN_SCHEDULES,
): Finding[] {
  const { findings } = explore(prepare(module, program, true), { schedules });
  return findings.filter(({ status }) => status !== 'refuted');
}

/** The table, for people. */
export function formatSuite(rows: readonly Row[]): string {
  const names = Object.keys(rows[0]?.strategies ?? {});
  const lines = [['program', 'points', ...names, 'best', 'twin']];
  for (const { name, points, best, strategies, twinReports } of rows) {
    const means = names.map((each) => formatMeasure(strategies[each] as Measure));
    const published = best === null ? '-' : best.toLocaleString('en');
    lines.push([name, points, ...means, published, String(twinReports)]);
  }
  const widths = lines[0]?.map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? '').length))) ?? [];
  return lines.map((line) => line.map((word, column) =>
    column < 2 ? word.padEnd(widths[column] ?? 0) : word.padStart(widths[column] ?? 0))
    .join('  ')).join('\n');
}

function formatMeasure({ mean, found, runs }: Measure): string {
  return found === 0 ? '-' : `${mean.toFixed(1)}${found < runs ? '*' : ''}`;
}

function measure(
  module: WebAssembly.Module, program: Program, strategy: string, options: SuiteOptions,
): Measure {
  const runs = options.runs ?? USUAL_RUNS;
  const schedules = options.schedules ?? program.schedules ?? USUAL_SCHEDULES;
  const prepared = prepare(module, program);
  const how = strategy === 'directed' ? {} : { strategies: [strategy], predict: false };
  let sum = 0;
  let found = 0;
  for (let run = 1; run <= runs; run++) {
    prepared.engine.profile.reset(prepared.scenario.actors.length);
    const { findings, coverage } = explore(prepared, { ...how, schedules, seed: run, first: true });
    const first = findings.find(({ status, rule }) =>
      status === 'confirmed' && rule === program.rule);
    if (first !== undefined) found++;
    sum += first?.schedule ?? coverage.schedules;
  }
  return { mean: sum / runs, found, runs };
}
