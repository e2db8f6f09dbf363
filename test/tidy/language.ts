/** What the kernel's language allows and gets wrong, or allows and nobody needs. */

import ts from 'typescript';
import { fileRule, inKernel } from './rule.js';
import type { Rule } from './rule.js';
import { calleeName, hasModifier, isFunctionWithBody, walk } from './source.js';

const WORDS = new Set([
  'i8',
  'u8',
  'i16',
  'u16',
  'i32',
  'u32',
  'i64',
  'u64',
  'isize',
  'usize',
  'f32',
  'f64',
  'bool',
  'v128',
  'T',
]);
const SMALL = new Set(['u8', 'u16', 'i8', 'i16']);
const READS_SMALL = new Set(['load']);

const nonNull: Rule = fileRule('non-null', inKernel, (source, report) => {
  const instead = 'a test for null, or a default: ! adds a hidden check and a string';
  walk(source.tree, (node) => {
    if (ts.isNonNullExpression(node)) report(node, node.getText(), instead);
    if (ts.isPropertyDeclaration(node) && node.exclamationToken !== undefined) {
      report(node, `${node.name.getText()}!`, instead);
    }
    if (ts.isVariableDeclaration(node) && node.exclamationToken !== undefined) {
      report(node, `${node.name.getText()}!`, instead);
    }
  });
});

const structures: Rule = fileRule('structures', inKernel, (source, report) => {
  const classes = new Map<string, ts.ClassDeclaration>();
  walk(source.tree, (node) => {
    if (ts.isClassDeclaration(node) && node.name !== undefined) classes.set(node.name.text, node);
  });
  walk(source.tree, (node) => {
    if (ts.isInterfaceDeclaration(node)) {
      report(node, `interface ${node.name.text}`, 'function-typed fields');
    }
    if (ts.isHeritageClause(node) && node.token === ts.SyntaxKind.ImplementsKeyword) {
      report(node, node.getText(), 'function-typed fields: an unmanaged class has no interfaces');
    }
    if (ts.isMethodDeclaration(node) && hasModifier(node, ts.SyntaxKind.OverrideKeyword)) {
      report(
        node,
        `override ${node.name.getText()}`,
        'a function-typed field: the call would read a class id that is not there',
      );
    } else if (ts.isMethodDeclaration(node) && overrides(node, classes)) {
      report(
        node,
        `${node.name.getText()} overrides`,
        'a function-typed field: the call would read a class id that is not there',
      );
    }
    if (ts.isClassDeclaration(node) && !hasUnmanaged(node)) {
      report(
        node,
        `class ${node.name?.text ?? ''} without @unmanaged`,
        '@unmanaged before export class',
      );
    }
  });
});

function hasUnmanaged(node: ts.ClassDeclaration): boolean {
  return (ts.getDecorators(node) ?? []).some((each) => each.expression.getText() === 'unmanaged');
}

function overrides(node: ts.MethodDeclaration, classes: Map<string, ts.ClassDeclaration>): boolean {
  if (!ts.isClassDeclaration(node.parent) || hasModifier(node, ts.SyntaxKind.StaticKeyword))
    return false;
  let base = baseOf(node.parent, classes);
  for (let depth = 0; base !== undefined && depth < 16; depth++) {
    if (
      base.members.some(
        (each) => ts.isMethodDeclaration(each) && each.name.getText() === node.name.getText(),
      )
    )
      return true;
    base = baseOf(base, classes);
  }
  return false;
}

function baseOf(
  node: ts.ClassDeclaration,
  classes: Map<string, ts.ClassDeclaration>,
): ts.ClassDeclaration | undefined {
  const clause = node.heritageClauses?.find((each) => each.token === ts.SyntaxKind.ExtendsKeyword);
  return classes.get(clause?.types[0]?.expression.getText() ?? '');
}

const sizeOf: Rule = fileRule('sizeof', inKernel, (source, report) => {
  walk(source.tree, (node) => {
    if (!ts.isCallExpression(node) || calleeName(node) !== 'sizeof') return;
    const type = node.typeArguments?.[0]?.getText() ?? '';
    if (!WORDS.has(type)) {
      report(
        node,
        `sizeof<${type}>()`,
        `offsetof<${type}>(): sizeof of a structure is the size of a pointer`,
      );
    }
  });
});

