/**
 * POS (Yuan, Yang and Gu, CAV 2018): a random priority for each event, drawn again for those that
 * race with the one that was executed.
 */

import type { Stream } from '../machine/random.js';
import { highest } from './pct.js';
import type { Profile, Strategy, View } from './strategy.js';
import { START } from './strategy.js';

/** Partial-order sampling. */
export function pos(): Strategy {
  const priorities = new Float64Array(128);
  let stream: Stream;
  let actors = 0;
  return {
    name: 'pos',
    begin(count: number, _profile: Profile, random: Stream) {
      actors = count;
      stream = random;
      for (let i = 0; i < actors; i++) priorities[i] = random.uniform();
    },
    choose: (view: View) => highest(view, priorities),
    executed(actor: number, { points, objects }: View) {
      const object = objects[actor];
      if (points[actor] !== START) {
        for (let other = 0; other < actors; other++) {
          if (other === actor || objects[other] !== object || points[other] === START) continue;
          priorities[other] = stream.uniform();
        }
      }
      priorities[actor] = stream.uniform();
    },
  };
}
