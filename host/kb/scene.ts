/** What scenes of articles have in common: how calls end, and rows for people. */

import { KernelStop } from '../kernel/stop.js';
import type { World } from '../machine/world.js';
import { irqlName } from '../watch/observation.js';
import type { Observation } from '../watch/observation.js';
import type { SceneOptions, Stage } from './article.js';

/** A second of virtual time, in ns. */
export const SECOND = 1e9;
/** Longer than anything that succeeds takes on a link that loses nothing, in ns. */
export const PATIENCE_NS = 10 * SECOND;
/** What a call says that has not come back. */
export const NEVER = 'never returns';

/** The machine that has the defect, in every article's stage. */
export const OBSERVED = 'machine';

/** The machine of an article whose defect it has, beside another one that has none. */
export function pairOf(
  { release, processors, settings }: SceneOptions, machine: string, other: string,
): Stage {
  return {
    link: 'switch:',
    machines: [
      {
        name: OBSERVED,
        address: `${machine}/24`,
        release,
        processors,
        parameters: settings,
        faults: 'release',
        captureSites: true,
      },
      { name: 'other', address: `${other}/24`, release, faults: [] },
    ],
  };
}

/** How a call of user mode ended, or that it has not. */
export interface Outcome {
  status: string;
  /** When it ended, in ns of virtual time; -1: it has not. */
  endedNs: number;
}

/** Follows a call: what is given changes when it ends. */
export function outcomeOf<T>(
  world: World, call: Promise<T>, nameOf: (value: T) => string = () => 'SUCCESS',
): Outcome {
  const outcome = { status: NEVER, endedNs: -1 };
  const end = (status: string): void => {
    outcome.status = status;
    outcome.endedNs = world.clock.now;
  };
  call.then(
    (value) => end(nameOf(value)),
    (error: Error & { readonly status?: string }) => {
      // On a processor that spins for ever no call comes back.
      if (!(error instanceof KernelStop)) end(error.status ?? error.message);
    },
  );
  return outcome;
}

/** The level of the processor; of several a list, by their numbers. */
export function levelsOf(observation: Observation): string | readonly string[] {
  const levels = observation.processors.map(({ irql }) => irqlName(irql));
  return levels.length === 1 ? levels.join() : levels;
}

/** Levels as people read them. */
export function levelWords(levels: string | readonly string[]): string {
  return [levels].flat().join(', ');
}

/** A row of a scene: what was done, then what came of it. */
export function rowOf(what: string, ...cells: string[]): string {
  return [what.padEnd(26), ...cells].join(' ').trimEnd();
}
