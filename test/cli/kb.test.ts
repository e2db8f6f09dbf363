import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ArticleSummary } from '../../host/cli/kb.js';
import { readCapture } from '../../host/link/pcapread.js';
import { printed } from './printed.js';

describe('cli/kb', () => {
  it('shows an article on one processor and on two', async () => {
    const { code, out } = await printed('kb', 'q297040');
    expect(out).toContain('nt40sp6a, 1 processor: as documented');
    expect(out).toContain('nt40sp6a, 2 processors: as documented');
    expect(out).toMatch(/verdict +TcpTable leaked by tcpip\/tcp\/connect\.ts:\d+ \(Q297040\)/);
    expect(out).toMatch(/spins for ever/);
    expect(code).toBe(0);
  });

  it('is printed in 80 columns where it is sentences', async () => {
    const { out } = await printed('kb', 'q297040');
    const lines = out.split('\n');
    const verdict = lines.findIndex((line) => line.startsWith('verdict'));
    const end = lines.indexOf('', verdict);
    expect(end - verdict).toBeGreaterThan(4);
    for (const line of lines.slice(verdict, end)) {
      expect(line.length).toBeLessThanOrEqual(80);
      expect(line).toMatch(/^(verdict|       )   [^ ]/);
    }
  });

  it('is in README.md as it is printed', async () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const [, args = '', block = ''] =
      /^ {4}\$ npm run --silent kb (.*)\n((?: {4}.*\n)+)/m.exec(readme) ?? [];
    const { out } = await printed('kb', ...args.split(' ').filter((word) => word !== '--'));
    // Where the source's line is may change.
    const plain = (text: string): string => text.replaceAll(/(\.ts):\d+/g, '$1').trimEnd();
    expect(plain(block.replaceAll(/^ {4}/gm, ''))).toBe(plain(out));
  });

  it('gives it as JSON, and nothing else', async () => {
    const { code, out, err } = await printed('kb', 'Q297040', '--json');
    const value = JSON.parse(out) as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(
      ['article', 'release', 'symptom', 'verdict', 'healthy', 'processors'],
    );
    expect(value).toMatchObject({
      article: 'Q297040',
      release: 'nt40sp6a',
      verdict: { kind: 'lock leaked', lock: 'TcpTable', file: 'tcpip/tcp/connect.ts' },
    });
    expect(err).toBe('');
    expect(code).toBe(0);
  });

  it('gives both machines as JSON: IRQL stuck on one, a processor that spins on two', async () => {
    const { out } = await printed('kb', 'Q297040', '--json');
    const value = JSON.parse(out) as ArticleSummary;
    const { processors, symptom, verdict, healthy } = value;
    expect(Object.keys(processors)).toEqual(['1', '2']);
    expect(processors['1']).toEqual({ symptom, verdict, healthy });
    expect(symptom).toMatchObject({ irql: 'DISPATCH_LEVEL', spinningProcessors: [] });
    expect(processors['2']).toMatchObject({
      symptom: { irql: ['DISPATCH_LEVEL', 'PASSIVE_LEVEL'], spinningProcessors: [1] },
      verdict: { lock: 'TcpTable' },
      healthy: { irql: ['PASSIVE_LEVEL', 'PASSIVE_LEVEL'], spinningProcessors: [] },
    });
    const two = JSON.parse(
      (await printed('kb', 'Q297040', '--json', '--processors', '2')).out,
    ) as ArticleSummary;
    expect(two.symptom).toEqual(processors['2']?.symptom);
    expect(Object.keys(two.processors)).toEqual(['2']);
  });

  it('runs all articles as a table of 80 columns where none is named', async () => {
    const { code, out } = await printed('kb', '--processors', '1');
    expect(out).toMatch(/Q297040 .*nt40sp6a .*1 .*lock leaked: TcpTable .* as documented/);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(code).toBe(0);
  });

  it('writes the frames of its runs, of each machine', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ntstack-kb-'));
    try {
      const path = join(folder, 'q.pcapng');
      const { code, out } = await printed('kb', 'q297040', '--pcap', path);
      expect(code).toBe(0);
      expect(out).toContain(path);
      const count = (name: string): number => {
        const octets = new Uint8Array(readFileSync(join(folder, name)));
        return [...readCapture(octets)].filter(({ interfaceName, octets: { length } }) => {
          return interfaceName === 'machine' && length > 0;
        }).length;
      };
      // The healthy machine connects to the other one afterwards, and answers its ping.
      expect(count('q.pcapng')).toBeGreaterThan(0);
      expect(count('q.healthy.pcapng')).toBeGreaterThan(count('q.pcapng'));
      expect(count('q.2p.pcapng')).toBeGreaterThan(0);
      expect(count('q.2p.healthy.pcapng')).toBeGreaterThan(count('q.2p.pcapng'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
