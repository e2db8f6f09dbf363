/**
 * What the kernel's sources declare: classes with their members, functions with what they give and
 * which locks they need, and of an expression the structure that it is. AssemblyScript has every
 * type written out where a function begins, so that names alone are enough.
 */

import ts from 'typescript';
import { importsOf, nameOf } from './source.js';
import type { Source, Tree } from './source.js';

/** A member of a structure: a field, or an accessor. */
export interface Member {
  readonly element: ts.ClassElement;
  /** The name of its type; empty where it has none. */
  readonly type: string;
  /** The comment that heads its group of fields, without `//`; empty: it has none. */
  readonly group: string;
}

/** A declaration, and where it stands. */
export interface Declared<Node> {
  readonly source: Source;
  readonly node: Node;
}

export type Structure = Declared<ts.ClassDeclaration>;
export type Routine = Declared<ts.FunctionDeclaration>;

/** What one file declares, by name. */
interface Names {
  readonly classes: ReadonlyMap<string, ts.ClassDeclaration>;
  readonly functions: ReadonlyMap<string, ts.FunctionDeclaration>;
  readonly imported: ReadonlyMap<string, string>;
}

const known = new WeakMap<Source, Names>();
const membersOf = new WeakMap<ts.ClassDeclaration, ReadonlyMap<string, Member>>();
/** What gives its type argument. */
const GIVES_ITS_TYPE = /^(at|changetype|containing|parametersOf|ExAllocate)$/;
/** A structure is not nested deeper in others. */
const DEPTH = 12;

function namesOf(source: Source): Names {
  const before = known.get(source);
  if (before !== undefined) return before;
  const classes = new Map<string, ts.ClassDeclaration>();
  const functions = new Map<string, ts.FunctionDeclaration>();
  for (const node of source.tree.statements) {
    if (ts.isClassDeclaration(node)) classes.set(nameOf(node), node);
    else if (ts.isFunctionDeclaration(node)) functions.set(nameOf(node), node);
  }
  const imported = new Map(importsOf(source).flatMap(({ target, names }) =>
    target === undefined ? [] : names.map((name): [string, string] => [name, target])));
  const names = { classes, functions, imported };
  known.set(source, names);
  return names;
}

/** The declarations of a tree: what is asked is answered from any of its files. */
export class Declarations {
  constructor(private readonly tree: Tree) {}

  findStructure(source: Source, name: string): Structure | null {
    const names = namesOf(source);
    const node = names.classes.get(name);
    if (node !== undefined) return { source, node };
    const from = this.tree.byPath.get(names.imported.get(name) ?? '');
    const there = from === undefined ? undefined : namesOf(from).classes.get(name);
    return from === undefined || there === undefined ? null : { source: from, node: there };
  }

  findRoutine(source: Source, name: string): Routine | null {
    const names = namesOf(source);
    const node = names.functions.get(name);
    if (node !== undefined) return { source, node };
    const from = this.tree.byPath.get(names.imported.get(name) ?? '');
    const there = from === undefined ? undefined : namesOf(from).functions.get(name);
    return from === undefined || there === undefined ? null : { source: from, node: there };
  }

  /** The structure or its ancestor that has the member, and the member. */
  findMember(of: Structure, name: string): (Structure & Member) | null {
    let now: Structure | null = of;
    for (let depth = 0; now !== null && depth < DEPTH; depth++) {
      const member = readMembers(now).get(name);
      if (member !== undefined) return { ...member, source: now.source, node: now.node };
      const base: string = now.node.heritageClauses?.[0]?.types[0]?.expression.getText() ?? '';
      now = this.findStructure(now.source, base);
    }
    return null;
  }

  /** The structure that `node` is, or null. */
  structureOf(source: Source, node: ts.Expression, depth = 0): Structure | null {
    if (depth > DEPTH) return null;
    const again = (each: ts.Expression): Structure | null =>
      this.structureOf(source, each, depth + 1);
    if (ts.isParenthesizedExpression(node) || ts.isNonNullExpression(node)) {
      return again(node.expression);
    }
    if (ts.isConditionalExpression(node)) return again(node.whenTrue) ?? again(node.whenFalse);
    if (node.kind === ts.SyntaxKind.ThisKeyword) return enclosingClass(source, node);
    if (ts.isIdentifier(node)) {
      const declared = declarationOf(node);
      if (declared === null) return null;
      if (declared.type !== undefined) return this.named(source, declared.type);
      return declared.initializer === undefined ? null : again(declared.initializer);
    }
    if (ts.isPropertyAccessExpression(node)) {
      const of = again(node.expression);
      const member = of === null ? null : this.findMember(of, node.name.text);
      return member === null ? null : this.findStructure(member.source, member.type);
    }
    return ts.isCallExpression(node) ? this.given(source, node) : null;
  }

