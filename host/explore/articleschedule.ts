/**
 * An article that needs a schedule: the explorer tries its windows on the release that has the
 * defect until it is found, and as many schedules of them on the one that has not.
 */

import { NOTHING_FOUND, causeOf, checkRun, rows } from '../kb/article.js';
import type { ArticleOptions, ArticleResult, ArticleVerdict } from '../kb/article.js';
import type { ScheduledArticle, Symptom } from '../kb/article.js';
import { rowOf } from '../kb/scene.js';
import { findAcquirer } from '../watch/sourcemap.js';
import type { Site } from '../watch/sourcemap.js';
import type { Verdict } from '../watch/verdict.js';
import { explore } from './explorer.js';
import type { Finding, Party } from './finding.js';
import { prepareKernel } from './kernelscenario.js';
import type { LoadedModule } from './source.js';
import { nameOfObject, placeOf } from './sentence.js';

/** Of how many schedules there were, in a row. */
const MANY_COLUMNS = 28;

/** What was tried, and what came of it. */
interface Tried {
  readonly windows: number;
  readonly schedules: number;
  /** Windows of which every order was tried: they need no more schedules. */
  readonly exhausted: number;
  /** All that was confirmed, in the windows that were tried. */
  readonly confirmed: readonly Finding[];
  /** What the article is about. */
  readonly wanted: Finding | undefined;
}

/**
 * Runs an article on both releases. What was found first is the symptom, and is run again with its
 * stacks: it is there each time.
 * @throws TypeError naming an option that is wrong.
 */
export async function runScheduled(
  article: ScheduledArticle, loaded: Pick<LoadedModule, 'build' | 'map'>,
  options: ArticleOptions = {},
): Promise<ArticleResult> {
  const { processors, seed } = checkRun(article, options);
  const parameters = options.settings ?? {};
  const tried = async (healthy: boolean): Promise<Tried> =>
    tryWindows(article, loaded, { processors, seed, parameters, healthy });
  const healthy = await tried(true);
  const faulty = await tried(false);
  const { wanted } = faulty;
  const verdict = wanted === undefined ? null : verdictOf(article, wanted);
  const verdicts = wanted === undefined ? [] : [asVerdict(article, wanted, verdict)];
  return {
    article: article.number,
    release: article.release,
    processors,
    seed,
    symptom: symptomOf(faulty, processors),
    verdict,
    verdicts,
    healthy: symptomOf(healthy, processors),
    healthyVerdicts: healthy.confirmed.map((finding) => asVerdict(article, finding, null)),
    ...(wanted === undefined ? {} : {
      replay: { command: commandOf(article, processors), line: wanted.line },
    }),
    reproduced: verdict?.file === article.finds.within && healthy.confirmed.length === 0,
    lines: [...rows('healthy', linesOf(healthy)), ...rows('faulty', linesOf(faulty))],
    cause: causeOf(article, verdict) ?? NOTHING_FOUND,
  };
}

async function tryWindows(
  article: ScheduledArticle, loaded: Pick<LoadedModule, 'build' | 'map'>,
  { processors, seed, parameters, healthy }: {
    readonly processors: number;
    readonly seed: number;
    readonly parameters: Readonly<Record<string, number>>;
    readonly healthy: boolean;
  },
): Promise<Tried> {
  const windows = await prepareKernel(article.number.toLowerCase(), {
    processors, seed, parameters, healthy,
  });
  const confirmed: Finding[] = [];
  let schedules = 0;
  let exhausted = 0;
  for (const [index, window] of windows.entries()) {
    const { findings, coverage } = explore(window, {
      ...loaded, seed, schedules: article.schedule.schedules,
    });
    schedules += coverage.schedules;
    if (coverage.exhausted) exhausted++;
    confirmed.push(...findings.filter(({ status }) => status === 'confirmed'));
    const wanted = confirmed.find((finding) => isWanted(article, finding));
    if (wanted !== undefined) {
      return { windows: index + 1, schedules, exhausted, confirmed, wanted };
    }
  }
  return { windows: windows.length, schedules, exhausted, confirmed, wanted: undefined };
}

