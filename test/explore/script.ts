/** Small programs from words, all their schedules, and what their schedules come to. */

import { Engine } from '../../host/explore/engine.js';
import { isNoEvent } from '../../host/explore/kinds.js';
import type { Kinds, PointLevel } from '../../host/explore/kinds.js';
import type { Outcome } from '../../host/explore/outcome.js';
import type { Prepared } from '../../host/explore/program.js';
import type { Scenario } from '../../host/explore/scenario.js';
import type { Profile, Strategy, View } from '../../host/explore/strategy.js';
import type { Stream } from '../../host/machine/random.js';
import { compileModule } from '../compile.js';

/** How a script is laid out on a machine; by default each thread has its processor. */
export interface Layout {
  readonly points?: PointLevel;
  readonly processors?: readonly number[];
  readonly levels?: readonly number[];
}

/** The module that scripts run in. */
export function compileScripts(): Promise<WebAssembly.Module> {
  return compileModule('test/assembly/explore/script.ts', { explore: true });
}

/**
 * A scenario of which thread i does what `threads[i]` says: operations of
 * test/assembly/explore/script.ts, each with an index and a number, as `acquire 0, try 1 2`.
 */
export function prepareScript(
  module: WebAssembly.Module, threads: readonly string[], layout: Layout = {},
): Prepared {
  const engine = new Engine(module, layout.points ?? 'locks');
  const { module: explored } = engine;
  const processors = layout.processors ?? threads.map((_, index) => index);
  explored.raw.initializeProcessors?.(Math.max(2, ...processors.map((each) => each + 1)));
  explored.callable('setUp')?.();
  threads.forEach((text, index) => {
    const table = explored.callable('tableOf')?.(index) ?? 0;
    text.split(',').filter((each) => each.trim() !== '').forEach((each, at) => {
      const [name = '', object = '0', number = '0'] = each.trim().split(' ');
      const what = explored.valueOf(`Do.${name.toUpperCase()}`);
      explored.setWord(table + 4 * at, what | Number(object) << 8 | Number(number) << 16);
    });
  });
  const thread = explored.callable('thread') ?? ((): number => 0);
  const scenario: Scenario = {
    name: 'script',
    processors: Math.max(...processors) + 1,
    octets: explored.raw.heapBase?.() ?? 0,
    actors: threads.map((_, index) => ({
      name: `thread ${index}`, processor: processors[index] as number,
      level: layout.levels?.[index] ?? 0, steps: [{ call: thread, words: [index] }],
    })),
  };
  engine.prepare(scenario);
  return { engine, scenario };
}

/** All schedules, one after another, however alike they are. */
export class AllSchedules implements Strategy {
  readonly name = 'all';
  private readonly ways: { readonly enabled: readonly number[]; at: number }[] = [];
  private depth = 0;

  begin(): void {
    this.depth = 0;
  }

  choose({ enabled, count }: View): number {
    const way = this.ways[this.depth] ??= { enabled: [...enabled.subarray(0, count)], at: 0 };
    this.depth++;
    return way.enabled[way.at] as number;
  }

  /** To the next schedule; asked once after each. */
  exhausted(): boolean {
    for (let way = this.ways.at(-1); way !== undefined; way = this.ways.at(-1)) {
      if (++way.at < way.enabled.length) return false;
      this.ways.pop();
    }
    return true;
  }
}

interface Seen {
  readonly actor: number;
  readonly touches: [object: number, point: number][];
}

/** Another strategy's choices, and a normal form of the order that they came to. */
export class Noting implements Strategy {
  readonly name = 'noting';
  private readonly seen: Seen[] = [];
  private processors: Int32Array = new Int32Array(0);

  constructor(private readonly of: Strategy, private readonly kinds: Kinds) {}

  begin(actors: number, profile: Profile, random: Stream): void {
    this.seen.length = 0;
    this.of.begin(actors, profile, random);
  }

  choose(view: View): number {
    return this.of.choose(view);
  }

  executed(actor: number, view: View): void {
    const point = view.points[actor] as number;
    this.processors = view.processors;
    this.seen.push({ actor, touches: [] });
    this.note(point, view.objects[actor] as number);
    this.of.executed?.(actor, view);
  }

  passed(actor: number, point: number, object: number): void {
    this.note(point, object);
    this.of.passed?.(actor, point, object);
  }

  ended(view: View, isWhole: boolean): void {
    this.of.ended?.(view, isWhole);
  }

  exhausted(): boolean {
    return this.of.exhausted?.() ?? false;
  }

  /**
   * The first, by the numbers of actors, of all sequences that differ only in the order of what
   * does not meet.
   */
  normalForm(): string {
    const left = [...this.seen];
    const form: number[] = [];
    while (left.length !== 0) {
      let best = -1;
      left.forEach((event, at) => {
        if (best >= 0 && event.actor >= (left[best] as Seen).actor) return;
        if (left.slice(0, at).every((before) => !this.doMeet(before, event))) best = at;
      });
      form.push((left[best] as Seen).actor);
      left.splice(best, 1);
    }
    return form.join('');
  }

  /** A level is not an object: it belongs to one processor. What was let go is so already. */
  private note(point: number, object: number): void {
    if (point < 0 || isNoEvent(this.kinds, point)) return;
    this.seen.at(-1)?.touches.push([object, point]);
  }

  private doMeet(one: Seen, other: Seen): boolean {
    if (this.processors[one.actor] === this.processors[other.actor]) return true;
    return one.touches.some(([object, point]) => other.touches.some(([object2, point2]) =>
      object === object2 && !(point === this.kinds.read && point2 === this.kinds.read)));
  }
}

/** What a search of a script came to. */
export interface Searched {
  readonly schedules: number;
  /** Normal forms of the schedules that nothing stopped. */
  readonly traces: ReadonlySet<string>;
  /** How schedules ended, with all that was found and what the words were. */
  readonly outcomes: ReadonlySet<string>;
  readonly through: boolean;
}

/** Runs schedules until the strategy is through, `most` at most. */
export function search(
  { engine }: Prepared, strategy: Strategy, random: Stream, most: number,
): Searched {
  const noting = new Noting(strategy, engine.kinds);
  const traces = new Set<string>();
  const outcomes = new Set<string>();
  let schedules = 0;
  let through = false;
  while (!through && schedules < most) {
    const outcome = engine.run(noting, random);
    schedules++;
    through = noting.exhausted();
    if (outcome.ending === 'done' || outcome.ending === 'deadlock') traces.add(noting.normalForm());
    outcomes.add(wordsOf(outcome, engine.module.callable('digest')?.() ?? 0));
  }
  return { schedules, traces, outcomes, through };
}

function wordsOf({ ending, findings, waiting }: Outcome, digest: number): string {
  const found = findings.map(({ rule, words, actor }) => `${rule} ${words.join(' ')} by ${actor}`);
  const waits = waiting.map(({ actor, object, owner }) => `${actor} for ${object} of ${owner}`);
  return [ending, ...found, ...waits, ending === 'stop' ? '' : digest].join('; ');
}
