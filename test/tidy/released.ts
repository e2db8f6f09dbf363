/**
 * What was let go is not touched any more: behind a dereference, or the end of a call, the name
 * that was given to it stands for something that may be gone.
 */

import ts from 'typescript';
import { Keepers, commentOf } from './keepers.js';
import { isDefect } from './locks.js';
import { inKernel } from './rule.js';
import type { Rule } from './rule.js';
import { calleeName, isFunctionWithBody, nameOf, walk } from './source.js';
import type { Source } from './source.js';

/** What gives a reference, a turn or a block back. One that is `…Locked` leaves that to others. */
const LETS_GO =
  /^(dereference[A-Z]\w*|leave(Handle|Address|File)|endCall|ExFree|IoFreeIrp|freeChunk)$/;

/** What gives a turn back, and may leave a reference of the caller's own. */
const LEAVES = /^leaveFile/;
const DEREFERENCES = /^dereference[A-Z]\w*$/;

/** What a function says of itself that puts its argument where others find it, and let it go. */
const GIVES_AWAY = /The caller's reference is the list's/;
/** A reference of its own outlives one that is given away. */
const REFERENCES = /^reference[A-Z]\w*$/;

type Say = (at: ts.Node, what: string, instead: string) => void;

/**
 * Names by what let them go, and, behind `+`, those that were referenced; null: the path has
 * ended.
 */
type Gone = ReadonlyMap<string, string>;

/** Follows every path through a body. */
class Paths {
  /** What is gone where a loop, or a switch, is left in the midst: the innermost last. */
  private readonly exits: Gone[][] = [];

  constructor(
    private readonly keepers: Keepers, private readonly source: Source, private readonly say: Say,
  ) {}

  block(statements: readonly ts.Statement[], gone: Gone): Gone | null {
    let now: Gone | null = gone;
    for (const statement of statements) {
      if (now === null) return null;
      now = this.statement(statement, now);
    }
    return now;
  }

  private statement(node: ts.Statement, gone: Gone): Gone | null {
    if (ts.isBlock(node)) return this.block(node.statements, gone);
    if (ts.isIfStatement(node)) {
      const before = this.through(node.expression, gone);
      const no = node.elseStatement === undefined ? before
        : this.statement(node.elseStatement, before);
      return join(this.statement(node.thenStatement, before), no);
    }
    if (ts.isSwitchStatement(node)) {
      const before = this.through(node.expression, gone);
      return this.leaving(() => node.caseBlock.clauses
        .map((clause) => this.block(clause.statements, before))
        .reduce(join, before));
    }
    if (ts.isIterationStatement(node, false)) return this.loop(node, gone);
    const after = this.through(node, gone);
    if (ts.isBreakOrContinueStatement(node)) this.exits.at(-1)?.push(after);
    return ts.isReturnStatement(node) || ts.isBreakOrContinueStatement(node) ? null : after;
  }

  /** What `body` comes to, and all that leaves it in its midst. */
  private leaving(body: () => Gone | null): Gone | null {
    this.exits.push([]);
    const end = body();
    return (this.exits.pop() ?? []).reduce(join, end);
  }

  /** Twice: what one turn lets go is touched by the next. */
  private loop(node: ts.IterationStatement, gone: Gone): Gone {
    let now = gone;
    for (let turn = 0; turn < 2; turn++) {
      for (const part of partsOf(node)) now = this.through(part, now);
      const before = now;
      now = join(now, this.leaving(() => this.statement(node.statement, before))) ?? now;
    }
    return now;
  }

  /** What an expression, or a statement without others in it, touches and lets go. */
  private through(node: ts.Node, gone: Gone): Gone {
    const now = new Map(gone);
    walk(node, (each) => {
      if (!ts.isIdentifier(each) || !isTouch(each)) return;
      const by = now.get(each.text);
      if (by === undefined || isDefect(this.source, each)) return;
      if (LEAVES.test(by) && DEREFERENCES.test(calleeName(each.parent) ?? '')) return;
      this.say(each, `${each.text} is touched behind ${by}`,
        'the same before it, or a name for what is another');
    });
    walk(node, (each) => {
      if (ts.isVariableDeclaration(each)) now.delete(nameOf(each));
      if (isAssignment(each) && ts.isIdentifier(each.left)) now.delete(each.left.text);
    });
    if (!ts.isExpressionStatement(node) || isDefect(this.source, node)) return now;
    const name = calleeName(node.expression);
    const [what] = (node.expression as Partial<ts.CallExpression>).arguments ?? [];
    if (name === undefined || what === undefined || !ts.isIdentifier(what)) return now;
    if (REFERENCES.test(name)) now.set(`+${what.text}`, name);
    if (!this.letsGo(name) || name.endsWith('Locked')) return now;
    if (LETS_GO.test(name) || !now.delete(`+${what.text}`)) {
      now.set(what.text, `${name}(${what.text})`);
    }
    return now;
  }

  private letsGo(name: string): boolean {
    if (LETS_GO.test(name)) return true;
    const routine = this.keepers.findRoutine(this.source, name);
    return routine !== null && GIVES_AWAY.test(commentOf(routine.source, routine.node));
  }
}

function join(a: Gone | null, b: Gone | null): Gone | null {
  if (a === null || b === null) return a ?? b;
  return new Map([...a, ...b]);
}

function partsOf(node: ts.IterationStatement): ts.Node[] {
  if (ts.isForStatement(node)) {
    return [node.initializer, node.condition, node.incrementor]
      .filter((part) => part !== undefined);
  }
  return ts.isWhileStatement(node) || ts.isDoStatement(node) ? [node.expression] : [];
}

function isAssignment(node: ts.Node): node is ts.BinaryExpression {
  return ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.EqualsToken;
}

/** Not a member's name, nor a name that is given something else. */
function isTouch(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) return false;
  if (ts.isVariableDeclaration(parent) && parent.name === node) return false;
  return !(isAssignment(parent) && parent.left === node);
}

const released: Rule = {
  name: 'let-go',
  check: (tree, report) => {
    const keepers = new Keepers(tree);
    for (const source of tree.sources.filter(({ path }) => inKernel(path))) {
      const say: Say = (at, what, instead) => report(source, at, what, instead);
      walk(source.tree, (node) => {
        if (!isFunctionWithBody(node) || !ts.isBlock(node.body)) return;
        new Paths(keepers, source, say).block(node.body.statements, new Map());
      });
    }
  },
};

export const RELEASED_RULES: readonly Rule[] = [released];
