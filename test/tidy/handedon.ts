/**
 * What comes first: a reference before the call that hands its object on, for whoever is handed it
 * may have done with it by the time that the call is back; and a handle's turn before all else.
 */

import ts from 'typescript';
import { Keepers } from './keepers.js';
import { isDefect } from './locks.js';
import { inKernel } from './rule.js';
import type { Rule } from './rule.js';
import { calledName, calleeName, isFunctionWithBody, nameOf, walk } from './source.js';
import type { Source } from './source.js';

/** Has somebody else do something with its arguments, now or soon. */
export const HANDS_ON =
  /^(KeSetTimer\w*|startTimer|ExQueueWorkItem|enterGate|queueGate|IoCallDriver)$/;
const REFERENCES = /^(reference[A-Z]\w*|begin(Call|Send))$/;
/** A request: who gets that gets what it was made of. */
const REQUEST = /^(irp|[a-z]+Irp)$/;
/** What makes another form of the same. */
const FORMS = /^(changetype|at|containing)$/;
/** Functions that are followed into others. */
const DEPTH = 4;

/** Names, and those of what is handed on with each. */
type Ties = Map<string, Set<string>>;

/** A call that hands `names` on. */
interface Hand {
  readonly node: ts.CallExpression;
  readonly names: ReadonlySet<string>;
}

/** Which calls of a function hand on what. */
class HandedOn {
  private readonly known = new Map<ts.Node, ReadonlySet<string>>();

  constructor(private readonly keepers: Keepers) {}

  /** In the order of the text. */
  handsOf(source: Source, body: ts.Node, depth: number): Hand[] {
    const ties = tiesOf(body);
    const hands: Hand[] = [];
    walk(body, (node) => {
      if (!ts.isCallExpression(node)) return;
      const given = this.givenBy(source, node, depth).flatMap(formOf);
      if (given.length > 0) hands.push({ node, names: closureOf(given, ties) });
    });
    return hands;
  }

  /** The parts of a call that others get. */
  private givenBy(source: Source, node: ts.CallExpression, depth: number): ts.Expression[] {
    const name = calledName(node) ?? '';
    if (HANDS_ON.test(name)) {
      // A request goes down, and with it what its routine is called with; not the device.
      return name === 'IoCallDriver' ? node.arguments.slice(1)
        : [node.expression, ...node.arguments];
    }
    const routine = depth === 0 ? null : this.keepers.findRoutine(source, calleeName(node) ?? '');
    if (routine === null) return [];
    const handed = this.handedBy(routine.source, routine.node, depth);
    return node.arguments.filter((_, place) =>
      handed.has(nameOf(routine.node.parameters[place] ?? routine.node)));
  }

  /** The parameters that a function hands on; not those with which a reference of its own goes. */
  private handedBy(
    source: Source, routine: ts.FunctionDeclaration, depth: number,
  ): ReadonlySet<string> {
    const before = this.known.get(routine);
    if (before !== undefined || routine.body === undefined) return before ?? new Set();
    const hands = this.handsOf(source, routine.body, depth - 1);
    const names = new Set(hands.flatMap((hand) => [...hand.names]));
    const own = new Set(referencesIn(routine.body).map(({ name }) => name));
    const handed = new Set(routine.parameters.map(nameOf)
      .filter((name) => names.has(name) && !own.has(name)));
    this.known.set(routine, handed);
    return handed;
  }
}

function closureOf(names: readonly string[], ties: Ties): ReadonlySet<string> {
  const found = new Set(names);
  // A set gives what is added to it meanwhile, too.
  for (const name of found) for (const tied of ties.get(name) ?? []) found.add(tied);
  return found;
}

/** What is handed on with what: a name with that of which it is a form or a part. */
function tiesOf(body: ts.Node): Ties {
  const ties: Ties = new Map();
  const tie = (name: string, others: readonly string[]): void => {
    ties.set(name, new Set([...ties.get(name) ?? [], ...others]));
  };
  walk(body, (node) => {
    if (ts.isVariableDeclaration(node) && node.initializer !== undefined) {
      tie(nameOf(node), formOf(node.initializer));
    } else if (ts.isBinaryExpression(node) && ts.isPropertyAccessExpression(node.left)
      && node.operatorToken.kind === ts.SyntaxKind.EqualsToken) {
      tie(rootOf(node.left), formOf(node.right));
    } else if (ts.isCallExpression(node) && !HANDS_ON.test(calledName(node) ?? '')) {
      const request = node.arguments.find((each) => REQUEST.test(each.getText()));
      if (request !== undefined) tie(request.getText(), node.arguments.flatMap(formOf));
    }
  });
  return ties;
}

