/**
 * Processors of different speeds: each actor has a clock, and whoever is furthest behind goes
 * next. The first schedule has equal clocks, as real processors mostly do; the second turns the
 * order round; the others draw speeds, and how late each begins.
 */

import type { Stream } from '../machine/random.js';
import type { Profile, Strategy, View } from './strategy.js';

/** How much faster an actor may be than the mean: e to this power. */
const SPREAD = 1.5;

/** The clocks by themselves, also for strategies that only say who may not go. */
export class Clocks {
  private readonly times = new Float64Array(128);
  private readonly periods = new Float64Array(128);
  private now = 0;

  /** Equal clocks; who begins is told by the order of the numbers, or `backwards`. */
  equal(actors: number, backwards = false): void {
    this.now = 0;
    for (let i = 0; i < actors; i++) {
      this.periods[i] = 1;
      this.times[i] = (backwards ? actors - i : i) / (actors + 1);
    }
  }

  /** Clocks as chance will have them; half of the time, everybody begins at once. */
  draw(actors: number, events: Int32Array, random: Stream): void {
    this.now = 0;
    const late = random.uniform() < 0.5;
    let most = 1;
    for (let i = 0; i < actors; i++) most = Math.max(most, events[i] as number);
    for (let i = 0; i < actors; i++) {
      this.periods[i] = Math.exp((2 * random.uniform() - 1) * SPREAD);
      this.times[i] = random.uniform() * (late ? most : 1);
    }
  }

  /** Of `count` candidates, the one that is furthest behind. */
  behind(candidates: Int32Array, count: number): number {
    let best = candidates[0] as number;
    for (let i = 1; i < count; i++) {
      const actor = candidates[i] as number;
      if ((this.times[actor] as number) < (this.times[best] as number)) best = actor;
    }
    return best;
  }

  /** `actor` went on by one event. */
  tick(actor: number): void {
    this.now = Math.max(this.now, this.times[actor] as number);
    this.times[actor] = this.now + (this.periods[actor] as number);
  }
}

/** Processors of different speeds. */
export function clocks(): Strategy {
  const times = new Clocks();
  let schedule = 0;
  return {
    name: 'clocks',
    begin(actors: number, profile: Profile, random: Stream) {
      if (schedule < 2) times.equal(actors, schedule === 1);
      else times.draw(actors, profile.events, random);
      schedule++;
    },
    choose: ({ enabled, count }: View) => times.behind(enabled, count),
    executed: (actor: number) => times.tick(actor),
  };
}
