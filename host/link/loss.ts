/** Frames that vanish. */

import type { Random } from '../machine/random.js';
import { FrameBatch } from './batch.js';
import { count, wrapLink } from './link.js';
import type { Link } from './link.js';
import { mustBeProbability } from './option.js';

/** How many vanish. */
export interface LossOptions {
  /** Of each frame, from 0 to 1. */
  readonly probability: number;
  /** Its streams `loss/0`, `loss/1` … decide, one for each end that sends. */
  readonly random: Random;
}

/** A link that loses frames, each by itself; drops: `loss`. TypeError for a wrong probability. */
export function withLoss(link: Link, options: LossOptions): Link {
  const probability = mustBeProbability('probability', options.probability);
  return wrapLink(link, (port, end) => {
    const stream = options.random.stream(`loss/${end}`);
    const left = new FrameBatch();
    return {
      send(batch) {
        left.clear();
        let lost = 0;
        for (let i = 0; i < batch.count; i++) {
          // Nothing is copied as long as nothing is lost.
          if (stream.chance(probability)) {
            if (lost === 0) left.copyFirst(batch, i);
            lost++;
          } else if (lost > 0) {
            left.copyFrom(batch, i);
          }
        }
        count(link.stats.dropped, 'loss', lost);
        if (lost === 0) port.send(batch);
        else if (left.count > 0) port.send(left);
      },
      close: () => port.close(),
    };
  });
}
