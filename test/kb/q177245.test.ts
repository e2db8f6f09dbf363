/** Two processors that close an address and a connection, each with what the other wants. */

import { describe } from 'vitest';
import { q177245 } from '../../host/kb/q177245.js';
import { itIsFound } from './schedule.js';

describe('kb/q177245', () => {
  itIsFound(q177245, {
    source: 'faulty(Fault.Q177245)',
    spinning: [0, 1],
    sentence: /take TcpConnection and TcpipAddress in opposite orders/,
  });
});
