/** What is said of each rule: its sentence with all of its words, what it means, what to do. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../host/cli/child.js';
import { describeFinding } from '../../host/watch/finding.js';
import { RULES } from '../../host/watch/rules.js';

const source = readFileSync(join(ROOT, 'assembly/vf/rule.ts'), 'utf8');
const begin = source.indexOf('enum Rule');
const body = source.slice(begin, source.indexOf('\n}', begin));
const names = [...body.matchAll(/^ {2}(\w+) = 0x/gm)].map((match) => match[1] ?? '');

const finding = (rule: string, words: readonly number[], lock?: string): string =>
  describeFinding({ rule, code: 0, words, timeUs: 0, ...(lock === undefined ? {} : { lock }) });

describe('watch/rules', () => {
  it('has words for every rule of the verifier, and for no other', () => {
    expect(names.length).toBeGreaterThan(60);
    expect(Object.keys(RULES).sort()).toEqual([...names].sort());
  });

  it.each(names)('%s says what its words are, in whole sentences', (rule) => {
    const text = RULES[rule];
    expect(finding(rule, [0x40, 2, 12])).not.toMatch(/\$|undefined/);
    expect(text?.meaning).toMatch(/^[A-Z].*\.$/);
    expect(text?.mend).toMatch(/\.$/);
    expect(text?.sentence).toMatch(/[^.]$/);
  });

  it('puts an address, levels, tags, counts and locks where they belong', () => {
    expect(finding('POOL_OVERRUN', [0x1f0, 0x74504354])).toBe(
      'pool block 0x1f0 of tag "TCPt" was written past its end',
    );
    expect(finding('RELEASE_IRQL', [0x1f0, 0, 2], 'TcpTcb')).toBe(
      'TcpTcb was acquired at PASSIVE_LEVEL and its release restored DISPATCH_LEVEL',
    );
    expect(finding('SEMAPHORE_LIMIT', [0x1f0, 3, 2])).toBe(
      'semaphore 0x1f0 was released to 3, past its limit of 2',
    );
    expect(finding('NO_SUCH_RULE', [])).toBe('the rule NO_SUCH_RULE broke');
  });
});
