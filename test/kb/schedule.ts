/** What every article that needs a schedule must show, on both of its releases. */

import { readFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { replayLine } from '../../host/explore/again.js';
import { runScheduled } from '../../host/explore/articleschedule.js';
import { explore } from '../../host/explore/explorer.js';
import type { Finding } from '../../host/explore/finding.js';
import { prepareKernel } from '../../host/explore/kernelscenario.js';
import type { Prepared } from '../../host/explore/program.js';
import { loadExplored } from '../../host/explore/source.js';
import { formatArticle } from '../../host/kb/article.js';
import type { ArticleResult, ScheduledArticle } from '../../host/kb/article.js';

/** What is expected of an article beside what it says itself. */
export interface Expected {
  /** The line that its verdict names. */
  readonly source: string;
  /** Processors of its first machine that spin for ever. */
  readonly spinning: readonly number[];
  /** What the finding says. */
  readonly sentence: RegExp;
}

const LIMIT = 120_000;
const EXPLORE = new URL('../../build/explore.wasm', import.meta.url);

/**
 * It is found by the portfolio, whose first schedule is of equal clocks and which directs others
 * into circles of locks that it has seen, within the article's bound of schedules of each window.
 * Plain runs show it with probability 0: they run one call after another.
 */
export function itIsFound(article: ScheduledArticle, expected: Expected): void {
  const { finds, number, schedule } = article;
  const name = number.toLowerCase();
  let result: ArticleResult;
  beforeAll(async () => {
    result = await runScheduled(article, await loadExplored(EXPLORE));
  }, LIMIT);

  it('is found within its bound of schedules, which no one told where to look', () => {
    expect(result.reproduced).toBe(true);
    expect(result.symptom).toMatchObject({
      found: true, rule: finds.rule, spinningProcessors: expected.spinning,
    });
    expect(result.symptom['schedule']).toBeLessThanOrEqual(schedule.schedules);
  });

  it('is not there in as many schedules of the release that was mended', () => {
    expect(result.healthyVerdicts).toEqual([]);
    const { found, ...counts } = result.healthy;
    expect(found).toBe(false);
    const [windows, schedules, exhausted] = ['windows', 'schedules', 'exhausted']
      .map((name) => Number(counts[name])) as [number, number, number];
    expect(windows).toBeGreaterThanOrEqual(Number(result.symptom['windows']));
    // In a small window every order has been tried before that.
    expect(schedules).toBeGreaterThanOrEqual((windows - exhausted) * schedule.schedules);
  });

  it('has a verdict that names what it is about, and the line', () => {
    const { file, line, ...rest } = result.verdict ?? { file: '', line: 0 };
    expect(rest).toEqual({ kind: finds.kind, lock: finds.lock });
    expect(file).toBe(finds.within);
    const text = readFileSync(new URL(`../../assembly/${file}`, import.meta.url), 'utf8');
    expect(text.split('\n')[line - 1]?.trim()).toContain(expected.source);
    expect(result.verdicts[0]?.sentence).toMatch(expected.sentence);
    expect(formatArticle(result)).toContain(`verdict   ${finds.cause} ${file}:${line} (${number})`);
  });

  it('is confirmed, shortened, and replayed by its line', async () => {
    const loaded = await loadExplored(EXPLORE);
    const found = await findAgain(article, loaded);
    expect(found.finding).toMatchObject({
      status: 'confirmed', rule: finds.rule, line: result.replay?.line,
    });
    const { switches } = found.finding;
    expect(switches.shortened).toBeLessThan(switches.found);
    const again = replayLine(found.window, found.finding.line, loaded);
    expect(again.findings.map(({ rule, sentence }) => [rule, sentence]))
      .toContainEqual([finds.rule, found.finding.sentence]);
    expect(result.replay?.command).toBe(`npx ntstack explore ${name} --replay`);
  }, LIMIT);
}

/** The same exploration, in the window in which it was found. */
async function findAgain(
  article: ScheduledArticle, loaded: Awaited<ReturnType<typeof loadExplored>>,
): Promise<{ window: Prepared; finding: Finding }> {
  const { finds, number, schedule, processors: [processors = 2] } = article;
  const windows = await prepareKernel(number.toLowerCase(), { processors });
  for (const window of windows) {
    const { findings } = explore(window, { ...loaded, schedules: schedule.schedules });
    const finding = findings.find(({ parties, rule }) => rule === finds.rule
      && parties.some(({ stack }) => stack.some(({ file }) => file === finds.within)));
    if (finding !== undefined) return { window, finding };
  }
  throw new Error(`${number} is not found`);
}
