/** Historical defects: one site each, no else, and the four things that belong together. */

import ts from 'typescript';
import { fileRule, inKernel } from './rule.js';
import type { Rule } from './rule.js';
import { calleeName, lineOf, lineText, walk } from './source.js';
import type { Source, Tree } from './source.js';

const FAULTS = 'assembly/kb/faults.ts';
/** A quotation of an article's cause is at most this long. */
const QUOTED_WORDS = 8;
/** Lines of a site at most. */
const SITE_LINES = 3;

interface Site {
  readonly source: Source;
  readonly node: ts.CallExpression;
}

function declaredFaults(source: Source): Map<string, ts.EnumMember> {
  const found = new Map<string, ts.EnumMember>();
  walk(source.tree, (node) => {
    if (!ts.isEnumDeclaration(node) || node.name.text !== 'Fault') return;
    for (const member of node.members) {
      if (member.name.getText() !== 'COUNT') found.set(member.name.getText(), member);
    }
  });
  return found;
}

function sitesOf(tree: Tree): Map<string, Site[]> {
  const found = new Map<string, Site[]>();
  for (const source of tree.sources) {
    if (!inKernel(source.path) || source.path === FAULTS) continue;
    walk(source.tree, (node) => {
      if (!ts.isCallExpression(node) || calleeName(node) !== 'faulty') return;
      const name = node.arguments[0]?.getText().replace(/^Fault\./, '') ?? '?';
      found.set(name, [...(found.get(name) ?? []), { source, node }]);
    });
  }
  return found;
}

const four: Rule = {
  name: 'faults',
  check: (tree, report) => {
    const source = tree.byPath.get(FAULTS);
    if (source === undefined) return;
    const sites = sitesOf(tree);
    const declared = declaredFaults(source);
    for (const [name, member] of declared) {
      const file = name.toLowerCase();
      if (!/^Q\d{6}$/.test(name))
        report(source, member, name, 'the number of the article: Q and six digits');
      const places = sites.get(name) ?? [];
      if (places.length === 0)
        report(source, member, `${name} happens nowhere`, 'its site: if (faulty(…)) …');
      for (const extra of places.slice(1)) {
        report(extra.source, extra.node, `a second site of ${name}`, 'one site for each fault');
      }
      for (const path of [`host/kb/${file}.ts`, `test/kb/${file}.test.ts`]) {
        if (!tree.byPath.has(path)) report(source, member, `${name} has no ${path}`, 'that file');
      }
    }
    for (const [name, places] of sites) {
      for (const place of declared.has(name) ? [] : places) {
        report(place.source, place.node, `${name} is not declared`, `a line in ${FAULTS}`);
      }
    }
  },
};

const otherwise: Rule = fileRule('faulty-else', inKernel, (source, report) => {
  const instead = 'the healthy code is what remains when the line is deleted: no else';
  walk(source.tree, (node) => {
    if (ts.isIfStatement(node) && node.elseStatement !== undefined && asks(node.expression)) {
      report(node, 'faulty(…) with an else', instead);
    }
    if (ts.isConditionalExpression(node) && asks(node.condition)) {
      report(node, 'faulty(…) ? … : …', instead);
    }
    if (ts.isPrefixUnaryExpression(node) && calleeName(node.operand) === 'faulty') {
      report(node, '!faulty(…)', instead);
    }
  });
});

function asks(node: ts.Node): boolean {
  let found = false;
  walk(node, (each) => {
    found ||= calleeName(each) === 'faulty';
  });
  return found;
}

const quotation: Rule = fileRule(
  'faulty-site',
  (path) => inKernel(path) && path !== FAULTS,
  (source, report) => {
    walk(source.tree, (node) => {
      if (!ts.isCallExpression(node) || calleeName(node) !== 'faulty') return;
      let statement: ts.Node = node;
      while (!ts.isStatement(statement)) statement = statement.parent;
      const first = lineOf(source, statement);
      const last = source.tree.getLineAndCharacterOfPosition(statement.end).line + 1;
      if (last - first + 1 > SITE_LINES) {
        report(
          node,
          `a site of ${last - first + 1} lines`,
          `${SITE_LINES} lines at most: reshape the healthy code first`,
        );
      }
      const text = Array.from({ length: last - first + 2 }, (_, i) =>
        lineText(source, first - 1 + i),
      );
      const quoted = /\/[/*].*"([^"]+)"/.exec(text.join('\n'))?.[1];
      if (quoted === undefined)
        report(node, 'a defect without its cause', '// "the article\'s words", on the line');
      else if (quoted.trim().split(/\s+/).length > QUOTED_WORDS) {
        report(node, `a quotation of more than ${QUOTED_WORDS} words`, 'fewer of them');
      }
    });
  },
);

export const FAULT_RULES: readonly Rule[] = [four, otherwise, quotation];
