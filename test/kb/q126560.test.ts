/** A server whose NetBT forgets to count headers, and loses a connection block with each. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatArticle, runArticle } from '../../host/kb/article.js';
import { q126560 } from '../../host/kb/q126560.js';

const counted = await runArticle(q126560);
const held = await runArticle(q126560, { settings: { NtstackZeroLengthCount: 1 } });
const VARIANTS = [['what is taken', counted], ['what is outstanding', held]] as const;

// No schedule is involved: the probability of each symptom is 1.
describe('kb/q126560', () => {
  it.each(VARIANTS)('is healthy with the fixed release, by the count of %s', (_, result) => {
    expect(result.healthy).toMatchObject({
      opened: 9, disconnectsTold: 9, blocksLeaked: 0, lastCall: 'SUCCESS', synsRefused: 0,
    });
    expect(result.healthyVerdicts).toEqual([]);
  });

  it.each(VARIANTS)('loses a block with each session, by the count of %s', (_, { symptom }) => {
    expect(symptom).toMatchObject({
      opened: 7, disconnectsTold: 0, blocksLeaked: 7, lastCall: 'CONNECTION_REFUSED',
      synsRefused: 8,
    });
    // The client's retries are not doubled (Q175523).
    expect(symptom['milliseconds']).toEqual([500, 500, 500]);
  });

  it.each(VARIANTS)('is found where the header is counted, by the count of %s', (_, result) => {
    expect(result.reproduced).toBe(true);
    const { file, line } = result.verdict ?? { file: '', line: 0 };
    expect(file).toBe('netbt/session/receive.ts');
    const text = readFileSync(new URL(`../../assembly/${file}`, import.meta.url), 'utf8');
    expect(text.split('\n')[line - 1]).toContain('checkOutstanding');
    expect(formatArticle(result)).toMatch(/^verdict {3}octets of a header miscounted by netbt/m);
  });

  it.each([
    ['what is taken', counted, 'tcpip owes netbt', 'tcpip keeps octets of which netbt'],
    ['what is outstanding', held, 'netbt owes afd', 'netbt counts octets that are not there: 28'],
  ])('leaves indications owed and blocks leaked, by the count of %s', (_, result, owes, why) => {
    const [, owed, leaked] = result.verdicts;
    expect(result.verdicts.map(({ kind }) => kind))
      .toEqual(['indication misuse', 'indication owed', 'blocks leaked']);
    expect(owed?.sentence).toContain(`${owes} 7 ends of connections`);
    expect(owed?.sentence).toContain(why);
    // Where the verifier saw the count go wrong.
    expect(owed?.site).toEqual(result.verdicts[0]?.site);
    expect(leaked?.words).toEqual([7, 7]);
  });

  it('ends in STOP 0xA where a count goes below 0, on the release that has it', async () => {
    const { healthy, healthyVerdicts, symptom, reproduced, verdicts } = await runArticle(q126560, {
      settings: q126560.stop ?? {},
    });
    expect(healthy).toMatchObject({ opened: 9, blocksLeaked: 0, lastCall: 'SUCCESS', stop: '' });
    expect(healthyVerdicts).toEqual([]);
    expect(symptom).toMatchObject({ opened: 1, stop: 'IRQL_NOT_LESS_OR_EQUAL' });
    expect(reproduced).toBe(true);
    expect(verdicts.map(({ kind }) => kind)).toContain('stopped');
  });
});
