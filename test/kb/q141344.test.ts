/** A server that has no connection block left, and resets those who ask for a session. */

import { describe, expect, it } from 'vitest';
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
});
