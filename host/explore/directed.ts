/**
 * Directs a schedule into a predicted deadlock: each actor of the circle is parked just before it
 * takes its inner lock while it holds just what it held when that was seen, until all of them do.
 * Where an actor comes there several times, the first schedule parks it at the first of them, the
 * next ones at any.
 */

import type { Stream } from '../machine/random.js';
import type { Cycle, LockPoints } from './lockgraph.js';
import { below } from './random.js';
import type { Profile, Strategy, View } from './strategy.js';
import { START } from './strategy.js';

/** A strategy for one cycle. */
export function directed(cycle: Cycle, kinds: LockPoints): Strategy {
  const wanted = new Map(cycle.edges.map((edge) => [edge.actor, edge]));
  const held: number[][] = [];
  /** What each actor tried to take, and may have. */
  const tried: number[][] = [];
  const candidates = new Int32Array(128);
  /** Of each actor: how often it came to its place, at most; how often it passes; has passed. */
  const most = new Map<number, number>();
  const passes = new Map<number, number>();
  const passed = new Map<number, number>();
  let stream: Stream;
  const takes = (point: number | undefined): boolean =>
    point === kinds.acquire || point === kinds.enter;
  const isThere = (actor: number, { points, objects }: View): boolean => {
    const edge = wanted.get(actor);
    return edge !== undefined && takes(points[actor]) && objects[actor] === edge.inner
      && areSame(held[actor] as number[], tried[actor] as number[], edge.held);
  };
  const isParked = (actor: number, view: View): boolean =>
    isThere(actor, view) && (passed.get(actor) ?? 0) >= (passes.get(actor) ?? 0);
  return {
    name: 'directed',
    begin(actors: number, _profile: Profile, random: Stream) {
      stream = random;
      for (let i = 0; i < actors; i++) held[i] = [];
      for (let i = 0; i < actors; i++) tried[i] = [];
      for (const actor of wanted.keys()) {
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
          if (wanted.has(actor) === mine && !isParked(actor, view)) candidates[count++] = actor;
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
      note(actor, point, object);
    },
    passed: note,
  };

  /** What an actor holds, of what it does. */
  function note(actor: number, point: number, object: number): void {
    const locks = held[actor] as number[];
    const maybe = tried[actor] as number[];
    if (takes(point)) locks.push(object);
    else if (point === kinds.try) maybe.push(object);
    else if (point === kinds.release || point === kinds.leave) {
      const from = locks.includes(object) ? locks : maybe;
      const at = from.lastIndexOf(object);
      if (at >= 0) from.splice(at, 1);
    }
  }
}

/** Whether an actor holds `all`, and nothing else, as far as is known. */
function areSame(
  held: readonly number[], maybe: readonly number[], all: readonly number[],
): boolean {
  return held.every((lock) => all.includes(lock))
    && all.every((lock) => held.includes(lock) || maybe.includes(lock));
}
