/** Mutants: the text of a file with one site left out, or moved past the statement beside it. */

import ts from 'typescript';
import { HANDS_ON } from '../tidy/handedon.js';
import { calledName, calleeName, walk } from '../tidy/source.js';
import { switchedMove, switchedRemoval } from './schema.js';
import type { Insertion } from './schema.js';
import { findSites } from './site.js';
import type { Kind, Site } from './site.js';
import type { Source } from '../tidy/source.js';

/** What is done to a site. */
export type Change = 'remove' | 'earlier' | 'later';

/** One changed file. */
export interface Mutant {
  readonly path: string;
  readonly line: number;
  readonly kind: Kind;
  readonly change: Change;
  /** The site as it stands in the source, in one line. */
  readonly site: string;
  /** Where it was moved: the statement it was moved past; else empty. */
  readonly past: string;
  /** The whole file. */
  readonly text: string;
  /** What makes of the file one in which a number switches the mutant on; null: nothing can. */
  readonly switched: readonly Insertion[] | null;
  /** Of what was moved; null: it was left out. */
  readonly move: Move | null;
}

/** A site that was moved past the statement beside it. */
export interface Move {
  readonly site: Site;
  readonly past: ts.Statement;
}

/** What hands control to another driver: not to be done under a lock. */
const LEAVES = /^(IoCallDriver|IoCompleteRequest|settle|indicate\w*|ClientEvent\w*)$/;
/** Functions that are followed into others of their file. */
const DEPTH = 3;
/** Names of no value: in `changetype<usize>(tcb)` it is `tcb` that counts. */
const WORDS = new Set(['changetype', 'offsetof', 'usize', 'u32', 'at', 'load', 'lock', 'this']);

/** All mutants of `source`, in the order of the text; no two of the same text. */
export function mutantsOf(source: Source): Mutant[] {
  const all = findSites(source).flatMap((site) => [...removed(site), ...moved(site)]);
  return [...new Map(all.toReversed().map((each) => [each.text, each])).values()].toReversed();
}

function mutant(
  site: Site, change: Change, text: string, switched: Mutant['switched'],
  past: ts.Statement | null = null,
): Mutant {
  const { source: { path }, line, kind, node } = site;
  return {
    path, line, kind, change, site: oneLine(node), past: past === null ? '' : oneLine(past), text,
    switched, move: past === null ? null : { site, past },
  };
}

function oneLine(node: ts.Node): string {
  return node.getText().replaceAll(/\s+/g, ' ');
}

/** `text` in place of `node`, on as many lines: those below keep their numbers. */
function replaced(source: Source, node: ts.Node, text: string): string {
  const from = node.getStart(source.tree);
  const lines = source.text.slice(from, node.end).split('\n').length - text.split('\n').length;
  return source.text.slice(0, from) + text + '\n'.repeat(lines) + source.text.slice(node.end);
}

function removed(site: Site): Mutant[] {
  const { source, node, statement } = site;
  if (statement !== null && ts.isExpressionStatement(statement)) {
    const text = replaced(source, statement, '{}');
    return [mutant(site, 'remove', text, switchedRemoval(statement, null))];
  }
  const instead = valueWithout(site);
  if (instead === null) return [];
  const text = replaced(source, node, instead);
  const switched = switchedRemoval(node, instead);
  if (!instead.startsWith('irqlOfMutant')) return [mutant(site, 'remove', text, switched)];
  const up = source.path.split('/').length - 2;
  const from = `${up === 0 ? './' : '../'.repeat(up)}ke/irql`;
  return [mutant(site, 'remove',
    `${text}import { KeGetCurrentIrql as irqlOfMutant } from "${from}";\n`, switched)];
}

/** What the expression would give if it did nothing; null: nobody could say. */
function valueWithout({ node, callee, kind }: Site): string | null {
  if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) {
    return node.operand.getText();
  }
  if (!ts.isCallExpression(node)) return null;
  if (callee.startsWith('Interlocked')) {
    return `load<u32>(${node.arguments[0]?.getText() ?? ''})`;
  }
  if (callee.includes('TryTo')) return 'true';
  if (kind === 'acquire' && !callee.includes('Resource')) return 'irqlOfMutant()';
  return callee === 'dereferenceLocked' ? 'false' : null;
}

/** A lock held for less, a reference held for less; or a lock held across a call that leaves. */
function moved(site: Site): Mutant[] {
  const carrier = site.statement === null ? null : carrierOf(site.statement);
  if (carrier === null) return [];
  const { parent } = carrier;
  if (!ts.isBlock(parent) && !ts.isCaseOrDefaultClause(parent)) return [];
  const index = parent.statements.indexOf(carrier);
  const before = parent.statements[index - 1];
  const after = parent.statements[index + 1];
  const begins = site.kind === 'acquire' || site.kind === 'reference';
  const found = site.kind === 'reference' ? handedOnFirst(site, carrier, parent) : [];
  if (after !== undefined && canSwap(carrier, after)
    && (begins ? matters(site, after) : leavesUnder(site, after))) {
    const switched = switchedMove(site, carrier, after, 'later', valueWithout(site));
    found.push(mutant(site, 'later', swapped(site.source, carrier, after), switched, after));
  }
  if (before !== undefined && canSwap(before, carrier)
    && (begins ? leavesUnder(site, before) : matters(site, before))) {
    const switched = switchedMove(site, carrier, before, 'earlier', valueWithout(site));
    found.push(mutant(site, 'earlier', swapped(site.source, before, carrier), switched, before));
  }
  return found;
}