const compilerWords: Rule = fileRule('compiler-words', inKernel, (source, report) => {
  source.lines.forEach((line, index) => {
    if (/@ts-(ignore|nocheck|expect-error)/.test(line)) {
      report(index + 1, '@ts-ignore', 'code that both compilers accept');
    }
  });
  walk(source.tree, (node) => {
    if (ts.isDecorator(node) && node.expression.getText() !== 'unmanaged') {
      report(
        node,
        node.getText(),
        'nothing: the optimizer inlines, and only @unmanaged is allowed',
      );
    }
    if (node.kind === ts.SyntaxKind.AnyKeyword) report(node, 'any', 'the type that it is');
    if (calleeName(node) === 'unchecked')
      report(node, 'unchecked()', 'the plain access: the free build does not check');
  });
});

const negativeEnum: Rule = fileRule('negative-enum', inKernel, (source, report) => {
  walk(source.tree, (node) => {
    if (!ts.isEnumDeclaration(node)) return;
    node.members.forEach((member, index) => {
      const before = node.members[index - 1];
      if (
        member.initializer === undefined &&
        before?.initializer !== undefined &&
        ts.isPrefixUnaryExpression(before.initializer) &&
        before.initializer.operator === ts.SyntaxKind.MinusToken
      ) {
        report(
          member,
          `${member.name.getText()} after a negative value`,
          'its value, written out: the compiler crashes',
        );
      }
    });
  });
});

/** True where the value surely is 8 or 16 bits wide: a cast, a load, a local declared so. */
function isSmall(node: ts.Expression, locals: ReadonlySet<string>): boolean {
  if (ts.isParenthesizedExpression(node)) return isSmall(node.expression, locals);
  if (ts.isTypeAssertionExpression(node)) return SMALL.has(node.type.getText());
  if (ts.isAsExpression(node)) return SMALL.has(node.type.getText());
  if (ts.isIdentifier(node)) return locals.has(node.text);
  if (ts.isCallExpression(node) && READS_SMALL.has(calleeName(node) ?? '')) {
    return SMALL.has(node.typeArguments?.[0]?.getText() ?? '') && node.typeArguments?.length === 1;
  }
  return (
    ts.isBinaryExpression(node) &&
    isArithmetic(node.operatorToken.kind) &&
    isSmall(node.left, locals) &&
    (isSmall(node.right, locals) || ts.isNumericLiteral(node.right))
  );
}

function isArithmetic(kind: ts.SyntaxKind): boolean {
  return (
    kind === ts.SyntaxKind.PlusToken ||
    kind === ts.SyntaxKind.MinusToken ||
    kind === ts.SyntaxKind.AsteriskToken ||
    kind === ts.SyntaxKind.AmpersandToken ||
    kind === ts.SyntaxKind.BarToken
  );
}

const narrow: Rule = fileRule('narrow', inKernel, (source, report) => {
  const instead = 'widen first: <u32>x, for small integers wrap and are shifted modulo their width';
  walk(source.tree, (node) => {
    if (!isFunctionWithBody(node)) return;
    const locals = new Set<string>();
    walk(node, (each) => {
      if (
        (ts.isParameter(each) || ts.isVariableDeclaration(each)) &&
        ts.isIdentifier(each.name) &&
        SMALL.has(each.type?.getText() ?? '')
      )
        locals.add(each.name.text);
    });
    walk(node.body, (each) => {
      if (!ts.isBinaryExpression(each) || !isSmall(each.left, locals)) return;
      const kind = each.operatorToken.kind;
      const wraps =
        kind === ts.SyntaxKind.LessThanLessThanToken ||
        ((kind === ts.SyntaxKind.PlusToken || kind === ts.SyntaxKind.AsteriskToken) &&
          (isSmall(each.right, locals) || ts.isNumericLiteral(each.right)));
      if (wraps) report(each, each.getText(), instead);
    });
  });
});

export const LANGUAGE_RULES: readonly Rule[] = [
  nonNull,
  structures,
  sizeOf,
  compilerWords,
  negativeEnum,
  narrow,
];
