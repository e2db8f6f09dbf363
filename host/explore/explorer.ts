/**
 * Explores a scenario: a recorded schedule first, then directed ones for what it predicts, then
 * the portfolio in turn. Every failing schedule is run twice, shortened, and told once.
 */

import { Random } from '../machine/random.js';
import type { Seed, Stream } from '../machine/random.js';
import type { SourceMap } from '../watch/sourcemap.js';
import { Describer } from './describe.js';
import { directed } from './directed.js';
import type { Engine } from './engine.js';
import type { Outcome } from './outcome.js';
import { Exhaustive } from './exhaustive.js';
import type { Exploration, Finding } from './finding.js';
import { LockGraph, actorsOf } from './lockgraph.js';
import type { Cycle } from './lockgraph.js';
import { markOf } from './merge.js';
import { makeStrategies } from './portfolio.js';
import type { Prepared } from './program.js';
import { replayOf } from './replay.js';
import { shrink } from './shrink.js';
import type { Strategy } from './strategy.js';

/** How an exploration goes. */
export interface ExploreOptions {
  /** Schedules at most. Default: 10,000. */
  readonly schedules?: number;
  /** Names of strategies, in turn; see portfolio.ts. Default: the portfolio. */
  readonly strategies?: readonly string[];
  readonly seed?: Seed;
  /** Asked now and then: whether to end here. */
  readonly isOver?: () => boolean;
  /** Told now and then. */
  readonly onProgress?: (progress: Progress) => void;
  /** Ends with the first finding that is confirmed. */
  readonly first?: boolean;
  /** Part I of N, counted from 1: other seeds than the other parts. */
  readonly shard?: { readonly part: number; readonly of: number };
  /** The first digits of the module's digest. */
  readonly build?: string;
  readonly map?: SourceMap;
  /** Whether predicted deadlocks are confirmed by directed schedules. Default: true. */
  readonly predict?: boolean;
  /** Keep the hashes of traces. */
  readonly hashes?: boolean;
}

/** Where an exploration stands. */
export interface Progress {
  readonly schedules: number;
  readonly traces: number;
  readonly findings: number;
}

/** Schedules between two looks at the clock, and between two pauses. */
const CHUNK = 64;
/** Schedules whose every step is kept, for the lock graph. */
const RECORDED = 64;
/** Directed schedules for one cycle. */
const DIRECTED = 8;
/** What is searched for every order beside the portfolio: actors, and decisions of a schedule. */
const SMALL_ACTORS = 8;
const SMALL_STEPS = 64;
/** Traces that are told apart. */
const MOST_TRACES = 1 << 22;
/** Findings that are told. */
const MOST_FINDINGS = 200;

/** Explores until the options say enough. The engine has been prepared. */
export function explore(prepared: Prepared, options: ExploreOptions = {}): Exploration {
  const exploration = exploring(prepared, options);
  for (;;) {
    const { done, value } = exploration.next();
    if (done === true) return value;
  }
}

/** The same, with pauses: for whoever has something else to do now and then. */
export function exploring(
  prepared: Prepared, options: ExploreOptions = {},
): Generator<Progress, Exploration, void> {
  return new Explorer(prepared, options).explore();
}

class Explorer {
  private readonly engine: Engine;
  private readonly random: Random;
  private readonly stream: Stream;
  private readonly graph: LockGraph;
  private readonly strategies: readonly Strategy[];
  /** Beside the portfolio; not where strategies were asked for by name. */
  private readonly everyOrder: Strategy | undefined;
  private readonly findings: Finding[] = [];
  private readonly keys = new Set<string>();
  private readonly cycles = new Set<string>();
  private readonly open: { cycle: Cycle; name: string; schedule: number }[] = [];
  private readonly traces = new Set<number>();
  private readonly describer: Describer;
  private schedules = 0;
  private exhausted = false;

  constructor(private readonly prepared: Prepared, private readonly options: ExploreOptions) {
    const { engine } = prepared;
    const { shard } = options;
    this.engine = engine;
    this.random = new Random(options.seed ?? 1);
    this.stream = this.random.stream(`schedules ${shard?.part ?? 1}/${shard?.of ?? 1}`);
    const levels = prepared.scenario.actors.map(({ level }) => level);
    this.graph = new LockGraph(engine.kinds, levels);
    this.strategies = makeStrategies(options.strategies, engine.kinds);
    if (options.strategies === undefined) this.everyOrder = new Exhaustive(engine.kinds);
    this.describer = new Describer(prepared, options.build ?? 'none', options.map);
  }

  *explore(): Generator<Progress, Exploration, void> {
    const { options } = this;
    const most = options.schedules ?? 10_000;
    let turn = 0;
    let paused = 0;
    while (this.schedules < most && !this.isDone()) {
      const strategy = this.strategyOf(turn++);
      const outcome = this.run(strategy, this.schedules < RECORDED);
      this.judge(outcome, strategy.name);
      if (outcome.steps.length !== 0 && this.graph.add(outcome.steps)) this.direct(most);
      if (strategy.exhausted?.() === true) {
        this.exhausted = true;
        break;
      }
      if (this.schedules - paused >= CHUNK) {
        paused = this.schedules;
        yield this.progress();
      }
    }
    this.settlePredictions();
    return this.result();
  }

