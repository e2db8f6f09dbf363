/**
 * Moves after which the kernel does the same, whatever its processors do meanwhile. What a lock
 * keeps is what the sources declare (test/tidy/keepers.ts), and each rule here is about that alone.
 */

import ts from 'typescript';
import { Keepers, commentOf } from '../tidy/keepers.js';
import { isAlone, isHeldAt, isOwn } from '../tidy/kept.js';
import { calleeName, isFunctionWithBody, walk } from '../tidy/source.js';
import type { Tree } from '../tidy/source.js';
import type { Move, Mutant } from './mutant.js';
import type { Site } from './site.js';

/** What computes, and touches no memory. */
const COMPUTES = /^(at|changetype|addressOf)$/;
/** What makes a request of what was allocated for it: nobody hears of it before it is sent. */
const BUILDS = /^TdiBuild[A-Z]\w*$/;
/** What may end something, or hand control to others. */
const ENDS = /^((de)?reference|leave|end|free|ExFree|IoFree|Io(Call|Complete)|settle|indicate|Ke)/;
/** The heading of what no other processor looks at. */
const OWN = /own:?$/;

/** A rule: why a move changes nothing, or null. */
type Rule = (move: Move, keepers: Keepers) => string | null;

/** Where nobody else runs, a lock keeps nothing from anybody. */
const alone: Rule = ({ site: { source, node } }) => {
  const whole = functionOf(node);
  return whole !== null && isAlone(source, whole) ? 'nobody else runs then' : null;
};

/** The verifier's notes lie under no lock of a driver's. */
const watches: Rule = ({ past }) =>
  ts.isIfStatement(past) && past.elseStatement === undefined
    && /^VERIFIER\b(?!.*\|\|)/.test(past.expression.getText()) ? 'only the verifier is told' : null;

/** A historical defect is there and off: what it does is not done. */
const off: Rule = ({ past }) =>
  ts.isIfStatement(past) && past.elseStatement === undefined && asksForDefect(past.expression)
    ? 'what a defect does there is not done without it' : null;

/** What only computes, or writes what nobody else has, is seen by nobody. */
const unseen: Rule = ({ site, past }, keepers) => {
  let seen = false;
  walk(past, (node) => {
    const name = calleeName(node);
    if (name !== undefined && !isSeenByNobody(name, node, site, keepers)) seen = true;
    if (!ts.isPropertyAccessExpression(node)) return;
    if (!isOwn(node.expression) && !isOwnGroup(node, site, keepers)) seen = true;
  });
  return seen ? null : 'nobody else sees what is done there';
};

/** Under one lock, others see a count and what stands beside it together. */
const together: Rule = ({ site, past }, keepers) => {
  if (site.kind !== 'reference' && site.kind !== 'dereference') return null;
  if (site.kind === 'dereference' && !site.callee.endsWith('Locked')) return null;
  const whole = functionOf(site.node);
  if (whole === null || !isHeldAt(keepers, site.source, whole, site.node)) return null;
  let ends = false;
  walk(past, (node) => {
    const name = calleeName(node) ?? '';
    if (ENDS.test(name) && !name.endsWith('Locked') && !name.startsWith('KeAcquire')) ends = true;
  });
  return ends ? null : 'both are done under one lock, and nothing ends between them';
};

const RULES: readonly Rule[] = [alone, watches, off, unseen, together];

function functionOf(node: ts.Node): ts.FunctionLikeDeclaration | null {
  for (let outer = node.parent; !ts.isSourceFile(outer); outer = outer.parent) {
    if (isFunctionWithBody(outer)) return outer;
  }
  return null;
}

/** `faulty(…)`, or that and more. */
function asksForDefect(condition: ts.Expression): boolean {
  if (!ts.isBinaryExpression(condition)) return calleeName(condition) === 'faulty';
  return condition.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken
    && asksForDefect(condition.left);
}

/** What a call does, itself: it computes, or fills what is nobody else's. */
function isSeenByNobody(name: string, node: ts.Node, site: Site, keepers: Keepers): boolean {
  if (COMPUTES.test(name) || isOwnPlace(node, site, keepers)) return true;
  if (!BUILDS.test(name) || !ts.isCallExpression(node)) return false;
  const [made] = node.arguments;
  return made !== undefined && isOwn(made);
}

function isOwnGroup(
  node: ts.PropertyAccessExpression, { source }: Site, keepers: Keepers,
): boolean {
  return OWN.test(keepers.groupOf(source, node));
}

/** A call that gives a place which is declared to be this processor's own. */
function isOwnPlace(node: ts.Node, { source }: Site, keepers: Keepers): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return OWN.test(keepers.groupOf(source, parent));
  const routine = keepers.findRoutine(source, calleeName(node) ?? '');
  return routine !== null && OWN.test(commentOf(routine.source, routine.node));
}

/** Asks the rules. */
export class Equivalence {
  private readonly keepers: Keepers;

  constructor(tree: Tree) {
    this.keepers = new Keepers(tree);
  }

  /** Why the kernel is the same with the mutant as without; null: it may not be. */
  of({ move }: Mutant): string | null {
    if (move === null) return null;
    for (const rule of RULES) {
      const why = rule(move, this.keepers);
      if (why !== null) return why;
    }
    return null;
  }
}
