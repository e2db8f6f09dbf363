/** Reads the text of a script piece by piece, past blanks and comments, and knows where it is. */

import { ScriptSyntaxError } from './syntax.js';
import type { Place } from './syntax.js';

/** A run of what is no part of a script: blanks, `//` to the end of a line, and the other kind. */
const BLANK = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y;
const INTEGER = /0[xX][0-9a-fA-F]+|[0-9]+/y;
const SECONDS = /[0-9]+\.[0-9]+|[0-9]+(?:\.(?!\.))?|\.[0-9]+/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;

/** Seconds of a time at most: a month, in which the kernel's clock does not come round. */
const MOST_SECONDS = 30 * 86_400;
/** Values within values at most. */
const MOST_NESTED = 100;

/** A cursor in a text. */
export class Scanner {
  private at = 0;
  private nested = 0;
  /** Where each line begins. */
  private starts: readonly number[] | undefined;

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
    this.skip();
    const start = this.at;
    const found = this.match(SECONDS);
    if (found === undefined) return this.fail('expected a time in seconds');
    if (Number(found) <= MOST_SECONDS) return Math.round(Number(found) * 1e6) * 1000;
    return this.fail(`expected at most ${MOST_SECONDS} s, and not ${found}`, this.placeOf(start));
  }

  /** What `parse` gives, which may come here again. @throws ScriptSyntaxError: it is too deep. */
  within<T>(parse: () => T): T {
    if (++this.nested > MOST_NESTED) this.fail(`expected at most ${MOST_NESTED} values in a value`);
    const found = parse();
    this.nested--;
    return found;
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
    const rest = this.text.slice(this.at, this.at + 200).split('\n', 1)[0]?.trim() ?? '';
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
    this.starts ??= startsOf(this.text);
    let [low, high] = [0, this.starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.starts[low] ?? 0) + 1 };
  }
}

function startsOf(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}
