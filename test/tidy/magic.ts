/** Numbers of a protocol, loops without an end, and functions that call themselves. */

import ts from 'typescript';
import { fileRule, inKernel } from './rule.js';
import type { Rule } from './rule.js';
import { calleeName, importsOf, isFunctionWithBody, nameOf, walk } from './source.js';
import type { Source, Tree } from './source.js';

/** Where protocols are spoken, not defined. */
const SPEAKS = /^assembly\/(ndis|tdi|tcpip|miniport|netbt|netbios|rdr|afd|srv)\//;
/** Fields that say what kind of thing follows. */
const KIND = /(protocol|type|port|code|command|opcode|kind|version|flags)$/i;
/** Ports that nobody means otherwise. */
const PORTS = new Set([137, 138, 139, 445]);
/** Wider numbers are no protocol's: multipliers of a hash, marks in memory. */
const WIDEST = 0xffff;

function isMask(value: number): boolean {
  return value === 0x80000000 || Number.isInteger(Math.log2(value + 1));
}

/** True for literals that a declaration names: `const X = …`, `enum { X = … }`. */
function isNamed(node: ts.Node): boolean {
  for (let outer = node.parent; outer !== undefined; outer = outer.parent) {
    if (ts.isEnumMember(outer)) return true;
    if (ts.isFunctionLike(outer) || ts.isClassElement(outer)) return false;
  }
  return true; // at the top of the file
}

function comparedKind(node: ts.NumericLiteral): string | undefined {
  const parent = node.parent;
  if (ts.isCaseClause(parent)) {
    const subject = parent.parent.parent.expression.getText();
    return KIND.test(subject) ? subject : undefined;
  }
  if (!ts.isBinaryExpression(parent)) return undefined;
  const kind = parent.operatorToken.kind;
  if (kind < ts.SyntaxKind.EqualsEqualsToken || kind > ts.SyntaxKind.ExclamationEqualsEqualsToken)
    return undefined;
  const other = parent.left === node ? parent.right : parent.left;
  return ts.isPropertyAccessExpression(other) && KIND.test(other.name.text)
    ? other.getText()
    : undefined;
}

const magic: Rule = fileRule(
  'magic',
  (path) => SPEAKS.test(path),
  (source, report) => {
    const instead = 'a name of wire/, or a constant with its reason at the top of the file';
    walk(source.tree, (node) => {
      if (!ts.isNumericLiteral(node) || isNamed(node)) return;
      const text = node.getText();
      const value = Number(text.replaceAll('_', ''));
      const subject = comparedKind(node);
      if (subject !== undefined && value !== 0)
        report(node, `${subject} and the number ${text}`, instead);
      else if (PORTS.has(value)) report(node, `the number ${text}`, instead);
      else if (/^0x/i.test(text) && value > 0xff && value <= WIDEST && !isMask(value))
        report(node, `the number ${text}`, instead);
    });
  },
);

const endless: Rule = fileRule('endless', inKernel, (source, report) => {
  walk(source.tree, (node) => {
    const forever = ts.isForStatement(node)
      ? node.condition === undefined
      : (ts.isWhileStatement(node) || ts.isDoStatement(node)) &&
        /^(true|1)$/.test(node.expression.getText());
    if (forever)
      report(node, 'a loop without a bound', 'a count, and a stop code where it runs out');
  });
});

interface Call {
  readonly to: string;
  readonly node: ts.Node;
}

interface Routine {
  readonly source: Source;
  readonly calls: readonly Call[];
}

/** Top-level functions by `path#name`, with the direct calls in each. */
function routinesOf(tree: Tree): Map<string, Routine> {
  const found = new Map<string, Routine>();
  for (const source of tree.sources.filter((each) => inKernel(each.path))) {
    const known = new Map<string, string>();
    for (const each of importsOf(source)) {
      for (const name of each.target === undefined ? [] : each.names)
        known.set(name, `${each.target}#${name}`);
    }
    for (const node of source.tree.statements) {
      if (ts.isFunctionDeclaration(node)) known.set(nameOf(node), `${source.path}#${nameOf(node)}`);
    }
    for (const node of source.tree.statements) {
      if (!isFunctionWithBody(node)) continue;
      const calls: Call[] = [];
      walk(node.body, (each) => {
        const to = known.get(calleeName(each) ?? '');
        if (to !== undefined) calls.push({ to, node: each });
      });
      found.set(`${source.path}#${nameOf(node)}`, { source, calls });
    }
  }
  return found;
}

const recursion: Rule = {
  name: 'recursion',
  check: (tree, report) => {
    const routines = routinesOf(tree);
    const done = new Set<string>();
    const stack: string[] = [];
    const visit = (key: string, routine: Routine): void => {
      stack.push(key);
      for (const call of routine.calls) {
        const at = stack.indexOf(call.to);
        const names = [...stack.slice(at), call.to].map((each) =>
          each.slice(each.indexOf('#') + 1),
        );
        if (at >= 0)
          report(
            routine.source,
            call.node,
            `recursion: ${names.join(' → ')}`,
            'a loop with a count',
          );
        const next = routines.get(call.to);
        if (at < 0 && next !== undefined && !done.has(call.to)) visit(call.to, next);
      }
      stack.pop();
      done.add(key);
    };
    for (const [key, routine] of routines) if (!done.has(key)) visit(key, routine);
  },
};

export const MAGIC_RULES: readonly Rule[] = [magic, endless, recursion];
