/**
 * Which lock keeps what: the kernel's structures say it of their fields, and its functions of what
 * they give, in one form of words: "Under `lock`", "Written under `Tcb.lock` of tcb.ts", "Under
 * `lock()`".
 */

import { dirname, join } from 'node:path/posix';
import ts from 'typescript';
import { Declarations } from './declared.js';
import type { Routine, Structure } from './declared.js';
import { calleeName, isFunctionWithBody, nameOf, walk } from './source.js';
import type { Source, Tree } from './source.js';

/** What keeps a field. */
export interface Keeper {
  readonly locks: readonly string[];
  /** Who only reads needs no lock. */
  readonly writesOnly: boolean;
}

/** A lock as it is named: a structure's, a function's, that of another file. */
const LOCK = /`(?:(\w+)\.)?(\w+)(\(\))?`(?: of ([\w/.]+\.ts))?/g;
const UNDER = /(Under|Written under) ((?:`[\w.()]+`(?: of [\w/.]+\.ts)?(?: and )?)+)/;
/** A heading that means a lock. */
const SPEAKS = /^(Written under|Under)\b/;
/** A call of the one lock whose acquire has a name of its own. */
const CANCEL = /^Io(Acquire|Release)CancelSpinLock$/;
const CANCEL_LOCK = 'assembly/io/cancel.ts#lock()';

/** Names locks: that of a class is one, in whichever of its structures it lies. */
export class Keepers {
  private readonly declared: Declarations;

  constructor(private readonly tree: Tree) {
    this.declared = new Declarations(tree);
  }

  /** The lock that an acquire or a release is about; null: `node` names none. */
  lockOfCall(source: Source, node: ts.CallExpression): string | null {
    const [lock] = node.arguments;
    if (CANCEL.test(calleeName(node) ?? '')) return CANCEL_LOCK;
    return lock === undefined ? null : this.lockOf(source, lock);
  }

  /** The lock that an expression gives. */
  lockOf(source: Source, node: ts.Expression): string {
    if (ts.isPropertyAccessExpression(node)) {
      const of = this.declared.structureOf(source, node.expression);
      const member = of === null ? null : this.declared.findMember(of, node.name.text);
      if (member !== null) return nameFor(member, node.name.text);
    }
    const name = calleeName(node);
    return name === undefined ? node.getText() : this.functionsLock(source, name);
  }

  /** Of a function that does nothing but give another's, it is that one's. */
  private functionsLock(source: Source, name: string): string {
    const routine = this.declared.findRoutine(source, name);
    if (routine === null) return `${name}()`;
    const only = routine.node.body?.statements[0];
    const given = only !== undefined && ts.isReturnStatement(only) ? only.expression : undefined;
    if (given !== undefined && ts.isCallExpression(given) && given.arguments.length === 0) {
      const inner = calleeName(given);
      if (inner !== undefined) return this.functionsLock(routine.source, inner);
    }
    const own = /LOCK|^lock$/.test(name) || given === undefined ? null
      : this.sameFunction(routine, given);
    return own ?? `${routine.source.path}#${name}()`;
  }

  /** `readyLock(): usize` gives the address of which `lock()` makes the lock. */
  private sameFunction({ source }: Routine, given: ts.Expression): string | null {
    const word = given.getText();
    if (!/^[A-Z]+$/.test(word)) return null;
    const lock = this.declared.findRoutine(source, 'lock');
    return lock?.node.body?.getText().includes(`(${word})`) === true
      ? `${source.path}#lock()` : null;
  }

  /** The locks that a function says it needs, by `mustHold` where it begins. */
  neededBy({ source, node }: { readonly source: Source; readonly node: ts.Node }): string[] {
    if (!isFunctionWithBody(node) || !ts.isBlock(node.body)) return [];
    return node.body.statements.flatMap((each) => {
      if (!ts.isExpressionStatement(each) || !ts.isCallExpression(each.expression)) return [];
      const [lock] = each.expression.arguments;
      return calleeName(each.expression) === 'mustHold' && lock !== undefined
        ? [this.lockOf(source, lock)] : [];
    });
  }

  /** What keeps the field or accessor that `node` touches; or null. */
  keeperOf(source: Source, node: ts.PropertyAccessExpression): Keeper | null {
    const of = this.declared.structureOf(source, node.expression);
    return of === null ? null : this.memberKeeper(of, node.name.text);
  }

  private memberKeeper(of: Structure, name: string): Keeper | null {
    const member = this.declared.findMember(of, name);
    if (member === null) return null;
    const { source, node, element } = member;
    if (!ts.isGetAccessor(element)) return this.said(source, node, member.group);
    const comment = commentOf(source, element);
    const own = this.said(source, node, comment);
    if (own !== null || comment.includes('Without a lock')) return own;
    const [kept] = fieldsIn(element).flatMap((field) =>
      field === name ? [] : this.memberKeeper({ source, node }, field) ?? []);
    return kept ?? null;
  }

