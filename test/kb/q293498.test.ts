/** A card that runs out of packets while its processor is at PASSIVE_LEVEL. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { explore } from '../../host/explore/explorer.js';
import { prepareKernel } from '../../host/explore/kernelscenario.js';
import { loadExplored } from '../../host/explore/source.js';
import { formatArticle, runArticle } from '../../host/kb/article.js';
import { q293498 } from '../../host/kb/q293498.js';

const one = await runArticle(q293498);
const two = await runArticle(q293498, { processors: 2 });
const MACHINES = [['one processor', one], ['two processors', two]] as const;

// No schedule is involved: the probability of each symptom is 1.
describe('kb/q293498', () => {
  it.each(MACHINES)('is healthy with the fixed release, on %s', (_, { healthy, ...result }) => {
    expect(healthy).toMatchObject({
      send: 'INSUFFICIENT_RESOURCES',
      locksHeld: 0,
      nextConnect: 'SUCCESS',
      answersPing: true,
      clockRuns: true,
    });
    expect(result.healthyVerdicts).toEqual([]);
  });

  it.each(MACHINES)('hangs after the send that failed, on %s', (_, { symptom }) => {
    expect(symptom).toMatchObject({
      send: 'INSUFFICIENT_RESOURCES',
      locksHeld: 0,
      answersPing: false,
      clockRuns: false,
    });
    // A second processor goes on with what asks nothing of the first.
    if (symptom === one.symptom) expect(symptom).toMatchObject({ nextConnect: 'never returns' });
  });

  it('leaves the level of one processor raised: a list, where there are several', () => {
    expect(one.healthy['irql']).toBe('PASSIVE_LEVEL');
    expect(two.healthy['irql']).toEqual(['PASSIVE_LEVEL', 'PASSIVE_LEVEL']);
    expect(one.symptom['irql']).toBe('DISPATCH_LEVEL');
    expect(two.symptom['irql']).toEqual(['DISPATCH_LEVEL', 'PASSIVE_LEVEL']);
    expect(formatArticle(two)).toContain('locks 0   DISPATCH_LEVEL, PASSIVE_LEVEL\n');
  });

  it.each(MACHINES)('is found: lock, and the line that releases it, on %s', (_, result) => {
    expect(result.reproduced).toBe(true);
    const { file, line } = result.verdict ?? { file: '', line: 0 };
    expect(result.verdict).toMatchObject({ kind: 'irql', lock: 'NdisAdapter' });
    expect(file).toBe('ndis/pool.ts');
    const text = readFileSync(new URL(`../../assembly/${file}`, import.meta.url), 'utf8');
    expect(text.split('\n')[line - 1]).toContain('KeReleaseSpinLock(adapter.lock, irql)');
    expect(result.verdicts[0]).toMatchObject({ rule: 'RELEASE_IRQL', article: 'Q293498' });
    expect(formatArticle(result)).toMatch(/^verdict {3}IRQL left raised by the release of Ndis/m);
  });

  it('needs a card that runs out of packets', async () => {
    const enough = await runArticle(q293498, { settings: { NtstackSendPackets: 512 } });
    expect(enough.verdicts).toEqual([]);
    expect(enough.symptom).toMatchObject({ send: 'SUCCESS', nextConnect: 'SUCCESS' });
    expect(enough.reproduced).toBe(false);
  });

  it('is found by the explorer in the first schedule, and by none in the fixed one', async () => {
    const loaded = await loadExplored(new URL('../../build/explore.wasm', import.meta.url));
    const rulesOf = async (healthy: boolean, schedules: number): Promise<string[]> => {
      const windows = await prepareKernel('q293498', { healthy });
      return windows.flatMap((window) => explore(window, { ...loaded, schedules }).findings)
        .map(({ rule, site, status }) => `${status} ${rule} ${site?.file}`);
    };
    expect(await rulesOf(false, 1)).toContain('confirmed RELEASE_IRQL ndis/pool.ts');
    expect(await rulesOf(true, 50)).toEqual([]);
  });
});
