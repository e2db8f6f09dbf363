/**
 * `npm run mutate -- locks`: removes or moves one acquire, release, reference or dereference of
 * the kernel at a time, rebuilds, and runs the tests that reach it until one fails. Exit code 1
 * where a mutant survived, 130 where Ctrl-C ended it, with what was done.
 */

import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { ROOT } from '../../host/cli/child.js';
import { runProgram } from '../../host/cli/program.js';
import { WrongUse } from '../../host/cli/wronguse.js';
import { readTree } from '../tidy/source.js';
import { Checkout, makeFolder } from './checkout.js';
import { Hunt } from './hunt.js';
import type { Outcome } from './hunt.js';
import { mutantsOf } from './mutant.js';
import type { Mutant } from './mutant.js';
import { describe, formatReport, lineOf, outcomeLine, reportOf, tableOf } from './report.js';

interface Options {
  readonly only?: string;
  readonly change?: 'remove' | 'move';
  readonly shard: readonly [index: number, count: number];
  readonly limit: number;
  readonly workers: number;
  readonly list?: boolean;
  readonly json?: boolean;
}

/** Tests of text, of tools and of other programs: no kernel that is built here reaches them. */
const NOT_OF_THE_KERNEL = /^test\/(tidy|cli|interop|mutate|soak|check|reporter)/;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function whole(text: string): number {
  const value = Number(text);
  if (/^[1-9][0-9]*$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError('a whole number from 1 on is needed');
}

function atMostTwo(text: string): number {
  const value = whole(text);
  if (value <= 2) return value;
  throw new InvalidArgumentError('1 or 2');
}

function shardOf(text: string): [number, number] {
  const [, index, count] = /^([1-9]\d*)\/([1-9]\d*)$/.exec(text) ?? [];
  if (index !== undefined && Number(index) <= Number(count)) return [Number(index), Number(count)];
  throw new InvalidArgumentError('I/N with I from 1 to N is needed');
}

function changeOf(text: string): 'remove' | 'move' {
  if (text === 'remove' || text === 'move') return text;
  throw new InvalidArgumentError('remove or move');
}

/** The mutants that are asked for, in the order of files and lines. */
function choose(root: string, options: Options): Mutant[] {
  const { only, change, shard: [index, count], limit } = options;
  const all = readTree(root, ['assembly']).sources
    .filter(({ path }) => only === undefined || path.includes(only))
    .flatMap(mutantsOf)
    .filter((each) => change === undefined || (each.change === 'remove') === (change === 'remove'));
  if (all.length === 0) throw new WrongUse(`option --only: no mutant of a file with ${only}`);
  return all.filter((_, place) => place % count === index - 1).slice(0, limit);
}

function testsOf(root: string): string[] {
  return readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .map((name) => `test/${name.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.test.ts') && !NOT_OF_THE_KERNEL.test(path))
    .toSorted();
}

function list(mutants: readonly Mutant[], json: boolean): number {
  if (json) {
    say(JSON.stringify(mutants.map(describe)));
  } else {
    for (const mutant of mutants) say(lineOf(mutant));
    say(`${tableOf(mutants)}\n${mutants.length} mutants`);
  }
  return 0;
}

async function mutate(options: Options): Promise<number> {
  if (options.list === true) return list(choose(ROOT, options), options.json === true);
  const folder = makeFolder();
  try {
    // What is mutated is what was copied, also where the project is edited meanwhile.
    const base = Checkout.make(join(folder, 'plain'));
    const mutants = choose(base.root, options);
    const originals = new Map(mutants.map(({ path }) =>
      [path, readFileSync(join(base.root, path), 'utf8')]));
    let done = 0;
    const hunt = new Hunt(folder, base, testsOf(base.root), (outcome: Outcome) => {
      process.stderr.write(`${++done}/${mutants.length} ${outcomeLine(outcome)}\n`);
    });
    const words = await base.compile('checked');
    if (words !== null) throw new Error(`the kernel does not compile: ${words}`);
    process.once('SIGINT', () => hunt.stop());
    await hunt.run(mutants, originals, options.workers);
    const report = reportOf(mutants.length, hunt.outcomes, hunt.unfit, hunt.isStopped);
    say(options.json === true ? JSON.stringify(report) : formatReport(report));
    if (report.survivors.length > 0) return 1;
    return hunt.isStopped ? 130 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const program = new Command('mutate')
  .description('Leaves out or moves one acquire, release, reference or dereference at a time.')
  .argument('<what>', 'locks')
  .option('--only <text>', 'files of the kernel whose path has it')
  .option('--change <name>', 'remove or move: those alone', changeOf)
  .option('--shard <i/n>', 'every n-th mutant, from the i-th on', shardOf, [1, 1])
  .option('--limit <number>', 'so many mutants at most', whole, Number.MAX_SAFE_INTEGER)
  .option('--workers <number>', 'copies at once: 1 or 2', atMostTwo, 1)
  .option('--list', 'the mutants, not tried')
  .option('--json', 'a report for programs');

process.exitCode = await runProgram(program, process.argv.slice(2), async () => {
  const [what] = program.args;
  if (what !== 'locks') throw new WrongUse(`nothing named ${what} to mutate; there is locks`);
  return mutate(program.opts<Options>());
});