/** The article's own rule, in the article's own file. */
function isWanted({ finds }: ScheduledArticle, finding: Finding): boolean {
  return finding.rule === finds.rule && siteIn(finds, finding) !== undefined;
}

/**
 * Where the file of the cause has what was wrong done: of a deadlock, by who spins for the
 * article's lock. Of calls within that file the outermost.
 */
function siteIn(
  { lock, within }: ScheduledArticle['finds'], { parties, rule, subjects }: Finding,
): Site | undefined {
  const culprits = parties.filter((party) =>
    rule !== 'DEADLOCK' || (isSpinning(party) && nameOfObject(subjects, party.object) === lock));
  for (const { stack } of culprits) {
    const first = stack.findIndex(({ file }) => file === within);
    if (first < 0) continue;
    const end = stack.findIndex(({ file }, index) => index > first && file !== within);
    return stack[(end < 0 ? stack.length : end) - 1];
  }
  return undefined;
}

function verdictOf({ finds }: ScheduledArticle, finding: Finding): ArticleVerdict | null {
  const site = siteIn(finds, finding);
  if (site === undefined) return null;
  return { kind: finds.kind, lock: finds.lock, file: site.file, line: site.line };
}

function asVerdict(
  { number, finds }: ScheduledArticle, finding: Finding, verdict: ArticleVerdict | null,
): Verdict {
  const { rule, code, sentence, words, parties, site } = finding;
  return {
    kind: finds.kind,
    machine: 'machine',
    sentence,
    rule,
    ...(code === undefined ? {} : { code }),
    lock: { name: finds.lock, address: parties[0]?.object ?? 0 },
    waiters: parties.filter(isSpinning).map(({ processor }) => processor),
    ...(verdict === null && site === undefined ? {}
      : { site: { function: '', ...(verdict ?? site ?? { file: '', line: 0 }) } }),
    sinceUs: 0,
    words,
    article: number,
  };
}

function symptomOf({ windows, schedules, exhausted, wanted }: Tried, processors: number): Symptom {
  if (wanted === undefined) return { windows, schedules, exhausted, found: false };
  const spinning = spinningOf(wanted);
  return {
    windows,
    schedules,
    exhausted,
    found: true,
    schedule: wanted.schedule,
    strategy: wanted.strategy,
    rule: wanted.rule,
    spinningProcessors: spinning,
    runningProcessors: Array.from({ length: processors }, (_, i) => i)
      .filter((i) => !spinning.includes(i)),
    replay: wanted.line,
  };
}

/** Processors that spin for ever. */
function spinningOf({ rule, parties }: Finding): number[] {
  if (rule !== 'DEADLOCK') return [];
  return [...new Set(parties.filter(isSpinning).map(({ processor }) => processor))].sort();
}

/** It waits for a lock that somebody has; who waits for his turn on a processor does not. */
function isSpinning({ point, owner }: Party): boolean {
  return point === 'ACQUIRE' && owner !== undefined;
}

function linesOf({ windows, schedules, wanted }: Tried): string[] {
  const many = `${schedules} schedules of ${windows} windows`.padEnd(MANY_COLUMNS);
  if (wanted === undefined) return [`${many} nothing found`];
  const { parties, rule, schedule, subjects } = wanted;
  const hangs = rule === 'DEADLOCK';
  const who = parties.filter((party) => !hangs || isSpinning(party)).map((party) => {
    const { actor, object, processor, stack } = party;
    const what = hangs
      ? `spins for ever on ${nameOfObject(subjects, object)}` : actor.replace(/ [0-9]+$/, '');
    const site = findAcquirer(stack);
    return rowOf(`processor ${processor}`, site ? `${what}, ${placeOf(site)}` : what);
  });
  return [`${many} ${rule}, schedule ${schedule} of the last`, ...who];
}

function commandOf(
  { number, processors: counts }: ScheduledArticle, processors: number,
): string {
  const extra = processors === counts[0] ? '' : ` --processors ${processors}`;
  return `npx ntstack explore ${number.toLowerCase()}${extra} --replay`;
}