  private named(source: Source, type: ts.TypeNode): Structure | null {
    return this.findStructure(source, baseName(type));
  }

  private given(source: Source, { expression, typeArguments }: ts.CallExpression):
    Structure | null {
    const type = typeArguments?.[0];
    if (ts.isIdentifier(expression)) {
      if (type !== undefined && GIVES_ITS_TYPE.test(expression.text)) {
        return this.named(source, type);
      }
      const routine = this.findRoutine(source, expression.text);
      const gives = routine?.node.type;
      return routine === null || gives === undefined ? null : this.named(routine.source, gives);
    }
    if (!ts.isPropertyAccessExpression(expression)) return null;
    const of = this.findStructure(source, expression.expression.getText());
    const member = of === null ? null : this.findMember(of, expression.name.text);
    return member === null ? null : this.findStructure(member.source, member.type);
  }
}

function readMembers({ source, node }: Structure): ReadonlyMap<string, Member> {
  const before = membersOf.get(node);
  if (before !== undefined) return before;
  const members = new Map<string, Member>();
  let group = '';
  for (const each of node.members) {
    const typed = ts.isPropertyDeclaration(each) || ts.isGetAccessor(each)
      || ts.isMethodDeclaration(each) ? each.type : undefined;
    const type = typed === undefined ? '' : baseName(typed);
    if (!ts.isPropertyDeclaration(each)) group = '';
    else group = headOf(source, each) ?? group;
    const name = each.name?.getText() ?? '';
    // Of an accessor's two halves, the first is as good as the second.
    if (!members.has(name)) members.set(name, { element: each, type, group });
  }
  membersOf.set(node, members);
  return members;
}

/** The comment of one line that heads a group of fields; null: the group goes on. */
function headOf({ text }: Source, node: ts.Node): string | null {
  const heads = (ts.getLeadingCommentRanges(text, node.pos) ?? [])
    .map(({ pos, end }) => text.slice(pos, end))
    .filter((comment) => comment.startsWith('//') && comment.endsWith(':'));
  return heads.at(-1)?.slice(2).trim() ?? null;
}

function baseName(type: ts.TypeNode): string {
  return type.getText().replace(/\s*\|\s*null$/, '');
}

function enclosingClass(source: Source, node: ts.Node): Structure | null {
  for (let outer = node.parent; !ts.isSourceFile(outer); outer = outer.parent) {
    if (ts.isClassDeclaration(outer)) return { source, node: outer };
  }
  return null;
}

/** The parameter or variable that `name` is, from the nearest block outwards; or null. */
export function declarationOf(
  name: ts.Identifier,
): ts.ParameterDeclaration | ts.VariableDeclaration | null {
  const isIt = (each: ts.Declaration): boolean => nameOf(each) === name.text;
  for (let outer: ts.Node = name; !ts.isSourceFile(outer); outer = outer.parent) {
    if (ts.isFunctionLike(outer)) {
      const parameter = outer.parameters.find(isIt);
      if (parameter !== undefined) return parameter;
    }
    const around = outer.parent;
    const lists = ts.isForStatement(around) && around.initializer !== undefined
      && ts.isVariableDeclarationList(around.initializer) ? [around.initializer]
      : statementsOf(around).flatMap((each) =>
        ts.isVariableStatement(each) ? [each.declarationList] : []);
    const variable = lists.flatMap(({ declarations }) => declarations).find(isIt);
    if (variable !== undefined) return variable;
  }
  return null;
}

function statementsOf(node: ts.Node): readonly ts.Statement[] {
  return ts.isBlock(node) || ts.isSourceFile(node) || ts.isCaseOrDefaultClause(node)
    ? [...node.statements] : [];
}
