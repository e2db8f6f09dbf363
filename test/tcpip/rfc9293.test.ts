/** The table of what RFC 9293 asks: each number once, and tests that are there. */

import { existsSync, mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../host/cli/child.js';
import { readDemands, rfcDocument, stateOf } from '../../host/cli/rfcdoc.js';
import type { Shown } from '../../host/cli/rfcdoc.js';
import { isAbout, titlesOf } from './released.js';

/** How many of each kind there are: 119. */
const NUMBERS = { MUST: 69, SHLD: 31, MAY: 18, REC: 1 };
/** The folders of test/script/ whose conversations hold. */
const HOLDS = /^test\/script\/(?!fail|malformed|skipped)\w+\/[\w-]+\.pkt$/;

const demands = readDemands(ROOT);

function isThere({ file, title }: Shown): boolean {
  if (!existsSync(join(ROOT, file))) return false;
  return title === undefined ? HOLDS.test(file) : titlesOf(file).includes(title);
}

/** Conversations are played on it. */
function isOnModern({ file, title }: Shown): boolean {
  return title === undefined || isAbout(file, title, 'modern');
}

describe('tcpip/rfc9293', () => {
  it('has each number of appendix B once', () => {
    const expected = Object.entries(NUMBERS).flatMap(([level, many]) => {
      return Array.from({ length: many }, (_, i) => `${level}-${i + 1}`);
    });
    expect(demands.map(({ id }) => id).sort()).toEqual(expected.sort());
  });

  it.each(demands.map((each) => [each.id, each] as const))('%s says what shows it, or why not', (
    _, demand,
  ) => {
    const { shown, sentence, not } = demand;
    expect(sentence).toMatch(/^\S.*\.$/);
    if (stateOf(demand) === 'holds') expect(shown.some(isOnModern)).toBe(true);
    if (not !== undefined) expect(not).toMatch(/^.{20,}\.$/);
    expect(shown.filter((each) => !isThere(each))).toEqual([]);
  });

  it('knows which tests are about a release: by their words, their loops, what they use', () => {
    const close = 'test/tcpip/tcp/close.test.ts';
    const reopened = 'is reopened from TIME-WAIT by a newer SYN, not by an old one (MAY-2)';
    expect(isAbout(close, reopened, 'modern')).toBe(false);
    expect(isAbout(close, 'is no test', 'modern')).toBe(false);
    const second = '${release}: closes second: CLOSE-WAIT, LAST-ACK, and at the ACK nothing';
    expect(isAbout(close, second, 'modern')).toBe(true);
    const challenges = 'test/tcpip/tcp/challenge.test.ts';
    const edge = 'believes a RST at the left edge, with or without ACK (RFC 5961, 3.2)';
    expect(isAbout(challenges, edge, 'modern')).toBe(true);
    expect(isAbout(challenges, edge, 'nt40')).toBe(false);
  });

  it('names the line that belongs to no row', () => {
    const root = mkdtempSync(join(tmpdir(), 'ntstack-rfc-'));
    try {
      mkdirSync(join(root, 'test/tcpip'), { recursive: true });
      const write = (text: string): void => {
        writeFileSync(join(root, 'test/tcpip/rfc9293.txt'), text);
      };
      write('Words.\n\n# One (1)\n\nMUST-1\n  A sentence.\n  by a.test.ts: b\n');
      expect(rfcDocument(root, 'Made')).toContain('| MUST-1 | MUST | A sentence. | holds |');
      for (const [line, text] of [
        [2, '# One (1)\n  A sentence.\n'],
        [4, '# One (1)\nMUST-1\n  A sentence.\n  Another.\n'],
        [3, '# One (1)\nMUST-1\nMUST 2\n'],
      ] as const) {
        write(text);
        expect(() => readDemands(root)).toThrow(`test/tcpip/rfc9293.txt:${line}: `);
      }
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
