/** Two processors that take the locks of the table and of a connection, each the other first. */

import { describe } from 'vitest';
import { q171181 } from '../../host/kb/q171181.js';
import { itIsFound } from './schedule.js';

describe('kb/q171181', () => {
  itIsFound(q171181, {
    source: 'faulty(Fault.Q171181)',
    spinning: [0, 1],
    sentence: /take TcpTable and TcpTcb in opposite orders/,
  });
});
