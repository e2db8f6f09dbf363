/** Pool that is not given back: left when all drivers are unloaded, or a tag that only grows. */

import type { Observation, ObservedTag } from './observation.js';
import type { Verdict } from './verdict.js';

/** Observations that a growth is judged by at least; fewer show a load that begins. */
export const GROWTH_SAMPLES = 6;

/** One verdict for each tag that has blocks when all drivers are unloaded. */
export function findPoolLeaks(observation: Observation): Verdict[] {
  if (!observation.halted) return [];
  return observation.pool.map((tag) =>
    verdictOf(
      observation,
      tag,
      `${amount(tag)} left when all drivers are unloaded`,
      observation.timeUs,
    ),
  );
}

/**
 * One verdict for each tag that had more blocks at each observation than at the one before. The
 * observations are to be of one machine, in order, each at a moment when the work in hand is as
 * much as at the others: after each of a row of connections was closed, say.
 */
export function findPoolGrowth(
  observations: readonly Observation[],
  least = GROWTH_SAMPLES,
): Verdict[] {
  const last = observations.at(-1);
  const first = observations.at(-least);
  if (last === undefined || first === undefined || least < 2) return [];
  const samples = observations.slice(-least);
  return last.pool.flatMap((tag) => {
    const blocks = samples.map((each) => blocksOf(each, tag.tag));
    if (!blocks.every((count, index) => index === 0 || count > (blocks[index - 1] ?? 0))) return [];
    const sentence =
      `pool tag "${tag.tag}" only grows: from ${blocks[0] ?? 0} to ${tag.blocks} blocks ` +
      `in ${least} observations`;
    return [verdictOf(last, tag, sentence, first.timeUs)];
  });
}

function blocksOf(observation: Observation, tag: string): number {
  return observation.pool.find((each) => each.tag === tag)?.blocks ?? 0;
}

function amount(tag: ObservedTag): string {
  const blocks = `block${tag.blocks === 1 ? '' : 's'} (${tag.octets} octets)`;
  return `${tag.blocks} ${blocks} of pool tag "${tag.tag}" ${tag.blocks === 1 ? 'is' : 'are'}`;
}

function verdictOf(
  observation: Observation,
  tag: ObservedTag,
  sentence: string,
  sinceUs: number,
): Verdict {
  return {
    kind: 'pool leaked',
    machine: observation.machine,
    sentence,
    sinceUs,
    words: [tag.blocks, tag.octets],
  };
}
