/** Frames with one bit changed. */

import type { Random } from '../machine/random.js';
import { FRAME_OFFSET, FRAME_STRIDE, FrameBatch } from './batch.js';
import { count, wrapLink } from './link.js';
import type { Link } from './link.js';
import { mustBeProbability } from './option.js';

/** How many are changed. */
export interface CorruptOptions {
  /** Of each frame, from 0 to 1. */
  readonly probability: number;
  /** Its streams `corrupt/0`, `corrupt/1` … decide, one for each end that sends. */
  readonly random: Random;
}

/**
 * A link that flips one bit, any bit, of some frames; counts `corrupt` in `altered`. The sender's
 * batch stays as it is. TypeError for a wrong probability.
 */
export function withCorruption(link: Link, options: CorruptOptions): Link {
  const probability = mustBeProbability('probability', options.probability);
  return wrapLink(link, (port, end) => {
    const stream = options.random.stream(`corrupt/${end}`);
    const changed = new FrameBatch();
    return {
      send(batch) {
        changed.clear();
        let flips = 0;
        for (let i = 0; i < batch.count; i++) {
          const length = batch.lengths[i] as number;
          if (!stream.chance(probability) || length === 0) continue;
          if (flips === 0) changed.copyFirst(batch, batch.count);
          flips++;
          const bit = stream.below(8 * length);
          const at = i * FRAME_STRIDE + FRAME_OFFSET + (bit >> 3);
          changed.octets[at] = (changed.octets[at] as number) ^ (1 << (bit & 7));
        }
        count(link.stats.altered, 'corrupt', flips);
        port.send(flips === 0 ? batch : changed);
      },
      close: () => port.close(),
    };
  });
}
