/**
 * URW and SURW (Zhao, Wolff, Mathur and Roychoudhury, ASPLOS 2025): a walk that is uniform over
 * interleavings, of all events or of those at one object, by how many events each actor has left.
 */

import type { Stream } from '../machine/random.js';
import { below } from './random.js';
import type { Profile, Strategy, View } from './strategy.js';
import { START } from './strategy.js';

/** Uniform random walk: each actor as likely as it has events left. */
export function urw(): Strategy {
  const left = new Float64Array(128);
  let stream: Stream;
  return {
    name: 'urw',
    begin(actors: number, profile: Profile, random: Stream) {
      stream = random;
      for (let i = 0; i < actors; i++) left[i] = (profile.events[i] as number) + 1;
    },
    choose: (view: View) => weighted(view.enabled, view.count, left, stream),
    executed(actor: number) {
      left[actor] = Math.max((left[actor] as number) - 1, 0);
    },
  };
}

/** Selective URW: uniform over the interleavings of the events at one object, chosen each time. */
export function surw(): Strategy {
  const left = new Float64Array(128);
  const free = new Int32Array(128);
  let stream: Stream;
  let target = 0;
  let intended = -1;
  let actors = 0;
  const interesting = ({ points, objects }: View, actor: number): boolean =>
    points[actor] !== START && objects[actor] === target;
  const intend = (): void => {
    let sum = 0;
    for (let i = 0; i < actors; i++) sum += left[i] as number;
    intended = -1;
    if (sum <= 0) return;
    let rest = stream.uniform() * sum;
    for (let i = 0; i < actors; i++) {
      rest -= left[i] as number;
      if (rest < 0) {
        intended = i;
        return;
      }
    }
  };
  return {
    name: 'surw',
    begin(count: number, profile: Profile, random: Stream) {
      stream = random;
      actors = count;
      target = chooseObject(profile, random, count);
      const counts = profile.objects.get(target);
      for (let i = 0; i < count; i++) left[i] = counts?.[i] ?? 0;
      intend();
    },
    choose(view: View) {
      let count = 0;
      for (let i = 0; i < view.count; i++) {
        const actor = view.enabled[i] as number;
        if (actor === intended || !interesting(view, actor)) free[count++] = actor;
      }
      if (count !== 0) return free[below(stream, count)] as number;
      return view.enabled[below(stream, view.count)] as number;
    },
    executed(actor: number, view: View) {
      if (!interesting(view, actor)) return;
      left[actor] = Math.max((left[actor] as number) - 1, 0);
      intend();
    },
  };
}

/** One of the objects to which more than one actor comes. */
function chooseObject(profile: Profile, random: Stream, actors: number): number {
  let chosen = 0;
  let seen = 0;
  for (const [object, counts] of profile.objects) {
    let users = 0;
    for (let i = 0; i < actors; i++) if ((counts[i] as number) > 0) users++;
    if (users > 1 && random.uniform() * ++seen < 1) chosen = object;
  }
  return chosen;
}

function weighted(
  enabled: Int32Array, count: number, weights: Float64Array, stream: Stream,
): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += weights[enabled[i] as number] as number;
  if (sum <= 0) return enabled[below(stream, count)] as number;
  let rest = stream.uniform() * sum;
  for (let i = 0; i < count; i++) {
    const actor = enabled[i] as number;
    rest -= weights[actor] as number;
    if (rest < 0) return actor;
  }
  return enabled[count - 1] as number;
}
