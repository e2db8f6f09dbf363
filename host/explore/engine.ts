/**
 * Runs one schedule of a scenario: each actor is a context of its own, suspended and resumed by
 * asyncify where the strategy wants another to run.
 */

import { ExploredModule } from '../kernel/explored.js';
import type { Piece } from '../kernel/explored.js';
import type { KernelHooks } from '../kernel/imports.js';
import type { Stream } from '../machine/random.js';
import { audit, holdingsOf } from './audit.js';
import type { Holding } from './audit.js';
import { kindsOf, maskOf, racingMask } from './kinds.js';
import type { Kinds, PointLevel } from './kinds.js';
import type { Ending, Outcome, RawFinding, RecordedStep, RunOptions, Waiting } from './outcome.js';
import { ProfileKeeper } from './profile.js';
import { Diverged } from './replay.js';
import type { Scenario } from './scenario.js';
import { OVER, START } from './strategy.js';
import type { Strategy, View } from './strategy.js';
import { TraceHash } from './tracehash.js';

/** Octets that each context's stack may take while it is suspended. */
const STACK_OCTETS = 8192;
/** Contexts of a module at most. */
const MOST_ACTORS = 128;
/** Points of one schedule at most: more is a loop that nobody leaves. */
const MOST_POINTS = 100_000;
/** Frames of a stack that are kept. */
const STACK_FRAMES = 40;
const DISPATCH = 2;
const OWNER = 0xffff;

/** An actor before a call, in it, and after its last. */
const FRESH = 0;
const BEGUN = 1;
const DONE = 2;

/** Thrown out of a module that stops. */
class Stop extends Error {}

/** What an engine is made with. */
export interface EngineOptions {
  /** Imports beside those of the kernel's library. */
  readonly imports?: Readonly<Record<string, Record<string, CallableFunction>>>;
  /** Octets of memory that are kept free for the module, before the stacks of contexts. */
  readonly reserve?: number;
}

/** The contexts of one scenario in one module. */
export class Engine implements KernelHooks, View {
  readonly module: ExploredModule;
  readonly profile: ProfileKeeper;
  /** Where each lock was initialized, as a stack, as far as sites were wanted then. */
  readonly initialized = new Map<number, string>();
  readonly enabled = new Int32Array(MOST_ACTORS);
  readonly points = new Int32Array(MOST_ACTORS);
  readonly objects = new Uint32Array(MOST_ACTORS);
  readonly processors = new Int32Array(MOST_ACTORS);
  count = 0;
  current = -1;
  step = 0;
  private scenario: Scenario = { name: '', processors: 1, actors: [], octets: 0 };
  private snapshot: readonly Piece[] = [];
  private readonly status = new Int32Array(MOST_ACTORS);
  private readonly stepIndex = new Int32Array(MOST_ACTORS);
  /** Of each processor: the thread that is in the middle of something, and the interrupts on it. */
  private readonly threadOn = new Int32Array(MOST_ACTORS);
  private readonly interrupts: number[][] = [];
  private readonly hash = new TraceHash();
  private strategy: Strategy | undefined;
  private next = -1;
  private unwinding = false;
  private rewinding = false;
  private findings: RawFinding[] = [];
  private choices: number[] = [];
  private steps: RecordedStep[] = [];
  private options: RunOptions = {};
  private mask = 0;
  /** Of which points the order matters by itself: neither reads, nor what waits or wakes. */
  private readonly racing: number;
  private recording = false;
  private pointCount = 0;
  readonly kinds: Kinds;
  /** Of each processor: what it held before the first actor began. */
  private before: readonly Holding[] = [];
  /** Where each actor stands, where stacks are kept. */
  private readonly stacks: string[] = [];

  constructor(
    module: WebAssembly.Module, readonly level: PointLevel = 'locks',
    { imports, reserve }: EngineOptions = {},
  ) {
    const stacks = MOST_ACTORS * STACK_OCTETS;
    this.module = new ExploredModule(module, this, stacks, reserve ?? 0, imports);
    this.kinds = kindsOf(this.module);
    this.racing = racingMask(this.kinds);
    this.profile = new ProfileKeeper(MOST_ACTORS);
  }

  /** Memory as it is now is where each schedule begins. @throws RangeError: too many actors. */
  prepare(scenario: Scenario): void {
    if (scenario.actors.length > MOST_ACTORS) {
      throw new RangeError(`${scenario.name}: ${scenario.actors.length} actors, of at most 128`);
    }
    this.scenario = scenario;
    this.snapshot = this.module.copy(scenario.octets, scenario.processors);
    this.mask = maskOf(this.kinds, this.level, scenario);
    this.interrupts.length = 0;
    for (let i = 0; i < scenario.processors; i++) this.interrupts.push([]);
    scenario.actors.forEach(({ processor }, actor) => this.processors[actor] = processor);
    this.profile.reset(scenario.actors.length);
    this.before = holdingsOf(this.module, scenario.processors);
  }