  /** The heading of the group that the field which `node` touches is in; empty: it has none. */
  groupOf(source: Source, node: ts.PropertyAccessExpression): string {
    const of = this.declared.structureOf(source, node.expression);
    return (of === null ? null : this.declared.findMember(of, node.name.text))?.group ?? '';
  }

  /** What keeps that which a function gives, as its comment says; or null. */
  keeperOfGiven(source: Source, name: string): Keeper | null {
    const routine = this.declared.findRoutine(source, name);
    return routine === null ? null
      : this.said(routine.source, null, commentOf(routine.source, routine.node));
  }

  /** What keeps that which a method does, as its comment says; or null. */
  keeperOfMethod(source: Source, node: ts.CallExpression): Keeper | null {
    const routine = this.routineOfCall(source, node);
    if (routine === null || !ts.isMethodDeclaration(routine.node)) return null;
    const { parent } = routine.node;
    const of = ts.isClassDeclaration(parent) ? parent : null;
    return this.said(routine.source, of, commentOf(routine.source, routine.node));
  }

  /** Of a class: its headings that speak of a lock and name none that is there. */
  unnamed(source: Source, node: ts.ClassDeclaration): ts.ClassElement[] {
    const headings = new Set<string>();
    const of = { source, node };
    return node.members.filter((element) => {
      const group = this.declared.findMember(of, element.name?.getText() ?? '')?.group;
      if (group === undefined || !SPEAKS.test(group) || headings.has(group)) return false;
      headings.add(group);
      const said = this.said(source, node, group);
      return said === null || said.locks.some((lock) => !this.isThere(lock));
    });
  }

  private isThere(lock: string): boolean {
    const [path = '', name = ''] = lock.split('#');
    const source = this.tree.byPath.get(path);
    if (source === undefined) return false;
    if (name.endsWith('()')) return this.declared.findRoutine(source, name.slice(0, -2)) !== null;
    const [owner = '', member = ''] = name.split('.');
    const of = this.declared.findStructure(source, owner);
    return of !== null && this.declared.findMember(of, member) !== null;
  }

  private said(source: Source, of: ts.ClassDeclaration | null, comment: string): Keeper | null {
    const [, how, names] = UNDER.exec(comment) ?? [];
    if (names === undefined) return null;
    const locks = [...names.matchAll(LOCK)].map((match) => this.named(source, of, match));
    return { locks, writesOnly: how !== 'Under' };
  }

  private named(
    source: Source, of: ts.ClassDeclaration | null,
    [, owner, name = '', call, file]: RegExpExecArray,
  ): string {
    const from = file === undefined ? source
      : this.tree.byPath.get(join(dirname(source.path), file));
    if (from === undefined) return `${name} of ${file ?? ''}`;
    if (call !== undefined) return this.functionsLock(from, name);
    if (owner !== undefined) return `${from.path}#${owner}.${name}`;
    return of === null ? name : nameFor({ source, node: of }, name);
  }

  /** What a call calls, a function or a method; null: nothing that is known. */
  routineOfCall(source: Source, node: ts.CallExpression): { source: Source; node: ts.Node } | null {
    const { expression } = node;
    if (!ts.isPropertyAccessExpression(expression)) {
      return this.findRoutine(source, calleeName(node) ?? '');
    }
    const of = this.declared.structureOf(source, expression.expression);
    const member = of === null ? null : this.declared.findMember(of, expression.name.text);
    return member === null ? null : { source: member.source, node: member.element };
  }

  findRoutine(source: Source, name: string): Routine | null {
    return this.declared.findRoutine(source, name);
  }
}

function nameFor({ source, node }: Structure, name: string): string {
  return `${source.path}#${nameOf(node)}.${name}`;
}

/** The comment before a declaration; empty: it has none. */
export function commentOf({ text }: Source, node: ts.Node): string {
  const last = (ts.getLeadingCommentRanges(text, node.pos) ?? []).at(-1);
  return last === undefined ? '' : text.slice(last.pos, last.end);
}

/** Fields of its own that an accessor touches, or of which it gives the address. */
function fieldsIn(accessor: ts.Node): string[] {
  const found: string[] = [];
  walk(accessor, (node) => {
    if (ts.isStringLiteral(node)) found.push(node.text);
    if (!ts.isPropertyAccessExpression(node)) return;
    if (node.expression.kind === ts.SyntaxKind.ThisKeyword) found.push(node.name.text);
  });
  return found;
}
