/** Who goes next: the interface of all strategies. */

import type { Stream } from '../machine/random.js';

/** The state of a schedule at one decision; the arrays are the engine's own, and change. */
export interface View {
  /** The actors that can go on: the first `count` entries. */
  readonly enabled: Int32Array;
  readonly count: number;
  /** Who ran last; -1 at the beginning. */
  readonly current: number;
  /** What each actor is about to do: a value of `Point`, START for one that begins. */
  readonly points: Int32Array;
  /** To which object. */
  readonly objects: Uint32Array;
  /** Decisions so far in this schedule. */
  readonly step: number;
  /** The processor of each actor. */
  readonly processors: Int32Array;
}

/** The `point` of an actor that has not begun its next call. */
export const START = -1;
/** The `point` of an actor that has nothing left to do. */
export const OVER = -2;

/** What is known of a scenario from the schedules so far: the most that was ever seen. */
export interface Profile {
  /** Decisions of a schedule. */
  readonly steps: number;
  /** Events of each actor. */
  readonly events: Int32Array;
  /** Events of each actor at each object. */
  readonly objects: ReadonlyMap<number, Int32Array>;
  /** Objects to which somebody did more than read them, wait for them or signal them. */
  readonly raced: ReadonlySet<number>;
  /** Another number when what is known of objects and signatures has changed. */
  readonly revision: number;
  /** The same number for actors that did the same, as far as they were seen to go. */
  readonly signatures: Int32Array;
}

/** A way to choose; it keeps state within one schedule, and between them if it says so. */
export interface Strategy {
  readonly name: string;
  /** A schedule begins. */
  begin(actors: number, profile: Profile, random: Stream): void;
  /** The actor that goes next: one of the enabled. */
  choose(view: View): number;
  /** An actor went on: what it was about to do is done. */
  executed?(actor: number, view: View): void;
  /** An actor passed what is no decision at this level of points, in the middle of going on. */
  passed?(actor: number, point: number, object: number): void;
  /** A schedule is over; `isWhole`: nobody can go on, and nothing stopped it before. */
  ended?(view: View, isWhole: boolean): void;
  /** Whether there is no further schedule to try; asked after each. */
  exhausted?(): boolean;
}
