/** A session is lost, and with it everybody's NetBIOS for a while. */

import { describe, expect, it } from 'vitest';
import { formatArticle, runArticle } from '../../host/kb/article.js';
import { q186873 } from '../../host/kb/q186873.js';

const result = await runArticle(q186873);

// No schedule is involved: the probability of each symptom is 1.
describe('kb/q186873', () => {
  it('delays nobody by more than a tick with the fixed release', () => {
    expect(result.healthy).toMatchObject({
      adapterStatus: 'GOODRET', noWait: 'GOODRET', sendsWaiting: 0, blockedSeconds: 0,
      lostSend: 'SABORT', unanswered: 0,
    });
    expect(result.healthy['longestAfter']).toBeLessThanOrEqual(10);
    expect(result.healthy['delivered']).toBe(result.healthy['acknowledged']);
    expect(result.healthyVerdicts).toEqual([]);
  });

  it('does nothing before TCP gives up, and then nothing for anybody', () => {
    expect(result.symptom['longestBefore']).toBeLessThanOrEqual(10);
    expect(result.symptom['timeoutSeconds']).toBe(result.healthy['timeoutSeconds']);
    expect(result.symptom).toMatchObject({
      adapterStatus: 'PENDING', noWait: 'PENDING', delivered: 0,
    });
  });

  it('fills the window with what TCP has acknowledged: then sends wait', () => {
    const { acknowledged, sendsWaiting } = result.symptom;
    expect(acknowledged).toBeGreaterThan(5);
    expect(acknowledged).toBeLessThanOrEqual(Math.floor(8760 / 504));
    expect(sendsWaiting).toBeGreaterThan(10);
  });

  it('recovers: all that waited is answered', () => {
    expect(result.symptom).toMatchObject({
      blockedSeconds: 30, lostSend: 'SABORT', unanswered: 0,
    });
  });

  it('is found where the gate is kept', () => {
    expect(result.reproduced).toBe(true);
    expect(result.verdicts.map(({ kind }) => kind)).toEqual(['requests wait']);
    expect(result.verdict?.file).toBe('netbios/connection.ts');
    expect(formatArticle(result)).toMatch(/^verdict {3}LANA 0 kept shut for a session/m);
  });
});
