/** The values that calls are written with: numbers, names, text, lists, structures. */

import type { Scanner } from './scanner.js';
import { ScriptSyntaxError } from './syntax.js';
import type { Expression } from './syntax.js';

/** Operators of two values, those that bind tightest last. */
const OPERATORS: readonly (readonly string[])[] = [
  ['|'], ['^'], ['&'], ['<<', '>>'], ['+', '-'], ['*'],
];

/**
 * A value. Names that `symbols` has stand for what it says.
 * @throws ScriptSyntaxError.
 */
export function parseExpression(
  scanner: Scanner, symbols: ReadonlyMap<string, string>,
): Expression {
  return scanner.within(() => parseBinary(scanner, symbols, 0));
}

/** A value of which no line behind it can be a part: what a call gives. @throws as above. */
export function parseSingle(scanner: Scanner, symbols: ReadonlyMap<string, string>): Expression {
  let left = parseUnary(scanner, symbols);
  while (scanner.sees('|')) {
    const { place } = scanner;
    scanner.must('|');
    left = { kind: 'operation', operator: '|', terms: [left, parseUnary(scanner, symbols)], place };
  }
  return left;
}

function parseBinary(
  scanner: Scanner, symbols: ReadonlyMap<string, string>, level: number,
): Expression {
  const operators = OPERATORS[level];
  if (operators === undefined) return parseUnary(scanner, symbols);
  let left = parseBinary(scanner, symbols, level + 1);
  for (;;) {
    const { place } = scanner;
    const operator = operators.find((each) => scanner.take(each));
    if (operator === undefined) return left;
    const right = parseBinary(scanner, symbols, level + 1);
    left = { kind: 'operation', operator, terms: [left, right], place };
  }
}

function parseUnary(scanner: Scanner, symbols: ReadonlyMap<string, string>): Expression {
  const { place } = scanner;
  for (const operator of ['-', '~', '!']) {
    if (!scanner.take(operator)) continue;
    const term = scanner.within(() => parseUnary(scanner, symbols));
    return { kind: 'operation', operator, terms: [term], place };
  }
  return parseValue(scanner, symbols);
}

function parseValue(scanner: Scanner, symbols: ReadonlyMap<string, string>): Expression {
  const { place } = scanner;
  const next = scanner.peek();
  if (scanner.take('...')) return { kind: 'any', place };
  if (scanner.take('?')) return { kind: 'any', place };
  if (/[0-9]/.test(next)) return { kind: 'number', value: scanner.integer('a number'), place };
  if (next === '"') return { kind: 'text', value: parseText(scanner), place };
  if (scanner.take('[')) {
    return { kind: 'list', items: parseItems(scanner, symbols, ']'), place };
  }
  if (scanner.take('{')) return parseStruct(scanner, symbols);
  if (scanner.take('(')) {
    const inner = parseExpression(scanner, symbols);
    scanner.must(')');
    return inner;
  }
  const name = scanner.name('a value');
  if (scanner.take('(')) {
    return { kind: 'call', name, arguments: parseItems(scanner, symbols, ')'), place };
  }
  const meaning = symbols.get(name);
  if (meaning === undefined || meaning === '') return { kind: 'name', name, place };
  return parseSymbol(scanner, meaning, place);
}

/** A number, or another name, that a name was defined to be. */
function parseSymbol(scanner: Scanner, meaning: string, place: Expression['place']): Expression {
  const value = Number(meaning);
  if (meaning.trim() !== '' && Number.isFinite(value)) return { kind: 'number', value, place };
  if (/^[A-Za-z_]\w*$/.test(meaning)) return { kind: 'name', name: meaning, place };
  throw new ScriptSyntaxError(scanner.path, place, `'${meaning}' is no number and no name`);
}

function parseItems(
  scanner: Scanner, symbols: ReadonlyMap<string, string>, end: string,
): Expression[] {
  const items: Expression[] = [];
  if (scanner.take(end)) return items;
  do items.push(parseExpression(scanner, symbols)); while (scanner.take(','));
  scanner.must(end);
  return items;
}

/** `{name=value, …}` with names, `{value, …}` without: then their places are their names. */
function parseStruct(scanner: Scanner, symbols: ReadonlyMap<string, string>): Expression {
  const { place } = scanner;
  const fields: [string, Expression][] = [];
  if (scanner.take('}')) return { kind: 'struct', fields, place };
  do {
    const value = parseExpression(scanner, symbols);
    const name = value.kind === 'name' || value.kind === 'call' ? value.name : undefined;
    if (name !== undefined && scanner.take('=')) {
      fields.push([name, parseExpression(scanner, symbols)]);
    } else fields.push([String(fields.length), value]);
  } while (scanner.take(','));
  scanner.must('}');
  return { kind: 'struct', fields, place };
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', 0: '\0' };

function parseText(scanner: Scanner): string {
  const quoted = scanner.match(/"(?:[^"\\\n]|\\[^\n])*"/y);
  if (quoted === undefined) return scanner.fail('expected text that ends on its line with "');
  return quoted.slice(1, -1).replaceAll(
    /\\(?:x([0-9a-fA-F]{2})|(.))/g,
    (_, hex: string | undefined, letter: string | undefined) => hex === undefined
      ? ESCAPES[letter ?? ''] ?? letter ?? ''
      : String.fromCharCode(parseInt(hex, 16)),
  );
}
