/** `assert tcpi_state == TCPI_CLOSING`: the expressions of a script's code, as Python has them. */

import { MissingFeature } from './syntax.js';

/** The value of a name; undefined where it has none. */
export type Meaning = (name: string) => number | undefined;

/** A number, a name, text, or an operator. */
const TOKEN = new RegExp([
  '\\s*(0[xX][0-9a-fA-F]+', '[0-9]+(?:\\.[0-9]+)?', '[A-Za-z_]\\w*', '"[^"]*"', "'[^']*'",
  '\\*\\*', '//', '<<', '>>', '[<>=!]=', '[-+*/%&|^~<>(),])',
].join('|'), 'y');
/** Operators of two numbers, those that bind least first. */
const LEVELS: readonly (readonly string[])[] = [
  ['|'], ['^'], ['&'], ['<<', '>>'], ['+', '-'], ['*', '//', '/', '%'],
];
const COMPARISONS = ['==', '!=', '<=', '>=', '<', '>'];

/**
 * Runs a script's code. Gives the first assertion that does not hold, with its two sides, or
 * undefined where all do. @throws MissingFeature for code that is more than assertions.
 */
export function runCode(code: string, meaning: Meaning): string | undefined {
  for (const statement of statementsOf(code)) {
    const [, asserted] = /^assert\b(.*)$/s.exec(statement) ?? [];
    if (asserted === undefined) throw new MissingFeature(`Python: ${statement.slice(0, 40)}`);
    const evaluator = new Evaluator(asserted, meaning);
    const value = evaluator.condition();
    evaluator.mustEnd();
    if (value === 0) return `${statement}: ${evaluator.compared ?? 'it is false'}`;
  }
  return undefined;
}

function statementsOf(code: string): string[] {
  return code
    .split(/[\n;]/)
    .map((line) => line.replace(/#.*$/, '').trim())
    .filter((line) => line !== '' && line !== 'pass');
}

class Evaluator {
  /** What the last comparison that failed compared. */
  compared: string | undefined;
  private at = 0;
  private readonly tokens: string[] = [];

  constructor(private readonly text: string, private readonly meaning: Meaning) {
    let end = 0;
    while (end < text.trimEnd().length) {
      TOKEN.lastIndex = end;
      const found = TOKEN.exec(text);
      if (found === null) throw new MissingFeature(`Python: ${text.slice(end, end + 40).trim()}`);
      this.tokens.push(found[1] as string);
      end = TOKEN.lastIndex;
    }
  }

  /** What may follow a condition: a message. */
  mustEnd(): void {
    if (this.at >= this.tokens.length || this.tokens[this.at] === ',') return;
    throw new MissingFeature(`Python: ${this.text.trim()}`);
  }

  condition(): number {
    let value = this.conjunction();
    while (this.take('or')) {
      const other = this.conjunction();
      value = value !== 0 ? value : other;
    }
    return value;
  }

  private conjunction(): number {
    let value = this.negation();
    while (this.take('and')) {
      const other = this.negation();
      value = value === 0 ? value : other;
    }
    return value;
  }

  private negation(): number {
    if (this.take('not')) return this.negation() === 0 ? 1 : 0;
    return this.comparison();
  }

  /** Comparisons may stand in a chain: a < b < c. */
  private comparison(): number {
    let left = this.binary(0);
    let holds: number | undefined;
    for (;;) {
      const operator = COMPARISONS.find((each) => this.take(each));
      if (operator === undefined) return holds ?? left;
      const right = this.binary(0);
      const met = compare(operator, left, right);
      if (!met) this.compared ??= `${left} ${operator} ${right} is false`;
      holds = met && holds !== 0 ? 1 : 0;
      left = right;
    }
  }

  private binary(level: number): number {
    const operators = LEVELS[level];
    if (operators === undefined) return this.unary();
    let left = this.binary(level + 1);
    for (;;) {
      const operator = operators.find((each) => this.take(each));
      if (operator === undefined) return left;
      left = operate(operator, left, this.binary(level + 1));
    }
  }

  private unary(): number {
    if (this.take('-')) return -this.unary();
    if (this.take('~')) return ~this.unary();
    if (this.take('+')) return this.unary();
    if (this.take('(')) {
      const value = this.condition();
      if (!this.take(')')) throw new MissingFeature(`Python: ${this.text.trim()}`);
      return value;
    }
    const token = this.tokens[this.at++] ?? '';
    if (/^[0-9]/.test(token)) return Number(token);
    const known: Readonly<Record<string, number>> = { True: 1, False: 0 };
    const value = known[token] ?? this.meaning(token);
    if (value === undefined) throw new MissingFeature(`the value of ${token}`);
    return value;
  }

  private take(token: string): boolean {
    if (this.tokens[this.at] !== token) return false;
    this.at++;
    return true;
  }
}

function compare(operator: string, left: number, right: number): boolean {
  switch (operator) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<=':
      return left <= right;
    case '>=':
      return left >= right;
    case '<':
      return left < right;
    default:
      return left > right;
  }
}

function operate(operator: string, left: number, right: number): number {
  switch (operator) {
    case '|':
      return left | right;
    case '^':
      return left ^ right;
    case '&':
      return left & right;
    case '<<':
      return left << right;
    case '>>':
      return left >> right;
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '//':
      return Math.floor(left / right);
    case '/':
      return left / right;
    default:
      return left - Math.floor(left / right) * right;
  }
}
