/**
 * What a lock keeps, as text: the fields that a structure declares under it are touched with it
 * held; functions are called that need it, and none that takes it; and what was found there is
 * referenced before it is let go. Clang's -Wthread-safety judges the like of C.
 */

import ts from 'typescript';
import { declarationOf } from './declared.js';
import { Keepers, commentOf } from './keepers.js';
import type { Keeper } from './keepers.js';
import { isDefect } from './locks.js';
import { inKernel } from './rule.js';
import type { Rule } from './rule.js';
import { calledName, calleeName, isFunctionWithBody, nameOf, walk } from './source.js';
import type { Source } from './source.js';

const ACQUIRE = /^(Ke|Io|Ndis|Ex)Acquire\w*SpinLock\w*$/;
const TRY = /^(Ke|Io|Ndis|Ex)TryToAcquire\w*SpinLock\w*$/;
const RELEASE = /^(Ke|Io|Ndis|Ex)Release\w*SpinLock\w*$/;
const REFERENCES = /^(reference[A-Z]\w*|beginCall)$/;
const ALLOCATES = /^(ExAllocate\w*|IoAllocateIrp|allocate[A-Z]\w*)$/;
/** What gets something of nobody's, and does not keep it. */
const PREPARES = new RegExp('^(at|changetype|RtlZeroMemory|InitializeListHead|TdiBuild[A-Z]\\w*'
  + '|dereference[A-Z]\\w*|ExFree|IoFreeIrp|free[A-Z]\\w*)$');
const CHANGES_LIST = /^(Insert(Head|Tail)List|Remove(Head|Tail|Entry)List)$/;
/** Says of a function that nobody else is there yet, or any more. */
const SAID_ALONE = /Once, at (start|boot)|At the end|[Nn]othing else runs|nobody (else )?has it/;
const ALONE = /^(Ke|Ex)Initialize/;

/** Functions that are followed into others. */
const DEPTH = 2;

type Say = (at: ts.Node, what: string, instead: string) => void;

/** A function that is judged. */
interface Judged {
  readonly keepers: Keepers;
  readonly source: Source;
  readonly node: ts.FunctionLikeDeclaration;
  readonly body: ts.Block;
  readonly say: Say;
}

const BETWEEN = 'the same between acquire and release, or in a …Locked function';

/** A lock without the file that has it. */
export function shortName(lock: string): string {
  return lock.slice(lock.indexOf('#') + 1);
}

/** Whether a function runs when nobody else does. */
export function isAlone(source: Source, node: ts.Node): boolean {
  return ALONE.test(nameOf(node)) || SAID_ALONE.test(commentOf(source, node));
}

/** Calls `visit` for all that is in a function's body, in the order of the text. */
export function walkHeld(
  { keepers, source, node: judged, body }: Omit<Judged, 'say'>,
  visit: (node: ts.Node, held: ReadonlyMap<string, ts.Node>) => void,
): void {
  const held = new Map<string, ts.Node>(
    keepers.neededBy({ source, node: judged }).map((lock) => [lock, judged]));
  const enter = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) return;
    ts.forEachChild(node, enter);
    visit(node, held);
    const name = calleeName(node);
    const lock = name !== undefined && ts.isCallExpression(node) ? keepers.lockOfCall(source, node)
      : null;
    if (name === undefined || lock === null) return;
    if (ACQUIRE.test(name) || TRY.test(name)) held.set(lock, node);
    if (RELEASE.test(name)) held.delete(lock);
  };
  ts.forEachChild(body, enter);
}

/** What is allocated in the same function is nobody else's until it is handed to another. */
export function isOwn(node: ts.Expression): boolean {
  if (node.kind === ts.SyntaxKind.ThisKeyword) return true;
  if (!ts.isIdentifier(node)) return false;
  const declared = declarationOf(node);
  const made = declared?.initializer;
  if (made === undefined || !ts.isCallExpression(made) || isHandedOn(node)) return false;
  const callee = calleeName(made) ?? '';
  const [first] = made.arguments;
  return ALLOCATES.test(callee) || (callee === 'at' && first !== undefined && isOwn(first));
}

