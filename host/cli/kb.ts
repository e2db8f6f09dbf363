/** `ntstack kb`: an article of the Knowledge Base, healthy and faulty, with the verdict. */

import { join, parse } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { runScheduled } from '../explore/articleschedule.js';
import { loadExplored } from '../explore/source.js';
import { formatArticle, runArticle } from '../kb/article.js';
import type { Article, ArticleResult, Captures } from '../kb/article.js';
import { ARTICLES, findArticle } from '../kb/index.js';
import { Random } from '../machine/random.js';
import { openOutput, startCapture } from './capture.js';
import type { OutputFile } from './capture.js';
import { ROOT } from './child.js';
import { Interruption } from './interrupt.js';
import { formatTable, paintFor, widthOf, wrap } from './show.js';
import { WrongUse, oneLine, optionValue } from './wronguse.js';

/** The options of `kb` as they are written. */
export interface KbOptions {
  readonly processors?: string;
  readonly seed?: string;
  readonly pcap?: string;
  readonly json?: boolean;
  readonly stop?: boolean;
}

/** What `--json` gives of an article on a machine of so many processors. */
export type ArticleFigures = Pick<ArticleResult, 'symptom' | 'verdict' | 'healthy'>;

/** What `--json` gives of an article: the first of its machines, then each of them. */
export interface ArticleSummary extends ArticleFigures {
  readonly article: string;
  readonly release: string;
  /** By how many processors the machine has. */
  readonly processors: Readonly<Record<string, ArticleFigures>>;
}

/** How one article is to be run. */
interface KbPlan {
  readonly article: Article;
  readonly seed: number;
  /** Values in place of the article's. */
  readonly settings: Readonly<Record<string, number>>;
  /** Machines of so many processors, in turn. */
  readonly counts: readonly number[];
  /** Files for the frames of each of these machines; none where no frames are wanted. */
  readonly outputs: readonly Outputs[];
}

/** Where the frames of an article's two runs go. */
type Outputs = Readonly<Record<keyof Captures, OutputFile>>;

/** Where the words of a verdict begin. */
const INDENT = 10;

/**
 * Runs an article, or all of them where none is named. Gives the exit code: 0 where the release
 * that has the defect shows it and the fixed one does not, 1 otherwise.
 * @throws WrongUse for an article or an option that there is not; Error where somebody ended it
 * before all was run, after what was run is printed.
 */
export async function kb(number: string | undefined, options: KbOptions): Promise<number> {
  const plans = planArticles(number, options);
  const isTable = number === undefined || options.json === true;
  const interruption = new Interruption();
  const results = await runAll(plans, interruption, (plan, result, index) => {
    if (isTable) return;
    process.stdout.write(`${describe(plan.article, result, plan.outputs[index])}\n`);
  });
  interruption.end();
  if (results.length === 0) throw interruptedAfter(0, plans);
  if (options.json === true) {
    const summaries = results.map(summarizeArticle);
    const value = number === undefined ? summaries : summaries[0];
    process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
  } else if (number === undefined) process.stdout.write(`${tableOf(results.flat())}\n`);
  const ran = results.flat().length;
  if (ran < runsOf(plans)) throw interruptedAfter(ran, plans);
  return results.flat().every(({ reproduced }) => reproduced) ? 0 : 1;
}

/** The articles that were run, each on its machines, until somebody wanted an end. */
async function runAll(
  plans: readonly KbPlan[], interruption: Interruption,
  tell: (plan: KbPlan, result: ArticleResult, index: number) => void,
): Promise<ArticleResult[][]> {
  const results: ArticleResult[][] = [];
  for (const plan of plans) {
    const machines: ArticleResult[] = [];
    for (const index of plan.counts.keys()) {
      // Signals are heard only in a turn of the loop.
      await turn();
      if (interruption.came) break;
      const result = await runOne(plan, index);
      machines.push(result);
      tell(plan, result, index);
    }
    if (machines.length > 0) results.push(machines);
  }
  return results;
}

function runsOf(plans: readonly KbPlan[]): number {
  return plans.reduce((sum, { counts }) => sum + counts.length, 0);
}

function interruptedAfter(ran: number, plans: readonly KbPlan[]): Error {
  return new Error(`interrupted: ${ran} of ${runsOf(plans)} runs were made`);
}

