/**
 * The documents that are made from the sources: LOCKS.md from the order of locks, ARTICLES.md from
 * the articles, VERIFIER.md from the rules, RFC9293.md from what that RFC asks. `tsx
 * host/cli/documents.ts` writes them; a test compares them with the sources.
 */

import { readFileSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ARTICLES } from '../kb/index.js';
import { ROOT } from './child.js';
import { rfcDocument } from './rfcdoc.js';
import { verifierDocument } from './verifierdoc.js';

/** A lock's place in the order, as ke/lockorder.ts states it. */
interface Rank {
  readonly rank: number;
  readonly name: string;
  readonly about: string;
}

/** A document: its name in the project's folder, and its text. */
export interface Document {
  readonly name: string;
  readonly text: string;
}

const RANK = /\/\*\*\s*((?:(?!\*\/)[^])*?)\s*\*\/\s*(\w+)\s*=\s*(\d+),/g;
const MADE = 'Made by `tsx host/cli/documents.ts`';

/** The documents as the sources in `root` say they must be. */
export function makeDocuments(root: string = ROOT): Document[] {
  return [
    { name: 'LOCKS.md', text: locksDocument(root) },
    { name: 'ARTICLES.md', text: articlesDocument() },
    { name: 'VERIFIER.md', text: verifierDocument(root, MADE) },
    { name: 'RFC9293.md', text: rfcDocument(root, MADE) },
  ];
}

function readRanks(root: string): Rank[] {
  const text = readFileSync(join(root, 'assembly/ke/lockorder.ts'), 'utf8');
  const begin = text.indexOf('enum LockRank');
  return [...text.slice(begin).matchAll(RANK)].map(([, about = '', name = '', rank = '0']) => ({
    rank: Number(rank),
    name,
    about: about.replace(/\s*\n\s*\*?\s*/g, ' '),
  }));
}

/** The files that initialize locks of each rank. */
function initializers(root: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const files = readdirSync(join(root, 'assembly'), { recursive: true, encoding: 'utf8' })
    .map((each) => each.replaceAll('\\', '/'))
    .filter((each) => each.endsWith('.ts'))
    .sort();
  for (const file of files) {
    const text = readFileSync(join(root, 'assembly', file), 'utf8');
    for (const match of text.matchAll(/KeInitializeSpinLock\([^;]*?LockRank\.(\w+)/g)) {
      const name = match[1] ?? '';
      const files = found.get(name) ?? [];
      if (!files.includes(file)) found.set(name, [...files, file]);
    }
  }
  return found;
}

function locksDocument(root: string): string {
  const made = initializers(root);
  const rows = readRanks(root).map(({ rank, name, about }) => {
    const files = (made.get(name) ?? []).map((file) => `\`${file}\``).join(', ');
    const where = name === 'Unranked' ? 'modules of others' : files;
    return `| ${rank} | ${name} | ${about} | ${where === '' ? 'nowhere' : where} |`;
  });
  return `# Locks

${MADE} from \`assembly/ke/lockorder.ts\`, the only place where an
order is stated. Outermost first: a processor that holds a lock may only acquire one further down,
and never two of one rank.

| rank | lock | what it guards | initialized in |
|---|---|---|---|
${rows.join('\n')}

## Discipline

- A lock is one word, its rank above and its owner's number plus one below; \`KeInitializeSpinLock\`
  gives it its rank, and the fields it guards stand under "Under \`lock\`:" in their structure.
- One acquire has one release, in the same function, on every path. What may end early is a
  \`…Locked\` function between the two, which begins with \`mustHold\`.
- No lock is held across \`IoCallDriver\`, \`IoCompleteRequest\`, an indication or an event.
- Three nets: \`test/tidy/locks.ts\` reads the text; the verifier (\`vf/locks.ts\`, checked builds)
  holds every acquire against the order; the detectors (\`host/watch/\`) read who owns what from
  outside, in a free build too.
`;
}

function articlesDocument(): string {
  const parts = ARTICLES.map((article) => {
    const settings = Object.entries(article.settings).map(([name, value]) => `${name} = ${value}`);
    const { kind, lock, within } = article.finds;
    const number = article.number.toLowerCase();
    const { schedule } = article;
    const shown = schedule === undefined ? 'in every run' : 'by the explorer within'
      + ` ${schedule.schedules} schedules of each window of ${schedule.calls} calls; never in a`
      + ' run of one call after another';
    return `## ${article.number}: ${article.title}

- Applies to: ${article.products}
- Cause: "${article.cause}"
- Had by release \`${article.release}\`, not by \`${article.fixed}\`
- Needs: ${settings.join(', ') || 'nothing'}
- Provoked: ${article.provocation}
- Found: ${kind}, ${lock}, in \`${within}\`
- Shown: ${shown}, on ${article.processors.join(' and on ')} processors
- Run it: \`npm run kb ${number}\`, \`npm run explore -- ${number}\`
`;
  });
  return `# Articles

${MADE} from \`host/kb/\`. Each is a defect of a release, one line in
the kernel behind \`faulty(Fault.Qnnnnnn)\`, off unless a machine is made with it.

${parts.join('\n')}`;
}

const script = process.argv[1];
if (script !== undefined && realpathSync(script) === fileURLToPath(import.meta.url)) {
  for (const { name, text } of makeDocuments()) writeFileSync(join(ROOT, name), text);
}
