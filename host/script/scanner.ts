/** Reads the text of a script piece by piece, past blanks and comments, and knows where it is. */

import { ScriptSyntaxError } from './syntax.js';
import type { Place } from './syntax.js';

/** A run of what is no part of a script: blanks, `//` to the end of a line, and the other kind. */
const BLANK = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y;
const INTEGER = /0[xX][0-9a-fA-F]+|[0-9]+/y;
const SECONDS = /[0-9]+\.[0-9]+|[0-9]+(?:\.(?!\.))?|\.[0-9]+/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;

/** A cursor in a text. */
export class Scanner {
  private at = 0;

  constructor(readonly path: string, private readonly text: string) {}

  /** Whether nothing but blanks is left. */
  get done(): boolean {
    this.skip();
    return this.at >= this.text.length;
  }

  /** The place of the next piece. */
  get place(): Place {
    this.skip();
    return this.placeOf(this.at);
  }

  /** The next character that is no blank; empty at the end. */
  peek(): string {
    this.skip();
    return this.text[this.at] ?? '';
  }

  /** Whether this comes next; it stays there. */
  sees(words: string): boolean {
    this.skip();
    return this.text.startsWith(words, this.at);
  }

  /** Takes this where it comes next. */
  take(words: string): boolean {
    if (!this.sees(words)) return false;
    this.at += words.length;
    return true;
  }

  /** Takes what a pattern (sticky) matches, where it does. */
  match(pattern: RegExp): string | undefined {
    this.skip();
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  /** @throws ScriptSyntaxError unless this comes next. */
  must(words: string): void {
    if (!this.take(words)) this.fail(`expected '${words}'`);
  }

  /** A name. @throws ScriptSyntaxError saying what it should have been the name of. */
  name(what: string): string {
    return this.match(NAME) ?? this.fail(`expected ${what}`);
  }

  /** A name, where one comes next. */
  findName(): string | undefined {
    return this.match(NAME);
  }

  /** A whole number, decimal or hexadecimal. */
  integer(what: string): number {
    const negative = this.take('-');
    const found = this.match(INTEGER);
    if (found === undefined) return this.fail(`expected ${what}`);
    return negative ? -Number(found) : Number(found);
  }

  /** A time in seconds, in ns. */
  seconds(): number {
    const found = this.match(SECONDS);
    if (found === undefined) return this.fail('expected a time in seconds');
    return Math.round(Number(found) * 1e6) * 1000;
  }

  /** All up to a mark, which is taken too. */
  until(mark: string, what: string): string {
    const end = this.text.indexOf(mark, this.at);
    if (end < 0) return this.fail(`expected ${what} to end with '${mark}'`);
    const found = this.text.slice(this.at, end);
    this.at = end + mark.length;
    return found;
  }

  /** @throws ScriptSyntaxError with what comes next instead. */
  fail(expected: string, place?: Place): never {
    const rest = this.text.slice(this.at).split('\n', 1)[0]?.trim() ?? '';
    const found = rest === '' ? '' : `, and not '${rest.slice(0, 30)}'`;
    const words = place === undefined ? `${expected}${found}` : expected;
    throw new ScriptSyntaxError(this.path, place ?? this.place, words);
  }

  private skip(): void {
    BLANK.lastIndex = this.at;
    const found = BLANK.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
  }

  private placeOf(offset: number): Place {
    const before = this.text.slice(0, offset);
    const line = before.split('\n').length;
    return { line, column: offset - before.lastIndexOf('\n') };
  }
}
