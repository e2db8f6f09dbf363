/** What `ntstack explore` is asked for, read from its options: each wrong one is told by name. */

import { closeSync, openSync, readFileSync } from 'node:fs';
import type { PointLevel } from '../explore/kinds.js';
import type { Exploration } from '../explore/finding.js';
import { parseLine } from '../explore/line.js';
import { strategiesOf } from '../explore/portfolio.js';
import { Random } from '../machine/random.js';
import { reasonOf } from './capture.js';
import { WrongUse, optionValue } from './wronguse.js';

/** The options of `explore` as they are written. */
export interface ExploreCommand {
  readonly schedules?: string;
  readonly seconds?: string;
  readonly strategy?: string;
  readonly seed?: string;
  readonly replay?: string;
  readonly points?: string;
  readonly shard?: string;
  readonly merge?: boolean;
  readonly size?: string;
  readonly fixed?: boolean;
  readonly processors?: string;
  readonly json?: boolean;
  readonly trace?: string;
}

/** What is to be done. */
export interface ExplorePlan {
  /** Of each scenario; undefined: as many as there is time for, or the usual number. */
  readonly schedules: number | undefined;
  readonly seconds: number | undefined;
  readonly strategies: readonly string[] | undefined;
  /** As it was given, if it was. */
  readonly seed: string | undefined;
  readonly points: PointLevel;
  readonly replay: string | undefined;
  readonly shard: { readonly part: number; readonly of: number } | undefined;
  readonly size: number | undefined;
  readonly fixed: boolean;
  readonly processors: number | undefined;
  readonly json: boolean;
  readonly trace: string | undefined;
}

const POINTS: readonly PointLevel[] = ['locks', 'interlocked', 'memory'];
const MOST_SCHEDULES = 1_000_000_000;
const MOST_SECONDS = 86_400;
const MOST_SHARDS = 1000;
const MOST_SIZE = 1000;
const MOST_PROCESSORS = 8;

/**
 * The plan that options make.
 * @throws WrongUse naming the option that is wrong, and what is allowed.
 */
export function planExploration(options: ExploreCommand): ExplorePlan {
  const { replay, seed } = options;
  const line = replay === undefined
    ? undefined : optionValue('--replay', () => parseLine(replay));
  if (seed !== undefined) optionValue('--seed', () => new Random(seed));
  if (line !== undefined) {
    refuse(options, 'replay', ['schedules', 'seconds', 'strategy', 'points', 'shard', 'merge']);
  }
  return {
    schedules: readWhole('schedules', options.schedules, MOST_SCHEDULES),
    seconds: readSeconds(options.seconds),
    strategies: readStrategies(options.strategy),
    seed,
    points: line?.points ?? readPoints(options.points),
    replay: line === undefined ? undefined : replay?.trim(),
    shard: readShard(options.shard),
    size: readWhole('size', options.size, MOST_SIZE),
    fixed: options.fixed === true,
    processors: readWhole('processors', options.processors, MOST_PROCESSORS),
    json: options.json === true,
    trace: readTrace(options.trace),
  };
}

/** What cannot stand beside an option. */
function refuse(
  options: ExploreCommand, option: keyof ExploreCommand, others: readonly (keyof ExploreCommand)[],
): void {
  const other = others.find((each) => options[each] !== undefined);
  if (other === undefined) return;
  throw new WrongUse(`option --${other}: not with --${option}, which says it all`);
}

function readWhole(name: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^[0-9]{1,10}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= most) return value;
  throw new WrongUse(`option --${name}: '${text}' is no whole number from 1 to ${most}`);
}

function readSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = /^[0-9]*\.?[0-9]+$/.test(text) ? Number(text) : NaN;
  if (seconds > 0 && seconds <= MOST_SECONDS) return seconds;
  throw new WrongUse(`option --seconds: '${text}' is no number above 0, at most ${MOST_SECONDS}`);
}

function readStrategies(text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined;
  const names = text.split(',').map((name) => name.trim());
  optionValue('--strategy', () => strategiesOf(names));
  return names;
}

function readPoints(text: string | undefined): PointLevel {
  const level = POINTS.find((each) => each === (text ?? 'locks'));
  if (level !== undefined) return level;
  throw new WrongUse(`option --points: '${text}' is none of ${POINTS.join(', ')}`);
}

function readShard(text: string | undefined): ExplorePlan['shard'] {
  if (text === undefined) return undefined;
  const [, part = 0, of = 0] = (/^([0-9]{1,4})\/([0-9]{1,4})$/.exec(text) ?? []).map(Number);
  if (part >= 1 && part <= of && of <= MOST_SHARDS) return { part, of };
  throw new WrongUse(
    `option --shard: '${text}' is not I/N, part I of N, with N at most ${MOST_SHARDS}`,
  );
}

/** The file is made at once: nobody wants to hear after an hour that it cannot be. */
function readTrace(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    closeSync(openSync(path, 'w'));
    return path;
  } catch (thrown) {
    throw new WrongUse(`option --trace: ${path} cannot be written: ${reasonOf(thrown)}`, {
      cause: thrown,
    });
  }
}

/**
 * Explorations from files that `--json` was printed to.
 * @throws WrongUse for a file that cannot be read or is none.
 */
export function readShards(paths: readonly string[]): Exploration[] {
  if (paths.length === 0) {
    throw new WrongUse('option --merge: name the files that --json was printed to');
  }
  return paths.flatMap((path) => {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (thrown) {
      throw new WrongUse(`option --merge: ${path} cannot be read: ${reasonOf(thrown)}`, {
        cause: thrown,
      });
    }
    const value = parseJson(text);
    const parts = Array.isArray(value) ? value : [value];
    if (parts.length > 0 && parts.every(isExploration)) return parts;
    throw new WrongUse(`option --merge: ${path} is not what ntstack explore --json prints`);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isExploration(value: unknown): value is Exploration {
  const given = value as Partial<Exploration> | null | undefined;
  return typeof given === 'object' && given !== null && Array.isArray(given.findings)
    && typeof given.coverage === 'object' && typeof given.scenario === 'string';
}
