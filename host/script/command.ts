/** The commands of a script: pipes of the few programs that scripts of TCP call. */

import type { Program } from './program.js';
import { sockstat } from './sockstat.js';
import { MissingFeature } from './syntax.js';
import { stateNumber } from './tcpinfo.js';

/** What a program of a pipe gives. */
interface Answer {
  readonly lines: readonly string[];
  /** 0: well. */
  readonly code: number;
}

type Tool = (program: Program, words: readonly string[], input: readonly string[]) => Answer;

const TOOLS: Readonly<Record<string, Tool>> = {
  sysctl,
  sockstat: (program, words) => ({ lines: sockstat(program, words), code: 0 }),
  tcpdrop,
  grep,
  cat: (_program, _words, input) => ({ lines: input, code: 0 }),
  echo: (_program, words) => ({ lines: [words.join(' ')], code: 0 }),
  true: () => ({ lines: [], code: 0 }),
  false: () => ({ lines: [], code: 1 }),
};

/**
 * Runs a command line. Gives why it failed, or undefined.
 * @throws MissingFeature for a program that there is not.
 */
export function runCommand(program: Program, line: string): string | undefined {
  let failure: string | undefined;
  let joint = ';';
  for (const part of line.split(/(&&|\|\||;|\n)/)) {
    const text = part.trim();
    if (/^(&&|\|\||;|\n)$/.test(part)) joint = part;
    if (text === '' || text === joint) continue;
    // What failed ends the line, unless something else is to be done then.
    if (joint === '||' ? failure === undefined : failure !== undefined) continue;
    failure = failureOf(text, runPipe(program, text));
  }
  return failure;
}

function failureOf(pipe: string, { lines, code }: Answer): string | undefined {
  if (code === 0) return undefined;
  const told = lines.length === 0 ? '' : `: ${lines.join(' / ')}`;
  return `the command \`${pipe}\` ended with ${code}${told}`;
}

function runPipe(program: Program, pipe: string): Answer {
  let answer: Answer = { lines: [], code: 0 };
  for (const part of pipe.split('|')) {
    const [name = '', ...words] = wordsOf(part);
    const tool = TOOLS[name];
    if (tool === undefined) throw new MissingFeature(`the command ${name}`);
    answer = tool(program, words, answer.lines);
  }
  return answer;
}

/** Words of a command, without their quotes; where its output goes does not matter. */
function wordsOf(part: string): string[] {
  const bare = part.replaceAll(/[0-9]?>(&[0-9]|\s*\S+)/g, '');
  const words = bare.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g);
  return (words ?? []).map((word) => word.replaceAll(/["']/g, ''));
}

/** `sysctl -w name=value …`, or names whose values are told. */
function sysctl({ sysctls }: Program, words: readonly string[]): Answer {
  const lines: string[] = [];
  const bare = words.includes('-n');
  for (const word of words.filter((each) => !each.startsWith('-'))) {
    const [name = '', text] = word.split(/=(.*)/s, 2);
    if (text === undefined) {
      lines.push(bare ? String(sysctls.get(name)) : `${name}: ${sysctls.get(name)}`);
      continue;
    }
    const value = Number(text.trim().split(/\s+/)[0]);
    if (!Number.isFinite(value)) return { lines: [`${name}=${text} is no number`], code: 1 };
    sysctls.set(name, value);
  }
  return { lines, code: 0 };
}

/** `tcpdrop -s STATE`, `tcpdrop -a`: connections end without a word. */
function tcpdrop(program: Program, words: readonly string[]): Answer {
  const state = words[0] === '-s' ? words[1] : undefined;
  if (state === undefined && words[0] !== '-a') {
    throw new MissingFeature(`tcpdrop ${words.join(' ')}`);
  }
  if (state !== undefined && stateNumber(state) === undefined) {
    return { lines: [`${state} is no state`], code: 1 };
  }
  program.dropConnections(state);
  return { lines: [], code: 0 };
}

/** `grep [-c] [-v] [-i] [-q] PATTERN`. */
function grep(_program: Program, words: readonly string[], input: readonly string[]): Answer {
  const letters = words.filter((each) => each.startsWith('-')).join('').replaceAll('-', '');
  const [pattern = ''] = words.filter((each) => !each.startsWith('-'));
  const unknown = /[^cviqEF]/.exec(letters)?.[0];
  if (unknown !== undefined) throw new MissingFeature(`grep -${unknown}`);
  const expression = new RegExp(pattern, letters.includes('i') ? 'i' : '');
  const wanted = !letters.includes('v');
  const found = input.filter((line) => expression.test(line) === wanted);
  const code = found.length > 0 ? 0 : 1;
  if (letters.includes('q')) return { lines: [], code };
  return { lines: letters.includes('c') ? [String(found.length)] : found, code };
}
