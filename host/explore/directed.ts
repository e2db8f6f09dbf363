/**
 * Directs a schedule into a predicted deadlock: each actor of the circle is parked just before it
 * takes its inner lock while it holds just what it held when that was seen, until all of them do.
 * An interrupt comes once whom it interrupts holds what it held, and can be interrupted. Where an
 * actor comes there several times, the first schedule parks it at the first of them, the next ones
 * at any.
 */

import type { Stream } from '../machine/random.js';
import type { Cycle, Edge, LockPoints } from './lockgraph.js';
import { below } from './random.js';
import { isEnabled } from './replay.js';
import type { Profile, Strategy, View } from './strategy.js';
import { START } from './strategy.js';

/** A strategy for one cycle. */
export function directed(cycle: Cycle, kinds: LockPoints): Strategy {
  const wanted = new Map(cycle.edges.map((edge) => [edge.actor, edge]));
  const interrupted = new Map(cycle.edges.flatMap((edge) =>
    edge.interrupted === undefined ? [] : [[edge.interrupted.actor, edge]]));
  const parties = new Set([...wanted.keys(), ...interrupted.keys()]);
  const locks = new Locks(kinds);
  const candidates = new Int32Array(128);
  /** Of each actor: how often it came to its place, at most; how often it passes; has passed. */
  const most = new Map<number, number>();
  const passes = new Map<number, number>();
  const passed = new Map<number, number>();
  let stream: Stream;
  /** Whether an actor holds what the interrupt of `edge` finds, which can come or has come. */
  const isOpen = ({ actor, interrupted: below }: Edge, view: View): boolean =>
    below !== undefined && locks.areJust(below.actor, below.held)
    && (view.points[actor] !== START || isEnabled(view, actor));
  const isThere = (actor: number, view: View): boolean => {
    const under = interrupted.get(actor);
    if (under !== undefined) return isOpen(under, view);
    const edge = wanted.get(actor);
    return edge !== undefined && view.objects[actor] === edge.inner
      && locks.takes(view.points[actor]) && locks.areJust(actor, edge.held);
  };
  const isDue = (actor: number, view: View): boolean =>
    isThere(actor, view) && (passed.get(actor) ?? 0) >= (passes.get(actor) ?? 0);
  const isParked = (actor: number, view: View): boolean => {
    const below = wanted.get(actor)?.interrupted;
    const waits = below !== undefined && view.points[actor] === START && !isDue(below.actor, view);
    return waits || isDue(actor, view);
  };
  return {
    name: 'directed',
    begin(actors: number, _profile: Profile, random: Stream) {
      stream = random;
      locks.begin(actors);
      for (const actor of parties) {
        const times = most.get(actor) ?? 0;
        passes.set(actor, times > 1 ? below(stream, times) : 0);
        passed.set(actor, 0);
      }
    },
    choose(view: View) {
      let count = 0;
      for (const mine of [true, false]) {
        for (let i = 0; i < view.count; i++) {
          const actor = view.enabled[i] as number;
          if (parties.has(actor) === mine && !isParked(actor, view)) candidates[count++] = actor;
        }
        if (count !== 0) return candidates[below(stream, count)] as number;
      }
      return view.enabled[below(stream, view.count)] as number;
    },
    executed(actor: number, view: View) {
      const point = view.points[actor] as number;
      const object = view.objects[actor] as number;
      if (point === START) return;
      if (isThere(actor, view)) {
        const times = (passed.get(actor) ?? 0) + 1;
        passed.set(actor, times);
        most.set(actor, Math.max(times, most.get(actor) ?? 0));
      }
      locks.note(actor, point, object);
    },
    passed(actor: number, point: number, object: number) {
      locks.note(actor, point, object);
    },
  };
}

/** What each actor holds, of what it does. */
class Locks {
  private readonly held: number[][] = [];
  /** What each actor tried to take, and may have. */
  private readonly tried: number[][] = [];

  constructor(private readonly kinds: LockPoints) {}

  /** A schedule begins. */
  begin(actors: number): void {
    for (let i = 0; i < actors; i++) this.held[i] = [];
    for (let i = 0; i < actors; i++) this.tried[i] = [];
  }

  takes(point: number | undefined): boolean {
    return point === this.kinds.acquire || point === this.kinds.enter;
  }

  note(actor: number, point: number, object: number): void {
    const { kinds } = this;
    const held = this.held[actor] as number[];
    const maybe = this.tried[actor] as number[];
    if (this.takes(point)) held.push(object);
    else if (point === kinds.try) maybe.push(object);
    else if (point === kinds.release || point === kinds.leave) {
      const from = held.includes(object) ? held : maybe;
      const at = from.lastIndexOf(object);
      if (at >= 0) from.splice(at, 1);
    }
  }

  /** Whether an actor holds `all`, and nothing else, as far as is known. */
  areJust(actor: number, all: readonly number[]): boolean {
    const held = this.held[actor] as number[];
    const maybe = this.tried[actor] as number[];
    return held.every((lock) => all.includes(lock))
      && all.every((lock) => held.includes(lock) || maybe.includes(lock));
  }
}
