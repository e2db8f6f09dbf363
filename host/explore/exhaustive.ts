/**
 * Every order of what meets, each once: stateless search with source sets and sleep sets
 * (Flanagan and Godefroid, POPL 2005; Abdulla, Aronsson, Jonsson and Sagonas, POPL 2014). An event
 * is what an actor does from one decision to the next, with all that it touches on the way. Two
 * meet where they touch one object and do not both only read it, or are of one processor.
 *
 * Locks: an acquire that waits is not an event, and is never set against the release that it waits
 * for, only against the acquire that came first. Not done: what no scheduling point tells of,
 * plain loads and stores, because nobody sees them; loops without an end, because they have no
 * last order: such a search never says that it is through.
 */

import type { Stream } from '../machine/random.js';
import { isNoEvent } from './kinds.js';
import type { Kinds } from './kinds.js';
import { Races, doMeet } from './races.js';
import type { Event, Footprint } from './races.js';
import { below } from './random.js';
import type { Profile, Strategy, View } from './strategy.js';
import { OVER } from './strategy.js';

/** Actors at most: sets of them are bits of a word. */
const MOST_ACTORS = 31;
/** Events of a schedule at most. */
const MOST_EVENTS = 2000;
/** Events of one actor in a row, while others could go on. */
const MOST_IN_A_ROW = 100;

/** An event of the schedule, and what is known of the state before it. */
interface Node extends Event {
  actor: number;
  /** Who was tried here, and all of it. */
  tried: number;
  /** Whose event here stops the machine: what is dependent on everything does not sleep. */
  stops: number;
  /** What the ones that were tried, or sleep, would touch. */
  readonly touched: Footprint[];
  touches: Footprint;
}

/** The search: a strategy that keeps its place from one schedule to the next. */
export class Exhaustive implements Strategy {
  readonly name = 'exhaustive';
  /** Schedules that were of an order not seen before. */
  traces = 0;
  /** Schedules that turned out to be of an order seen before. */
  redundant = 0;
  private readonly nodes: Node[] = [];
  private readonly races: Races;
  private actors = 0;
  private processors: ArrayLike<number> = [];
  private stream: Stream | undefined;
  /** Nodes that are given when a schedule begins. */
  private given = 0;
  /** Events of this schedule so far. */
  private depth = 0;
  /** Whether the schedule has left what is searched: all who could go on sleep, or it is long. */
  private isLoose = false;
  private isThrough = false;
  private isWhole = true;

  constructor(private readonly kinds: Kinds) {
    this.races = new Races(kinds);
  }

  begin(actors: number, _profile: Profile, random: Stream): void {
    this.stream = random;
    this.actors = actors;
    this.depth = 0;
    if (actors > MOST_ACTORS) this.isWhole = false;
    this.isLoose = this.isThrough || actors > MOST_ACTORS;
  }

  choose(view: View): number {
    this.processors = view.processors;
    if (!this.isLoose) this.arrive(view);
    if (this.isLoose) return view.enabled[below(this.stream as Stream, view.count)] as number;
    return (this.nodes[this.depth] as Node).actor;
  }

  executed(actor: number, view: View): void {
    if (this.isLoose) return;
    this.processors = view.processors;
    if (view.count === 1) this.arrive(view);
    if (this.isLoose) return;
    const node = this.nodes[this.depth++] as Node;
    // What is given was seen to its end before; but the last of it goes another way.
    if (this.depth < this.given) return;
    node.touches = [];
    this.touch(node.touches, view.points[actor] as number, view.objects[actor] as number);
  }

  passed(_actor: number, point: number, object: number): void {
    if (this.isLoose || this.depth < this.given) return;
    const node = this.nodes[this.depth - 1];
    if (node !== undefined) this.touch(node.touches, point, object);
  }

  ended(view: View, isWhole: boolean): void {
    if (this.isThrough || this.depth === 0) return;
    if (!this.isLoose && this.depth < this.given) this.leave();
    if (this.isLoose) this.redundant++;
    else {
      this.settle(view, isWhole, 0);
      this.traces++;
    }
    this.turnBack();
  }

  exhausted(): boolean {
    return this.isThrough && this.isWhole;
  }