  /** Runs one schedule, from the snapshot to its end. */
  run(strategy: Strategy, random: Stream, options: RunOptions = {}): Outcome {
    this.restart(strategy, options);
    strategy.begin(this.scenario.actors.length, this.profile, random);
    let ending: Ending;
    let isWhole = false;
    const usual = Error.stackTraceLimit;
    if (options.stacks === true) Error.stackTraceLimit = STACK_FRAMES;
    try {
      ending = this.loop();
      isWhole = true;
      this.current = -1;
      if (ending === 'done') {
        const known = new Set(this.findings.map(({ words }) => words[0]));
        for (const { rule, words } of audit(this.module, this.before)) {
          if (!known.has(words[0])) this.fail(rule, words);
        }
      }
      if (ending === 'done' && this.findings.length === 0) this.scenario.after?.();
    } catch (thrown) {
      ending = this.thrown(thrown);
    } finally {
      Error.stackTraceLimit = usual;
    }
    strategy.ended?.(this, isWhole);
    this.profile.close(this.step);
    return {
      ending, findings: this.findings, choices: this.choices, points: this.choices.length,
      hash: this.hash.value(), waiting: ending === 'deadlock' ? this.waiting() : [],
      steps: this.steps,
    };
  }

  onPreempt(point: number, object: number): void {
    if (this.rewinding) {
      this.rewinding = false;
      this.module.raw.asyncify_stop_rewind();
      return;
    }
    const actor = this.current;
    if (actor < 0) return;
    this.points[actor] = point;
    this.objects[actor] = object;
    if (this.options.stacks === true) this.stacks[actor] = stackNow();
    if (++this.pointCount > MOST_POINTS) throw this.fail('LIVELOCK', [point, object]);
    if ((this.mask >>> point & 1) === 0) {
      if (this.recording) this.record(actor);
      this.profile.pass(actor, point, object);
      this.strategy?.passed?.(actor, point, object);
      return;
    }
    const next = this.decide();
    if (next === actor) {
      this.execute(actor);
      return;
    }
    this.next = next;
    this.unwinding = true;
    this.module.raw.asyncify_start_unwind(this.bufferOf(actor));
  }

  /** A lock is found taken after it was free at the point before: it is the actor's own. */
  onSpin(object: number, processor: number): void {
    throw this.fail('SPIN', [object, processor]);
  }

  onFinding(rule: number, p1: number, p2: number, p3: number): void {
    this.fail(this.module.nameOf('Rule', rule), [p1, p2, p3]);
  }

  onBugCheck(code: number, ...words: number[]): void {
    throw this.fail(this.module.nameOf('Stop', code), words);
  }

  /** Locks are initialized before the first schedule; of other sites nothing is kept. */
  onSite(object: number, sequence: number): void {
    if (sequence === 0 && this.current < 0) this.initialized.set(object, stackNow());
  }

  /** The ring of a card is full; for scenarios that have one. */
  onTransmit: (adapter: number) => void = () => {};

  private restart(strategy: Strategy, options: RunOptions): void {
    this.module.restore(this.snapshot);
    this.scenario.reset?.();
    const actors = this.scenario.actors.length;
    this.points.fill(START, 0, actors);
    this.objects.fill(0, 0, actors);
    this.status.fill(FRESH, 0, actors);
    this.stepIndex.fill(0, 0, actors);
    this.threadOn.fill(-1, 0, this.scenario.processors);
    for (const stack of this.interrupts) stack.length = 0;
    this.strategy = strategy;
    this.options = options;
    this.recording = options.record === true;
    this.findings = [];
    this.choices = [];
    this.steps = [];
    this.hash.reset();
    this.profile.open();
    this.current = -1;
    this.next = -1;
    this.step = 0;
    this.pointCount = 0;
    this.unwinding = false;
    this.rewinding = false;
  }

  private loop(): Ending {
    for (;;) {
      let next = this.next;
      this.next = -1;
      if (next < 0) {
        next = this.decide();
        if (next < 0) return this.finished() ? 'done' : 'deadlock';
      }
      this.resume(next);
    }
  }

  /** Lets `actor` go on until it is suspended, or its call is over. */
  private resume(actor: number): void {
    const { raw } = this.module;
    const { processor, level, steps } = this.scenario.actors[actor] as Scenario['actors'][number];
    const step = steps[this.stepIndex[actor] as number] as (typeof steps)[number];
    this.current = actor;
    this.execute(actor);
    raw.selectProcessor(processor);
    if (level === 0) raw.selectThread(actor + 1);
    if (this.status[actor] === FRESH) {
      if (level === 0) this.threadOn[processor] = actor;
      else (this.interrupts[processor] as number[]).push(actor);
      this.status[actor] = BEGUN;
      step.before?.();
    } else {
      this.rewinding = true;
      raw.asyncify_start_rewind(this.bufferOf(actor, true));
    }
    const answer = step.call(...step.words);
    if (this.unwinding) {
      this.unwinding = false;
      raw.asyncify_stop_unwind();
      return;
    }
    step.after?.(answer);
    this.finishCall(actor);
  }

