/**
 * What recorded schedules tell of locks: who takes which while holding which, and the cycles that
 * could be a deadlock. Cycles that cannot are refuted, with the reason.
 */

import type { RecordedStep } from './outcome.js';
import { Usage } from './usage.js';
import type { Interruption, Place } from './usage.js';

/** While holding `outer`, an actor comes to take `inner`. */
export interface Edge {
  readonly outer: number;
  readonly inner: number;
  readonly actor: number;
  /** All that it holds then, oldest first. */
  readonly held: readonly number[];
  /** Who holds `outer`, where that is not the actor itself but one that it interrupts. */
  readonly interrupted?: Place;
  /** IRQL of an actor that interrupts, when it comes to take `inner`. */
  readonly irql?: number;
  /** Why it does not interrupt there in this scenario. */
  readonly elsewhere?: string;
}

/** Edges that close a circle: each one's inner lock is the next one's outer lock. */
export interface Cycle {
  readonly edges: readonly Edge[];
  /** Why it can never be a deadlock; undefined where it may. */
  readonly refuted?: string;
  /** Why no schedule of this scenario comes to it; undefined where one may. */
  readonly elsewhere?: string;
}

/** Which values of `Point` mean what to a lock. */
export interface LockPoints {
  readonly acquire: number;
  readonly enter: number;
  readonly try: number;
  readonly release: number;
  readonly leave: number;
}

/** Circles that are told at most: that may be a deadlock, and as many that cannot. */
const MOST_CYCLES = 256;
/** Edges that are kept, and paths that are followed for one question, at most. */
const MOST_EDGES = 4096;
const MOST_PATHS = 100_000;

/** Circles by the actors that close them; and how many paths were followed. */
interface Found {
  readonly open: Map<string, Cycle>;
  readonly refuted: Map<string, Cycle>;
  paths: number;
}

/** Orders of locks, of all schedules that were recorded. */
export class LockGraph {
  private readonly edges = new Map<string, Edge>();
  private readonly from = new Map<number, Edge[]>();

  private readonly usage: Usage;

  /** `levels`: of each actor, 0 for a thread, else the IRQL at which it interrupts. */
  constructor(private readonly points: LockPoints, levels: readonly number[] = []) {
    this.usage = new Usage(levels);
  }

  /** Adds what a schedule did; true where it had an order that was not known. */
  add(steps: readonly RecordedStep[]): boolean {
    const held = new Map<number, number[]>();
    const before = this.edges.size;
    steps.forEach((step, index) => {
      const { actor, point, object } = step;
      let locks = held.get(actor);
      if (locks === undefined) held.set(actor, locks = []);
      const takes = point === this.points.acquire || point === this.points.enter;
      for (const edge of this.usage.note(step, locks, takes)) this.addEdge(edge);
      if (takes) {
        for (const outer of locks) {
          if (outer !== object) this.addEdge({ outer, inner: object, actor, held: [...locks] });
        }
        locks.push(object);
      } else if (point === this.points.try) {
        if (this.isReleased(steps, index)) locks.push(object);
      } else if (point === this.points.release || point === this.points.leave) {
        const at = locks.lastIndexOf(object);
        if (at >= 0) locks.splice(at, 1);
      }
    });
    return this.edges.size !== before;
  }

  /** All circles, the shortest first; each is told once. */
  cycles(): Cycle[] {
    const found: Found = { open: new Map(), refuted: new Map(), paths: 0 };
    for (const first of this.edges.values()) this.extend([first], found);
    for (const key of found.open.keys()) found.refuted.delete(key);
    return [...found.open.values(), ...found.refuted.values()]
      .sort((one, other) => one.edges.length - other.edges.length);
  }

  private addEdge(edge: Edge | Interruption): void {
    const below = edge.interrupted;
    const under = below === undefined
      ? '' : ` ${below.actor}:${below.irql}:${below.held.join(',')}`;
    const key = `${edge.actor}:${edge.held.join(',')}>${edge.inner}:${edge.outer}${under}`;
    if (this.edges.has(key) || this.edges.size >= MOST_EDGES) return;
    this.edges.set(key, edge);
    const others = this.from.get(edge.outer);
    if (others === undefined) this.from.set(edge.outer, [edge]);
    else others.push(edge);
  }

  private extend(path: readonly Edge[], found: Found): void {
    const first = path[0] as Edge;
    const last = path.at(-1) as Edge;
    if (++found.paths > MOST_PATHS) return;
    if (last.inner === first.outer) {
      const key = path.map((edge) => `${edge.outer}:${actorsOf(edge).join('/')}`).join(' ');
      const refuted = refute(path);
      const elsewhere = path.find((edge) => edge.elsewhere !== undefined)?.elsewhere;
      const among = refuted === undefined ? found.open : found.refuted;
      if (among.has(key) || among.size >= MOST_CYCLES) return;
      among.set(key, {
        edges: path,
        ...(refuted === undefined ? {} : { refuted }),
        ...(elsewhere === undefined ? {} : { elsewhere }),
      });
      return;
    }
    for (const edge of this.from.get(last.inner) ?? []) {
      // Each circle is begun at its lowest lock only, and passes no lock twice.
      if (edge.outer < first.outer || edge.inner < first.outer) continue;
      if (path.some(({ outer }) => outer === edge.outer)) continue;
      this.extend([...path, edge], found);
    }
  }

  /** Whether what was tried at `index` was taken: it is released before it is asked for again. */
  private isReleased(steps: readonly RecordedStep[], index: number): boolean {
    const { actor, object } = steps[index] as RecordedStep;
    for (let i = index + 1; i < steps.length; i++) {
      const step = steps[i] as RecordedStep;
      if (step.actor !== actor || step.object !== object) continue;
      return step.point === this.points.release || step.point === this.points.leave;
    }
    return false;
  }
}

/** Who has a part in an edge: who takes the inner lock, and whom it interrupts. */
export function actorsOf({ actor, interrupted }: Edge): number[] {
  return interrupted === undefined ? [actor] : [actor, interrupted.actor];
}

/** All that is held by those who have a part in an edge. */
function heldIn({ held, interrupted }: Edge): readonly number[] {
  return interrupted === undefined ? held : [...held, ...interrupted.held];
}

/** Why these edges can never be a deadlock; undefined where they may. */
function refute(edges: readonly Edge[]): string | undefined {
  const actors = edges.flatMap(actorsOf);
  if (new Set(actors).size < actors.length) {
    return actors.length === edges.length
      ? 'one thread takes the locks in both orders, and cannot wait for itself'
      : 'one of them has a part in two of the orders, and cannot be in both';
  }
  for (const [i, one] of edges.entries()) {
    for (const other of edges.slice(i + 1)) {
      const held = heldIn(other);
      const gate = heldIn(one).find((lock) => held.includes(lock));
      if (gate === undefined) continue;
      return `lock 0x${gate.toString(16)} is held in both orders: a gate`;
    }
  }
  return undefined;
}
