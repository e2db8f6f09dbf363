/** An article of the Knowledge Base: what it says, how to bring it about, what must be found. */

import type { CaptureWriter } from '../link/pcapngwrite.js';
import type { ReleaseName } from '../machine/release.js';
import type { Seed } from '../machine/random.js';
import type { World } from '../machine/world.js';
import { createWorld } from '../user/create.js';
import type { WorldOptions } from '../user/create.js';
import type { Verdict, VerdictKind } from '../watch/verdict.js';

/** What the machines did, healthy or not: words, numbers and truths, for tables and JSON. */
export type Symptom = Readonly<Record<
  string, string | number | boolean | readonly number[] | readonly string[]
>>;

/** How a scene ended: what could be seen from outside, and what the detectors say. */
export interface Scene {
  readonly symptom: Symptom;
  readonly verdicts: readonly Verdict[];
  /** Lines of the scene for people, without the word that begins the first. */
  readonly lines: readonly string[];
}

/** With what a scene is played. */
export interface SceneOptions {
  readonly release: ReleaseName;
  /** Registry values. */
  readonly settings: Readonly<Record<string, number>>;
  readonly processors: number;
}

/** Where a scene is played: an article's machines, and the link between them. */
export type Stage = Pick<WorldOptions, 'link' | 'machines'>;

/** What every article has. */
interface Described {
  /** Q and six digits. */
  readonly number: string;
  readonly title: string;
  /** What it applies to. */
  readonly products: string;
  /** Its CAUSE, quoted in a few words. */
  readonly cause: string;
  /** The release that has the defect, and the first that has not. */
  readonly release: ReleaseName;
  readonly fixed: ReleaseName;
  /** Registry values without which nothing happens. */
  readonly settings: Readonly<Record<string, number>>;
  /** Those with which the machine ends in a stop, where the article says that it may. */
  readonly stop?: Readonly<Record<string, number>>;
  /** How many processors its machine has: one after another. */
  readonly processors: readonly number[];
  /** How it is brought about, in a sentence. */
  readonly provocation: string;
  /** Calls of one routine in a window of the explorer: more are passed over. Default: all. */
  readonly alike?: number;
  /** Who takes part; the machine that has the defect is called `machine`. */
  stage(options: SceneOptions): Stage;
  /** What must be found, and in which file the cause is. */
  readonly finds: {
    readonly kind: VerdictKind;
    /** The verifier's rule, or DEADLOCK. */
    readonly rule: string;
    /** The lock; empty where it is about none. */
    readonly lock: string;
    readonly within: string;
    /** How the verdict begins, before the place: `TcpTable leaked by`. */
    readonly cause: string;
  };
}

/** One whose symptom is there in every run. */
export interface PlayedArticle extends Described {
  readonly schedule?: undefined;
  /** Plays it in a world of that stage. The same world, the same scene. */
  play(world: World): Promise<Scene>;
}

/**
 * One that needs a schedule: it is played for its calls, which the explorer makes in windows, by
 * several processors at once. Nothing here says which schedule it is.
 */
export interface ScheduledArticle extends Described {
  readonly schedule: {
    /** Calls of a window. */
    readonly calls: number;
    /** Schedules of each window within which it must be found. */
    readonly schedules: number;
  };
  play(world: World): Promise<void>;
}

/** One article. */
export type Article = PlayedArticle | ScheduledArticle;

/** How an article is run. */
export interface ArticleOptions {
  /** One of the article's; the first if not given. */
  readonly processors?: number;
  /** 1 if not given. */
  readonly seed?: number;
  /** Values in place of the article's, or beside them. */
  readonly settings?: Readonly<Record<string, number>>;
  /** Get all frames of the runs. */
  readonly captures?: Captures;
}

/** Where the frames of the two runs go. */
export interface Captures {
  readonly faulty: CaptureWriter;
  readonly healthy: CaptureWriter;
}

/** The cause, as `--json` gives it. */
export interface ArticleVerdict {
  readonly kind: string;
  readonly lock: string;
  /** The processor that has the lock; not there where nobody has it any more. */
  readonly holder?: number;
  readonly file: string;
  readonly line: number;
}

/** What became of an article; plain data. */
export interface ArticleResult {
  readonly article: string;
  readonly release: ReleaseName;
  readonly processors: number;
  readonly seed: number;
  /** What the faulty release did. */
  readonly symptom: Symptom;
  /** The article's cause where it was found; null where the faulty release did nothing wrong. */
  readonly verdict: ArticleVerdict | null;
  /** All that the detectors said of the faulty release. */
  readonly verdicts: readonly Verdict[];
  /** What the fixed release did. */
  readonly healthy: Symptom;
  /** All that the detectors said of the fixed release: nothing, where it is fixed. */
  readonly healthyVerdicts: readonly Verdict[];
  /** Where it needs a schedule: what replays it, and its line. */
  readonly replay?: { readonly command: string; readonly line: string };
  /** True where the faulty release shows the article's cause and the fixed one shows nothing. */
  readonly reproduced: boolean;
  /** Both scenes for people, and what was found. */
  readonly lines: readonly string[];
  readonly cause: string;
}

