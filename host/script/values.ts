/** What the values of a script mean: numbers, their names, addresses, structures. */

import { parseAddress } from '../machine/address.js';
import { MissingFeature } from './syntax.js';
import type { Expression } from './syntax.js';

/** Names that are bits, with Berkeley's numbers: what is or-ed together. */
const BITS: Readonly<Record<string, number>> = {
  O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2, O_NONBLOCK: 4,
  MSG_OOB: 1, MSG_PEEK: 2, MSG_DONTWAIT: 0x80, MSG_WAITALL: 0x40, MSG_EOF: 0x100,
  MSG_NOSIGNAL: 0x20000, MSG_TRUNC: 0x10, MSG_EOR: 8, MSG_MORE: 0x8000,
  POLLIN: 1, POLLPRI: 2, POLLOUT: 4, POLLERR: 8, POLLHUP: 16, POLLNVAL: 32, POLLRDNORM: 0x40,
  POLLWRNORM: 4, POLLRDHUP: 0x4000,
  INADDR_ANY: 0, SHUT_RD: 0, SHUT_WR: 1, SHUT_RDWR: 2,
};

/** Octets that Berkeley's calls take at most: INT_MAX. */
const MOST_OCTETS = 0x7fff_ffff;

/** A number of octets that a call takes: any other is EINVAL. */
export function isCount(octets: number): boolean {
  return Number.isInteger(octets) && octets >= 0 && octets <= MOST_OCTETS;
}

/** A value that is not what a call takes. */
export class WrongValue extends Error {}

/** The number of a value. @throws WrongValue; MissingFeature for a name that means nothing here. */
export function numberOf(expression: Expression): number {
  switch (expression.kind) {
    case 'number':
      return expression.value;
    case 'name': {
      const value = BITS[expression.name];
      if (value === undefined) throw new MissingFeature(expression.name);
      return value;
    }
    case 'operation': {
      const [first = 0, second = 0] = expression.terms.map(numberOf);
      return operate(expression.operator, first, second, expression.terms.length);
    }
    case 'list':
      if (expression.items.length === 1) return numberOf(expression.items[0] as Expression);
      throw new WrongValue('a list is no number');
    case 'call':
      return calledNumber(expression.name, expression.arguments);
    default:
      throw new WrongValue(`${wordsOfValue(expression)} is no number`);
  }
}

function operate(operator: string, first: number, second: number, terms: number): number {
  switch (operator) {
    case '|':
      return first | second;
    case '&':
      return first & second;
    case '^':
      return first ^ second;
    case '<<':
      return first << second;
    case '>>':
      return first >> second;
    case '+':
      return first + second;
    case '*':
      return first * second;
    case '~':
      return ~first;
    case '!':
      return first === 0 ? 1 : 0;
    default:
      return terms === 1 ? -first : first - second;
  }
}

function calledNumber(name: string, given: readonly Expression[]): number {
  const [only] = given;
  if (only === undefined) throw new WrongValue(`${name}() takes a value`);
  if (name === 'htons' || name === 'htonl' || name === 'ntohs' || name === 'ntohl') {
    return numberOf(only);
  }
  if (name === 'inet_addr' && only.kind === 'text') return parseAddress(only.value, 'inet_addr');
  throw new MissingFeature(`${name}()`);
}

/** The name of a constant, like `SO_ERROR`. @throws WrongValue. */
export function nameOf(expression: Expression | undefined): string {
  if (expression?.kind === 'name') return expression.name;
  const words = expression === undefined ? 'nothing' : wordsOfValue(expression);
  throw new WrongValue(`${words} is no name`);
}

/** A field of a structure; undefined where it has none of that name. */
export function fieldOf(expression: Expression | undefined, name: string): Expression | undefined {
  if (expression?.kind === 'list' && expression.items.length === 1) {
    return fieldOf(expression.items[0], name);
  }
  if (expression?.kind !== 'struct') return undefined;
  return expression.fields.find(([each]) => each === name)?.[1];
}

/** Whether a value leaves it open what it is. */
export function isAny(expression: Expression | undefined): boolean {
  return expression === undefined || expression.kind === 'any' ||
    (expression.kind === 'list' && expression.items.every(isAny));
}

/** A value as a script writes it, for messages. */
export function wordsOfValue(expression: Expression): string {
  switch (expression.kind) {
    case 'number':
      return String(expression.value);
    case 'text':
      return JSON.stringify(expression.value);
    case 'any':
      return '...';
    case 'name':
      return expression.name;
    case 'list':
      return `[${expression.items.map(wordsOfValue).join(', ')}]`;
    case 'struct': {
      const fields = expression.fields.map(([name, value]) => `${name}=${wordsOfValue(value)}`);
      return `{${fields.join(', ')}}`;
    }
    case 'call':
      return `${expression.name}(${expression.arguments.map(wordsOfValue).join(', ')})`;
    case 'operation': {
      const [first = '', second] = expression.terms.map(wordsOfValue);
      const { operator } = expression;
      return second === undefined ? `${operator}${first}` : `${first} ${operator} ${second}`;
    }
  }
}
