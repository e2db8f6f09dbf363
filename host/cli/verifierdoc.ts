/**
 * VERIFIER.md: a page for each rule of the verifier. Numbers and words come from vf/rule.ts, what
 * it means from host/watch/, the programs from those that the tests run (test/assembly/vf/).
 */

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { RULES } from '../watch/rules.js';

/** A rule as vf/rule.ts states it. */
export interface StatedRule {
  readonly name: string;
  readonly code: number;
  readonly about: string;
}

/** The programs of a rule: the one that breaks it with what it calls, and the one that keeps it. */
export interface Programs {
  readonly breaks: string;
  readonly keeps: string;
}

const MEMBER = /\/\*\*\s*((?:(?!\*\/)[^])*?)\s*\*\/\s*(\w+)\s*=\s*(0x[0-9a-f]+),/g;
const SECTION = /^\/\/: (\w+)\n/m;
/** What NT's stop codes are called whose number stands above a sub-code. */
const STOPS: ReadonlyMap<number, string> = new Map([
  [0x35, 'NO_MORE_IRP_STACK_LOCATIONS'],
  [0x44, 'MULTIPLE_IRP_COMPLETE_REQUESTS'],
  [0xc7, 'TIMER_OR_DPC_INVALID'],
  [0xc9, 'DRIVER_VERIFIER_IOMANAGER_VIOLATION'],
  [0xce, 'DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS'],
  [0xe4, 'WORKER_INVALID'],
]);

const INTRODUCTION = `
Checked and explored builds ask these rules of every acquire, every change of IRQL, every request,
every block of pool, and wherever control passes from one owner to another. A free build has none of
it. What breaks a rule is a finding; the machine goes on where it can, and its verdict names the
rule.

A number below 0x2001, or 0x20015, is the sub-code of Driver Verifier's stop code 0xC4
(DRIVER_VERIFIER_DETECTED_VIOLATION); 0x2001 to 0x20FF are ours; with more digits it is another
stop code of NT with its own sub-code behind.

Every program here is run by \`test/vf/rules.test.ts\`: the first of each pair breaks its rule, the
second is the like of it that keeps it. What they stand on (\`place\`, \`runDpcs\`, \`sendTo\` and
so on) lies beside them in \`test/assembly/vf/\`. Driver Verifier's 0x35 is left out, because here
drivers and kernel release through the same routines, and so is whatever needs paged memory or user
mode.`;

/** The document as the sources in `root` say it must be. */
export function verifierDocument(root: string, made: string): string {
  const programs = readPrograms(root);
  const rules = readRules(root);
  const rows = rules.map(({ name, code, about }) => {
    return `| ${hex(code)} | [${name}](#${name.toLowerCase()}) | ${sentenceOf(about)} |`;
  });
  return `# The verifier's rules

${made} from \`assembly/vf/rule.ts\`, \`host/watch/\` and
\`test/assembly/vf/\`.
${INTRODUCTION}

| number | rule | broken by |
|---|---|---|
${rows.join('\n')}

${rules.map((rule) => page(rule, programs.get(rule.name))).join('\n')}`;
}

/** The rules of vf/rule.ts, in its order. */
export function readRules(root: string): StatedRule[] {
  const text = readFileSync(join(root, 'assembly/vf/rule.ts'), 'utf8');
  const begin = text.indexOf('enum Rule');
  const end = text.indexOf('\n}', begin);
  const members = [...text.slice(begin, end).matchAll(MEMBER)];
  return members.map(([, about = '', name = '', code = '0']) => ({
    name, code: Number(code), about: about.replace(/\s*\n\s*\*?\s*/g, ' '),
  }));
}

/** The programs in `root` that break a rule and that keep it, by the rule's name. */
export function readPrograms(root: string): Map<string, Programs> {
  const folder = join(root, 'test/assembly/vf');
  const programs = new Map<string, Programs>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts')).sort()) {
    const [, ...parts] = readFileSync(join(folder, file), 'utf8').split(SECTION);
    for (let i = 0; i + 1 < parts.length; i += 2) {
      programs.set(parts[i] ?? '', programsOf(parts[i + 1] ?? ''));
    }
  }
  return programs;
}

/** What comes after the end of the first exported function belongs to the second. */
function programsOf(section: string): Programs {
  const begin = section.indexOf('export function breaks');
  const end = section.indexOf('\n}\n', begin) + 3;
  return { breaks: section.slice(0, end).trim(), keeps: section.slice(end).trim() };
}

function page({ name, code, about }: StatedRule, programs: Programs | undefined): string {
  const text = RULES[name];
  if (text === undefined) throw new Error(`host/watch/ has no words for the rule ${name}`);
  if (programs === undefined) throw new Error(`test/assembly/vf/ has no programs for ${name}`);
  return `## ${name}

${hex(code)}${stopOf(code)}: ${sentenceOf(about)} Its words: ${wordsOf(about)}

${text.meaning}

\`\`\`ts
${programs.breaks}
\`\`\`

${text.mend}

\`\`\`ts
${programs.keeps}
\`\`\`
`;
}

function hex(code: number): string {
  return `0x${code.toString(16).toUpperCase().padStart(2, '0')}`;
}

function stopOf(code: number): string {
  const stop = STOPS.get(code >>> 16);
  if (stop === undefined) return '';
  return ` (stop code 0x${(code >>> 16).toString(16).toUpperCase()}, ${stop})`;
}

/** What it means, without what its words are. */
function sentenceOf(about: string): string {
  return about.slice(0, about.lastIndexOf('. ') + 1);
}

/** What its words are: the last sentence. */
function wordsOf(about: string): string {
  const words = about.slice(about.lastIndexOf('. ') + 2);
  const isName = /^(IRP|IRQL|DPC)/.test(words);
  return isName ? words : (words[0] ?? '').toLowerCase() + words.slice(1);
}