/** The reference behind the next statement that hands on what it is for. */
function handedOnFirst(
  site: Site, carrier: ts.Statement, { statements }: ts.Block | ts.CaseOrDefaultClause,
): Mutant[] {
  if (ts.isVariableStatement(carrier)) return [];
  const behind = statements.slice(statements.indexOf(carrier) + 1);
  const past = behind.find((each) => handsOn(site.source, each, DEPTH) || endsPath(each));
  if (past === undefined || !handsOn(site.source, past, DEPTH)) return [];
  // The one beside it that names what is referenced is among the others.
  if (past === behind[0] && canSwap(carrier, past) && matters(site, past)) return [];
  const { text, tree } = site.source;
  const [from, to] = [carrier.getStart(tree), past.getStart(tree)];
  const lines = '\n'.repeat(carrier.getText().split('\n').length - 1);
  const before = `${text.slice(0, from)}{}${lines}${text.slice(carrier.end, to)}`;
  const after = !ts.isReturnStatement(past)
    ? `${past.getText()} ${oneLine(carrier)}`
    : `const given = ${past.expression?.getText() ?? '0'}; ${oneLine(carrier)} return given;`;
  return [mutant(site, 'later', `${before}${after}${text.slice(past.end)}`,
    switchedMove(site, carrier, past, 'later', null), past)];
}

/** Whether others get something by it, here or in a function of the same file. */
function handsOn(source: Source, statement: ts.Node, depth: number): boolean {
  let hands = false;
  walk(statement, (node) => {
    const name = calledName(node) ?? '';
    if (HANDS_ON.test(name)) hands = true;
    const body = depth === 0 ? undefined : source.tree.statements
      .find((each) => ts.isFunctionDeclaration(each) && each.name?.text === name);
    if (body !== undefined && handsOn(source, body, depth - 1)) hands = true;
  });
  return hands;
}

/** What is moved: the statement, with `if (…)` before it where there is one. */
function carrierOf(statement: ts.Statement): ts.Statement {
  const { parent } = statement;
  const alone = ts.isIfStatement(parent) && parent.thenStatement === statement
    && parent.elseStatement === undefined;
  return alone ? parent : statement;
}

/** True where the one after the other can stand before it. */
function canSwap(first: ts.Statement, second: ts.Statement): boolean {
  if ([first, second].some(endsPath)) return false;
  const declared = new Set<string>();
  if (ts.isVariableStatement(first)) {
    for (const { name } of first.declarationList.declarations) declared.add(name.getText());
  }
  return !namesIn(second).some((name) => declared.has(name));
}

function endsPath(statement: ts.Statement): boolean {
  return ts.isReturnStatement(statement) || ts.isBreakOrContinueStatement(statement);
}

/** Whether it tells if `neighbour` is done outside: it touches what the site keeps. */
function matters(site: Site, neighbour: ts.Statement): boolean {
  const calls = callsIn(neighbour);
  if (site.kind === 'acquire' || site.kind === 'release') {
    if (calls.some((name) => isLockCall(name))) return false;
    return calls.length > 0 ? !isPureAccessor(neighbour) : touchesField(neighbour);
  }
  const kept = namesIn(site.node).filter((name) => name !== site.callee && !WORDS.has(name));
  return namesIn(neighbour).some((name) => kept.includes(name));
}

function leavesUnder(site: Site, neighbour: ts.Statement): boolean {
  if (site.kind !== 'acquire' && site.kind !== 'release') return false;
  return callsIn(neighbour).some((name) => LEAVES.test(name));
}

function isLockCall(name: string): boolean {
  return /^(Ke|Ex|Io)(TryTo)?(Acquire|Release)[A-Z]/.test(name);
}

/** `const all = table();`: where something lies is the same with a lock and without. */
function isPureAccessor(statement: ts.Statement): boolean {
  if (!ts.isVariableStatement(statement)) return false;
  return statement.declarationList.declarations.every(({ initializer }) =>
    initializer !== undefined && ts.isCallExpression(initializer)
      && (initializer.arguments.length === 0 || calleeName(initializer) === 'changetype'));
}

function touchesField(statement: ts.Statement): boolean {
  let touches = false;
  walk(statement, (node) => {
    if (!ts.isPropertyAccessExpression(node)) return;
    // A member of an enumeration is no memory.
    if (!/^[A-Z]/.test(node.expression.getText())) touches = true;
  });
  return touches;
}

function callsIn(node: ts.Node): string[] {
  const found: string[] = [];
  walk(node, (each) => {
    const name = calleeName(each);
    if (name !== undefined) found.push(name);
  });
  return found;
}

function namesIn(node: ts.Node): string[] {
  const found: string[] = [];
  walk(node, (each) => {
    if (ts.isIdentifier(each)) found.push(each.text);
  });
  return found;
}

/** The two statements in each other's place; comments stay where they are. */
function swapped(source: Source, first: ts.Statement, second: ts.Statement): string {
  const { text, tree } = source;
  const [a, b] = [first.getStart(tree), second.getStart(tree)];
  return text.slice(0, a) + text.slice(b, second.end) + text.slice(first.end, b)
    + text.slice(a, first.end) + text.slice(second.end);
}
