/** What is found in the small cases and in the shapes, as a table for people. */

import { explore } from '../../../host/explore/explorer.js';
import type { Finding } from '../../../host/explore/finding.js';
import { prepareProgram } from '../../../host/explore/program.js';
import type { Prepared } from '../../../host/explore/program.js';
import { prepareScript } from '../script.js';
import { CASES } from './cases.js';
import type { SmallCase } from './cases.js';
import { SHAPES } from './shapes.js';
import type { Shape } from './shapes.js';

/** The module that has all cases. */
export const CASES_ENTRY = 'test/explore/programs/cases.ts';
/** Schedules of a case or a shape, and of its twin. */
const SCHEDULES = 100;

/** What a case or a shape came to. */
export interface CaseRow {
  readonly name: string;
  /** The rule that must be confirmed; undefined: nothing may be told. */
  readonly rule?: string;
  /** The first finding of that rule, or of a trap the first that is told or refuted. */
  readonly found?: Finding;
  /** Findings of a twin, or of a trap: refuted ones left out. */
  readonly falseReports: readonly Finding[];
}

/** A case, or its twin, before its first schedule. */
export function prepareCase(module: WebAssembly.Module, each: SmallCase, fixed = false): Prepared {
  return prepareProgram(module, { name: each.name, size: each.number, fixed });
}

/** A shape, or its twin, before its first schedule. */
export function prepareShape(scripts: WebAssembly.Module, shape: Shape, fixed = false): Prepared {
  const actors = fixed ? shape.fixed : shape.actors;
  return prepareScript(scripts, actors.map(({ text }) => text), {
    processors: actors.map(({ processor }) => processor),
    levels: actors.map(({ level }) => level),
  });
}

/** All cases, in order. */
export function measureCases(module: WebAssembly.Module): CaseRow[] {
  return CASES.map((each) => {
    const name = `${each.number} ${each.name}`;
    return rowOf(name, each.rule, (fixed) => prepareCase(module, each, fixed));
  });
}

/** All shapes, in order. */
export function measureShapes(scripts: WebAssembly.Module): CaseRow[] {
  return SHAPES.map((shape) =>
    rowOf(shape.name, shape.rule, (fixed) => prepareShape(scripts, shape, fixed)));
}

/** Whether a row is as it must be. */
export function isGood({ rule, found, falseReports }: CaseRow): boolean {
  return falseReports.length === 0 && (rule === undefined || found?.status === 'confirmed');
}

/** The table. */
export function formatCases(rows: readonly CaseRow[]): string {
  const width = Math.max(...rows.map(({ name }) => name.length));
  const lines = rows.map(({ name, found, falseReports }) => {
    const how = found === undefined ? 'nothing'
      : `${found.status} ${found.rule}, schedule ${found.schedule}, ${found.strategy}:`
        + ` ${found.reason ?? found.sentence}`;
    const wrong = falseReports.length === 0 ? '' : `; ${falseReports.length} FALSE`;
    return `${name.padEnd(width)}  ${how}${wrong}`;
  });
  const defects = rows.filter(({ rule }) => rule !== undefined);
  const met = defects.filter(isGood).length;
  const wrong = rows.reduce((sum, { falseReports }) => sum + falseReports.length, 0);
  return [...lines, `${met} of ${defects.length} found, ${wrong} false`].join('\n');
}

function rowOf(
  name: string, rule: string | undefined, prepare: (fixed: boolean) => Prepared,
): CaseRow {
  const { findings } = explore(prepare(false), { schedules: SCHEDULES });
  const others = rule === undefined
    ? findings : explore(prepare(true), { schedules: SCHEDULES }).findings;
  const found = rule === undefined
    ? findings[0]
    : findings.find((each) => each.rule === rule && each.status === 'confirmed');
  return {
    name,
    ...(rule === undefined ? {} : { rule }),
    ...(found === undefined ? {} : { found }),
    falseReports: others.filter(({ status }) => status !== 'refuted'),
  };
}
