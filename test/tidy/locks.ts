/** Locks as text: every acquire has one release on every path, and …Locked says whose lock. */

import ts from 'typescript';
import { fileRule, inKernel } from './rule.js';
import type { Rule } from './rule.js';
import { calleeName, isFunctionWithBody, lineOf, lineText, nameOf, walk } from './source.js';
import type { Source } from './source.js';

const ACQUIRE = /^(Ke|Io|Ndis|Ex)Acquire\w*SpinLock\w*$/;
const RELEASE = /^(Ke|Io|Ndis|Ex)Release\w*SpinLock\w*$/;
/** The primitives themselves, and wrappers that say by their name that they return with a lock. */
const PRIMITIVE = /^((Ke|Io|Ndis|Ex)(Acquire|Release|TryToAcquire)|acquire|release|tryAcquire)/;
/** What hands control to another driver. */
const LEAVES =
  /^(Io(CallDriver|CompleteRequest)|NdisM(Indicate\w*|SendComplete)|indicate\w*|ClientEvent\w*)$/;

type Say = (at: ts.Node, what: string, instead: string) => void;

/** Which locks are held, by the text of the lock. */
type Held = ReadonlyMap<string, ts.Node>;

const LOCKED_INSTEAD =
  'a …Locked function that returns wherever it likes, between one acquire and one release';

function lockOf(call: ts.CallExpression, name: string): string {
  return name.startsWith('Io') ? 'the cancel lock' : (call.arguments[0]?.getText() ?? '?');
}

/** The locks after the calls in `node`, nested functions not entered. */
function afterCalls(node: ts.Node, held: Held): Held {
  let now = held;
  const visit = (each: ts.Node): void => {
    if (ts.isFunctionLike(each)) return;
    ts.forEachChild(each, visit);
    const name = calleeName(each);
    if (name === undefined || !ts.isCallExpression(each)) return;
    if (ACQUIRE.test(name)) now = new Map(now).set(lockOf(each, name), each);
    if (RELEASE.test(name)) {
      const less = new Map(now);
      less.delete(lockOf(each, name));
      now = less;
    }
  };
  visit(node);
  return now;
}

/** True on a line, or under a condition, with `faulty(`: a defect is meant to do this. */
export function isDefect(source: Source, node: ts.Node): boolean {
  if (lineText(source, lineOf(source, node)).includes('faulty(')) return true;
  for (
    let outer = node.parent;
    !ts.isFunctionLike(outer) && !ts.isSourceFile(outer);
    outer = outer.parent
  ) {
    if (ts.isIfStatement(outer) && outer.expression.getText().includes('faulty(')) return true;
  }
  return false;
}

/** Follows every path through a body; `null` is a path that has ended. */
class Paths {
  constructor(
    private readonly source: Source,
    private readonly say: Say,
  ) {}

  block(statements: readonly ts.Statement[], held: Held): Held | null {
    let now: Held | null = held;
    for (const statement of statements) {
      if (now === null) return null;
      now = this.statement(statement, now);
    }
    return now;
  }

  private statement(node: ts.Statement, held: Held): Held | null {
    if (ts.isBlock(node)) return this.block(node.statements, held);
    if (ts.isReturnStatement(node)) return this.leave(node, held);
    if (ts.isIfStatement(node)) return this.branch(node, held);
    if (ts.isSwitchStatement(node)) return this.cases(node, held);
    if (ts.isIterationStatement(node, false)) return this.loop(node, held);
    if (ts.isBreakOrContinueStatement(node)) return null;
    return afterCalls(node, held);
  }

  private leave(node: ts.ReturnStatement, held: Held): null {
    const now = afterCalls(node, held);
    if (now.size > 0 && !isDefect(this.source, node)) {
      this.say(node, `return while ${[...now.keys()].join(' and ')} is held`, LOCKED_INSTEAD);
    }
    return null;
  }

  private branch(node: ts.IfStatement, held: Held): Held | null {
    const before = afterCalls(node.expression, held);
    const yes = this.statement(node.thenStatement, before);
    if (isDefectCondition(node)) return before;
    const no =
      node.elseStatement === undefined ? before : this.statement(node.elseStatement, before);
    return this.join(node, yes, no);
  }

