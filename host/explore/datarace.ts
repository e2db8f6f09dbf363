/**
 * Data races of a schedule: two processors touch the same octets, one of them writes, and nothing
 * orders the one before the other: no lock that was let go and taken, no interlocked operation, no
 * event. For modules that went through Binaryen's instrument-memory before its asyncify.
 */

import { Random } from '../machine/random.js';
import type { Seed, Stream } from '../machine/random.js';
import type { EngineOptions } from './engine.js';
import { isNoEvent } from './kinds.js';
import type { Kinds } from './kinds.js';
import type { Outcome } from './outcome.js';
import type { Prepared } from './program.js';
import { randomWalk } from './random.js';
import type { Profile, Strategy, View } from './strategy.js';

/** Who touched an octet last; the clock is that of its processor then. */
interface Touch {
  readonly processor: number;
  readonly clock: number;
  /** Binaryen's number of the load or store. */
  readonly place: number;
  /** Where stacks are kept. */
  readonly stack: string;
}

/** What is known of one octet: its last write, and the last read since of each processor. */
interface Cell {
  written: Touch | null;
  read: Touch[];
}

/** One of two accesses that race. */
export interface RacingAccess {
  readonly writes: boolean;
  /** As the engine of the host gives it. */
  readonly stack: string;
}

/** Two accesses with nothing between them that orders them. */
export interface DataRace {
  readonly first: RacingAccess;
  readonly second: RacingAccess;
}

/** What is asked of the engine whose module is watched. */
interface Watched {
  readonly current: number;
  readonly processors: Int32Array;
  readonly kinds: Kinds;
}