/** The name of which an expression is a form or a part; none: it is another value. */
function formOf(node: ts.Expression): string[] {
  if (ts.isIdentifier(node)) return [node.text];
  if (ts.isPropertyAccessExpression(node)) return [rootOf(node)];
  const [first] = FORMS.test(calleeName(node) ?? '') ? (node as ts.CallExpression).arguments : [];
  return first === undefined ? [] : formOf(first);
}

function rootOf(node: ts.Expression): string {
  return ts.isPropertyAccessExpression(node) ? rootOf(node.expression) : node.getText();
}

/** Calls that reference what has a name. */
function referencesIn(body: ts.Node): { readonly node: ts.Node; readonly name: string }[] {
  const found: { readonly node: ts.Node; readonly name: string }[] = [];
  walk(body, (node) => {
    const [what] = (node as Partial<ts.CallExpression>).arguments ?? [];
    if (!REFERENCES.test(calleeName(node) ?? '') || what === undefined) return;
    found.push({ node, name: what.getText() });
  });
  return found;
}

/** Whether every path to `late` may come by `early`: that stands in a statement before it. */
function isBehind(late: ts.Node, early: ts.Node): boolean {
  for (let now = late; !ts.isFunctionLike(now) && !ts.isSourceFile(now); now = now.parent) {
    const { parent } = now;
    if (!ts.isBlock(parent) && !ts.isCaseOrDefaultClause(parent)) continue;
    const before = parent.statements.slice(0, parent.statements.indexOf(now as ts.Statement));
    if (before.some((each) => each.pos <= early.pos && early.end <= each.end
      && !endsIn(each, early))) return true;
  }
  return false;
}

/** Whether the path by `node`, somewhere in `whole`, ends there. */
function endsIn(whole: ts.Statement, node: ts.Node): boolean {
  for (let now = node; now !== whole.parent; now = now.parent) {
    if (ts.isReturnStatement(now)) return true;
    if (ts.isBlock(now) && now.statements.some(ts.isReturnStatement)) return true;
  }
  return false;
}

const referenceFirst: Rule = {
  name: 'reference-first',
  check: (tree, report) => {
    const keepers = new Keepers(tree);
    const handedOn = new HandedOn(keepers);
    for (const source of tree.sources.filter(({ path }) => inKernel(path))) {
      walk(source.tree, (node) => {
        if (!isFunctionWithBody(node) || !ts.isBlock(node.body)) return;
        const hands = handedOn.handsOf(source, node.body, DEPTH);
        const had = new Set<string>();
        for (const { node: late, name } of referencesIn(node.body)) {
          const hand = hands.find(({ node: early, names }) =>
            names.has(name) && isBehind(late, early));
          if (hand !== undefined && !had.has(name) && !isDefect(source, late)) {
            report(source, late, `${name} is referenced behind ${calledName(hand.node) ?? ''}`,
              'the reference before it');
          }
          had.add(name);
        }
      });
    }
  },
};

/** The name whose turn a call waits for, or null. */
function turnOf(node: ts.Node): string | null {
  if (calleeName(node) !== 'KeWaitForSingleObject') return null;
  const [event] = (node as ts.CallExpression).arguments;
  return event !== undefined && ts.isPropertyAccessExpression(event) && event.name.text === 'turn'
    ? event.expression.getText() : null;
}

/** Whether a name is looked at itself, not what it stands for. */
function isLookedAt({ parent }: ts.Identifier): boolean {
  if (ts.isVariableDeclaration(parent)) return true;
  if (ts.isBinaryExpression(parent)) return true;
  return ts.isCallExpression(parent) && REFERENCES.test(calleeName(parent) ?? '');
}

const turnFirst: Rule = {
  name: 'turn-first',
  check: (tree, report) => {
    for (const source of tree.sources.filter(({ path }) => inKernel(path))) {
      walk(source.tree, (node) => {
        if (!isFunctionWithBody(node) || !ts.isBlock(node.body)) return;
        const waits: { readonly name: string; readonly at: number }[] = [];
        walk(node.body, (each) => {
          const name = turnOf(each);
          if (name !== null) waits.push({ name, at: each.getStart() });
        });
        walk(node.body, (each) => {
          if (!ts.isIdentifier(each) || isLookedAt(each)) return;
          if (!waits.some(({ name, at }) => name === each.text && each.end < at)) return;
          report(source, each, `${each.text} is touched before its turn`,
            'the same behind KeWaitForSingleObject');
        });
      });
    }
  },
};

export const HANDED_RULES: readonly Rule[] = [referenceFirst, turnFirst];
