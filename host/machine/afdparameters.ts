/** The registry values of AFD\Parameters (Q142641), and what listeners of a release get. */

import { entry } from './parameter.js';
import type { ParameterEntry } from './parameter.js';

/** Listeners of sockets; NetBT has its own pool, and port 139 none of this. */
export const AFD: readonly ParameterEntry[] = [
  entry('EnableDynamicBacklog', [0, 1], '',
    '1: a listener whose backlog is above MinimumDynamicBacklog gets more where few are idle',
    ['nt35', 0, 'Q142641']),
  entry('MinimumDynamicBacklog', [0, 0xffff], 'connections',
    'idle ones of a listener below which others are made; 20 is suggested',
    ['nt35', 0, 'Q142641']),
  entry('MaximumDynamicBacklog', [0, 0xffff], 'connections',
    'idle and half-open ones of a listener at most; 5000 for each 32 MB of memory',
    ['nt35', 0, 'Q142641']),
  entry('DynamicBacklogGrowthDelta', [0, 0xffff], 'connections',
    'how many are made at a time; 10 is suggested',
    ['nt35', 0, 'Q142641']),
  // Workstation of NT 4.0 has 5. Before it, products did not differ.
  entry('NtstackListenBacklog', [1, 0xffff], 'connections',
    'the longest backlog a listener gets (SOMAXCONN); what asks for more gets this',
    ['nt35', 100, 'Q113576, Q127144'],
    ['nt40', 200, 'Q127144: Server; 5 on Workstation'],
    ['modern', 0xffff, 'ours: what the program asks for']),
];
