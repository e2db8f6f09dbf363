/** A segment that finds, as the one found last, a connection whose time-out has freed it. */

import { describe } from 'vitest';
import { q236794 } from '../../host/kb/q236794.js';
import { itIsFound } from './schedule.js';

describe('kb/q236794', () => {
  itIsFound(q236794, {
    source: 'referenceTcb(tcb)',
    spinning: [],
    sentence: /takes hold of 0x[0-9a-f]+, which nobody holds any more: it is freed/,
  });
});
