/** The kinds of scheduling points, as a module numbers them, and which of them are choices. */

import type { ExploredModule } from '../kernel/explored.js';
import type { Scenario } from './scenario.js';

/** At which points another actor may be made to run. */
export type PointLevel = 'locks' | 'interlocked' | 'memory';

/** The values of `Point` that the engine treats differently. */
export interface Kinds {
  readonly acquire: number;
  readonly release: number;
  readonly enter: number;
  readonly leave: number;
  readonly wait: number;
  readonly waitTimed: number;
  readonly signal: number;
  readonly try: number;
  readonly interlocked: number;
  readonly read: number;
  readonly write: number;
  readonly irql: number;
  readonly released: number;
}

/** The values that `module` exports. @throws TypeError where one is missing. */
export function kindsOf(module: ExploredModule): Kinds {
  return {
    acquire: module.valueOf('Point.ACQUIRE'),
    release: module.valueOf('Point.RELEASE'),
    enter: module.valueOf('Point.ENTER'),
    leave: module.valueOf('Point.LEAVE'),
    wait: module.valueOf('Point.WAIT'),
    waitTimed: module.valueOf('Point.WAIT_TIMED'),
    signal: module.valueOf('Point.SIGNAL'),
    try: module.valueOf('Point.TRY'),
    interlocked: module.valueOf('Point.INTERLOCKED'),
    read: module.valueOf('Point.READ'),
    write: module.valueOf('Point.WRITE'),
    irql: module.valueOf('Point.IRQL'),
    released: module.valueOf('Point.RELEASED'),
  };
}

/** The points of a level, one bit each: where another actor may be made to run. */
export function maskOf(kinds: Kinds, level: PointLevel, { actors }: Scenario): number {
  const interrupts = actors.some((actor) => actor.level !== 0);
  let mask = 1 << kinds.acquire | 1 << kinds.enter | 1 << kinds.wait | 1 << kinds.waitTimed
    | 1 << kinds.signal | 1 << kinds.try;
  if (interrupts || level !== 'locks') mask |= 1 << kinds.release | 1 << kinds.leave;
  if (interrupts) mask |= 1 << kinds.irql;
  if (level !== 'locks') mask |= 1 << kinds.interlocked | 1 << kinds.released;
  if (level === 'memory') mask |= 1 << kinds.read | 1 << kinds.write;
  return mask;
}

/** Points where the order matters by itself: neither reads, nor what waits or wakes. */
export function racingMask({ acquire, enter, try: tries, interlocked, write }: Kinds): number {
  return 1 << acquire | 1 << enter | 1 << tries | 1 << interlocked | 1 << write;
}

/** Points where nothing is about to happen to an object: others may run there, and that is all. */
export function isNoEvent({ irql, released }: Kinds, point: number): boolean {
  return point === irql || point === released;
}
