/**
 * An article that is none of schedules: the explorer plays its scene, whose detectors ask from
 * outside what no rule of the kernel says, and plays it again before it tells what was found.
 */

import { checkRun, playScene } from '../kb/article.js';
import type { Article, PlayedArticle } from '../kb/article.js';
import { Random } from '../machine/random.js';
import type { Verdict } from '../watch/verdict.js';
import { SCENE } from './finding.js';
import type { Exploration, Finding } from './finding.js';
import { formatLine, parseLine } from './line.js';

/** How a scene is played. */
export interface ArticleSceneOptions {
  /** The first digits of the checked kernel's digest. */
  readonly build: string;
  /** 1 if not given. */
  readonly seed?: string;
  readonly processors?: number;
  /** On the release that has not got the defect. */
  readonly healthy?: boolean;
}

/** Whether its scene alone shows what an article is about: no rule of the kernel does. */
export function needsScene(article: Article): article is PlayedArticle {
  return article.schedule === undefined && article.finds.rule === '';
}

/** What a replay line names of it. */
function sceneNameOf({ number }: Article): string {
  return `${number.toLowerCase()} ${SCENE}`;
}

/**
 * Plays the scene of an article twice, and tells what its detectors say; that it differs, if so.
 * @throws TypeError naming an option that is wrong.
 */
export async function exploreScene(
  article: PlayedArticle, { build, seed = '1', processors, healthy }: ArticleSceneOptions,
): Promise<Exploration> {
  const run = checkRun(article, processors === undefined ? {} : { processors });
  const random = new Random(seed);
  const release = healthy === true ? article.fixed : article.release;
  const options = { release, settings: article.settings, processors: run.processors };
  const first = await playScene(article, options, seed);
  const again = await playScene(article, options, seed);
  const scenario = sceneNameOf(article);
  const line = formatLine({ build, scenario, points: 'locks', choices: [] });
  const same = JSON.stringify(first) === JSON.stringify(again);
  const findings = same ? first.verdicts.map((verdict) => findingOf(verdict, line))
    : [unstable(article, line)];
  return {
    scenario, build, seed: random.seed, points: 'locks', findings,
    coverage: { schedules: 1, traces: 1, steps: 0, exhausted: false, depth2: 0 },
    played: `the scene of ${article.number}, because it is none of schedules, but there in every`
      + ` order of its calls: ${article.provocation}`,
  };
}

/**
 * The scene again, from its line.
 * @throws TypeError where the line is of another build or scenario, or has choices.
 */
export async function replayScene(
  article: PlayedArticle, text: string, options: ArticleSceneOptions,
): Promise<Exploration> {
  const { build, scenario, choices } = parseLine(text);
  const here = sceneNameOf(article);
  if (build !== options.build) {
    throw new TypeError(`the line is of build ${build}, and this is ${options.build}`);
  }
  if (scenario !== here || choices.length > 0) {
    throw new TypeError(
      `the line is of scenario ${scenario}, and this is ${here}, without choices`);
  }
  return exploreScene(article, options);
}

function findingOf(verdict: Verdict, line: string): Finding {
  const { kind, rule, code, sentence, words, lock, site } = verdict;
  return {
    status: 'confirmed',
    rule: rule ?? kind.toUpperCase().replaceAll(' ', '_'),
    ...(code === undefined ? {} : { code }),
    sentence,
    words,
    parties: [],
    subjects: lock === undefined ? []
      : [{ address: lock.address, name: lock.name }],
    ...(site === undefined ? {} : { site }),
    choices: [],
    switches: { found: 0, shortened: 0 },
    line,
    strategy: SCENE,
    schedule: 1,
    steps: [],
  };
}

/** Two runs that differ are the finding. */
function unstable({ number }: PlayedArticle, line: string): Finding {
  return {
    status: 'confirmed', rule: 'UNSTABLE',
    sentence: `the scene of ${number} was played twice, and was not the same`,
    words: [], parties: [], subjects: [], choices: [], switches: { found: 0, shortened: 0 }, line,
    strategy: SCENE, schedule: 1, steps: [],
  };
}
