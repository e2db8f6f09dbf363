/** The sources as the rules see them: text, lines, a syntax tree, and who imports whom. */

import { readFileSync, readdirSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import ts from 'typescript';

/** One file. */
export interface Source {
  /** From the project's folder, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  readonly tree: ts.SourceFile;
}

/** All files that are judged together. */
export interface Tree {
  readonly sources: readonly Source[];
  /** By path. */
  readonly byPath: ReadonlyMap<string, Source>;
}

/** One `import … from` or `export … from`. */
export interface Import {
  readonly node: ts.Node;
  readonly specifier: string;
  /** The file meant, from the project's folder; undefined for a package. */
  readonly target: string | undefined;
  /** Names as the target exports them; `*` for all of it. */
  readonly names: readonly string[];
  readonly typeOnly: boolean;
  /** True for `export … from`. */
  readonly reexport: boolean;
}

export function parseSource(path: string, text: string): Source {
  return {
    path,
    text,
    lines: text.split('\n'),
    tree: ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true),
  };
}

export function treeOf(sources: readonly Source[]): Tree {
  return { sources, byPath: new Map(sources.map((source) => [source.path, source])) };
}

/** Every TypeScript file below `folders` of `root`, in the order of their paths. */
export function readTree(root: string, folders: readonly string[]): Tree {
  const paths = folders.flatMap((folder) =>
    readdirSync(join(root, folder), {
      recursive: true,
      withFileTypes: true,
    })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
      .filter((path) => !path.startsWith('test/fixtures/')),
  );
  return treeOf(
    paths.sort().map((path) => parseSource(path, readFileSync(join(root, path), 'utf8'))),
  );
}

/** Calls `visit` for `node` and everything below it, in the order of the text. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** The line where `node` begins, its comments not counted; from 1. */
export function lineOf(source: Source, node: ts.Node): number {
  return source.tree.getLineAndCharacterOfPosition(node.getStart(source.tree)).line + 1;
}

/** The text of line `line`, from 1. */
export function lineText(source: Source, line: number): string {
  return source.lines[line - 1] ?? '';
}

/** The name that a call calls, where it calls a name: `f(…)` → f; `a.f(…)` → undefined. */
export function calleeName(node: ts.Node): string | undefined {
  return ts.isCallExpression(node) && ts.isIdentifier(node.expression)
    ? node.expression.text
    : undefined;
}

/** The same, of a method too. */
export function calledName(node: ts.Node): string | undefined {
  return ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)
    ? node.expression.name.text : calleeName(node);
}

/** The name of a declaration; empty where it has none. */
export function nameOf(node: ts.Node): string {
  const name = ts.getNameOfDeclaration(node as ts.Declaration);
  if (name !== undefined && (ts.isIdentifier(name) || ts.isPrivateIdentifier(name))) {
    return name.text;
  }
  const parent = node.parent as ts.Node | undefined;
  return parent !== undefined && ts.isVariableDeclaration(parent) && ts.isIdentifier(parent.name)
    ? parent.name.text
    : '';
}

/** True where a modifier of `kind` stands before `node`. */
export function hasModifier(node: ts.Node, kind: ts.SyntaxKind): boolean {
  return (
    ts.canHaveModifiers(node) &&
    (ts.getModifiers(node) ?? []).some((modifier) => modifier.kind === kind)
  );
}

export function isExported(node: ts.Node): boolean {
  return hasModifier(node, ts.SyntaxKind.ExportKeyword);
}

/** Functions, methods, accessors, arrows: all that has a body of its own. */
export function isFunctionWithBody(
  node: ts.Node,
): node is ts.FunctionLikeDeclaration & { body: ts.ConciseBody } {
  return ts.isFunctionLike(node) && 'body' in node && node.body !== undefined;
}

function resolveImport(path: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const joined = posix.join(posix.dirname(path), specifier).replace(/\.js$/, '');
  return joined.endsWith('.ts') ? joined : `${joined}.ts`;
}

function namesOfImport(clause: ts.ImportClause | undefined): string[] {
  if (clause === undefined) return [];
  const names = clause.name === undefined ? [] : ['default'];
  const bindings = clause.namedBindings;
  if (bindings === undefined) return names;
  if (ts.isNamespaceImport(bindings)) return [...names, '*'];
  return [...names, ...bindings.elements.map((each) => (each.propertyName ?? each.name).text)];
}

function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const bindings = clause.namedBindings;
  return (
    clause.name === undefined &&
    bindings !== undefined &&
    ts.isNamedImports(bindings) &&
    bindings.elements.length > 0 &&
    bindings.elements.every((each) => each.isTypeOnly)
  );
}

/** What `source` imports, `import('…')` with a literal among it. */
export function importsOf(source: Source): Import[] {
  const found: Import[] = [];
  const add = (
    node: ts.Node,
    specifier: string,
    rest: Pick<Import, 'names' | 'typeOnly' | 'reexport'>,
  ) => found.push({ node, specifier, target: resolveImport(source.path, specifier), ...rest });
  walk(source.tree, (node) => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      add(node, node.moduleSpecifier.text, {
        names: namesOfImport(node.importClause),
        typeOnly: isTypeOnly(node.importClause),
        reexport: false,
      });
    } else if (
      ts.isExportDeclaration(node) &&
      node.moduleSpecifier !== undefined &&
      ts.isStringLiteral(node.moduleSpecifier)
    ) {
      const clause = node.exportClause;
      add(node, node.moduleSpecifier.text, {
        names:
          clause !== undefined && ts.isNamedExports(clause)
            ? clause.elements.map((each) => (each.propertyName ?? each.name).text)
            : ['*'],
        typeOnly: node.isTypeOnly,
        reexport: true,
      });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const argument = node.arguments[0];
      if (argument !== undefined && ts.isStringLiteral(argument)) {
        add(node, argument.text, { names: ['*'], typeOnly: false, reexport: false });
      }
    } else if (
      ts.isImportTypeNode(node) &&
      ts.isLiteralTypeNode(node.argument) &&
      ts.isStringLiteral(node.argument.literal)
    ) {
      add(node, node.argument.literal.text, { names: ['*'], typeOnly: true, reexport: false });
    }
  });
  return found;
}
