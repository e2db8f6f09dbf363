/** The laws of the host: virtual time, seeded chance, no addresses, and plain modules. */

import ts from 'typescript';
import { fileRule, inHost } from './rule.js';
import type { Rule } from './rule.js';
import { folderOf } from './imports.js';
import { calledName, calleeName, hasModifier, importsOf, nameOf, walk } from './source.js';
import type { Source } from './source.js';

const CLOCKS = new Set([
  'Date.now',
  'performance.now',
  'performance.timeOrigin',
  'Math.random',
  'process.hrtime',
  'crypto.randomUUID',
  'crypto.getRandomValues',
  'process.uptime',
]);
const TIMERS = new Set(['setTimeout', 'setInterval', 'setImmediate']);

/** `performance.now` for `globalThis.performance.now` too. */
function memberName(node: ts.Node): string {
  return ts.isPropertyAccessExpression(node)
    ? node
        .getText()
        .replaceAll(/\s|\?/g, '')
        .replace(/^(globalThis|window|self)\./, '')
    : '';
}

const clock: Rule = fileRule(
  'virtual-time',
  (path) => inHost(path) && !/^host\/(machine|cli)\//.test(path),
  (source, report) => {
    walk(source.tree, (node) => {
      if (CLOCKS.has(memberName(node))) {
        report(node, memberName(node), "the machine's clock, or a stream of machine/random.ts");
      }
      if (
        ts.isNewExpression(node) &&
        node.expression.getText() === 'Date' &&
        (node.arguments?.length ?? 0) === 0
      ) {
        report(node, 'new Date()', "the machine's clock");
      }
      if (ts.isIdentifier(node) && TIMERS.has(node.text) && !ts.isPropertyAssignment(node.parent)) {
        report(node, node.text, "an event on the machine's clock");
      }
    });
  },
);

const consoles: Rule = fileRule(
  'console',
  (path) => inHost(path) && !/^host\/(cli|web)\//.test(path),
  (source, report) => {
    walk(source.tree, (node) => {
      if (ts.isPropertyAccessExpression(node) && node.expression.getText() === 'console') {
        report(node, node.getText(), 'a value returned, or a callback: cli/ prints');
      }
    });
  },
);

const memory: Rule = fileRule(
  'linear-memory',
  (path) => inHost(path) && folderOf(path) !== 'kernel',
  (source, report) => {
    const instead = 'a function of host/kernel/, the only folder that knows addresses';
    walk(source.tree, (node) => {
      if (
        ts.isPropertyAccessExpression(node) &&
        node.name.text === 'buffer' &&
        /memory$/i.test(node.expression.getText())
      )
        report(node, node.getText(), instead);
      if (memberName(node) === 'WebAssembly.Memory') report(node, 'WebAssembly.Memory', instead);
    });
  },
);

const small: Rule = fileRule('one-method-class', inHost, (source, report) => {
  walk(source.tree, (node) => {
    if (
      !ts.isClassLike(node) ||
      (node.heritageClauses ?? []).some((each) => each.token === ts.SyntaxKind.ExtendsKeyword)
    )
      return;
    const methods = node.members.filter(
      (each) => ts.isMethodDeclaration(each) || ts.isAccessor(each),
    );
    if (methods.length === 1) report(node, `class ${nameOf(node)} has one method`, 'a function');
  });
});

const defaults: Rule = fileRule('default-export', inHost, (source, report) => {
  for (const node of source.tree.statements) {
    if (ts.isExportAssignment(node) || hasModifier(node, ts.SyntaxKind.DefaultKeyword)) {
      report(node, 'a default export', 'export with a name');
    }
  }
});

const barrels: Rule = fileRule(
  'barrel',
  (path) => inHost(path) && !/^host\/(verifier|([a-z]+\/)?index)\.ts$/.test(path),
  (source, report) => {
    const statements = source.tree.statements;
    if (
      statements.length > 0 &&
      statements.every((each) => ts.isExportDeclaration(each) && each.moduleSpecifier !== undefined)
    ) {
      report(1, 'a file that only passes others on', 'imports from the files themselves');
    }
  },
);

