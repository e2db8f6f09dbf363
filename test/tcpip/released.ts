/** Which releases a test is about, as its text says. */

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { ROOT } from '../../host/cli/child.js';

/** What a test file has: its tests by their titles, and what it declares by name. */
interface Text {
  readonly tests: ReadonlyMap<string, ts.Node>;
  readonly declared: ReadonlyMap<string, ts.Node>;
}

const read = new Map<string, Text>();
const WIRESIDE = 'test/wireside/';

/** The titles of a file's tests, as they stand there. */
export function titlesOf(file: string): string[] {
  return [...textOf(file).tests.keys()];
}

/**
 * Whether the test says `release` as a word of its own: it, the loops that it stands in, or
 * whatever it makes use of.
 */
export function isAbout(file: string, title: string, release: string): boolean {
  const { tests, declared } = textOf(file);
  const test = tests.get(title);
  if (test === undefined) return false;
  const waiting = [test, ...loopsAround(test)];
  const seen = new Set(waiting);
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    let found = false;
    const visit = (child: ts.Node): void => {
      if (ts.isStringLiteralLike(child) && child.text === release) found = true;
      const used = ts.isIdentifier(child) ? declared.get(child.text) : undefined;
      if (used !== undefined && !seen.has(used)) {
        seen.add(used);
        waiting.push(used);
      }
      ts.forEachChild(child, visit);
    };
    visit(node);
    if (found) return true;
  }
  return false;
}

/** What the loops go through in which a test is made. */
function loopsAround(test: ts.Node): ts.Node[] {
  const loops: ts.Node[] = [];
  for (let node = test.parent; node !== undefined; node = node.parent) {
    if (ts.isForOfStatement(node)) loops.push(node.expression);
  }
  return loops;
}

function textOf(file: string): Text {
  const known = read.get(file);
  if (known !== undefined) return known;
  const source = ts.createSourceFile(
    file, readFileSync(join(ROOT, file), 'utf8'), ts.ScriptTarget.Latest, true,
  );
  const tests = new Map<string, ts.Node>();
  const declared = new Map<string, ts.Node>();
  for (const statement of source.statements) {
    if (ts.isImportDeclaration(statement)) readImports(file, statement, declared);
    else if (ts.isFunctionDeclaration(statement) && statement.name !== undefined) {
      declared.set(statement.name.text, statement);
    } else if (ts.isVariableStatement(statement)) {
      for (const each of statement.declarationList.declarations) {
        if (ts.isIdentifier(each.name)) declared.set(each.name.text, each);
      }
    }
  }
  const visit = (node: ts.Node): void => {
    const title = titleOf(node, source);
    if (title !== undefined) tests.set(title, node);
    ts.forEachChild(node, visit);
  };
  visit(source);
  const text = { tests, declared };
  read.set(file, text);
  return text;
}

/** What a test takes from the tests' own machines, which lie beside no code of the project. */
function readImports(
  file: string, statement: ts.ImportDeclaration, declared: Map<string, ts.Node>,
): void {
  const { moduleSpecifier, importClause } = statement;
  const named = importClause?.namedBindings;
  if (!ts.isStringLiteral(moduleSpecifier) || named === undefined) return;
  if (!moduleSpecifier.text.startsWith('.')) return;
  const path = join(dirname(file), moduleSpecifier.text).replace(/\.js$/, '.ts');
  if (!path.startsWith(WIRESIDE) || !ts.isNamedImports(named)) return;
  for (const { name } of named.elements) {
    const node = textOf(path).declared.get(name.text);
    if (node !== undefined) declared.set(name.text, node);
  }
}

/** The title of a call of `it`, as it stands there. */
function titleOf(node: ts.Node, source: ts.SourceFile): string | undefined {
  if (!ts.isCallExpression(node) || node.expression.getText(source) !== 'it') return undefined;
  const [first] = node.arguments;
  if (first === undefined) return undefined;
  if (ts.isStringLiteralLike(first)) return first.text;
  return ts.isTemplateExpression(first) ? first.getText(source).slice(1, -1) : undefined;
}
