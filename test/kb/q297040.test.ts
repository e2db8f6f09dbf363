import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatArticle, runArticle } from '../../host/kb/article.js';
import type { ArticleResult } from '../../host/kb/article.js';
import { ARTICLES, findArticle } from '../../host/kb/index.js';
import { q297040 } from '../../host/kb/q297040.js';

const one = await runArticle(q297040);
const two = await runArticle(q297040, { processors: 2 });

/** The line of the source that a verdict names. */
function lineOf(result: ArticleResult): string {
  const { file, line } = result.verdict ?? { file: '', line: 0 };
  const text = readFileSync(new URL(`../../assembly/${file}`, import.meta.url), 'utf8');
  return text.split('\n')[line - 1]?.trim() ?? '';
}

/** README.md shows a session. */
const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

// No schedule is involved: the probability of each symptom is 1.
describe('kb/q297040', () => {
  it.each([['one processor', one], ['two processors', two]])(
    'is healthy with the fixed release, on %s', (_, { healthy, healthyVerdicts }) => {
      expect(healthy).toMatchObject({
        connect: 'IO_TIMEOUT',
        connectSeconds: 45,
        synSeconds: [0, 3, 9, 21],
        locksHeld: 0,
        nextConnect: 'SUCCESS',
        answersPing: true,
        clockRuns: true,
        spinningProcessors: [],
      });
      expect(healthyVerdicts).toEqual([]);
    },
  );

  it.each([['one processor', one], ['two processors', two]])(
    'hangs as the article says after the connect failed at its time, on %s', (_, { symptom }) => {
      expect(symptom).toMatchObject({
        connect: 'IO_TIMEOUT',
        connectSeconds: 45,
        synSeconds: [0, 3, 9, 21],
        locksHeld: 1,
        nextConnect: 'never returns',
        answersPing: false,
        clockRuns: false,
      });
    },
  );

  it('leaves IRQL stuck on one processor, and makes the other of two spin', () => {
    expect(one.healthy['irql']).toBe('PASSIVE_LEVEL');
    expect(two.healthy['irql']).toEqual(['PASSIVE_LEVEL', 'PASSIVE_LEVEL']);
    expect(one.symptom).toMatchObject({ irql: 'DISPATCH_LEVEL', spinningProcessors: [] });
    expect(two.symptom).toMatchObject({
      irql: ['DISPATCH_LEVEL', 'PASSIVE_LEVEL'], spinningProcessors: [1],
    });
    expect(one.verdicts.map((each) => each.kind)).toEqual(['lock leaked', 'irql', 'irql', 'hang']);
    expect(two.verdicts.map((each) => each.kind)).toEqual(
      ['lock leaked', 'deadlock', 'irql', 'irql', 'hang'],
    );
  });

  it.each([['one processor', one], ['two processors', two]])(
    'is found: lock, holder, and the line that acquired it, on %s', (_, result) => {
      expect(result.reproduced).toBe(true);
      expect(result.verdict).toMatchObject(
        { kind: 'lock leaked', lock: 'TcpTable', file: 'tcpip/tcp/connect.ts' },
      );
      expect(lineOf(result)).toContain('KeAcquireSpinLock(partition.lock)');
      expect(result.verdicts[0]).toMatchObject({
        article: 'Q297040', holder: 0, sinceUs: 45_000_000, rule: 'LOCK_LEAKED',
      });
    },
  );

  it('names in the deadlock who holds the lock, who waits, and that the holder left', () => {
    const deadlock = two.verdicts.find((each) => each.kind === 'deadlock');
    expect(deadlock).toMatchObject({ lock: { name: 'TcpTable' }, holder: 0, waiters: [1] });
    expect(deadlock?.sentence).toMatch(
      /^processor 1 spins for ever on TcpTable held by processor 0 since .*, which left without/,
    );
  });

  it('needs SynAttackProtect, as the article says', async () => {
    const off = await runArticle(q297040, { settings: { SynAttackProtect: 0 } });
    expect(off.verdict).toBeNull();
    expect(off.verdicts).toEqual([]);
    expect(off.reproduced).toBe(false);
    expect(off.symptom).toEqual(off.healthy);
    const low = await runArticle(q297040, { settings: { SynAttackProtect: 1 } });
    expect(low.reproduced).toBe(true);
  });

  it('is the same each time', async () => {
    expect(JSON.stringify(await runArticle(q297040))).toBe(JSON.stringify(one));
  });

  it('is printed as a table of both releases and the verdict', () => {
    const lines = formatArticle(one).split('\n');
    expect(lines.slice(0, 4)).toEqual([
      'healthy   connect 129.68.72.40:23    IO_TIMEOUT after 45 s      locks 0   PASSIVE_LEVEL',
      '          connect 129.68.72.20:23    SUCCESS',
      '          ping 129.68.72.10          answered',
      '          the clock\'s DPC            runs',
    ]);
    expect(lines[4]).toBe(
      'faulty    connect 129.68.72.40:23    IO_TIMEOUT after 45 s      locks 1   DISPATCH_LEVEL',
    );
    expect(lines[8]).toMatch(
      /^verdict {3}TcpTable leaked by tcpip\/tcp\/connect\.ts:\d+ \(Q297040\) on processor 0$/,
    );
    for (const line of lines.slice(0, 9)) expect(README).toContain(line);
  });

  it('is one of the articles, each found by its number, however it is written', () => {
    expect(ARTICLES).toContain(q297040);
    for (const number of ['q297040', 'Q297040', '297040']) {
      expect(findArticle(number)).toBe(q297040);
    }
    expect(() => findArticle('q1')).toThrow('q1: no such article; there are Q126560');
  });

  it('refuses what it cannot be run with', async () => {
    await expect(runArticle(q297040, { processors: 3 })).rejects.toThrow('processors: 3');
    await expect(runArticle(q297040, { seed: 0.5 })).rejects.toThrow('seed: 0.5');
    await expect(runArticle(q297040, { settings: { SynAttack: 1 } })).rejects.toThrow('SynAttack');
  });
});
