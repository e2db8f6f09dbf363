/** What needs a garbage collector, an exception or a string: none of it in the kernel. */

import ts from 'typescript';
import { fileRule, inKernel } from './rule.js';
import type { Rule } from './rule.js';
import { calleeName, walk } from './source.js';

const MANAGED = new Set([
  'Array',
  'Map',
  'Set',
  'String',
  'Date',
  'RegExp',
  'Promise',
  'Error',
  'ArrayBuffer',
  'DataView',
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Int64Array',
  'Uint64Array',
  'Float32Array',
  'Float64Array',
]);

/** Calls whose string is read by the compiler and never gets into the module. */
const COMPILE_TIME = new Set([
  'ERROR',
  'WARNING',
  'INFO',
  'offsetof',
  'idof',
  'isDefined',
  'nameof',
]);

const isNew: Rule = fileRule('new', inKernel, (source, report) => {
  walk(source.tree, (node) => {
    if (ts.isNewExpression(node)) {
      report(
        node,
        `new ${node.expression.getText()}`,
        'ExAllocate<T>(tag), or a structure in memory.data',
      );
    }
  });
});

/** True for `const X: StaticArray<…> = […]` at the top of a file, and for `memory.data<T>([…])`. */
function isStaticTable(node: ts.ArrayLiteralExpression): boolean {
  let outer: ts.Node = node.parent;
  while (ts.isArrayLiteralExpression(outer)) outer = outer.parent;
  if (ts.isCallExpression(outer)) return outer.expression.getText() === 'memory.data';
  return (
    ts.isVariableDeclaration(outer) &&
    outer.type !== undefined &&
    outer.type.getText().startsWith('StaticArray<') &&
    (outer.parent.flags & ts.NodeFlags.Const) !== 0 &&
    ts.isSourceFile(outer.parent.parent.parent)
  );
}

const arrays: Rule = fileRule('arrays', inKernel, (source, report) => {
  const instead =
    'const X: StaticArray<T> = […] at the top of the file, or a list in memory of your own';
  walk(source.tree, (node) => {
    if (ts.isArrayTypeNode(node)) report(node, `the type ${node.getText()}`, instead);
    if (ts.isArrayLiteralExpression(node) && !isStaticTable(node))
      report(node, 'an array literal', instead);
    if (ts.isSpreadElement(node)) report(node, 'a spread', instead);
    if (ts.isTypeReferenceNode(node) && MANAGED.has(node.typeName.getText())) {
      report(node, `the type ${node.typeName.getText()}`, instead);
    }
    if (ts.isObjectLiteralExpression(node))
      report(node, 'an object literal', 'an @unmanaged class');
  });
});

function isHarmlessString(node: ts.Node): boolean {
  let outer: ts.Node = node.parent;
  while (ts.isBinaryExpression(outer) || ts.isParenthesizedExpression(outer)) outer = outer.parent;
  if (ts.isImportDeclaration(outer) || ts.isExportDeclaration(outer)) return true;
  if (ts.isExternalModuleReference(outer) || ts.isModuleDeclaration(outer)) return true;
  return (
    ts.isCallExpression(outer) &&
    (COMPILE_TIME.has(calleeName(outer) ?? '') || ts.isDecorator(outer.parent))
  );
}

const strings: Rule = fileRule('strings', inKernel, (source, report) => {
  walk(source.tree, (node) => {
    if (ts.isStringLiteral(node) && !isHarmlessString(node)) {
      report(node, `the string ${node.getText()}`, 'an enum; the host has the words');
    }
    if (node.kind === ts.SyntaxKind.StringKeyword) {
      report(node, 'the type string', 'an enum, or a counted string of nt/string.ts');
    }
    if (ts.isTemplateExpression(node) || ts.isNoSubstitutionTemplateLiteral(node)) {
      report(node, 'a template', 'trace() with numbers; the host has the words');
    }
  });
});

const exceptions: Rule = fileRule('exceptions', inKernel, (source, report) => {
  walk(source.tree, (node) => {
    if (ts.isThrowStatement(node)) report(node, 'throw', 'an NTSTATUS, or KeBugCheckEx');
    if (ts.isTryStatement(node)) report(node, 'try', 'an NTSTATUS, all the way up');
    if (calleeName(node) === 'assert')
      report(node, 'assert', 'a must… function of vf/, or KeBugCheckEx');
    if (calleeName(node) === 'abort') report(node, 'abort', 'KeBugCheckEx');
  });
});

export const MANAGED_RULES: readonly Rule[] = [isNew, arrays, strings, exceptions];
