/** A receive whose second release takes the lock from another processor. */

import { describe } from 'vitest';
import { q243878 } from '../../host/kb/q243878.js';
import { itIsFound } from './schedule.js';

describe('kb/q243878', () => {
  itIsFound(q243878, {
    source: 'KeReleaseSpinLockFromDpcLevel(tcb.lock)',
    spinning: [],
    sentence: /^socketReceive [0-9] releases TcpTcb, which another has/,
  });
});
