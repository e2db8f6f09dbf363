/**
 * `npm run check`: both compilers over both folders, the target that allocates nothing, the laws
 * of the house, and the linter. One line for each; what failed is printed below them.
 */

import { realpathSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { inParallel, packageFile, runNode } from './child.js';
import type { Outcome } from './child.js';

/** One of the things that `check` does. */
export interface Part {
  readonly name: string;
  /** What holds when it passes. */
  readonly about: string;
  /** The Node program and its arguments, from the project's folder. */
  readonly command: () => string[];
}

const WHOLE: readonly string[] = [
  '--noEmit',
  '--incremental',
  'false',
  '--tsBuildInfoFile',
  'null',
];

/** Every part, in the order in which they are printed; the longest begin first. */
export const PARTS: readonly Part[] = [
  {
    name: 'test',
    about: 'tsc accepts test/ and bench/ with the host they use',
    command: () => [packageFile('typescript', 'bin/tsc'), '-p', 'tsconfig.test.json'],
  },
  {
    name: 'host',
    about: 'tsc accepts host/ by itself',
    command: () => [packageFile('typescript', 'bin/tsc'), '-p', 'tsconfig.json', ...WHOLE],
  },
  {
    name: 'assembly',
    about: 'tsc accepts assembly/, reachable or not',
    command: () => [packageFile('typescript', 'bin/tsc'), '-p', 'assembly/tsconfig.json'],
  },
  {
    name: 'nogc',
    about: 'nothing in the kernel needs a managed runtime',
    command: () => [
      '--enable-source-maps',
      packageFile('assemblyscript', 'bin/asc.js'),
      '--target',
      'nogc',
    ],
  },
  {
    name: 'tidy',
    about: 'the laws of the house hold in every file',
    command: () => ['--import', 'tsx', 'test/tidy/main.ts'],
  },
  {
    name: 'lint',
    about: 'oxlint finds nothing in host/, test/ and bench/',
    command: () => [
      packageFile('oxlint', 'bin/oxlint'),
      '--config',
      '.oxlintrc.json',
      '--deny-warnings',
      'host',
      'test',
      'bench',
    ],
  },
];

/** Runs one part; its `text` is what to show where `code` is not 0. */
export function runPart(part: Part): Promise<Outcome> {
  return runNode(part.command());
}

/** The part called `name`. Throws a `TypeError` that lists them where there is none. */
export function findPart(name: string): Part {
  const part = PARTS.find((candidate) => candidate.name === name);
  if (part === undefined) {
    throw new TypeError(`no part ${name}: ${PARTS.map((each) => each.name).join(', ')}`);
  }
  return part;
}

/** Runs `parts`, prints a line for each and then the details; true where all passed. */
async function check(parts: readonly Part[]): Promise<boolean> {
  const width = Math.min(4, availableParallelism());
  const results = await inParallel(
    width,
    parts.map((part) => async () => {
      const began = performance.now();
      const outcome = await runPart(part);
      const ms = Math.round(performance.now() - began);
      const word = outcome.code === 0 ? 'ok' : 'failed';
      console.log(`${part.name.padEnd(9)} ${word.padEnd(6)} ${String(ms).padStart(6)} ms`);
      return { part, outcome };
    }),
  );
  for (const { part, outcome } of results) {
    if (outcome.code === 0) continue;
    console.log(
      `\n${part.name}: not so: ${part.about}\n${outcome.text || `exit code ${outcome.code}`}`,
    );
  }
  return results.every(({ outcome }) => outcome.code === 0);
}

async function main(): Promise<void> {
  let parts: readonly Part[];
  try {
    const { positionals } = parseArgs({ allowPositionals: true });
    parts = positionals.length === 0 ? PARTS : positionals.map(findPart);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(error.message);
    process.exitCode = 2;
    return;
  }
  if (!(await check(parts))) process.exitCode = 1;
}

const script = process.argv[1];
if (script !== undefined && realpathSync(script) === fileURLToPath(import.meta.url)) await main();
