/**
 * PCT (Burckhardt et al., ASPLOS 2010): random priorities, lowered at d - 1 random steps; a defect
 * of depth d is found with probability 1 / (n k^(d-1)).
 */

import type { Stream } from '../machine/random.js';
import type { Profile, Strategy, View } from './strategy.js';
import { below } from './random.js';

/** PCT for defects of depth `depth`. */
export function pct(depth: number): Strategy {
  const priorities = new Float64Array(128);
  const changes = new Int32Array(Math.max(depth - 1, 0));
  return {
    name: `pct${depth}`,
    begin(actors: number, profile: Profile, random: Stream) {
      for (let i = 0; i < actors; i++) priorities[i] = depth + random.uniform();
      const steps = Math.max(profile.steps, 1);
      for (let i = 0; i < changes.length; i++) changes[i] = 1 + below(random, steps);
    },
    choose(view: View) {
      const best = highest(view, priorities);
      for (let i = 0; i < changes.length; i++) {
        if (changes[i] !== view.step) continue;
        priorities[best] = i;
        return highest(view, priorities);
      }
      return best;
    },
  };
}

/** The enabled actor of highest priority. */
export function highest({ enabled, count }: View, priorities: Float64Array): number {
  let best = enabled[0] as number;
  for (let i = 1; i < count; i++) {
    const actor = enabled[i] as number;
    if ((priorities[actor] as number) > (priorities[best] as number)) best = actor;
  }
  return best;
}
