/** RFC9293.md: what RFC 9293 asks, one row for each of its numbers, from test/tcpip/rfc9293.txt. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const TABLE = 'test/tcpip/rfc9293.txt';

/** A test that shows a row: one of a file's by its title, or, without one, a conversation. */
export interface Shown {
  readonly file: string;
  readonly title: string | undefined;
}

/** What the RFC asks under one number. */
export interface Demand {
  readonly section: string;
  /** As in its appendix B: MUST-1, SHLD-1, MAY-1, REC-1. */
  readonly id: string;
  readonly sentence: string;
  readonly shown: readonly Shown[];
  /** Why it deliberately does not hold. */
  readonly not: string | undefined;
  /** What it lacks. */
  readonly missing: string | undefined;
  /** What the NT releases did instead. */
  readonly nt: string | undefined;
}

type Draft = { -readonly [field in keyof Demand]: Demand[field] } & { shown: Shown[] };

const ID = /^(?:MUST|SHLD|MAY|REC)-[0-9]+$/;
const LINE = /^ {2}(?:by (\S+): (.+)|script (\S+)|(not|missing|NT): (.+)|(\S.*))$/;
/** What each kind of number says. */
const LEVELS: Readonly<Record<string, string>> = {
  MUST: 'MUST', SHLD: 'SHOULD', MAY: 'MAY', REC: 'RECOMMENDED',
};

/** The rows of the table, in its order. @throws Error that names the line which is no row's. */
export function readDemands(root: string): Demand[] {
  const text = readFileSync(join(root, TABLE), 'utf8');
  const demands: Draft[] = [];
  let section = '';
  for (const [index, line] of text.split('\n').entries()) {
    const wrong = (why: string): never => {
      throw new Error(`${TABLE}:${index + 1}: ${why}`);
    };
    if (line.startsWith('# ')) section = line.slice(2);
    else if (section === '' || line === '') continue;
    else if (ID.test(line)) demands.push(draftOf(section, line));
    else if (!readLine(demands.at(-1), line)) wrong(`'${line}' belongs to no row`);
  }
  return demands;
}

function draftOf(section: string, id: string): Draft {
  return {
    section, id, sentence: '', shown: [], not: undefined, missing: undefined, nt: undefined,
  };
}

/** False: it is no line of a row. */
function readLine(demand: Draft | undefined, line: string): boolean {
  const [found, file, title, script, key, value, sentence] = LINE.exec(line) ?? [];
  if (demand === undefined || found === undefined) return false;
  if (sentence !== undefined && demand.sentence !== '') return false;
  if (file !== undefined) demand.shown.push({ file, title });
  else if (script !== undefined) demand.shown.push({ file: script, title: undefined });
  else if (key === 'not') demand.not = value;
  else if (key === 'missing') demand.missing = value;
  else if (key === 'NT') demand.nt = value;
  else demand.sentence = sentence ?? '';
  return true;
}

/** The document as the table in `root` says it must be. */
export function rfcDocument(root: string, made: string): string {
  const demands = readDemands(root);
  const holding = (level: string): string => {
    const all = demands.filter(({ id }) => id.startsWith(`${level}-`));
    const held = all.filter((each) => stateOf(each) === 'holds').length;
    return `${held} of the ${all.length} ${LEVELS[level]}`;
  };
  const sections = [...new Set(demands.map(({ section }) => section))];
  const parts = sections.map((section) => {
    const rows = demands.filter((each) => each.section === section).map(rowOf);
    return `## ${section}\n\n| number | | what is asked | | shown by |\n|---|---|---|---|---|\n`
      + `${rows.join('\n')}\n`;
  });
  return `# RFC 9293

${made} from \`${TABLE}\`. What the RFC asks of a TCP in its
appendix B, in our words: ${Object.keys(LEVELS).map(holding).join(', ')} hold. A row is about the
release \`modern\`; "NT" is what the NT releases did instead. Sections are those of RFC 9293.
\`test/tcpip/rfc9293.test.ts\` sees to it that each number is here once, that each test exists, and
that of what holds one test at least runs on \`modern\`; conversations (\`script/\`) do.

${parts.join('\n')}`;
}

/** Whether a row holds. */
export function stateOf({ not, missing }: Demand): 'holds' | 'deliberately not' | 'missing' {
  if (missing !== undefined) return 'missing';
  return not === undefined ? 'holds' : 'deliberately not';
}

function rowOf(demand: Demand): string {
  const { id, sentence, shown, not, missing, nt } = demand;
  const level = LEVELS[id.slice(0, id.indexOf('-'))] ?? '';
  const tests = shown.map(({ file, title }) => {
    const name = file.replace(/^test\//, '');
    return title === undefined ? `\`${name}\`` : `\`${name}\`: ${title}`;
  });
  const why = [...tests, not, missing, nt === undefined ? undefined : `NT: ${nt}`];
  const words = why.filter((each) => each !== undefined).join('<br>').replaceAll('|', '\\|');
  return `| ${id} | ${level} | ${sentence} | ${stateOf(demand)} | ${words} |`;
}