const STACK_FRAMES = 24;
/** What watches, and what orders: its own words are no data. */
const MACHINERY = /^assembly\/(ke|vf|trace|kb)\//;
const FIRST_FRAME = /^\s*at (\S+) \(wasm:/m;

/** Watches the accesses of one engine's module, in each schedule anew. */
export class DataRaceDetector {
  /** What such a module imports; for the engine's options. */
  readonly imports: NonNullable<EngineOptions['imports']>;
  /** Octets of which accesses raced in this schedule as they had not before. */
  readonly raced = new Set<number>();
  /** The races at octets that are wanted. */
  readonly races: DataRace[] = [];
  private wanted: ReadonlySet<number> = new Set();
  private watched: Watched | null = null;
  /** What was told of: octet and places. */
  private readonly told = new Set<string>();
  private readonly cells = new Map<number, Cell>();
  /** Of each processor, how much of each it has seen. */
  private readonly clocks: number[][] = [];
  /** What was done before an object was let go. */
  private readonly published = new Map<number, number[]>();
  /** Words of locks are no data. */
  private readonly locks = new Set<number>();
  /** Of each processor: where its last point said that an access is meant to meet others'. */
  private readonly marked: number[] = [];

  /** `isData`, which detectors of one module share: whether a place touches data. */
  constructor(private readonly isData: (boolean | undefined)[] = []) {
    const pointer = (writes: boolean) =>
      (place: number, octets: number, offset: number, at: number): number => {
        this.touch(place, octets, (at >>> 0) + (offset >>> 0), writes);
        return at;
      };
    const same = (_: number, given: unknown): unknown => given;
    this.imports = { env: {
      load_ptr: pointer(false), store_ptr: pointer(true),
      load_val_i32: same, load_val_i64: same, load_val_f32: same, load_val_f64: same,
      store_val_i32: same, store_val_i64: same, store_val_f32: same, store_val_f64: same,
      memory_grow_pre: same, memory_grow_post: same,
    } };
  }

  /** Races at these octets are kept, with stacks, in the schedules from here on. */
  want(octets: Iterable<number>): void {
    this.wanted = new Set(octets);
  }

  /** `strategy`; what orders accesses is seen as it happens. */
  watch(strategy: Strategy, watched: Watched): Strategy {
    this.watched = watched;
    const meet = (actor: number, point: number, object: number): void => {
      const processor = watched.processors[actor];
      if (processor !== undefined && point >= 0) this.order(processor, point, object >>> 0);
    };
    return {
      name: strategy.name,
      begin: (actors: number, profile: Profile, random: Stream) => {
        this.reset();
        strategy.begin(actors, profile, random);
      },
      choose: (view: View) => strategy.choose(view),
      executed: (actor: number, view: View) => {
        meet(actor, view.points[actor] ?? -1, view.objects[actor] ?? 0);
        strategy.executed?.(actor, view);
      },
      passed: (actor: number, point: number, object: number) => {
        meet(actor, point, object);
        strategy.passed?.(actor, point, object);
      },
    };
  }

  private reset(): void {
    this.cells.clear();
    this.published.clear();
    this.clocks.length = 0;
    this.marked.length = 0;
    this.raced.clear();
    this.races.length = 0;
  }

  private clockOf(processor: number): number[] {
    for (let next = this.clocks.length; next <= processor; next++) {
      this.clocks.push(Array.from({ length: 8 }, (_, each) => (each === next ? 1 : 0)));
    }
    return this.clocks[processor] as number[];
  }

  /** What an actor does at a point comes after all that was done before it at the same object. */
  private order(processor: number, point: number, object: number): void {
    const { kinds } = this.watched as Watched;
    if (isNoEvent(kinds, point)) return;
    const { acquire, release, read, write, interlocked } = kinds;
    this.marked[processor] = -1;
    // The access that the point announces is meant to meet others'.
    if (point === read || point === write || point === interlocked) this.marked[processor] = object;
    else this.locks.add(object);
    const clock = this.clockOf(processor);
    const before = this.published.get(object);
    if (before !== undefined && point !== release && point !== write) {
      for (let each = 0; each < clock.length; each++) {
        clock[each] = Math.max(before[each] as number, clock[each] as number);
      }
    }
    if (point === acquire || point === read) return;
    this.published.set(object, clock.map((own, each) => Math.max(own, before?.[each] ?? 0)));
    clock[processor] = (clock[processor] as number) + 1;
  }

  private touch(place: number, octets: number, at: number, writes: boolean): void {
    const { watched } = this;
    if (watched === null || watched.current < 0) return;
    this.isData[place] ??= !MACHINERY.test(FIRST_FRAME.exec(stackNow())?.[1] ?? '');
    if (this.isData[place] !== true) return;
    const processor = watched.processors[watched.current] as number;
    if (at === this.marked[processor] || this.locks.has(at)) return;
    const clock = this.clockOf(processor);
    let touch: Touch = { processor, clock: clock[processor] as number, place, stack: '' };
    for (let octet = at; octet < at + octets; octet++) {
      if (touch.stack === '' && this.wanted.has(octet)) touch = { ...touch, stack: stackNow() };
      this.touchOctet(octet, touch, writes, clock);
    }
  }

  private touchOctet(
    octet: number, touch: Touch, writes: boolean, clock: readonly number[],
  ): void {
    const cell = this.cells.get(octet);
    if (cell === undefined) {
      this.cells.set(octet, { written: writes ? touch : null, read: writes ? [] : [touch] });
      return;
    }
    const { written, read } = cell;
    if (written !== null && doRace(written, touch, clock)) {
      this.tell(octet, written, true, touch, writes);
    }
    if (writes) {
      for (const each of read) {
        if (doRace(each, touch, clock)) this.tell(octet, each, false, touch, true);
      }
      cell.written = touch;
      if (read.length > 0) cell.read = [];
      return;
    }
    const mine = read.findIndex(({ processor }) => processor === touch.processor);
    if (mine < 0) read.push(touch);
    else read[mine] = touch;
  }

  private tell(octet: number, first: Touch, wrote: boolean, second: Touch, writes: boolean): void {
    const key = `${octet} ${first.place} ${second.place}`;
    if (this.told.has(key)) return;
    if (!this.wanted.has(octet)) {
      this.raced.add(octet);
      return;
    }
    this.told.add(key);
    this.races.push({
      first: { stack: first.stack, writes: wrote }, second: { stack: second.stack, writes },
    });
  }
}

/** Whether the processor of `touch`, which has seen `clock`, knows nothing of `before`. */
function doRace(before: Touch, touch: Touch, clock: readonly number[]): boolean {
  return before.processor !== touch.processor
    && before.clock > (clock[before.processor] as number);
}

/** What schedules came to: races that nobody knew of, or else what failed in the first that did. */
export interface RaceSearch {
  readonly races: readonly DataRace[];
  readonly failed: Outcome | null;
}

/**
 * Runs so many schedules of a scenario, of which `detector` has the imports, until one has a race
 * that `isKnown` does not know, or fails.
 */
export function findDataRaces(
  { engine }: Prepared, detector: DataRaceDetector,
  { schedules, seed }: { readonly schedules: number; readonly seed: Seed },
  isKnown: (race: DataRace) => boolean,
): RaceSearch {
  const strategy = detector.watch(randomWalk(), engine);
  for (let schedule = 0; schedule < schedules; schedule++) {
    const stream = (): Stream => new Random(seed).stream(`schedule ${schedule}`);
    detector.want([]);
    const outcome = engine.run(strategy, stream());
    if (outcome.ending !== 'done' || outcome.findings.length > 0) {
      return { races: [], failed: outcome };
    }
    if (detector.raced.size === 0) continue;
    // Once more, with stacks: the same choices give the same accesses.
    detector.want([...detector.raced]);
    engine.run(strategy, stream());
    const races = detector.races.filter((race) => !isKnown(race));
    if (races.length > 0) return { races, failed: null };
  }
  return { races: [], failed: null };
}

function stackNow(): string {
  const usual = Error.stackTraceLimit;
  Error.stackTraceLimit = STACK_FRAMES;
  const { stack } = new Error('here');
  Error.stackTraceLimit = usual;
  return stack ?? '';
}