const inheritance: Rule = {
  name: 'inheritance',
  check: (tree, report) => {
    const bases = new Map<string, string>();
    const places: [Source, ts.ClassLikeDeclaration][] = [];
    for (const source of tree.sources.filter((each) => inHost(each.path))) {
      walk(source.tree, (node) => {
        if (!ts.isClassLike(node)) return;
        const base = baseName(node);
        if (base !== undefined) bases.set(nameOf(node), base);
        places.push([source, node]);
      });
    }
    for (const [source, node] of places) {
      const base = baseName(node);
      if (base !== undefined && bases.has(base)) {
        report(
          source,
          node,
          `${nameOf(node)} → ${base} → ${bases.get(base)}`,
          'one level: hold the other instead',
        );
      }
    }
  },
};

function baseName(node: ts.ClassLikeDeclaration): string | undefined {
  return node.heritageClauses
    ?.find((each) => each.token === ts.SyntaxKind.ExtendsKeyword)
    ?.types[0]?.expression.getText();
}

const enums: Rule = {
  name: 'enum-twice',
  check: (tree, report) => {
    const first = new Map<string, Source>();
    for (const source of tree.sources) {
      if (!/^(assembly|host)\//.test(source.path)) continue;
      for (const node of source.tree.statements) {
        if (!ts.isEnumDeclaration(node)) continue;
        // Enums of one file's own may have the same name in two files of the kernel: `Field`.
        const shared = hasModifier(node, ts.SyntaxKind.ExportKeyword) || inHost(source.path);
        if (!shared) continue;
        const other = first.get(node.name.text);
        if (other === undefined) first.set(node.name.text, source);
        else
          report(
            source,
            node,
            `enum ${node.name.text} is in ${other.path} too`,
            "one of them; the host reads the kernel's",
          );
      }
    }
  },
};

/** What a detector may use of the kernel's boundary: eyes, no hands. */
const EYES = /^host\/kernel\/(ends|inspect|trace|status|layout)\.ts$/;

const detectors: Rule = fileRule(
  'detectors-read',
  (path) => path.startsWith('host/watch/'),
  (source, report) => {
    for (const each of importsOf(source)) {
      if (
        each.target?.startsWith('host/kernel/') === true &&
        !each.typeOnly &&
        !EYES.test(each.target)
      ) {
        report(
          each.node,
          `a detector with ${each.target}`,
          'kernel/inspect.ts: a detector reads and never writes',
        );
      }
    }
  },
);

const sleeps: Rule = fileRule(
  'sleeping-test',
  (path) => path.endsWith('.test.ts'),
  (source, report) => {
    walk(source.tree, (node) => {
      if (ts.isIdentifier(node) && TIMERS.has(node.text) && !ts.isPropertyAssignment(node.parent)) {
        report(node, node.text, 'virtual time: machine.run(ms)');
      }
      if (memberName(node) === 'Math.random' || memberName(node) === 'Date.now') {
        report(node, memberName(node), "a seed, and the machine's clock");
      }
      if (
        ts.isPropertyAccessExpression(node) &&
        /^(only|skip|todo)$/.test(node.name.text) &&
        /^(it|test|describe)$/.test(node.expression.getText())
      ) {
        report(node, node.getText(), 'the test, run; or none');
      }
    });
  },
);

/** What makes machines that nobody asks anything afterwards. */
const MAKERS = new Map([
  ['createMachine', '`machine` of host/vitest.ts'],
  ['createWorld', '`world` of host/vitest.ts'],
  ['bootMachine', '`machine` of host/vitest.ts'],
  ['startKernel', '`bench` of test/wireside/fixture.ts'],
]);

const unasked: Rule = fileRule(
  'unasked-machine',
  (path) => path.startsWith('test/') && !path.startsWith('test/wireside/'),
  (source, report) => {
    for (const each of importsOf(source)) {
      if (each.typeOnly) continue;
      const wired = each.target === 'test/wireside/machine.ts' && each.names.includes('Machine');
      if (wired) report(each.node, 'a wired Machine', '`bench` of test/wireside/fixture.ts');
    }
    walk(source.tree, (node) => {
      if (!ts.isCallExpression(node) && !ts.isShorthandPropertyAssignment(node)) return;
      const name = ts.isCallExpression(node) ? calleeName(node) : node.name.text;
      const instead = MAKERS.get(name ?? '');
      if (instead !== undefined) {
        report(node, `${name} in a test`, `${instead}: it is asked the four questions`);
      }
    });
  },
);

/** What loads no kernel: tests of text, and mutants of what others test. */
const OF_NONE = /^test\/(tidy|mutate)\//;
/** What is told of a target, or put in words, runs nothing on it. */
const EXPECTS = /^(to[A-Z]\w*|formatTable|startProgress|made|isUpToDate)$/;
/** Floors without state: there is nothing to verify. */
const STATELESS = /^'test\/assembly\/(wire|nt)\//;

/** Whether a comment above `node`, or above what it is in, gives the reason: `Free: …`. */
function hasReason({ text }: Source, node: ts.Node, word: RegExp): boolean {
  for (let now = node; !ts.isSourceFile(now); now = now.parent) {
    const above = ts.getLeadingCommentRanges(text, now.pos) ?? [];
    if (above.some(({ pos, end }) => word.test(text.slice(pos, end)))) return true;
  }
  return false;
}

function isFree(node: ts.Expression | undefined): boolean {
  return node !== undefined && ts.isStringLiteral(node) && node.text === 'free';
}

/** `compileModule` of an entry with what it is to be, where neither verifier nor explorer is. */
function isUnverified(node: ts.Node): node is ts.CallExpression {
  if (calleeName(node) !== 'compileModule' || !ts.isCallExpression(node)) return false;
  const [entry, options] = node.arguments;
  if (entry === undefined || STATELESS.test(entry.getText())) return false;
  return options === undefined
    || (ts.isObjectLiteralExpression(options) && !/\b(checked|explore)\b/.test(options.getText()));
}

/** The call that is given `'free'` and not `'checked'` beside it; null of what is expected. */
function callOfFree(node: ts.Node): ts.CallExpression | null {
  if (!ts.isStringLiteral(node) || node.text !== 'free') return null;
  let given: ts.Node = node;
  while (ts.isArrayLiteralExpression(given.parent) || ts.isAsExpression(given.parent)) {
    given = given.parent;
  }
  const { parent } = given;
  if (!ts.isCallExpression(parent) || given === parent.expression) return null;
  return given.getText().includes("'checked'") || EXPECTS.test(calledName(parent) ?? '')
    ? null : parent;
}

/** A test runs under the verifier, or says why not; the same on both targets does. */
const unverified: Rule = fileRule(
  'free-machine',
  (path) => path.startsWith('test/') && !OF_NONE.test(path),
  (source, report) => {
    const verified = new Set<string>();
    walk(source.tree, (node) => {
      if (!ts.isCallExpression(node)) return;
      const entry = node.arguments[0]?.getText() ?? '';
      verified.add(node.getText());
      if (calleeName(node) === 'compileModule' && !isUnverified(node)) verified.add(entry);
    });
    walk(source.tree, (node) => {
      const target = (ts.isPropertyAssignment(node) || ts.isBindingElement(node)
        || ts.isParameter(node)) && node.name.getText() === 'target' && isFree(node.initializer);
      const entry = isUnverified(node) && !verified.has(node.arguments[0]?.getText() ?? '');
      const call = callOfFree(node)?.getText().replace("'free'", "'checked'");
      const isGiven = call !== undefined && !verified.has(call);
      if ((!target && !entry && !isGiven) || hasReason(source, node, /\bFree: /)) return;
      report(node, 'a free kernel, which nobody verifies',
        'a checked one, or above it the reason: `// Free: …`');
    });
    walk(source.tree, (node) => {
      if (calleeName(node) !== 'unasked' || hasReason(source, node, /\bUnasked: /)) return;
      report(node, 'floors that are not asked the four questions',
        'leaves(…), or above it the reason: `// Unasked: …`');
    });
  },
);

export const HOST_RULES: readonly Rule[] = [
  clock,
  consoles,
  memory,
  small,
  defaults,
  barrels,
  inheritance,
  enums,
  detectors,
  sleeps,
  unasked,
  unverified,
];