  /** Whose turn it is: in what is small, every other one is the search of every order. */
  private strategyOf(turn: number): Strategy {
    const { everyOrder, strategies, prepared, engine } = this;
    const isSmall = prepared.scenario.actors.length <= SMALL_ACTORS
      && engine.profile.steps <= SMALL_STEPS;
    if (everyOrder === undefined || this.schedules < RECORDED || !isSmall) {
      return strategies[turn % strategies.length] as Strategy;
    }
    return turn % 2 === 0 ? everyOrder : strategies[(turn >>> 1) % strategies.length] as Strategy;
  }

  private run(strategy: Strategy, record = false): Outcome {
    const outcome = this.engine.run(strategy, this.stream, { record });
    this.schedules++;
    if (this.traces.size < MOST_TRACES) this.traces.add(outcome.hash);
    if (this.schedules % CHUNK === 0) this.options.onProgress?.(this.progress());
    return outcome;
  }

  private progress(): Progress {
    const { schedules, traces, findings } = this;
    return { schedules, traces: traces.size, findings: findings.length };
  }

  private isDone(): boolean {
    if (this.findings.length >= MOST_FINDINGS) return true;
    if (this.options.first === true && this.findings.some(({ status }) => status === 'confirmed')) {
      return true;
    }
    return this.schedules % CHUNK === 0 && this.options.isOver?.() === true;
  }

  /** Confirms what an outcome shows, unless it is known. */
  private judge(outcome: Outcome, strategy: string): void {
    if (outcome.ending === 'done' && outcome.findings.length === 0) return;
    const keys = keysOf(outcome);
    // What hangs comes before the rules that were broken on the way there.
    if (outcome.ending === 'deadlock') keys.unshift(...keys.splice(-1));
    for (const key of keys) {
      if (this.keys.has(key)) continue;
      this.keys.add(key);
      if (this.findings.length < MOST_FINDINGS) this.confirm(outcome, key, strategy);
    }
  }

  private confirm(outcome: Outcome, key: string, strategy: string): void {
    const schedule = this.schedules;
    const again = this.engine.run(replayOf(outcome.choices), this.stream);
    if (again.hash !== outcome.hash || again.ending !== outcome.ending) {
      this.findings.push(this.describer.unstable(outcome, again, strategy, schedule));
      return;
    }
    const { choices } = shrink(this.engine, outcome.choices, this.stream,
      (other) => keysOf(other).includes(key));
    const seen = this.engine.run(replayOf(choices), this.stream, { record: true, stacks: true });
    const finding = this.describer.describe(seen, key, {
      strategy, schedule, found: outcome.choices, choices, keysOf,
    });
    const mark = markOf(finding);
    if (this.keys.has(mark)) return;
    this.keys.add(mark);
    this.findings.push(finding);
  }

  /** Directs a few schedules into each circle that is new. */
  private direct(most: number): void {
    if (this.options.predict === false) return;
    for (const cycle of this.graph.cycles()) {
      const edges = cycle.edges.map((edge) =>
        `${actorsOf(edge).join('/')}:${edge.outer}>${edge.inner}`);
      const name = edges.join(' ');
      const mark = cycle.refuted === undefined ? name : `${name} refuted`;
      if (this.cycles.has(mark)) continue;
      this.cycles.add(mark);
      if (cycle.refuted !== undefined || cycle.elsewhere !== undefined) {
        this.open.push({ cycle, name, schedule: this.schedules });
        continue;
      }
      // It was refuted for what its actors held; they hold something else as well.
      const before = this.open.findIndex((each) => each.name === name);
      if (before >= 0) this.open.splice(before, 1);
      if (!this.meets(cycle, most)) this.open.push({ cycle, name, schedule: this.schedules });
    }
  }

  /** Whether a schedule that is directed into a circle ends there. Known locks: one try. */
  private meets(cycle: Cycle, most: number): boolean {
    const isKnown = this.findings.some((finding) => this.describer.isOf(finding, cycle));
    const tries = isKnown ? 1 : DIRECTED;
    const strategy = directed(cycle, this.engine.kinds);
    for (let i = 0; i < tries && this.schedules < most; i++) {
      const outcome = this.run(strategy);
      this.judge(outcome, strategy.name);
      if (outcome.ending === 'deadlock') return true;
    }
    return false;
  }

  /** What was predicted and not met is told as that, or as refuted, with the reason. */
  private settlePredictions(): void {
    for (const { cycle, schedule } of this.open) {
      const met = this.findings.some((finding) => this.describer.isOf(finding, cycle));
      if (!met) this.findings.push(this.describer.predicted(cycle, schedule, this.exhausted));
    }
  }

  private result(): Exploration {
    const { engine, prepared, options } = this;
    const { steps } = engine.profile;
    const actors = prepared.scenario.actors.length;
    const once = 1 / (actors * Math.max(steps, 1));
    return {
      scenario: prepared.scenario.name,
      build: options.build ?? 'none',
      seed: this.random.seed,
      points: engine.level,
      ...(options.shard === undefined ? {} : { shard: options.shard }),
      findings: this.findings,
      coverage: {
        schedules: this.schedules, traces: this.traces.size, steps, exhausted: this.exhausted,
        depth2: 1 - (1 - once) ** this.schedules,
      },
      ...(options.hashes === true ? { hashes: [...this.traces] } : {}),
    };
  }
}

/** What an outcome's findings are known by, before their stacks are. */
export function keysOf({ ending, findings, waiting }: Outcome): string[] {
  const keys = findings.map(({ rule, words }) => `${rule} ${words[0] ?? 0}`);
  if (ending === 'deadlock') {
    const objects = waiting.map(({ actor, object }) => `${actor}:${object}`);
    keys.push(`DEADLOCK ${objects.join(' ')}`);
  }
  return keys;
}
