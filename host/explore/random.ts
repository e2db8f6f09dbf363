/** Random walk: whoever can go on, each as likely as any other. */

import type { Stream } from '../machine/random.js';
import type { Profile, Strategy, View } from './strategy.js';

/** A random walk. */
export function randomWalk(): Strategy {
  let stream: Stream;
  return {
    name: 'random',
    begin(_actors: number, _profile: Profile, random: Stream) {
      stream = random;
    },
    choose: ({ enabled, count }: View) => enabled[below(stream, count)] as number,
  };
}

/** A whole number from 0 up to, not including, n; as fair as 32 bits are for a small n. */
export function below(stream: Stream, n: number): number {
  return Math.floor(stream.uniform() * n);
}