/** The articles that have a machine of so many processors. @throws WrongUse as `kb` does. */
function planArticles(number: string | undefined, options: KbOptions): KbPlan[] {
  const seed = options.seed === undefined ? 1 : readSeed(options.seed);
  const { pcap, processors } = options;
  if (pcap !== undefined && number === undefined) {
    throw new WrongUse('option --pcap: the frames of one article are written; name it');
  }
  const articles = number === undefined ? ARTICLES : [articleOf(number)];
  const stops = articles.filter(({ stop }) => stop !== undefined);
  if (options.stop === true && (number === undefined || stops.length === 0)) {
    const known = ARTICLES.filter(({ stop }) => stop !== undefined).map((each) => each.number);
    throw new WrongUse(`option --stop: of ${known.join(', ')}, which may end in a stop`);
  }
  const known = [...new Set(articles.flatMap((each) => each.processors))].sort();
  if (processors !== undefined && !known.map(String).includes(processors)) {
    throw new WrongUse(`option --processors: '${processors}' is not ${known.join(' or ')}`);
  }
  return articles.flatMap((article) => {
    const counts = article.processors.filter((count) =>
      processors === undefined || String(count) === processors);
    if (pcap !== undefined && article.schedule !== undefined) {
      throw new WrongUse(`option --pcap: ${article.number} is a schedule, which has no frames`);
    }
    const outputs = pcap === undefined ? [] : openOutputs(pcap, counts);
    const settings = options.stop === true ? article.stop ?? {} : {};
    return counts.length === 0 ? [] : [{ article, seed, settings, counts, outputs }];
  });
}

/** @throws WrongUse where a capture cannot be written. */
async function runOne(plan: KbPlan, index: number): Promise<ArticleResult> {
  const { article, seed, settings, counts, outputs } = plan;
  const options = { processors: counts[index] ?? 1, seed, settings };
  if (article.schedule !== undefined) {
    const loaded = await loadExplored(join(ROOT, 'build', 'explore.wasm'));
    return runScheduled(article, loaded, options);
  }
  const files = outputs[index];
  if (files === undefined) return runArticle(article, options);
  const faulty = startCapture(files.faulty);
  const healthy = startCapture(files.healthy);
  const captures = { faulty: faulty.writer, healthy: healthy.writer };
  try {
    return await runArticle(article, { ...options, captures });
  } finally {
    faulty.end();
    healthy.end();
  }
}

/**
 * `q.pcapng` for the faulty run of the first machine, `q.healthy.pcapng` for the healthy one;
 * `q.2p.pcapng` and `q.2p.healthy.pcapng` for a second machine of two processors.
 */
function openOutputs(path: string, counts: readonly number[]): Outputs[] {
  const { ext } = parse(path);
  const stem = path.slice(0, path.length - ext.length);
  return counts.map((count, index) => {
    const faulty = index === 0 ? path : `${stem}.${count}p${ext}`;
    const healthy = index === 0 ? `${stem}.healthy${ext}` : `${stem}.${count}p.healthy${ext}`;
    return { faulty: openOutput(faulty), healthy: openOutput(healthy) };
  });
}

/** The figures of an article, as `--json` gives them. */
function summarizeArticle(machines: readonly ArticleResult[]): ArticleSummary {
  const [first] = machines;
  if (first === undefined) throw new Error('an article is run on a machine');
  const { article, release } = first;
  const processors = Object.fromEntries(
    machines.map((each) => [String(each.processors), figuresOf(each)]),
  );
  return { article, release, ...figuresOf(first), processors };
}

function figuresOf({ symptom, verdict, healthy }: ArticleResult): ArticleFigures {
  return { symptom, verdict, healthy };
}

function tableOf(results: readonly ArticleResult[]): string {
  const paint = paintFor(process.stdout);
  const rows = results.map(({ article, release, processors, reproduced, verdict }) => {
    const place = verdict === null
      ? 'nothing found'
      : `${verdict.kind}: ${verdict.lock}\n${verdict.file}:${verdict.line}`;
    const word = reproduced ? paint.green('as documented') : paint.red('not as documented');
    return [article, release, String(processors), place, word];
  });
  return formatTable(['article', 'release', 'CPUs', 'verdict', ''], rows, paint, false);
}

function describe(article: Article, result: ArticleResult, outputs?: Outputs): string {
  const paint = paintFor(process.stdout);
  const { processors, reproduced } = result;
  const many = processors === 1 ? '1 processor' : `${processors} processors`;
  const word = reproduced ? paint.green('as documented') : paint.red('not as documented');
  const lines = formatArticle(result).split('\n');
  const width = widthOf(process.stdout);
  return [
    `${paint.bold(article.number)}  ${article.title}`,
    `${article.release}, ${many}: ${word}`,
    ...lines.slice(0, result.lines.length),
    ...lines.slice(result.lines.length).map((line) => wrap(line, INDENT, width)),
    ...(outputs === undefined ? [] : [wrap(framesLine(outputs), INDENT, width)]),
    '',
  ].join('\n');
}

function framesLine({ faulty, healthy }: Outputs): string {
  return `${'frames'.padEnd(INDENT)}faulty in ${faulty.path}, healthy in ${healthy.path}`;
}

function articleOf(number: string): Article {
  try {
    return findArticle(number);
  } catch (thrown) {
    throw new WrongUse(oneLine(thrown), { cause: thrown });
  }
}

function readSeed(text: string): number {
  optionValue('--seed', () => new Random(text));
  const seed = Number(text);
  if (Number.isSafeInteger(seed)) return seed;
  throw new WrongUse(`option --seed: ${text} is above 2^53 - 1`);
}
