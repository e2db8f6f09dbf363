/** Where the kernel acquires, releases, references and dereferences: every such call as text. */

import ts from 'typescript';
import {
  calleeName, importsOf, isFunctionWithBody, lineOf, nameOf, walk,
} from '../tidy/source.js';
import type { Source } from '../tidy/source.js';

/** What a site does. */
export type Kind = 'acquire' | 'release' | 'reference' | 'dereference';

/** One call, or one count up or down, that a mutant can leave out or have elsewhere. */
export interface Site {
  readonly source: Source;
  readonly line: number;
  readonly kind: Kind;
  readonly node: ts.Expression;
  /** What is called; of a count that is a field, empty. */
  readonly callee: string;
  /** The statement that is this and nothing else, a condition before it apart; or null. */
  readonly statement: ts.Statement | null;
}

/** Calls that are one of the four by their names. */
const NAMES: readonly (readonly [RegExp, Kind])[] = [
  [/^(Ke|Ex|Io)(TryTo)?Acquire[A-Z]\w*$/, 'acquire'],
  [/^(Ke|Ex|Io)Release[A-Z]\w*$/, 'release'],
  [/^(reference[A-Z]\w*|begin(Call|Send)|enter(Handle|File|FileLocked|Block))$/, 'reference'],
  [/^(takeHandle|findAddress)$/, 'reference'],
  [/^(dereference[A-Z]\w*|end(Call|Send)|leave(Handle|Address|File))$/, 'dereference'],
];
/** A call on a handle waits its turn, and gives it to the next. */
const TURN: Readonly<Record<string, Kind>> = {
  KeWaitForSingleObject: 'acquire',
  KeSetEvent: 'release',
};
const COUNTED: Readonly<Record<string, Kind>> = {
  InterlockedIncrement: 'reference',
  InterlockedDecrement: 'dereference',
};
const COUNT_FIELD = /\.(references|callers|users|sends)$/;
/** Functions that are references by their names, however they count. */
const COUNTING = /^((de)?reference[A-Z]\w*|release|beginCall|endCall)$/;

/** All sites of `source`, in the order of the text. Those of a historical defect are none. */
export function findSites(source: Source): Site[] {
  const found: Site[] = [];
  const watching = namesOfVerifier(source);
  walk(source.tree, (node) => {
    const kind = kindOf(node);
    if (kind === null || isDefect(node) || watching.has(calleeName(node) ?? '')) return;
    const expression = node as ts.Expression;
    found.push({
      source,
      line: lineOf(source, node),
      kind,
      node: expression,
      callee: calleeName(node) ?? '',
      statement: statementOf(expression),
    });
  });
  return found;
}

/** What is imported of the verifier: it watches, and keeps nothing. */
function namesOfVerifier(source: Source): Set<string> {
  const verifiers = importsOf(source)
    .filter(({ target }) => target?.startsWith('assembly/vf/') === true);
  return new Set(verifiers.flatMap(({ names }) => names));
}

function kindOf(node: ts.Node): Kind | null {
  if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) {
    if (!COUNT_FIELD.test(node.operand.getText())) return null;
    if (node.operator === ts.SyntaxKind.PlusPlusToken) return 'reference';
    return node.operator === ts.SyntaxKind.MinusMinusToken ? 'dereference' : null;
  }
  const name = calleeName(node);
  if (name === undefined || !ts.isCallExpression(node)) return null;
  const first = node.arguments[0]?.getText() ?? '';
  const turn = TURN[name];
  if (turn !== undefined) return first.endsWith('.turn') ? turn : null;
  const counted = COUNTED[name];
  if (counted !== undefined) {
    return /references/.test(first) || COUNTING.test(functionOf(node)) ? counted : null;
  }
  return NAMES.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}

/** The name of the function that `node` is in. */
function functionOf(node: ts.Node): string {
  for (let outer = node.parent; !ts.isSourceFile(outer); outer = outer.parent) {
    if (isFunctionWithBody(outer)) return nameOf(outer);
  }
  return '';
}

/** True under a condition with `faulty(`: a defect is meant to do this. */
function isDefect(node: ts.Node): boolean {
  for (let outer = node.parent; !ts.isSourceFile(outer); outer = outer.parent) {
    if (ts.isIfStatement(outer) && outer.expression.getText().includes('faulty(')) return true;
    if (isFunctionWithBody(outer)) return false;
  }
  return false;
}

function statementOf(node: ts.Expression): ts.Statement | null {
  const { parent } = node;
  if (ts.isExpressionStatement(parent)) return parent;
  if (!ts.isVariableDeclaration(parent) || parent.initializer !== node) return null;
  const list = parent.parent;
  if (!ts.isVariableDeclarationList(list) || list.declarations.length !== 1) return null;
  return ts.isVariableStatement(list.parent) ? list.parent : null;
}
