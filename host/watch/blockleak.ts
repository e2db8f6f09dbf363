/** Blocks leaked: of a set that is limited, those in use for connections that are over. */

import type { Observation, ObservedBlocks } from './observation.js';
import type { Verdict } from './verdict.js';

/** How long a block may outlive what it is bound to, in us: a hundred ticks. */
export const LONGEST_UNUSED_US = 1_000_000;

/** One verdict for each set of which blocks are in use for nobody, and have been for too long. */
export function findBlockLeaks(
  observation: Observation, longestUs = LONGEST_UNUSED_US,
): Verdict[] {
  return observation.blockSets.flatMap((set) => {
    const since = set.forNobody.filter((sinceUs) => observation.timeUs - sinceUs > longestUs);
    return since.length === 0 ? [] : [leaked(observation, set, since)];
  });
}

function leaked(
  { machine, timeUs }: Observation, { name, blocks }: ObservedBlocks, since: readonly number[],
): Verdict {
  const sinceUs = Math.min(...since);
  const seconds = ((timeUs - sinceUs) / 1e6).toFixed(1);
  return {
    kind: 'blocks leaked',
    machine,
    sentence: `${since.length} of ${blocks} ${name} ${since.length === 1 ? 'is' : 'are'} in use `
      + `for nobody: what they were bound to is over, the oldest for ${seconds} s`,
    sinceUs,
    words: [since.length, blocks],
  };
}
