/**
 * Delay-bounded scheduling (Emmi, Qadeer and Rakamaric, POPL 2011): one after another, in order;
 * at up to `bound` random steps, who would go on is passed over.
 */

import type { Stream } from '../machine/random.js';
import { below } from './random.js';
import type { Profile, Strategy, View } from './strategy.js';

/** At most `bound` delays in each schedule. */
export function delayBounded(bound: number): Strategy {
  const delays = new Int32Array(bound);
  let actors = 0;
  let turn = 0;
  return {
    name: `delay${bound}`,
    begin(count: number, profile: Profile, random: Stream) {
      actors = count;
      turn = below(random, count);
      for (let i = 0; i < bound; i++) delays[i] = 1 + below(random, Math.max(profile.steps, 1));
    },
    choose(view: View) {
      let next = firstFrom(view, turn, actors);
      for (let i = 0; i < bound; i++) {
        if (delays[i] === view.step) next = firstFrom(view, (next + 1) % actors, actors);
      }
      turn = next;
      return next;
    },
  };
}

/** The first enabled actor from `start` on, round the circle. */
function firstFrom({ enabled, count }: View, start: number, actors: number): number {
  let best = enabled[0] as number;
  let distance = actors;
  for (let i = 0; i < count; i++) {
    const actor = enabled[i] as number;
    const away = (actor - start + actors) % actors;
    if (away < distance) {
      distance = away;
      best = actor;
    }
  }
  return best;
}
