/** Frames that come twice. */

import type { Random } from '../machine/random.js';
import { FrameBatch } from './batch.js';
import { count, wrapLink } from './link.js';
import type { Link } from './link.js';
import { mustBeProbability } from './option.js';

/** How many come twice. */
export interface DuplicateOptions {
  /** Of each frame, from 0 to 1. */
  readonly probability: number;
  /** Its streams `duplicate/0`, `duplicate/1` … decide, one for each end that sends. */
  readonly random: Random;
}

/**
 * A link that sends some frames twice, the second right after the first; counts `duplicate` in
 * `altered`. TypeError for a wrong probability.
 */
export function withDuplicates(link: Link, options: DuplicateOptions): Link {
  const probability = mustBeProbability('probability', options.probability);
  return wrapLink(link, (port, end) => {
    const stream = options.random.stream(`duplicate/${end}`);
    const more = new FrameBatch();

    function append(batch: FrameBatch, i: number): void {
      if (more.copyFrom(batch, i)) return;
      port.send(more);
      more.clear();
      more.copyFrom(batch, i);
    }

    return {
      send(batch) {
        let twice = 0;
        for (let i = 0; i < batch.count; i++) {
          // Nothing is copied as long as nothing comes twice.
          const again = stream.chance(probability);
          if (again && twice === 0) more.copyFirst(batch, i);
          if (again) twice++;
          if (twice > 0) append(batch, i);
          if (again) append(batch, i);
        }
        count(link.stats.altered, 'duplicate', twice);
        port.send(twice === 0 ? batch : more);
        more.clear();
      },
      close: () => port.close(),
    };
  });
}
