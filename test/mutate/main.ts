/**
 * `npm run mutate -- locks`: removes or moves one acquire, release, reference or dereference of
 * the kernel at a time, and runs the tests that come by until one fails. Exit code 1 where a
 * mutant survived, 130 where Ctrl-C ended it, with what was done.
 */

import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { ROOT } from '../../host/cli/child.js';
import { runProgram } from '../../host/cli/program.js';
import { WrongUse } from '../../host/cli/wronguse.js';
import { readTree, treeOf } from '../tidy/source.js';
import type { Source } from '../tidy/source.js';
import { Checkout, makeFolder } from './checkout.js';
import { Equivalence } from './equivalent.js';
import { Hunt } from './hunt.js';
import { Laws } from './laws.js';
import { mutantsOf } from './mutant.js';
import type { Mutant } from './mutant.js';
import type { Outcome } from './outcome.js';
import { Rebuild } from './rebuild.js';
import { describe, formatReport, lineOf, outcomeLine, reportOf, tableOf } from './report.js';
import { ordersOf, ringsOf } from './ring.js';
import { SWITCH, SWITCH_TEXT, schemaOf } from './schema.js';

interface Options {
  readonly only?: readonly string[];
  readonly change?: 'remove' | 'move';
  readonly shard: readonly [index: number, count: number];
  readonly limit: number;
  readonly workers: number;
  readonly rebuild?: boolean;
  readonly list?: boolean;
  readonly json?: boolean;
}

const TARGETS = ['checked', 'free', 'explore'] as const;
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
function choose(sources: readonly Source[], options: Options): Mutant[] {
  const { only, change, shard: [index, count], limit } = options;
  const all = sources.flatMap(mutantsOf)
    .filter(({ path, line }) =>
      only === undefined || only.some((text) => `${path}:${line}`.includes(text)))
    .filter((each) => change === undefined || (each.change === 'remove') === (change === 'remove'));
  if (all.length === 0) {
    throw new WrongUse(`option --only: no mutant of a file with ${only?.join(' or ')}`);
  }
  return all.filter((_, place) => place % count === index - 1).slice(0, limit);
}

function sourcesOf(root: string): readonly Source[] {
  return readTree(root, ['assembly']).sources;
}

