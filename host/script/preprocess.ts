/** `#ifdef` and its kin: lines that do not count become empty, so that places stay right. */

import { ScriptSyntaxError } from './syntax.js';

/** A text without directives, and the names that are defined at its end. */
export interface Preprocessed {
  readonly text: string;
  readonly defined: ReadonlyMap<string, string>;
}

/** One `#if`: whether its lines count, whether those of the other branch may, and where it is. */
interface Branch {
  readonly outer: boolean;
  readonly condition: boolean;
  counts: boolean;
  hasElse: boolean;
  readonly line: number;
}

const DIRECTIVE = /^\s*#\s*([a-z]*)\s*(.*?)\s*$/;
const NAME = /^[A-Za-z_]\w*$/;

/**
 * Takes the branches of a text that `defined` chooses.
 * @throws ScriptSyntaxError for a directive that is none, or has no end.
 */
export function preprocess(
  path: string, text: string, defined: ReadonlyMap<string, string>,
): Preprocessed {
  const names = new Map(defined);
  const branches: Branch[] = [];
  const counts = (): boolean => branches.at(-1)?.counts ?? true;
  const fail = (line: number, words: string): never => {
    throw new ScriptSyntaxError(path, { line, column: 1 }, words);
  };
  const lines = text.split('\n').map((line, index) => {
    if (/^\s*#!/.test(line)) return '';
    const [, directive, rest = ''] = DIRECTIVE.exec(line) ?? [];
    if (directive === undefined) return counts() ? line : '';
    const number = index + 1;
    const name = withoutComment(rest);
    switch (directive) {
      case 'ifdef':
      case 'ifndef': {
        if (!NAME.test(name)) fail(number, `expected a name behind #${directive}`);
        const condition = names.has(name) === (directive === 'ifdef');
        const outer = counts();
        const taken = outer && condition;
        branches.push({ outer, condition, counts: taken, hasElse: false, line: number });
        break;
      }
      case 'else': {
        const branch = branches.at(-1);
        if (branch === undefined || branch.hasElse) return fail(number, '#else without #ifdef');
        branch.hasElse = true;
        branch.counts = branch.outer && !branch.condition;
        break;
      }
      case 'endif':
        if (branches.pop() === undefined) fail(number, '#endif without #ifdef');
        break;
      case 'define': {
        const [, symbol, value = ''] = /^([A-Za-z_]\w*)\s*(.*)$/.exec(name) ?? [];
        if (symbol === undefined) return fail(number, 'expected a name behind #define');
        if (counts()) names.set(symbol, value);
        break;
      }
      case 'undef':
        if (counts()) names.delete(name);
        break;
      default:
        fail(number, `expected #ifdef, #ifndef, #else, #endif, #define or #undef, and not '${
          line.trim()}'`);
    }
    return '';
  });
  const open = branches.at(-1);
  if (open !== undefined) fail(open.line, 'expected an #endif for this #ifdef');
  return { text: lines.join('\n'), defined: names };
}

function withoutComment(words: string): string {
  return words.replace(/\s*(\/\/.*|\/\*.*\*\/)\s*$/, '');
}