  private finishCall(actor: number): void {
    const { processor, level, steps } = this.scenario.actors[actor] as Scenario['actors'][number];
    if (level !== 0) (this.interrupts[processor] as number[]).pop();
    else if (this.threadOn[processor] === actor) {
      this.threadOn[processor] = -1;
    }
    const index = (this.stepIndex[actor] as number) + 1;
    this.stepIndex[actor] = index;
    this.status[actor] = index === steps.length ? DONE : FRESH;
    this.points[actor] = index === steps.length ? OVER : START;
    this.objects[actor] = 0;
  }

  /** Who goes next; -1 where nobody can. */
  private decide(): number {
    const { enabled } = this;
    const actors = this.scenario.actors.length;
    let count = 0;
    for (let actor = 0; actor < actors; actor++) {
      if (this.isEnabled(actor)) enabled[count++] = actor;
    }
    this.count = count;
    if (count === 0) return -1;
    this.step++;
    if (count === 1) return enabled[0] as number;
    const chosen = (this.strategy as Strategy).choose(this);
    this.choices.push(chosen);
    return chosen;
  }

  private isEnabled(actor: number): boolean {
    const status = this.status[actor] as number;
    if (status === DONE) return false;
    const { module } = this;
    const { processor, level } = this.scenario.actors[actor] as Scenario['actors'][number];
    const above = this.interrupts[processor] as number[];
    if (status === FRESH) {
      if (level !== 0) return module.irql(processor) < level;
      return above.length === 0 && this.takesThread(processor, actor);
    }
    if (above.length !== 0 && above.at(-1) !== actor) return false;
    if (level === 0 && !this.takesThread(processor, actor)) return false;
    const point = this.points[actor] as number;
    const object = this.objects[actor] as number;
    if (point === this.kinds.acquire) return (module.word(object) & OWNER) === 0;
    if (point === this.kinds.wait) return (module.word(object) | 0) > 0;
    return true;
  }

  /** Threads of one processor take turns below DISPATCH_LEVEL. */
  private takesThread(processor: number, actor: number): boolean {
    const on = this.threadOn[processor] as number;
    return on < 0 || on === actor || this.module.irql(processor) < DISPATCH;
  }

  /** What `actor` was about to do happens. */
  private execute(actor: number): void {
    const point = this.points[actor] as number;
    const object = this.objects[actor] as number;
    if (point !== START) {
      this.hash.add(actor, point, object);
      this.profile.pass(actor, point, object);
      this.profile.add(actor, object, (this.racing >>> point & 1) !== 0);
      if (this.recording) this.record(actor);
    }
    const { processor, level } = this.scenario.actors[actor] as Scenario['actors'][number];
    if (level === 0) this.threadOn[processor] = actor;
    this.strategy?.executed?.(actor, this);
  }

  private record(actor: number): void {
    const { processor } = this.scenario.actors[actor] as Scenario['actors'][number];
    this.steps.push({
      actor, processor, irql: this.module.irql(processor),
      point: this.points[actor] as number, object: this.objects[actor] as number,
      ...this.stackOf(actor),
    });
  }

  private finished(): boolean {
    return this.scenario.actors.every((_, actor) => this.status[actor] === DONE);
  }

  private waiting(): Waiting[] {
    const waiting: Waiting[] = [];
    for (let actor = 0; actor < this.scenario.actors.length; actor++) {
      if (this.status[actor] === DONE) continue;
      const point = this.points[actor] as number;
      const object = this.objects[actor] as number;
      const spins = point === this.kinds.acquire;
      const owner = spins ? (this.module.word(object) & OWNER) - 1 : -1;
      const { processor } = this.scenario.actors[actor] as Scenario['actors'][number];
      const irql = this.module.irql(processor);
      waiting.push({ actor, point, object, owner, processor, irql, ...this.stackOf(actor) });
    }
    return waiting;
  }

  private fail(rule: string, words: readonly number[]): Stop {
    const stack = this.options.stacks === true ? { stack: stackNow() } : {};
    this.findings.push({ rule, words, actor: this.current, step: this.step, ...stack });
    return new Stop(rule);
  }

  private stackOf(actor: number): { stack?: string } {
    const stack = this.options.stacks === true ? this.stacks[actor] : undefined;
    return stack === undefined ? {} : { stack };
  }

  private thrown(thrown: unknown): Ending {
    if (thrown instanceof Stop) {
      return this.findings.at(-1)?.rule === 'LIVELOCK' ? 'livelock' : 'stop';
    }
    if (thrown instanceof WebAssembly.RuntimeError) {
      this.findings.push({
        rule: 'TRAP', words: [], actor: this.current, step: this.step,
        ...(this.options.stacks === true ? { stack: thrown.stack ?? '' } : {}),
      });
      return 'trap';
    }
    if (thrown instanceof Diverged) return 'diverged';
    throw thrown;
  }

  /** The place of an actor's stack; prepared for writing unless it is to be read again. */
  private bufferOf(actor: number, again = false): number {
    const at = this.module.stacksAt + actor * STACK_OCTETS;
    if (!again) {
      this.module.setWord(at, at + 8);
      this.module.setWord(at + 4, at + STACK_OCTETS);
    }
    return at;
  }
}

function stackNow(): string {
  return new Error('here').stack ?? '';
}