/** Whether a call between its declaration and `node` has it as an argument. */
function isHandedOn(node: ts.Identifier): boolean {
  let outer: ts.Node = node;
  while (!ts.isFunctionLike(outer) && !ts.isSourceFile(outer)) outer = outer.parent;
  let handed = false;
  walk(outer, (each) => {
    if (!ts.isCallExpression(each) || each.end > node.getStart()) return;
    if (PREPARES.test(calleeName(each) ?? '')) return;
    if (each.arguments.some((argument) => argument.getText() === node.text)) handed = true;
  });
  return handed;
}

function isWritten(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isPrefixUnaryExpression(parent) || ts.isPostfixUnaryExpression(parent)) {
    return parent.operator === ts.SyntaxKind.PlusPlusToken
      || parent.operator === ts.SyntaxKind.MinusMinusToken;
  }
  return ts.isBinaryExpression(parent) && parent.left === node
    && parent.operatorToken.kind >= ts.SyntaxKind.FirstAssignment
    && parent.operatorToken.kind <= ts.SyntaxKind.LastAssignment;
}

/** Whether a lock is held where `at` is. */
export function isHeldAt(
  keepers: Keepers, source: Source, whole: ts.FunctionLikeDeclaration, at: ts.Node,
): boolean {
  let held = false;
  const { body } = whole;
  if (body === undefined || !ts.isBlock(body)) return false;
  walkHeld({ keepers, source, node: whole, body }, (node, locks) => {
    if (node === at) held = locks.size > 0;
  });
  return held;
}

/** The locks that a function's body acquires, and what it calls, `depth` functions deep. */
function acquiredIn(
  { keepers, source, body }: Pick<Judged, 'keepers' | 'source' | 'body'>, depth = 0,
): Set<string> {
  const found = new Set<string>();
  walk(body, (node) => {
    if (!ts.isCallExpression(node) || isDefect(source, node)) return;
    const name = calleeName(node) ?? '';
    if (ACQUIRE.test(name)) {
      const lock = keepers.lockOfCall(source, node);
      if (lock !== null) found.add(lock);
    } else if (depth > 0) {
      const routine = keepers.findRoutine(source, name);
      const inner = routine?.node.body;
      if (routine === null || inner === undefined) return;
      const called = { keepers, source: routine.source, body: inner };
      for (const lock of acquiredIn(called, depth - 1)) found.add(lock);
    }
  });
  return found;
}

/** Judges every function of the kernel. */
function judging(name: string, judge: (judged: Judged) => void): Rule {
  return {
    name,
    check: (tree, report) => {
      const keepers = new Keepers(tree);
      for (const source of tree.sources.filter(({ path }) => inKernel(path))) {
        const say: Say = (at, what, instead) => {
          if (!isDefect(source, at)) report(source, at, what, instead);
        };
        walk(source.tree, (node) => {
          if (!isFunctionWithBody(node) || !ts.isBlock(node.body)) return;
          judge({ keepers, source, node, body: node.body, say });
        });
      }
    },
  };
}

function isMethodCall(node: ts.Node): node is ts.CallExpression & {
  readonly expression: ts.PropertyAccessExpression;
} {
  return ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression);
}

const kept = judging('lock-kept', (judged) => {
  const { keepers, source, say } = judged;
  if (isAlone(source, judged.node)) return;
  const takes = acquiredIn(judged);
  const ask = (node: ts.Node, keeper: Keeper | null, held: ReadonlyMap<string, ts.Node>): void => {
    for (const lock of keeper?.locks ?? []) {
      if (held.has(lock)) continue;
      // Who takes the lock looks under it, too: what was seen before may be so no more.
      if (keeper?.writesOnly === true && !isWritten(node) && !takes.has(lock)) continue;
      say(node, `${node.getText()} is touched without ${shortName(lock)}`, BETWEEN);
    }
  };
  walkHeld(judged, (node, held) => {
    const name = calleeName(node);
    if (name !== undefined) ask(node, keepers.keeperOfGiven(source, name), held);
    if (isMethodCall(node) && !isOwn(node.expression.expression)) {
      ask(node.expression, keepers.keeperOfMethod(source, node), held);
    }
    if (!ts.isPropertyAccessExpression(node) || isOwn(node.expression)) return;
    ask(node, keepers.keeperOf(source, node), held);
  });
});

