/** The text of a file: its length, its first line, its words, and what comments may not be. */

import { posix } from 'node:path';
import ts from 'typescript';
import { anywhere, fileRule, inKernel } from './rule.js';
import type { Rule } from './rule.js';
import { isExported, isFunctionWithBody, lineOf, nameOf, walk } from './source.js';
import type { Source } from './source.js';

const FILE_LINES = 400;
const FUNCTION_LINES = 70;
const COLUMNS = 100;
const BAD_NAMES = /^(utils?|helpers?|common|misc|types?|managers?|shared|stuff)$/;
/** Names of the DDK, which says bytes. */
const DDK_BYTES = new Set(['ByteCount', 'ByteOffset', 'MmGetMdlByteCount', 'MmGetMdlByteOffset']);

function isNoTest(path: string): boolean {
  return !path.endsWith('.test.ts');
}

/** A comment, with its markers. */
interface Comment {
  readonly text: string;
  readonly line: number;
}

/** All comments, wherever they stand. */
export function commentsOf(source: Source): Comment[] {
  const found: Comment[] = [];
  const scanner = ts.createScanner(
    ts.ScriptTarget.ES2022,
    false,
    ts.LanguageVariant.Standard,
    source.text,
  );
  const templates: number[] = [];
  let depth = 0;
  for (let token = scanner.scan(); token !== ts.SyntaxKind.EndOfFileToken; token = scanner.scan()) {
    if (token === ts.SyntaxKind.OpenBraceToken) depth++;
    if (token === ts.SyntaxKind.TemplateHead) templates.push(depth);
    if (token === ts.SyntaxKind.CloseBraceToken) {
      if (templates.at(-1) === depth) {
        if (scanner.reScanTemplateToken(false) === ts.SyntaxKind.TemplateTail) templates.pop();
      } else depth--;
    }
    if (token === ts.SyntaxKind.SlashToken && mayBeRegex(source.text, scanner.getTokenStart())) {
      scanner.reScanSlashToken();
    }
    if (
      token === ts.SyntaxKind.SingleLineCommentTrivia ||
      token === ts.SyntaxKind.MultiLineCommentTrivia
    ) {
      const at = source.tree.getLineAndCharacterOfPosition(scanner.getTokenStart());
      found.push({ text: scanner.getTokenText(), line: at.line + 1 });
    }
  }
  return found;
}

