/** What nobody uses: exports that no other file names, and files that nothing reaches. */

import ts from 'typescript';
import { inKernel } from './rule.js';
import type { Rule } from './rule.js';
import { hasModifier, importsOf, isExported, nameOf, walk } from './source.js';
import type { Source, Tree } from './source.js';

/** Files that something outside the sources starts or reads; tests start nothing that ships. */
const ENTRIES = [
  /^assembly\/(index|host|layout|no-runtime|explored|(ke|ex)\/index)\.ts$/,
  /^host\/(index|verifier|vitest)\.ts$/,
  /^host\/cli\/(main|build|check|documents)\.ts$/,
  /^host\/web\/(main|worker)\.ts$/,
  /^bench\//,
];

function isEntry(path: string): boolean {
  return ENTRIES.some((entry) => entry.test(path));
}

/** What other files use of each file; `*` for all of it. */
function usesOf(tree: Tree): Map<string, Set<string>> {
  const used = new Map<string, Set<string>>();
  for (const source of tree.sources) {
    for (const each of importsOf(source)) {
      if (each.target === undefined) continue;
      const names = used.get(each.target) ?? new Set<string>();
      for (const name of each.names) names.add(name);
      used.set(each.target, names);
    }
  }
  return used;
}

function exportedNames(source: Source): [string, ts.Node][] {
  return source.tree.statements.flatMap((node): [string, ts.Node][] => {
    if (!isExported(node) || hasModifier(node, ts.SyntaxKind.DeclareKeyword)) return [];
    // A type may be what an exported function takes or gives.
    if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return [];
    if (ts.isVariableStatement(node)) {
      return node.declarationList.declarations.map((each) => [each.name.getText(), each]);
    }
    return [[nameOf(node), node]];
  });
}

function isNamedBesides(source: Source, name: string, node: ts.Node): boolean {
  let found = false;
  walk(source.tree, (each) => {
    if (ts.isIdentifier(each) && each.text === name && each.parent !== node) found = true;
  });
  return found;
}

const exported: Rule = {
  name: 'unused-export',
  check: (tree, report) => {
    const used = usesOf(tree);
    for (const source of tree.sources) {
      if (isEntry(source.path) || source.path.endsWith('.d.ts')) continue;
      if (!/^(assembly|host)\//.test(source.path)) continue;
      const names = used.get(source.path) ?? new Set<string>();
      if (names.has('*')) continue;
      for (const [name, node] of exportedNames(source)) {
        if (names.has(name)) continue;
        const inside = isNamedBesides(source, name, node);
        if (inside && mayStay(source, name, node)) continue;
        report(
          source,
          node,
          `${name} is used by no other file`,
          inside ? 'the same without export' : 'nothing, or the code that needs it',
        );
      }
    }
  },
};

/** Used where it is declared: a limit that people read, a structure, a routine of the DDK. */
function mayStay(source: Source, name: string, node: ts.Node): boolean {
  if (!ts.isFunctionDeclaration(node)) return true;
  return inKernel(source.path) && /^[A-Z]/.test(name);
}

const files: Rule = {
  name: 'dead-file',
  check: (tree, report) => {
    const reached = new Set<string>();
    const queue = tree.sources.filter((source) => isEntry(source.path));
    for (let source = queue.pop(); source !== undefined; source = queue.pop()) {
      if (reached.has(source.path)) continue;
      reached.add(source.path);
      for (const each of importsOf(source)) {
        const target = each.target === undefined ? undefined : tree.byPath.get(each.target);
        if (target !== undefined) queue.push(target);
      }
    }
    for (const source of tree.sources) {
      if (!/^(assembly|host)\//.test(source.path) || source.path.endsWith('.d.ts')) continue;
      if (!reached.has(source.path))
        report(source, 1, 'nothing reaches this file', 'an import of it, or no file');
    }
  },
};

export const UNUSED_RULES: readonly Rule[] = [exported, files];