/**
 * Runs an article on the release that has the defect and on the one that has not.
 * @throws TypeError naming an option that is wrong.
 */
export async function runArticle(
  article: PlayedArticle,
  options: ArticleOptions = {},
): Promise<ArticleResult> {
  const { processors, seed } = checkRun(article, options);
  const settings = { ...article.settings, ...options.settings };
  const { captures } = options;
  const scene = async (release: ReleaseName, pcap?: CaptureWriter): Promise<Scene> => {
    return playScene(article, { release, settings, processors }, seed, pcap);
  };
  const healthy = await scene(article.fixed, captures?.healthy);
  const faulty = await scene(article.release, captures?.faulty);
  const verdicts = faulty.verdicts.map((each) => ({ ...each, article: article.number }));
  const verdict = findCause(article, verdicts);
  return {
    article: article.number,
    release: article.release,
    processors,
    seed,
    symptom: faulty.symptom,
    verdict,
    verdicts,
    healthy: healthy.symptom,
    healthyVerdicts: healthy.verdicts,
    reproduced: verdict?.file === article.finds.within && healthy.verdicts.length === 0,
    lines: [...rows('healthy', healthy.lines), ...rows('faulty', faulty.lines)],
    cause: causeOf(article, verdict) ?? verdicts[0]?.sentence ?? NOTHING_FOUND,
  };
}

/** What is said where there is no verdict. */
export const NOTHING_FOUND = 'nothing found';

/** The verdict in words; undefined where there is none. */
export function causeOf(
  { number, finds }: Article, verdict: ArticleVerdict | null,
): string | undefined {
  if (verdict === null) return undefined;
  const { holder } = verdict;
  const held = holder === undefined ? '' : ` on processor ${holder}`;
  return `${finds.cause} ${verdict.file}:${verdict.line} (${number})${held}`;
}

/** How an article is run. @throws TypeError naming an option that is wrong. */
export function checkRun(
  { number, processors: counts }: Article, options: ArticleOptions,
): { readonly processors: number; readonly seed: number } {
  const { processors = counts[0] ?? 1, seed = 1 } = options;
  if (!counts.includes(processors)) {
    const known = counts.join(' or ');
    throw new TypeError(`processors: ${String(processors)} is not ${known}, as ${number} needs`);
  }
  if (!Number.isInteger(seed)) throw new TypeError(`seed: ${String(seed)} is not an integer`);
  return { processors, seed };
}

/** Plays the scene of an article on the checked kernel. */
export async function playScene(
  article: PlayedArticle, options: SceneOptions, seed: Seed, pcap?: CaptureWriter,
): Promise<Scene> {
  const world = await createWorld({
    ...article.stage(options), seed, target: 'checked', ...(pcap === undefined ? {} : { pcap }),
  });
  try {
    return await article.play(world);
  } finally {
    world.stop();
    pcap?.flush();
  }
}

function findCause(article: Article, verdicts: readonly Verdict[]): ArticleVerdict | null {
  const found = verdicts.find(
    (each) => each.kind === article.finds.kind && (each.lock?.name ?? '') === article.finds.lock
      && (each.lock !== undefined || each.rule === article.finds.rule),
  );
  if (found?.site === undefined) return null;
  const { holder, site: { file, line } } = found;
  const held = holder === undefined ? {} : { holder };
  return { kind: found.kind, lock: article.finds.lock, ...held, file, line };
}

/** Lines of a scene, with the word that begins the first. */
export function rows(word: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => `${(index === 0 ? word : '').padEnd(10)}${line}`);
}

/** The result as it is printed: a row for each thing that was done, then the verdict. */
export function formatArticle(result: ArticleResult): string {
  const { cause, lines, replay, verdicts } = result;
  // Of a schedule the sentence says who and whom; the first of a scene is the verdict itself.
  const others = replay === undefined ? verdicts.slice(1) : verdicts;
  const rest = others.map((each) => `${''.padEnd(10)}${each.kind}: ${each.sentence}`);
  const again = replay === undefined ? []
    : rows('replay', [`${replay.command} \\`, replay.line]);
  return [...lines, `${'verdict'.padEnd(10)}${cause}`, ...rest, ...again].join('\n');
}
