/** Puts what a schedule came to into words: a finding, with its stacks and its replay line. */

import { findAcquirer, resolveStack } from '../watch/sourcemap.js';
import type { Site, SourceMap } from '../watch/sourcemap.js';
import type { Engine } from './engine.js';
import type { Outcome, RawFinding, RecordedStep, Waiting } from './outcome.js';
import type { Finding, Party, ScheduleStep, Subject } from './finding.js';
import { formatLine } from './line.js';
import type { Cycle, Edge } from './lockgraph.js';
import type { Prepared } from './program.js';
import type { Scenario } from './scenario.js';
import { START } from './strategy.js';
import { deadlockSentence, ruleSentence } from './sentence.js';
import { switchesOf } from './shrink.js';

/** In a lock's word, above its owner. */
const RANK = 0x7f;

/** Steps of a finding that are kept: the last ones of schedules without an end. */
const MOST_STEPS = 2000;

/** How a finding came about. */
interface Circumstances {
  readonly strategy: string;
  readonly schedule: number;
  readonly found: readonly number[];
  readonly choices: readonly number[];
  readonly keysOf: (outcome: Outcome) => readonly string[];
}

/** Describes findings of one scenario. */
export class Describer {
  private readonly engine: Engine;
  private readonly scenario: Scenario;

  constructor(
    prepared: Prepared, private readonly build: string, private readonly map?: SourceMap,
  ) {
    this.engine = prepared.engine;
    this.scenario = prepared.scenario;
  }

  /** The finding that `key` names, of a schedule that was run with its stacks. */
  describe(outcome: Outcome, key: string, how: Circumstances): Finding {
    const index = how.keysOf(outcome).indexOf(key);
    const raw = outcome.findings[index];
    const parties = raw === undefined
      ? outcome.waiting.map((each) => this.waiter(each, outcome))
      : [this.culprit(raw)];
    const site = raw === undefined
      ? this.acquirer(outcome.waiting[0]?.stack)
      : this.acquirer(raw.stack);
    const rule = raw?.rule ?? 'DEADLOCK';
    const words = raw?.words ?? [];
    const steps = outcome.steps.slice(-MOST_STEPS).map((step) => this.step(step));
    const subjects = this.subjectsOf(parties, words, outcome.steps);
    const told = { rule, words, parties, subjects, steps };
    return {
      status: 'confirmed',
      rule,
      ...this.codesOf(rule),
      sentence: raw === undefined ? deadlockSentence(told) : ruleSentence(told, site),
      words,
      parties,
      subjects,
      ...(site === undefined ? {} : { site }),
      choices: how.choices,
      switches: { found: switchesOf(how.found), shortened: switchesOf(how.choices) },
      line: this.line(how.choices),
      strategy: how.strategy,
      schedule: how.schedule,
      steps,
    };
  }

  /** The same choices, and something else happened: that is the finding. */
  unstable(one: Outcome, other: Outcome, strategy: string, schedule: number): Finding {
    return {
      ...this.bare(strategy, schedule),
      status: 'confirmed',
      rule: 'NOT_DETERMINED',
      sentence: `the same choices ended with ${one.ending} and then with ${other.ending}:`
        + ' something outside the schedule decides',
      choices: one.choices,
      line: this.line(one.choices),
    };
  }

  /** A circle of locks in which no schedule was caught. */
  predicted(cycle: Cycle, schedule: number, exhausted: boolean): Finding {
    const { refuted, elsewhere } = cycle;
    const isOver = exhausted && elsewhere === undefined;
    const reason = refuted ?? elsewhere
      ?? (isOver ? 'every order of what meets was tried, and none is a deadlock' : undefined);
    const path = cycle.edges.map((edge) => this.orderOf(edge));
    return {
      ...this.bare('lock graph', schedule),
      status: refuted !== undefined || isOver ? 'refuted' : 'predicted',
      rule: cycle.edges.some(({ interrupted }) => interrupted !== undefined)
        ? 'IRQL_INVERSION' : 'DEADLOCK',
      sentence: path.join('; '),
      ...(reason === undefined ? {} : { reason }),
      words: cycle.edges.flatMap(({ outer, inner }) => [outer, inner]),
    };
  }

  /** Whether a finding is the deadlock that a cycle predicts. */
  isOf(finding: Finding, cycle: Cycle): boolean {
    if (finding.rule !== 'DEADLOCK' || finding.status !== 'confirmed') return false;
    const objects = new Set(finding.parties.map(({ object }) => object));
    return cycle.edges.every(({ inner }) => objects.has(inner));
  }

  private orderOf({ actor, outer, inner, interrupted, irql }: Edge): string {
    if (interrupted === undefined) {
      return `${this.actorName(actor)} takes ${hex(inner)} while it holds ${hex(outer)}`;
    }
    return `${this.actorName(actor)} takes ${hex(inner)} at IRQL ${irql}, and can interrupt`
      + ` ${this.actorName(interrupted.actor)}, which holds ${hex(outer)} at IRQL`
      + ` ${interrupted.irql}`;
  }

