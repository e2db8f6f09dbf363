/** `ntstack kb`: an article of the Knowledge Base, healthy and faulty, with the verdict. */

import { formatArticle, runArticle } from '../kb/article.js';
import type { Article, ArticleResult } from '../kb/article.js';
import { ARTICLES, findArticle } from '../kb/index.js';
import { Random } from '../machine/random.js';
import { formatTable, paintFor } from './show.js';
import { WrongUse, oneLine, optionValue } from './wronguse.js';

/** The options of `kb` as they are written. */
export interface KbOptions {
  readonly processors?: string;
  readonly seed?: string;
  readonly json?: boolean;
}

/** What `--json` gives of an article. */
export interface ArticleSummary {
  readonly article: string;
  readonly release: string;
  readonly symptom: ArticleResult['symptom'];
  readonly verdict: ArticleResult['verdict'];
  readonly healthy: ArticleResult['healthy'];
}

/**
 * Runs an article, or all of them where none is named. Gives the exit code: 0 where the release
 * that has the defect shows it and the fixed one does not, 1 otherwise.
 * @throws WrongUse for an article or an option that there is not.
 */
export async function kb(number: string | undefined, options: KbOptions): Promise<number> {
  const articles = number === undefined ? ARTICLES : [articleOf(number)];
  const counts = options.processors === undefined ? [1, 2] : [readProcessors(options.processors)];
  const seed = options.seed === undefined ? 1 : readSeed(options.seed);
  if (options.json === true) return printJson(articles, counts[0] ?? 1, seed, number !== undefined);
  if (number === undefined) return printTable(articles, counts, seed);
  let code = 0;
  for (const article of articles) {
    for (const processors of counts) {
      const result = await runArticle(article, { processors, seed });
      process.stdout.write(`${describe(article, result)}\n`);
      if (!result.reproduced) code = 1;
    }
  }
  return code;
}

/** The figures of an article, as `--json` gives them. */
function summarizeArticle(result: ArticleResult): ArticleSummary {
  const { article, release, symptom, verdict, healthy } = result;
  return { article, release, symptom, verdict, healthy };
}

async function printJson(
  articles: readonly Article[], processors: number, seed: number, single: boolean,
): Promise<number> {
  const results: ArticleResult[] = [];
  for (const article of articles) results.push(await runArticle(article, { processors, seed }));
  const summaries = results.map(summarizeArticle);
  const value = single ? summaries[0] : summaries;
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
  return results.every(({ reproduced }) => reproduced) ? 0 : 1;
}

async function printTable(
  articles: readonly Article[], counts: readonly number[], seed: number,
): Promise<number> {
  const paint = paintFor(process.stdout);
  const rows: string[][] = [];
  let code = 0;
  for (const article of articles) {
    for (const processors of counts) {
      const { reproduced, verdict } = await runArticle(article, { processors, seed });
      const place = verdict === null
        ? 'nothing found'
        : `${verdict.kind}: ${verdict.lock}, ${verdict.file}:${verdict.line}`;
      const word = reproduced ? paint.green('as documented') : paint.red('not as documented');
      rows.push([article.number, article.release, String(processors), place, word]);
      if (!reproduced) code = 1;
    }
  }
  const head = ['article', 'release', 'processors', 'verdict', ''];
  process.stdout.write(`${formatTable(head, rows, paint, false)}\n`);
  return code;
}

function describe(article: Article, result: ArticleResult): string {
  const paint = paintFor(process.stdout);
  const { processors, reproduced } = result;
  const many = processors === 1 ? '1 processor' : `${processors} processors`;
  const title = `${paint.bold(article.number)}  ${article.title}`;
  const word = reproduced ? paint.green('as documented') : paint.red('not as documented');
  return `${title}\n${article.release}, ${many}: ${word}\n${formatArticle(result)}\n`;
}

function articleOf(number: string): Article {
  try {
    return findArticle(number);
  } catch (thrown) {
    throw new WrongUse(oneLine(thrown), { cause: thrown });
  }
}

function readProcessors(text: string): number {
  if (text === '1' || text === '2') return Number(text);
  throw new WrongUse(`option --processors: '${text}' is not 1 or 2`);
}

function readSeed(text: string): number {
  optionValue('--seed', () => new Random(text));
  const seed = Number(text);
  if (Number.isSafeInteger(seed)) return seed;
  throw new WrongUse(`option --seed: ${text} is above 2^53 - 1`);
}
