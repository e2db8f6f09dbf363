/** Where kernel and host meet: numbers only, nothing optional, nothing that becomes a BigInt. */

import ts from 'typescript';
import { fileRule } from './rule.js';
import type { Rule } from './rule.js';
import { importsOf, isExported, lineOf, nameOf } from './source.js';
import type { Source, Tree } from './source.js';

const INDEX = 'assembly/index.ts';
const WIDE = new Set(['i64', 'u64']);
const NUMBERS = new Set([
  'i8',
  'u8',
  'i16',
  'u16',
  'i32',
  'u32',
  'isize',
  'usize',
  'f32',
  'f64',
  'bool',
  'void',
]);

type Say = (at: ts.Node, what: string, instead: string) => void;

function checkFunction(node: ts.FunctionDeclaration, name: string, say: Say): void {
  for (const parameter of node.parameters) {
    if (parameter.questionToken !== undefined || parameter.initializer !== undefined) {
      say(
        parameter,
        `${name} has the optional parameter ${parameter.name.getText()}`,
        'a second function: an optional parameter brings a helper export',
      );
    }
    checkType(parameter, parameter.type, name, say);
  }
  checkType(node, node.type, name, say);
}

function checkType(at: ts.Node, type: ts.TypeNode | undefined, name: string, say: Say): void {
  const text = type?.getText() ?? '';
  if (WIDE.has(text))
    say(at, `${name} passes ${text}`, 'two u32 words, or an f64: i64 arrives as a BigInt');
  if (text === '') say(at, `${name} has no type here`, 'the type, written out');
  if (type !== undefined && (ts.isUnionTypeNode(type) || ts.isFunctionTypeNode(type))) {
    say(at, `${name} passes ${text}`, 'a number: only numbers cross the boundary');
  }
}

function exportedFunctions(source: Source): Map<string, ts.FunctionDeclaration> {
  const found = new Map<string, ts.FunctionDeclaration>();
  for (const statement of source.tree.statements) {
    if (ts.isFunctionDeclaration(statement) && isExported(statement))
      found.set(nameOf(statement), statement);
  }
  return found;
}

/** What index.ts passes on from another file, with the source where it is declared. */
function reexported(tree: Tree, index: Source): [Source, string, ts.FunctionDeclaration][] {
  return importsOf(index).flatMap((each) => {
    const source =
      each.reexport && each.target !== undefined ? tree.byPath.get(each.target) : undefined;
    if (source === undefined) return [];
    return [...exportedFunctions(source)]
      .filter(([name]) => each.names.includes('*') || each.names.includes(name))
      .map(([name, node]): [Source, string, ts.FunctionDeclaration] => [source, name, node]);
  });
}

const exported: Rule = {
  name: 'boundary-exports',
  check: (tree, report) => {
    const index = tree.byPath.get(INDEX);
    if (index === undefined) return;
    for (const [name, node] of exportedFunctions(index)) {
      checkFunction(node, name, (at, what, instead) => report(index, at, what, instead));
    }
    for (const [source, name, node] of reexported(tree, index)) {
      checkFunction(node, name, (at, what, instead) => report(source, at, what, instead));
    }
  },
};

const imported: Rule = fileRule(
  'boundary-imports',
  (path) => path === 'assembly/host.ts',
  (source, report) => {
    for (const statement of source.tree.statements) {
      if (!ts.isFunctionDeclaration(statement)) {
        if (ts.isImportDeclaration(statement)) continue;
        report(
          statement,
          'something that is no function',
          'export declare function, and nothing else',
        );
        continue;
      }
      checkFunction(statement, nameOf(statement), report);
      for (const parameter of statement.parameters) {
        const type = parameter.type?.getText() ?? '';
        if (!NUMBERS.has(type) && !WIDE.has(type) && /^[a-z]/.test(type)) {
          report(parameter, `${nameOf(statement)} asks with ${type}`, 'a number');
        }
      }
    }
  },
);

const layout: Rule = fileRule(
  'layout',
  (path) => path === 'assembly/layout.ts',
  (source, report) => {
    for (const statement of source.tree.statements) {
      if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) {
        report(
          lineOf(source, statement),
          nameOf(statement),
          'constants only: sizes, offsets, enums',
        );
      }
    }
  },
);

export const BOUNDARY_RULES: readonly Rule[] = [exported, imported, layout];