/** All tests of the kernel; those that are nearest to what is mutated come first. */
function testsOf(root: string, mutants: readonly Mutant[]): string[] {
  const tests = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .map((name) => `test/${name.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.test.ts') && !NOT_OF_THE_KERNEL.test(path))
    .toSorted();
  const ring = new Map<string, number>();
  for (const path of new Set(mutants.map((each) => each.path))) {
    ringsOf(path, tests, false).forEach((near, place) => {
      for (const test of near) ring.set(test, Math.min(place, ring.get(test) ?? Infinity));
    });
  }
  const last = Math.max(...ring.values()) + 1;
  return tests.toSorted((a, b) => (ring.get(a) ?? last) - (ring.get(b) ?? last));
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

/** What is done with mutants that no law speaks against. */
interface Hunting {
  readonly unfit: ReadonlySet<string>;
  readonly isStopped: boolean;
}

/** All mutants in one kernel, and every test with those that it comes by. */
async function huntSwitched(
  folder: string, base: Checkout, sources: readonly Source[], mutants: readonly Mutant[],
  options: Options, tell: (outcome: Outcome) => void,
): Promise<Hunting> {
  const numbered = mutants.map((mutant, place) => ({ ...mutant, number: place + 1 }));
  base.write(SWITCH, SWITCH_TEXT);
  for (const { path, text } of sources) {
    base.write(path, schemaOf(path, text, numbered.filter((each) => each.path === path)));
  }
  for (const target of TARGETS) {
    process.stderr.write(`building ${target} with ${numbered.length} mutants\n`);
    const words = await base.compile(target, true);
    if (words !== null) throw new Error(`the kernel does not compile: ${words}`);
  }
  const tests = testsOf(base.root, mutants);
  const hunts = ([false, true] as const).map((moved) => ({
    moved,
    hunt: new Hunt(base.root, folder, tests,
      numbered.filter(({ change }) => (change !== 'remove') === moved), tell),
  }));
  process.once('SIGINT', () => hunts.forEach(({ hunt }) => hunt.stop()));
  let before: Hunt | null = null;
  for (const { moved, hunt } of hunts) {
    await hunt.run(options.workers, moved ? ordersOf(tests) : [], before);
    before = hunt;
  }
  return {
    unfit: new Set(hunts.flatMap(({ hunt }) => [...hunt.unfit])),
    isStopped: hunts.some(({ hunt }) => hunt.isStopped),
  };
}

/** One mutant at a time, built by itself. */
async function huntRebuilt(
  folder: string, base: Checkout, sources: readonly Source[], mutants: readonly Mutant[],
  options: Options, tell: (outcome: Outcome) => void,
): Promise<Hunting> {
  const words = await base.compile('checked');
  if (words !== null) throw new Error(`the kernel does not compile: ${words}`);
  const hunt = new Rebuild(folder, base, testsOf(base.root, []), tell);
  process.once('SIGINT', () => hunt.stop());
  const originals = new Map(sources.map(({ path, text }) => [path, text]));
  await hunt.run(mutants, originals, options.workers);
  return hunt;
}

async function mutate(options: Options): Promise<number> {
  if (options.list === true) return list(choose(sourcesOf(ROOT), options), options.json === true);
  const folder = makeFolder();
  try {
    // What is mutated is what was copied, also where the project is edited meanwhile.
    const base = Checkout.make(join(folder, 'plain'));
    const sources = sourcesOf(base.root);
    const mutants = choose(sources, options);
    const outcomes: Outcome[] = [];
    const tell = (outcome: Outcome): void => {
      outcomes.push(outcome);
      process.stderr.write(`${outcomes.length}/${mutants.length} ${outcomeLine(outcome)}\n`);
    };
    const tree = treeOf(sources);
    const laws = new Laws(tree);
    const equivalence = new Equivalence(tree);
    const left = mutants.filter((mutant) => {
      const outcome = judgeText(mutant, laws, equivalence);
      if (outcome !== null) tell(outcome);
      return outcome === null;
    });
    const alone = left.filter(({ switched }) => options.rebuild === true || switched === null);
    const together = left.filter((each) => !alone.includes(each));
    const hunts: Hunting[] = [];
    if (alone.length > 0) {
      hunts.push(await huntRebuilt(folder, base, sources, alone, options, tell));
    }
    if (together.length > 0 && !hunts.some((hunt) => hunt.isStopped)) {
      hunts.push(await huntSwitched(folder, base, sources, together, options, tell));
    }
    const unfit = new Set(hunts.flatMap((hunt) => [...hunt.unfit]));
    const isStopped = hunts.some((hunt) => hunt.isStopped);
    const report = reportOf(mutants.length, outcomes, unfit, isStopped);
    say(options.json === true ? JSON.stringify(report) : formatReport(report));
    if (report.survivors.length > 0) return 1;
    return isStopped ? 130 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What can be said of a mutant without running it; or null. */
function judgeText(mutant: Mutant, laws: Laws, equivalence: Equivalence): Outcome | null {
  const law = laws.against(mutant);
  if (law !== null) return { mutant, finder: 'law', by: law, seconds: 0 };
  const same = equivalence.of(mutant);
  return same === null ? null : { mutant, finder: 'equivalent', by: same, seconds: 0 };
}

const program = new Command('mutate')
  .description('Leaves out or moves one acquire, release, reference or dereference at a time.')
  .argument('<what>', 'locks')
  .option('--only <texts>', 'files of the kernel whose path, or path:line, has one of a,b,c',
    (texts: string) => texts.split(',').filter((text) => text !== ''))
  .option('--change <name>', 'remove or move: those alone', changeOf)
  .option('--shard <i/n>', 'every n-th mutant, from the i-th on', shardOf, [1, 1])
  .option('--limit <number>', 'so many mutants at most', whole, Number.MAX_SAFE_INTEGER)
  .option('--workers <number>', 'processes at once: 1 or 2', atMostTwo, 1)
  .option('--rebuild', 'build each mutant by itself: a minute each')
  .option('--list', 'the mutants, not tried')
  .option('--json', 'a report for programs');

process.exitCode = await runProgram(program, process.argv.slice(2), async () => {
  const [what] = program.args;
  if (what !== 'locks') throw new WrongUse(`nothing named ${what} to mutate; there is locks`);
  return mutate(program.opts<Options>());
});
