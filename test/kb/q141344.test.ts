/** A server that has no connection block left, and resets those who ask for a session. */

import { describe, expect, it } from 'vitest';
import type { NetbiosSession } from '../../host/machine/usermode.js';
import { test } from '../../host/vitest.js';
import { NAME, PATIENCE_NS, SERVER, listenerOf, pairOf } from '../netbt/session.js';
import { formatArticle, runArticle } from '../../host/kb/article.js';
import { q141344 } from '../../host/kb/q141344.js';

const result = await runArticle(q141344);

// No schedule is involved: the probability of each symptom is 1.
describe('kb/q141344', () => {
  it('is healthy with the fixed release', () => {
    expect(result.healthy).toMatchObject({
      opened: 12, lastCall: 'SUCCESS', requestsReset: 0, afterRestart: 'SUCCESS',
    });
    expect(result.healthyVerdicts).toEqual([]);
  });

  it('resets session requests until the server is started again', () => {
    expect(result.symptom).toMatchObject({
      opened: 6, lastCall: 'BAD_NETWORK_PATH', requestsReset: 6, afterRestart: 'SUCCESS',
    });
  });

  it('is found where the request is taken', () => {
    expect(result.reproduced).toBe(true);
    expect(result.verdict?.file).toBe('netbt/session/listen.ts');
    expect(formatArticle(result)).toMatch(/^verdict {3}session request left unanswered by netbt/m);
  });

  test('takes 1,000 clients at once where the pool grows', async ({ world }) => {
    const made = await world(pairOf('wire:', { release: 'nt40', faults: [] }));
    const listener = await listenerOf(made);
    const { sessions } = made.machine('client').user;
    const open: NetbiosSession[] = [];
    for (let i = 0; i < 1000; i++) {
      const call = sessions.call(NAME, `CLIENT${i % 200}<00>`, { address: SERVER });
      open.push(await made.complete(call, PATIENCE_NS));
      open.push(await made.complete(listener.accept(), PATIENCE_NS));
    }
    const [first, served] = open;
    await made.complete(first?.send('still there') ?? Promise.reject(), PATIENCE_NS);
    const heard = await made.complete(served?.receive() ?? Promise.reject(), PATIENCE_NS);
    expect(new TextDecoder().decode(heard)).toBe('still there');
    expect(new Set(open.map(({ remoteName }) => remoteName)).size).toBe(201);
    for (const session of open) session.abort();
    await made.run(PATIENCE_NS);
  });
});
