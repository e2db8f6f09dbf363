import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../host/cli/child.js';
import { makeDocuments } from '../../host/cli/documents.js';
import { readRules, verifierDocument } from '../../host/cli/verifierdoc.js';
import { RULES } from '../../host/watch/rules.js';

const documents = new Map(makeDocuments().map(({ name, text }) => [name, text]));

describe('cli/documents', () => {
  it.each([...documents])('%s says what the sources say', (name, text) => {
    expect(readFileSync(join(ROOT, name), 'utf8'), 'run tsx host/cli/documents.ts').toBe(text);
  });

  it('lists every lock in its order, with the file that initializes it', () => {
    const rows = (documents.get('LOCKS.md') ?? '').match(/^\| \d+ \|.*$/gm) ?? [];
    const order = readFileSync(join(ROOT, 'assembly/ke/lockorder.ts'), 'utf8');
    const names = [...order.matchAll(/^ {2}(\w+) = \d+,$/gm)].map((match) => match[1]);
    expect(rows.map((row) => row.split('|')[2]?.trim())).toEqual(names);
    const ranks = rows.map((row) => Number(row.split('|')[1]));
    expect(ranks).toEqual([...ranks].sort((one, other) => one - other));
    expect(rows.find((row) => row.includes('TcpTable'))).toContain('`tcpip/tcp/table.ts`');
    expect(rows.filter((row) => row.includes('nowhere'))).toEqual([]);
  });

  it('names cause and releases of each article', () => {
    const text = documents.get('ARTICLES.md') ?? '';
    expect(text).toContain('## Q297040: ');
    expect(text).toContain('Had by release `nt40sp6a`, not by `nt40sp6a-q297040`');
    expect(text).toContain('in `tcpip/tcp/connect.ts`');
  });

  it('has a page for every rule, with a program that breaks it and one that keeps it', () => {
    const text = documents.get('VERIFIER.md') ?? '';
    const rules = readRules(ROOT).map(({ name }) => name);
    expect(text.match(/^## \w+$/gm)?.map((line) => line.slice(3))).toEqual(rules);
    expect(Object.keys(RULES).sort()).toEqual([...rules].sort());
    for (const page of text.split(/^## /m).slice(1)) {
      const name = page.slice(0, page.indexOf('\n'));
      expect(page.match(/^export function breaks/gm)?.length, name).toBe(1);
      expect(page.match(/^export function keeps/gm)?.length, name).toBe(1);
    }
    expect(text).toContain('\n0x100B: Freed or deleted while owned. Its words: lock, block.\n');
  });

  it('says which rule has no words or no programs', () => {
    expect(() => verifierDocument(join(ROOT, 'nowhere'), '')).toThrow(/nowhere/);
  });
});