  private cases(node: ts.SwitchStatement, held: Held): Held | null {
    const before = afterCalls(node.expression, held);
    let after: Held | null = before;
    for (const clause of node.caseBlock.clauses) {
      after = this.join(clause, after, this.block(clause.statements, before));
    }
    return after ?? before;
  }

  private loop(node: ts.IterationStatement, held: Held): Held {
    const after = this.statement(node.statement, held);
    this.join(node, held, after);
    return held;
  }

  private join(node: ts.Node, a: Held | null, b: Held | null): Held | null {
    if (a === null || b === null) return a ?? b;
    const odd = [...a.keys()]
      .filter((lock) => !b.has(lock))
      .concat([...b.keys()].filter((lock) => !a.has(lock)));
    if (odd.length > 0)
      this.say(node, `${odd.join(' and ')} is held on one path only`, LOCKED_INSTEAD);
    return a.size < b.size ? a : b;
  }
}

function isDefectCondition(node: ts.IfStatement): boolean {
  return node.expression.getText().includes('faulty(');
}

const release: Rule = fileRule('lock-release', inKernel, (source, report) => {
  walk(source.tree, (node) => {
    if (!isFunctionWithBody(node) || !ts.isBlock(node.body) || PRIMITIVE.test(nameOf(node))) return;
    const paths = new Paths(source, report);
    const left = paths.block(node.body.statements, new Map());
    for (const [lock, at] of left ?? []) {
      report(at, `${lock} is acquired and never released`, 'the release, in the same function');
    }
    countPairs(source, node.body, report);
  });
});

/** One acquire has one release: one before each of several returns is the shape that leaks. */
function countPairs(source: Source, body: ts.Node, report: Say): void {
  const acquired = new Map<string, number>();
  const released = new Map<string, ts.Node[]>();
  const visit = (node: ts.Node): void => {
    if (node !== body && ts.isFunctionLike(node)) return;
    ts.forEachChild(node, visit);
    const name = calleeName(node);
    if (name === undefined || !ts.isCallExpression(node) || isDefect(source, node)) return;
    const lock = lockOf(node, name);
    if (ACQUIRE.test(name)) acquired.set(lock, (acquired.get(lock) ?? 0) + 1);
    if (RELEASE.test(name)) released.set(lock, [...(released.get(lock) ?? []), node]);
  };
  visit(body);
  for (const [lock, releases] of released) {
    const count = acquired.get(lock) ?? 0;
    for (const extra of count === 0 ? [] : releases.slice(count)) {
      report(extra, `${lock} has more releases than acquires`, LOCKED_INSTEAD);
    }
  }
}

const locked: Rule = fileRule('locked', inKernel, (source, report) => {
  walk(source.tree, (node) => {
    if (!isFunctionWithBody(node) || !nameOf(node).endsWith('Locked') || !ts.isBlock(node.body))
      return;
    const first = node.body.statements[0];
    const callee =
      first !== undefined && ts.isExpressionStatement(first)
        ? calleeName(first.expression)
        : undefined;
    if (callee === undefined || !/^mustHold(?!Nothing)/.test(callee)) {
      report(
        node,
        `${nameOf(node)} does not say whose lock`,
        'mustHold(x.lock); as its first statement',
      );
    }
  });
});

const across: Rule = fileRule('lock-across', inKernel, (source, report) => {
  walk(source.tree, (node) => {
    if (!isFunctionWithBody(node) || !ts.isBlock(node.body)) return;
    const holds = nameOf(node).endsWith('Locked');
    let held: Held = new Map();
    const visit = (each: ts.Node): void => {
      if (ts.isFunctionLike(each)) return;
      ts.forEachChild(each, visit);
      const name = calleeName(each);
      if (name === undefined) return;
      held = afterCalls(each, held);
      if ((holds || held.size > 0) && LEAVES.test(name) && !name.endsWith('Locked')) {
        report(
          each,
          `${name} while ${holds ? 'a lock' : [...held.keys()].join(' and ')} is held`,
          'reference what you need, let go, then call',
        );
      }
    };
    visit(node.body);
  });
});

export const LOCK_RULES: readonly Rule[] = [release, locked, across];
