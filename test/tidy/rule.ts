/** What a rule is, and how the rules are asked. */

import type ts from 'typescript';
import { lineOf } from './source.js';
import type { Source, Tree } from './source.js';

/** One place where a law is broken. */
export interface Violation {
  readonly rule: string;
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly what: string;
  readonly instead: string;
}

/** Says that `what` stands at `at` (a node, or a line from 1), and what to write instead. */
export type Report = (source: Source, at: ts.Node | number, what: string, instead: string) => void;

/** One law. */
export interface Rule {
  readonly name: string;
  check(tree: Tree, report: Report): void;
}

/** An exception to a law; listed in test/tidy.allow.ts. */
export interface Exception {
  readonly rule: string;
  /** A file, or a folder with its `/`. */
  readonly path: string;
  /** Part of the violation's `what`; without it the whole file is excepted. */
  readonly what?: string;
  readonly because: string;
}

/** A rule that looks at one file at a time, where `applies`. */
export function fileRule(
  name: string,
  applies: (path: string) => boolean,
  check: (
    source: Source,
    report: (at: ts.Node | number, what: string, instead: string) => void,
  ) => void,
): Rule {
  return {
    name,
    check: (tree, report) => {
      for (const source of tree.sources) {
        if (applies(source.path))
          check(source, (at, what, instead) => report(source, at, what, instead));
      }
    },
  };
}

export function inKernel(path: string): boolean {
  return path.startsWith('assembly/') && !path.endsWith('.d.ts');
}

export function inHost(path: string): boolean {
  return path.startsWith('host/');
}

export function anywhere(): boolean {
  return true;
}

/** Everything that `rules` find in `tree`, by path, line and rule; each once. */
export function judge(rules: readonly Rule[], tree: Tree): Violation[] {
  const found = new Map<string, Violation>();
  for (const rule of rules) {
    rule.check(tree, (source, at, what, instead) => {
      const line = typeof at === 'number' ? at : lineOf(source, at);
      const violation = { rule: rule.name, path: source.path, line, what, instead };
      found.set(JSON.stringify(violation), violation);
    });
  }
  return [...found.values()].sort(
    (a, b) =>
      compare(a.path, b.path) ||
      a.line - b.line ||
      compare(a.rule, b.rule) ||
      compare(a.what, b.what),
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** True where `exception` gives leave for `violation`. */
export function matches(exception: Exception, violation: Violation): boolean {
  const { path, what = '' } = exception;
  const here = path.endsWith('/') ? violation.path.startsWith(path) : violation.path === path;
  return here && exception.rule === violation.rule && violation.what.includes(what);
}

/** One line for people: where, what, and what to write instead. */
export function show({ path, line, rule, what, instead }: Violation): string {
  return `${path}:${line}  ${what}  → ${instead}  [${rule}]`;
}
