/** `ntstack explore`: schedules of a module or of the stack itself, and what is wrong in them. */

import { writeFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { replayLine } from '../explore/again.js';
import { exploreScene, replayScene } from '../explore/articlescene.js';
import { exploring } from '../explore/explorer.js';
import type { Progress } from '../explore/explorer.js';
import type { Exploration } from '../explore/finding.js';
import { mergeExplorations } from '../explore/merge.js';
import type { Prepared } from '../explore/program.js';
import { formatNothing, formatReport } from '../explore/report.js';
import { timelineOf } from '../explore/timeline.js';
import { reasonOf } from './capture.js';
import { planExploration, readShards } from './exploreplan.js';
import type { ExploreCommand, ExplorePlan } from './exploreplan.js';
import { resolveTarget } from './exploretarget.js';
import type { Target } from './exploretarget.js';
import { Interruption } from './interrupt.js';
import { startLine } from './progress.js';
import { formatCount, formatSeconds, paintFor, widthOf } from './show.js';
import { WrongUse, oneLine } from './wronguse.js';

/** Schedules of a target where neither their number nor a time is given. */
const USUAL_SCHEDULES = 10_000;
/** Between two looks at what else there is to do. */
const BREATH_MS = 50;

/** What `--json` gives of a scenario. */
export interface ExploreSummary extends Exploration {
  /** Somebody pressed Ctrl-C: not all was tried that was asked for. */
  readonly interrupted: boolean;
}

/**
 * Explores what is named, and prints what was found. Gives the exit code: 0 nothing, 1 a finding
 * that is confirmed.
 * @throws WrongUse for a target or an option that cannot be.
 */
export async function explore(names: readonly string[], options: ExploreCommand): Promise<number> {
  const plan = planExploration(options);
  if (options.merge === true) return conclude(mergeAll(readShards(names)), plan, [], false);
  const [name, another] = names;
  if (name === undefined) throw new WrongUse('nothing to explore: name FILE.wasm, FILE.ts or self');
  if (another !== undefined) throw new WrongUse(`${another}: one thing is explored at a time`);
  const target = await resolveTarget(name, plan);
  if (target.scene !== undefined) return exploreSceneOf(target.scene, plan, name);
  if (plan.replay !== undefined) return replay(target, plan, plan.replay, name);
  const { results, interrupted } = await exploreAll(target, plan);
  return conclude(results, plan, names, interrupted, target.single);
}

/** Shards by their scenarios, in the order in which those come first. */
function mergeAll(parts: readonly Exploration[]): Exploration[] {
  const scenarios = [...new Set(parts.map(({ scenario }) => scenario))];
  return scenarios.map((scenario) => {
    try {
      return mergeExplorations(parts.filter((part) => part.scenario === scenario));
    } catch (thrown) {
      throw new WrongUse(`option --merge: ${oneLine(thrown)}`, { cause: thrown });
    }
  });
}

/** The scene of an article that is none of schedules; or its line again. */
async function exploreSceneOf(
  { article, build }: NonNullable<Target['scene']>, plan: ExplorePlan, name: string,
): Promise<number> {
  const { fixed: healthy, processors, replay: line, seed } = plan;
  const options = {
    build, healthy, ...seed === undefined ? {} : { seed },
    ...processors === undefined ? {} : { processors },
  };
  try {
    const exploration = line === undefined ? await exploreScene(article, options)
      : await replayScene(article, line, options);
    return conclude([exploration], plan, [name], false, false);
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown;
    const option = line === undefined ? '' : 'option --replay: ';
    throw new WrongUse(`${option}${oneLine(thrown)}`, { cause: thrown });
  }
}

function replay(target: Target, plan: ExplorePlan, line: string, name: string): number {
  const [prepared] = target.scenarios;
  if (prepared === undefined) throw new WrongUse(`${name}: nothing to replay`);
  let exploration: Exploration;
  try {
    exploration = replayLine(prepared, line, target.loaded);
  } catch (thrown) {
    throw new WrongUse(`option --replay: ${oneLine(thrown)}`, { cause: thrown });
  }
  return conclude([exploration], plan, [name], false, target.single);
}

/** What all scenarios came to, as far as they were begun. */
async function exploreAll(
  { scenarios, loaded }: Target, plan: ExplorePlan,
): Promise<{ results: Exploration[]; interrupted: boolean }> {
  const interruption = new Interruption();
  const results: Exploration[] = [];
  try {
    for (const [index, prepared] of scenarios.entries()) {
      if (interruption.came) break;
      const clock = new Clock(plan, scenarios.length, () => interruption.came);
      const label = scenarios.length === 1
        ? prepared.scenario.name : `${prepared.scenario.name} of ${scenarios.length}`;
      const found = results.reduce((sum, { findings }) => sum + findings.length, 0);
      results.push(await exploreOne(prepared, { plan, loaded, clock, label, found }));
      if (index + 1 < scenarios.length) await setImmediate();
    }
  } finally {
    interruption.end();
  }
  return { results, interrupted: interruption.came };
}

/** How much of a scenario there is to be, and how much there was. */
class Clock {
  readonly schedules: number;
  private readonly began = performance.now();
  private readonly seconds: number;

  constructor(plan: ExplorePlan, scenarios: number, private readonly isInterrupted: () => boolean) {
    this.seconds = (plan.seconds ?? Infinity) / scenarios;
    const usual = plan.seconds === undefined ? Math.ceil(USUAL_SCHEDULES / scenarios) : Infinity;
    this.schedules = plan.schedules ?? usual;
  }

  elapsed(): number {
    return (performance.now() - this.began) / 1000;
  }

  isOver(): boolean {
    return this.isInterrupted() || this.elapsed() >= this.seconds;
  }

  /** How much is done, from 0 to 1. */
  share({ schedules }: Progress): number {
    return Math.min(Math.max(schedules / this.schedules, this.elapsed() / this.seconds), 1);
  }
}

async function exploreOne(prepared: Prepared, { plan, loaded, clock, label, found }: {
  readonly plan: ExplorePlan;
  readonly loaded: Target['loaded'];
  readonly clock: Clock;
  readonly label: string;
  readonly found: number;
}): Promise<Exploration> {
  const line = startLine(label);
  const { strategies, seed, shard } = plan;
  const exploration = exploring(prepared, {
    ...loaded,
    schedules: clock.schedules,
    isOver: () => clock.isOver(),
    ...(strategies === undefined ? {} : { strategies }),
    ...(seed === undefined ? {} : { seed }),
    ...(shard === undefined ? {} : { shard, hashes: true }),
  });
  let breathed = performance.now();
  try {
    for (;;) {
      const { done, value } = exploration.next();
      if (done === true) return value;
      if (performance.now() - breathed < BREATH_MS) continue;
      line.show(clock.share(value), wordsOf(value, clock.elapsed(), found));
      await setImmediate();
      breathed = performance.now();
    }
  } finally {
    line.end();
  }
}

function wordsOf(
  { schedules, traces, findings }: Progress, seconds: number, found: number,
): string {
  return [
    `${formatCount(schedules / Math.max(seconds, 1e-3))} schedules/s`,
    `${formatCount(schedules)} in ${formatSeconds(seconds)}`,
    `${formatCount(traces)} traces`,
    `${findings + found} findings`,
  ].join('  ');
}

/** Prints what was found and writes the timeline. Gives the exit code. */
function conclude(
  results: readonly Exploration[], plan: ExplorePlan, names: readonly string[],
  interrupted: boolean, single = results.length === 1,
): number {
  const confirmed = results.flatMap(({ findings }) => findings)
    .filter(({ status }) => status === 'confirmed');
  const [first] = confirmed;
  if (plan.trace !== undefined && first !== undefined) writeTimeline(plan.trace, first);
  if (plan.json) {
    const summaries = results.map((each): ExploreSummary => ({ ...each, interrupted }));
    const value = single ? summaries[0] : summaries;
    process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
  } else {
    const options = {
      width: widthOf(process.stdout),
      paint: paintFor(process.stdout),
      command: (line: string) => commandOf(names, plan, line, single),
    };
    for (const each of results) {
      const brief = results.length > 1 && each.findings.length === 0;
      const text = brief ? formatNothing(each, options.paint) : formatReport(each, options);
      process.stdout.write(`${text}\n`);
    }
    if (interrupted) process.stdout.write('interrupted: what would have come later is not seen\n');
    if (plan.trace !== undefined) process.stdout.write(`${traceWords(plan.trace, first)}\n`);
  }
  return first === undefined ? 0 : 1;
}

function traceWords(path: string, finding: Exploration['findings'][number] | undefined): string {
  if (finding === undefined) return `timeline none in ${path}: nothing is confirmed`;
  return `timeline ${path}: open it in ui.perfetto.dev or speedscope`;
}

function writeTimeline(path: string, finding: Exploration['findings'][number]): void {
  try {
    writeFileSync(path, `${JSON.stringify(timelineOf(finding), undefined, 1)}\n`);
  } catch (thrown) {
    throw new WrongUse(`option --trace: ${path} cannot be written: ${reasonOf(thrown)}`, {
      cause: thrown,
    });
  }
}

/** What replays a line: the same target, with what it was prepared with. */
function commandOf(
  names: readonly string[], plan: ExplorePlan, line: string, single: boolean,
): string {
  const [name = 'TARGET'] = names;
  const { size, fixed, processors, seed } = plan;
  return [
    'npx ntstack explore', name,
    ...size === undefined ? [] : [`--size ${size}`],
    ...fixed ? ['--fixed'] : [],
    ...processors === undefined ? [] : [`--processors ${processors}`],
    ...seed === undefined || single ? [] : [`--seed ${seed}`],
    `--replay ${line}`,
  ].join(' ');
}