  /** The state before the next event: known, or a new node. */
  private arrive(view: View): void {
    const { nodes, depth } = this;
    const enabled = maskOf(view);
    const known = nodes[depth];
    if (known !== undefined && depth < this.given) {
      if (known.enabled === enabled) return;
      // The same choices, and another state: nothing is certain below.
      this.leave();
      return;
    }
    const node = this.follow(enabled);
    const awake = enabled & ~node.asleep;
    if (awake === 0) {
      // Who sleeps was seen to go on from here. Who cannot go on may have come first.
      this.settle(view, true, enabled);
      this.isLoose = true;
    } else if (depth >= MOST_EVENTS) this.leave();
    if (this.isLoose) return;
    const goesOn = view.current >= 0 && (awake >>> view.current & 1) === 1;
    node.actor = goesOn && !this.isLong(view.current) ? view.current : lowest(
      awake & ~(goesOn ? 1 << view.current : 0) || awake);
    node.wanted = 1 << node.actor;
    nodes.push(node);
  }

  private leave(): void {
    this.settle(undefined, true, 0);
    this.isLoose = true;
    this.isWhole = false;
  }

  /** A node after the last, with those that still sleep. */
  private follow(enabled: number): Node {
    const before = this.nodes[this.depth - 1];
    const node: Node = {
      actor: -1, enabled, asleep: 0, wanted: 0, tried: 0, stops: 0, touched: [], touches: [],
      clock: [],
    };
    if (before === undefined) return node;
    const { actor, touched, touches } = before;
    let left = (before.asleep | before.tried) & ~before.stops & ~(1 << actor);
    while (left !== 0) {
      const sleeper = lowest(left);
      left &= ~(1 << sleeper);
      const would = touched[sleeper] as Footprint;
      if (this.races.areNeighbours(sleeper, actor) || doMeet(would, touches)) continue;
      node.asleep |= 1 << sleeper;
      node.touched[sleeper] = would;
    }
    return node;
  }

  private isLong(actor: number): boolean {
    const { nodes } = this;
    const from = nodes.length - MOST_IN_A_ROW;
    if (from < 0) return false;
    for (let i = from; i < nodes.length; i++) if ((nodes[i] as Node).actor !== actor) return false;
    return true;
  }

  private touch(touches: Footprint, point: number, object: number): void {
    if (point < 0 || isNoEvent(this.kinds, point)) return;
    const isRead = point === this.kinds.read;
    for (const known of touches) {
      if (known.object === object && (isRead || !known.isRead)) return;
    }
    touches.push({ object, point, isRead });
  }

  /** What did not come to happen, but for those asleep and `except`. */
  private meetPending(view: View, except: number, asleep: number): void {
    for (let actor = 0; actor < this.actors; actor++) {
      const point = view.points[actor] as number;
      if (point === OVER || (asleep >>> actor & 1) === 1 || actor === except) continue;
      const touches: Footprint = [];
      this.touch(touches, point, view.objects[actor] as number);
      this.races.meetPending(actor, touches);
    }
  }

  /** Finds the races of what is new, and of what did not come to happen but in `asleep`. */
  private settle(view: View | undefined, isWhole: boolean, asleep: number): void {
    const { nodes, races } = this;
    nodes.length = this.depth;
    const last = nodes.at(-1);
    if (last === undefined) return;
    races.begin(nodes, this.actors, this.processors);
    for (let i = Math.max(this.given - 1, 0); i < nodes.length; i++) races.meet(i);
    if (view !== undefined) this.meetPending(view, isWhole ? -1 : last.actor, asleep);
    if (isWhole) return;
    // A stop is the end of everybody: whoever could have gone first may have come to another.
    last.wanted |= last.enabled;
    last.stops |= 1 << last.actor;
  }

  /** To the last node where somebody is left to be tried. */
  private turnBack(): void {
    const { nodes } = this;
    for (;;) {
      const node = nodes.at(-1);
      if (node === undefined) break;
      node.tried |= 1 << node.actor;
      node.touched[node.actor] = node.touches;
      const left = node.wanted & node.enabled & ~node.tried & ~node.asleep;
      if (left !== 0) {
        node.actor = lowest(left);
        this.given = nodes.length;
        return;
      }
      nodes.pop();
    }
    this.isThrough = true;
  }
}

function maskOf({ enabled, count }: View): number {
  let mask = 0;
  for (let i = 0; i < count; i++) mask |= 1 << (enabled[i] as number);
  return mask;
}

function lowest(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}