function mayBeRegex(text: string, at: number): boolean {
  return /(^|[=(,:;!&|?{}[]|return|=>)\s*$/.test(text.slice(Math.max(0, at - 40), at));
}

const fileLength: Rule = fileRule('file-length', anywhere, (source, report) => {
  const count = source.lines.length - (source.lines.at(-1) === '' ? 1 : 0);
  if (count > FILE_LINES)
    report(1, `${count} lines`, `${FILE_LINES} at most: two files, each with one subject`);
});

const functionLength: Rule = fileRule(
  'function-length',
  (path) => !path.startsWith('test/') && !path.startsWith('bench/'),
  (source, report) => {
    walk(source.tree, (node) => {
      if (!isFunctionWithBody(node)) return;
      const last = source.tree.getLineAndCharacterOfPosition(node.end).line + 1;
      const count = last - lineOf(source, node) + 1;
      if (count > FUNCTION_LINES) {
        report(
          node,
          `${nameOf(node) || 'a function'} has ${count} lines`,
          `${FUNCTION_LINES} at most: a table where it parses or dispatches, else its steps`,
        );
      }
    });
  },
);

const columns: Rule = fileRule('columns', anywhere, (source, report) => {
  source.lines.forEach((line, index) => {
    const count = [...line].length;
    if (count > COLUMNS) report(index + 1, `${count} columns`, `${COLUMNS} at most`);
    if (/[ \t]$/.test(line)) report(index + 1, 'a space at the end', 'nothing');
    if (line.endsWith('\r')) report(index + 1, 'a carriage return', 'a line feed alone');
    if (line.includes('\t')) report(index + 1, 'a tab', 'two spaces');
  });
  if (source.text !== '' && !source.text.endsWith('\n')) {
    report(source.lines.length, 'no line feed at the end', 'one');
  }
});

/** A test says it by the name of its `describe`. */
const firstLine: Rule = fileRule('first-line', isNoTest, (source, report) => {
  const text = source.text.replace(/^#!.*\n/, '');
  const comment = /^\/\*[\s\S]*?\*\/|^(\/\/.*\n?)+/.exec(text)?.[0];
  const words = comment?.replace(/^[\s/*]+/gm, '').trim() ?? '';
  if (comment === undefined || !/^\S+ .*[.:?]/s.test(words)) {
    report(
      1,
      'the file does not say what it is',
      "/** One sentence, with the RFC's or the DDK's section. */ as its first line",
    );
  }
});

const names: Rule = fileRule('file-names', anywhere, (source, report) => {
  const parts = source.path.split('/');
  for (const part of parts) {
    const word = part.replace(/\..*$/, '');
    if (BAD_NAMES.test(word)) report(1, `the name ${part}`, 'a noun or a verb of the domain');
  }
  const file = posix.basename(source.path).replace(/\.(test|bench|allow|d)?\.?ts$/, '');
  if (inKernel(source.path) && !/^[a-z0-9]+$/.test(file) && file !== 'no-runtime') {
    report(1, `the name ${file}`, 'one word in lower case');
  }
});

const WORKS_ON = /\b(TODO|FIXME|XXX|HACK)\b/;

const unfinished: Rule = fileRule('todo', anywhere, (source, report) => {
  for (const { text, line } of commentsOf(source)) {
    const found = WORKS_ON.exec(text);
    if (found === null) continue;
    const rest = text.slice(found.index + found[0].length);
    const explained = /^\W*#\d+/.test(rest) || /^:?\s+(\S+\s+){3,}\S+\./.test(rest);
    if (!explained || found[0] !== 'TODO') {
      report(line, found[0], 'TODO with an issue (#12) or with a sentence of what is missing');
    }
  }
});

const HISTORY = /\b(formerly|used to be|previously called|renamed from|moved from|refactored)\b/i;

const history: Rule = fileRule('history', anywhere, (source, report) => {
  for (const { text, line } of commentsOf(source)) {
    const found = HISTORY.exec(text);
    if (found !== null)
      report(line, `a comment that is history: ${found[0]}`, 'what is; the commit says what was');
  }
});

/** True where the text is a statement, and not a sentence that happens to end like one. */
function isCode(text: string): boolean {
  if (!/[;{}]$/.test(text) || /^[{}]+$/.test(text)) return false;
  const whole = text.endsWith('{') ? `${text}}` : text.replace(/^\}\s*(?=else\b)/, 'if (x) {} ');
  const parsed = ts.createSourceFile(
    'x.ts',
    whole,
    ts.ScriptTarget.ES2022,
    false,
  ) as ts.SourceFile & {
    readonly parseDiagnostics?: readonly unknown[];
  };
  if ((parsed.parseDiagnostics ?? []).length > 0) return false;
  return parsed.statements.some(
    (each) => !ts.isExpressionStatement(each) || !ts.isIdentifier(each.expression),
  );
}

const deadCode: Rule = fileRule('dead-code', anywhere, (source, report) => {
  for (const { text, line } of commentsOf(source)) {
    if (text.startsWith('//') && isCode(text.slice(2).trim())) {
      report(line, 'commented-out code', 'nothing; it is in the history');
    }
  }
});

const BYTES_IDENTIFIER = /^bytes?(?![a-z])|[a-z]Bytes?(?![a-z])|^Bytes?(?![a-z])|_bytes?$/;

const octets: Rule = fileRule('octets', inKernel, (source, report) => {
  for (const { text, line } of commentsOf(source)) {
    text.split('\n').forEach((each, index) => {
      if (/\bbytes?\b/i.test(each.replace(/wire\/bytes(\.ts)?|"[^"]*"/g, ''))) {
        report(line + index, 'the word byte', 'octet');
      }
    });
  }
  walk(source.tree, (node) => {
    if (ts.isIdentifier(node) && BYTES_IDENTIFIER.test(node.text) && !DDK_BYTES.has(node.text)) {
      report(node, `the name ${node.text}`, 'octets');
    }
  });
});

const documented: Rule = fileRule(
  'documented',
  (path) => /^(assembly|host)\//.test(path),
  (source, report) => {
    for (const node of source.tree.statements) {
      if (!isExported(node) || ts.isExportDeclaration(node)) continue;
      const name = ts.isVariableStatement(node)
        ? (node.declarationList.declarations[0]?.name.getText() ?? '')
        : nameOf(node);
      // A capital letter in a routine of the kernel says that the DDK documents it.
      if (inKernel(source.path) && ts.isFunctionDeclaration(node) && /^[A-Z]/.test(name)) continue;
      const before = source.text.slice(node.getFullStart(), node.getStart(source.tree));
      if (!before.includes('/**'))
        report(node, `${name} has no doc comment`, '/** What it is, with units and contract. */');
    }
  },
);

export const TEXT_RULES: readonly Rule[] = [
  fileLength,
  functionLength,
  columns,
  firstLine,
  names,
  unfinished,
  history,
  deadCode,
  octets,
  documented,
];
