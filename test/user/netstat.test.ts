/** What netstat shows of what is half open: the same rows, whether it has control blocks or not. */

import { describe, expect } from 'vitest';
import { createSynFlood } from '../../host/load/synflood.js';
import { introduce } from '../../host/load/load.js';
import { connectionRows } from '../../host/user/netstat.js';
import { SECOND, contextOf, it } from '../load/stage.js';

describe('user/netstat', () => {
  for (const release of ['nt40sp6a-q297040', 'modern']) {
    it(`shows what is half open in ${release} as SYN_RECEIVED`, async ({ stage }) => {
      const world = await stage({ release }, 1);
      const context = contextOf(world);
      const load = createSynFlood({ perSecond: 320 });
      await introduce(world, context);
      load.start(world, context);
      // Sixteen SYNs leave at once, twenty times a second.
      await world.run(SECOND / 8);
      const rows = connectionRows(context.server);
      expect(load.figures.injected).toBe(48);
      expect(new Set(rows.map(({ remote }) => remote)).size).toBe(48);
      for (const row of rows) {
        expect(row).toMatchObject({ protocol: 'TCP', local: '10.0.0.1:5021' });
        expect(row.state).toBe('SYN_RECEIVED');
      }
      load.abandon();
    });
  }
});
