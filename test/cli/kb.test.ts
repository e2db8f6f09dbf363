import { describe, expect, it } from 'vitest';
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

  it('gives it as JSON, and nothing else', async () => {
    const { code, out, err } = await printed('kb', 'Q297040', '--json');
    const value = JSON.parse(out) as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(['article', 'release', 'symptom', 'verdict', 'healthy']);
    expect(value).toMatchObject({
      article: 'Q297040',
      release: 'nt40sp6a',
      verdict: { kind: 'lock leaked', lock: 'TcpTable', file: 'tcpip/tcp/connect.ts' },
    });
    expect(err).toBe('');
    expect(code).toBe(0);
  });

  it('runs all articles as a table where none is named', async () => {
    const { code, out } = await printed('kb', '--processors', '1');
    expect(out).toMatch(/Q297040 .*nt40sp6a .*1 .*lock leaked: TcpTable, .* as documented/);
    expect(code).toBe(0);
  });
});
