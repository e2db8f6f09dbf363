/** Addresses and state of the kernel: who may read memory by address, cast, and keep variables. */

import ts from 'typescript';
import { fileRule, inKernel } from './rule.js';
import type { Rule } from './rule.js';
import { calleeName, walk } from './source.js';
import type { Source } from './source.js';

/** The folders whose work it is to read and write memory by address. */
const BY_ADDRESS = /^assembly\/(nt|wire|ex|trace|kb|ndis|miniport)\//;
/** Where casts between structures belong. */
const CASTS = /^assembly\/(nt\/embed\.ts|ex\/|io\/stack\.ts)/;
/** What a link of a list is taken from. */
const LINK = /\.(flink|blink|next)\b|^Remove(Head|Tail)List\(/;
/** A structure's address as a word: nothing that a type checker minds. */
const TO_WORD = new Set(['usize', 'u32']);
const VECTORS = new Set(['v128', 'atomic', 'i32', 'i64', 'u32', 'u64', 'f32', 'f64']);

const loads: Rule = fileRule(
  'load-store',
  (path) => inKernel(path) && !BY_ADDRESS.test(path),
  (source, report) => {
    const instead = 'a field of a structure, or an accessor of wire/';
    walk(source.tree, (node) => {
      if (!ts.isCallExpression(node)) return;
      const name = calleeName(node);
      if (name === 'load' || name === 'store') report(node, `${name} by address`, instead);
      const callee = node.expression;
      if (
        ts.isPropertyAccessExpression(callee) &&
        VECTORS.has(callee.expression.getText()) &&
        /^(load|store)/.test(callee.name.text)
      ) {
        report(node, `${callee.getText()} by address`, instead);
      }
    });
  },
);

/** Locals and parameters that are entries of a list: declared so, or taken from a link. */
function listEntries(source: Source): Set<string> {
  const found = new Set<string>();
  walk(source.tree, (node) => {
    if (!ts.isVariableDeclaration(node) && !ts.isParameter(node)) return;
    const value = node.initializer?.getText() ?? '';
    const type = node.type?.getText() ?? '';
    if (/^ListEntry\b/.test(type) || LINK.test(value) || found.has(value)) {
      found.add(node.name.getText());
    }
  });
  return found;
}

/** A cast that walks a list. */
function isListWalk(node: ts.CallExpression, entries: ReadonlySet<string>): boolean {
  const argument = node.arguments[0]?.getText() ?? '';
  if (LINK.test(argument) || entries.has(argument)) return true;
  for (
    let child: ts.Node = node, outer = node.parent;
    outer !== undefined;
    child = outer, outer = outer.parent
  ) {
    if (ts.isForStatement(outer)) return child !== outer.statement;
    if (ts.isBlock(outer) || ts.isFunctionLike(outer)) return false;
  }
  return false;
}

/** The blocks of zero-filled memory that a file keeps for itself: `const X = memory.data(n)`. */
function ownBlocks(source: Source): Set<string> {
  const found = new Set<string>();
  for (const statement of source.tree.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (/^memory\.data\b/.test(initializer?.getText() ?? '')) found.add(name.getText());
    }
  }
  return found;
}

/** True where the address begins with a block of the file's own: a view of it, and no cast. */
function isOwnView(node: ts.CallExpression, blocks: ReadonlySet<string>): boolean {
  let first: ts.Expression | undefined = node.arguments[0];
  while (first !== undefined && ts.isBinaryExpression(first)) first = first.left;
  return first !== undefined && ts.isIdentifier(first) && blocks.has(first.text);
}

const casts: Rule = fileRule(
  'changetype',
  (path) => inKernel(path) && !CASTS.test(path),
  (source, report) => {
    const blocks = ownBlocks(source);
    const entries = listEntries(source);
    walk(source.tree, (node) => {
      if (!ts.isCallExpression(node) || calleeName(node) !== 'changetype') return;
      if (isListWalk(node, entries) || isOwnView(node, blocks)) return;
      const type = node.typeArguments?.[0]?.getText() ?? '';
      if (TO_WORD.has(type)) return;
      report(
        node,
        `changetype<${type}>`,
        'at<T>(base, offset) or containing<T>(member, offset) of nt/embed.ts',
      );
    });
  },
);

const state: Rule = fileRule('module-let', inKernel, (source, report) => {
  let allowed = source.path === 'assembly/ke/processor.ts' ? 1 : 0;
  for (const statement of source.tree.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    if ((statement.declarationList.flags & ts.NodeFlags.Const) !== 0) continue;
    for (const declaration of statement.declarationList.declarations) {
      if (allowed-- > 0) continue;
      report(
        declaration,
        `module-level let ${declaration.name.getText()}`,
        'a field in memory.data or in the KPRCB: a let belongs to one processor',
      );
    }
  }
});

const initialized: Rule = fileRule('static-data', inKernel, (source, report) => {
  const tables = new Set<string>();
  for (const statement of source.tree.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (
        ts.isIdentifier(name) &&
        initializer !== undefined &&
        ts.isArrayLiteralExpression(initializer)
      )
        tables.add(name.text);
    }
  }
  walk(source.tree, (node) => {
    if (
      ts.isBinaryExpression(node) &&
      ts.isElementAccessExpression(node.left) &&
      node.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
      node.operatorToken.kind <= ts.SyntaxKind.LastAssignment &&
      tables.has(node.left.expression.getText())
    ) {
      report(
        node,
        `a write to ${node.left.expression.getText()}`,
        'zero-filled memory.data: initialized static data is constant',
      );
    }
  });
});

export const ADDRESS_RULES: readonly Rule[] = [loads, casts, state, initialized];