const called = judging('lock-called', (judged) => {
  const { keepers, source, say } = judged;
  walkHeld(judged, (node, held) => {
    const name = calledName(node);
    if (name?.endsWith('Locked') !== true || !ts.isCallExpression(node)) return;
    const routine = keepers.routineOfCall(source, node);
    if (routine === null) return;
    for (const lock of keepers.neededBy(routine)) {
      if (!held.has(lock)) say(node, `${name} is called without ${shortName(lock)}`, BETWEEN);
    }
  });
});

const twice = judging('lock-twice', (judged) => {
  const { keepers, source, say } = judged;
  walkHeld(judged, (node, held) => {
    const name = calleeName(node);
    if (name === undefined || held.size === 0) return;
    const routine = keepers.findRoutine(source, name);
    const body = routine?.node.body;
    if (routine === null || body === undefined) return;
    for (const lock of acquiredIn({ keepers, source: routine.source, body }, DEPTH)) {
      if (!held.has(lock)) continue;
      say(node, `${name} acquires ${shortName(lock)}, which is held`,
        'the call behind the release, or a …Locked function');
    }
  });
});

/** The lock under which the value of `node`, a local, was found, and where it was acquired. */
function foundUnder(
  { keepers, source }: Judged, node: ts.Expression | undefined,
  held: ReadonlyMap<string, ts.Node>,
): ts.Node | undefined {
  let acquired: ts.Node | undefined;
  if (node === undefined) return acquired;
  walk(node, (each) => {
    const name = calleeName(each) ?? '';
    const routine = name.endsWith('Locked') ? keepers.findRoutine(source, name) : null;
    const locks = routine === null ? [] : keepers.neededBy(routine);
    if (ts.isPropertyAccessExpression(each)) {
      locks.push(...keepers.keeperOf(source, each)?.locks ?? []);
    }
    for (const lock of locks) acquired ??= held.get(lock);
  });
  return acquired;
}

/** A reference to what was found under a lock is taken under it: later, it may be gone. */
const referenced = judging('lock-reference', (judged) => {
  const { node: whole, say } = judged;
  const found = new Map<string, ts.Node>();
  walkHeld(judged, (node, held) => {
    if (ts.isVariableDeclaration(node)) {
      const acquired = foundUnder(judged, node.initializer, held);
      if (acquired !== undefined && acquired !== whole) found.set(nameOf(node), acquired);
    }
    if (!ts.isCallExpression(node) || !REFERENCES.test(calleeName(node) ?? '')) return;
    for (const name of [...found.keys()].filter((each) =>
      node.arguments.some((argument) => new RegExp(`\\b${each}\\b`).test(argument.getText())))) {
      if ([...held.values()].includes(found.get(name) as ts.Node)) continue;
      say(node, `${name} was found under a lock, and is referenced without it`,
        'the reference before the release');
    }
  });
});

/** What is in a list is its neighbours' too, which have no name here. */
const listed = judging('lock-list', ({ keepers, source, node: whole, body, say }) => {
  // There lists lie under their owners' locks, or belong to a processor.
  if (/^assembly\/(ke|nt)\//.test(source.path) || isAlone(source, whole)) return;
  walkHeld({ keepers, source, node: whole, body }, (node, held) => {
    const name = calleeName(node) ?? '';
    if (held.size > 0 || !CHANGES_LIST.test(name) || !ts.isCallExpression(node)) return;
    if (node.arguments.every(isOwn)) return;
    say(node, `${name} without a lock`, BETWEEN);
  });
});

/** A heading that names no lock keeps nothing. */
const headed: Rule = {
  name: 'lock-heading',
  check: (tree, report) => {
    const keepers = new Keepers(tree);
    for (const source of tree.sources.filter(({ path }) => inKernel(path))) {
      walk(source.tree, (node) => {
        if (!ts.isClassDeclaration(node)) return;
        for (const field of keepers.unnamed(source, node)) {
          report(source, field, `the heading above ${nameOf(field)} names no lock that is there`,
            'Under `lock`: or Under `Tcb.lock` of tcb.ts:');
        }
      });
    }
  },
};

export const KEPT_RULES: readonly Rule[] = [headed, kept, called, twice, referenced, listed];
