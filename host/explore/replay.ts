/** A schedule again, from its choices. */

import type { Strategy, View } from './strategy.js';

/** Thrown where a schedule does not go the way its choices say. */
export class Diverged extends Error {
  override readonly name = 'Diverged';
}

/**
 * Makes the choices that are given; after the last, and where `lenient` an actor cannot go on,
 * whoever ran goes on, else the first.
 */
export function replayOf(choices: readonly number[], lenient = false): Strategy {
  let at = 0;
  return {
    name: 'replay',
    begin() {
      at = 0;
    },
    choose(view: View) {
      const wanted = choices[at++];
      if (wanted !== undefined && isEnabled(view, wanted)) return wanted;
      if (wanted !== undefined && !lenient) {
        throw new Diverged(`choice ${at}: actor ${wanted} cannot go on`);
      }
      return isEnabled(view, view.current) ? view.current : view.enabled[0] as number;
    },
  };
}

/** Whether `actor` can go on. */
export function isEnabled({ enabled, count }: View, actor: number): boolean {
  for (let i = 0; i < count; i++) if (enabled[i] === actor) return true;
  return false;
}
