/** A script out of its text: options, then events in their order. */

import { parsePacket } from './packetparser.js';
import { parseExpression, parseSingle } from './expression.js';
import { preprocess } from './preprocess.js';
import { Scanner } from './scanner.js';
import type { Call, CallResult, EventTime, Expression, Script, ScriptEvent } from './syntax.js';
import type { ScriptOption } from './syntax.js';

const OPTION = /--[a-z_0-9]+/y;
const OPTION_VALUE = /[^\s]+/y;

/**
 * Reads a script. `defined` are names that `#ifdef` finds; `--define=NAME=value` adds to them.
 * @throws ScriptSyntaxError saying where, and what was expected; MissingFeature.
 */
export function parseScript(
  path: string, source: string, defined: ReadonlyMap<string, string>,
): Script {
  const { text, defined: names } = preprocess(path, source, defined);
  const scanner = new Scanner(path, text);
  const options = parseScriptOptions(scanner);
  const symbols = new Map(names);
  for (const { name, value } of options) {
    if (name !== 'define') continue;
    const [symbol = '', meaning = ''] = (value ?? '').split(/=(.*)/s, 2);
    symbols.set(symbol, meaning);
  }
  const before: string[] = [];
  while (scanner.peek() === '`') before.push(parseCommand(scanner));
  const events: ScriptEvent[] = [];
  const after: string[] = [];
  while (!scanner.done) {
    if (scanner.peek() === '`') after.push(parseCommand(scanner));
    else if (after.length > 0) scanner.fail('expected the end behind the last command');
    else events.push(parseEvent(scanner, symbols));
  }
  if (events.length === 0) scanner.fail('expected an event');
  return { path, options, before, after, events, lines: source.split('\n') };
}

function parseScriptOptions(scanner: Scanner): ScriptOption[] {
  const options: ScriptOption[] = [];
  for (;;) {
    const { place } = scanner;
    const word = scanner.match(OPTION);
    if (word === undefined) return options;
    const value = scanner.take('=') ? scanner.match(OPTION_VALUE) : undefined;
    options.push({ name: word.slice(2), value, place });
  }
}

function parseCommand(scanner: Scanner): string {
  scanner.must('`');
  return scanner.until('`', 'a command').trim();
}

function parseEvent(scanner: Scanner, symbols: ReadonlyMap<string, string>): ScriptEvent {
  const { place } = scanner;
  const time = parseTime(scanner);
  const next = scanner.peek();
  const isRange = time.kind === 'any' || time.toNs !== time.fromNs;
  if (isRange && next !== '>') {
    scanner.fail('expected a packet that is sent (>): only its time may be * or a range');
  }
  if (time.endNs !== undefined && (next === '' || '<>`%'.includes(next))) {
    scanner.fail('expected a call: only a call has a time at which it returns');
  }
  if (next === '<' || next === '>') {
    return { place, time, action: { kind: 'packet', packet: parsePacket(scanner) } };
  }
  if (next === '`') {
    return { place, time, action: { kind: 'command', command: parseCommand(scanner) } };
  }
  if (scanner.take('%{')) {
    const code = scanner.until('}%', 'code');
    return { place, time, action: { kind: 'code', code: code.trim() } };
  }
  return { place, time, action: { kind: 'call', call: parseCall(scanner, symbols) } };
}

function parseTime(scanner: Scanner): EventTime {
  if (scanner.take('*')) return { kind: 'any', fromNs: 0, toNs: 0 };
  const kind = scanner.take('+') ? 'relative' : 'absolute';
  const fromNs = scanner.seconds();
  if (scanner.take('...')) return { kind, fromNs, toNs: fromNs, endNs: scanner.seconds() };
  if (!scanner.take('~')) return { kind, fromNs, toNs: fromNs };
  const { place } = scanner;
  if (kind === 'relative') scanner.must('+');
  const toNs = scanner.seconds();
  if (toNs < fromNs) scanner.fail('expected the end of a range behind its beginning', place);
  return { kind, fromNs, toNs };
}

function parseCall(scanner: Scanner, symbols: ReadonlyMap<string, string>): Call {
  const name = scanner.name('a packet, a call, a command or code');
  scanner.must('(');
  const list: Expression[] = [];
  if (!scanner.take(')')) {
    do list.push(parseExpression(scanner, symbols)); while (scanner.take(','));
    scanner.must(')');
  }
  scanner.must('=');
  return { name, arguments: list, result: parseResult(scanner, symbols) };
}

/** `= 3`, `= -1 EAGAIN (Resource temporarily unavailable)`, `= 0x2 (flags O_RDWR)`. */
function parseResult(scanner: Scanner, symbols: ReadonlyMap<string, string>): CallResult {
  const value = parseSingle(scanner, symbols);
  const error = scanner.match(/E[A-Z0-9]+\b/y);
  if (scanner.take('(')) scanner.until(')', 'a remark');
  return { value, ...(error === undefined ? {} : { error }) };
}