  private bare(strategy: string, schedule: number): Finding {
    return {
      status: 'predicted', rule: '', sentence: '', words: [], parties: [], subjects: [],
      choices: [], switches: { found: 0, shortened: 0 }, line: '', strategy, schedule, steps: [],
    };
  }

  private line(choices: readonly number[]): string {
    const { name } = this.scenario;
    return formatLine({ build: this.build, scenario: name, points: this.engine.level, choices });
  }

  private waiter(waiting: Waiting, outcome: Outcome): Party {
    const { actor, point, processor, irql } = waiting;
    const holder = this.ownerOf(waiting, outcome);
    const object = this.waitedFor(waiting, outcome);
    return {
      actor: this.actorName(actor), processor, irql, point: this.pointName(point), object,
      ...(holder === undefined ? {} : { owner: this.actorName(holder.actor) }),
      stack: this.resolve(waiting.stack),
    };
  }

  /** Who has entered a lock and waits, waits for the lock, whichever word tells when. */
  private waitedFor({ actor, point, object }: Waiting, { steps }: Outcome): number {
    const last = steps.filter((step) => step.actor === actor).at(-1);
    const { wait, enter } = this.engine.kinds;
    return point === wait && last?.point === enter ? last.object : object;
  }

  /** Of several on the owner's processor, one in the middle of another: who took it last. */
  private ownerOf({ owner, object }: Waiting, { waiting, steps }: Outcome): Waiting | undefined {
    if (owner < 0) return undefined;
    const there = waiting.filter(({ processor }) => processor === owner);
    const taken = steps.filter((step) => step.object === object && this.takes(step.point)).at(-1);
    return there.find(({ actor }) => actor === taken?.actor) ?? there[0];
  }

  private culprit({ actor, words, stack }: RawFinding): Party {
    const processor = this.scenario.actors[actor]?.processor ?? 0;
    return {
      actor: this.actorName(actor), processor, irql: this.engine.module.irql(processor),
      point: '', object: words[0] ?? 0, stack: this.resolve(stack),
    };
  }

  private step({ actor, processor, irql, point, object, stack }: RecordedStep): ScheduleStep {
    const site = this.acquirer(stack);
    return {
      actor: this.actorName(actor), processor, irql, point: this.pointName(point), object,
      ...(site === undefined ? {} : { site }),
      ...(this.takes(point) && site !== undefined ? { stack: this.resolve(stack) } : {}),
    };
  }

  private resolve(stack: string | undefined): Site[] {
    return stack === undefined || this.map === undefined ? [] : resolveStack(this.map, stack);
  }

  private acquirer(stack: string | undefined): Site | undefined {
    return findAcquirer(this.resolve(stack));
  }

  private actorName(actor: number): string {
    return this.scenario.actors[actor]?.name ?? 'the end';
  }

  private pointName(point: number): string {
    return point === START ? 'START' : this.engine.module.nameOf('Point', point);
  }

  private codesOf(rule: string): { code?: number; stop?: number } {
    const { module } = this.engine;
    const code = module.constant(`Rule.${rule}`);
    const stop = module.constant(`Stop.${rule}`);
    if (code !== undefined) {
      return { code, stop: module.valueOf('Stop.DRIVER_VERIFIER_DETECTED_VIOLATION') };
    }
    return stop === undefined ? {} : { code: stop, stop };
  }

  /** What is waited for, and of the rule's words those that the schedule knows as objects. */
  private subjectsOf(
    parties: readonly Party[], words: readonly number[], steps: readonly RecordedStep[],
  ): Subject[] {
    const known = new Map<number, boolean>();
    for (const { point, object } of steps) {
      if (point === this.engine.kinds.irql) continue;
      known.set(object, known.get(object) === true || this.spins(point));
    }
    for (const { point, object } of parties) {
      if (point !== '') known.set(object, known.get(object) === true || point === 'ACQUIRE');
    }
    const wanted = new Set([
      ...parties.filter(({ point }) => point !== '').map(({ object }) => object), ...words,
    ]);
    return [...wanted].filter((address) => known.has(address))
      .map((address) => this.subject(address, known.get(address) === true));
  }

  private subject(address: number, isSpinLock: boolean): Subject {
    const { module, initialized } = this.engine;
    const rank = isSpinLock
      ? module.findName('LockRank', module.word(address) >>> 16 & RANK) : undefined;
    const name = module.findAddress(address) ?? (rank === 'Unranked' ? undefined : rank);
    const site = this.acquirer(initialized.get(address));
    return {
      address,
      ...(name === undefined ? {} : { name }),
      ...(rank === undefined ? {} : { rank }),
      ...(site === undefined ? {} : { initialized: site }),
    };
  }

  private takes(point: number): boolean {
    const { kinds } = this.engine;
    return point === kinds.acquire || point === kinds.enter || point === kinds.try;
  }

  private spins(point: number): boolean {
    const { kinds } = this.engine;
    return point === kinds.acquire || point === kinds.release || point === kinds.try;
  }
}

function hex(word: number): string {
  return `0x${(word >>> 0).toString(16)}`;
}
