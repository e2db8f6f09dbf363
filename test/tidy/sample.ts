/** Proves a rule: on some texts it must speak, at these lines, and on others it must be silent. */

import { describe, expect, it } from 'vitest';
import { RULES } from './laws.js';
import { judge } from './rule.js';
import { parseSource, treeOf } from './source.js';

/** Files by path, or the text of one. */
export type Sample = string | Readonly<Record<string, string>>;

/** What a rule must and must not find. */
export interface Proof {
  /** Where a sample of one text is said to lie. */
  readonly at?: string;
  /** A sample and the lines where the rule speaks; with several files, `path:line`. */
  readonly fails: readonly (readonly [Sample, ...(number | string)[]])[];
  readonly passes: readonly Sample[];
}

const ANYWHERE = 'assembly/tcpip/sample.ts';

/** Where the rule called `name` speaks: `path:line`, in order, each once. */
export function placesOf(name: string, sample: Sample, at: string = ANYWHERE): string[] {
  const rule = RULES.find((each) => each.name === name);
  if (rule === undefined) throw new Error(`no rule ${name}`);
  const files = typeof sample === 'string' ? { [at]: sample } : sample;
  const sources = Object.entries(files).map(([path, text]) => parseSource(path, text));
  const found = judge([rule], treeOf(sources)).map(({ path, line }) => `${path}:${line}`);
  return [...new Set(found)];
}

/** Declares the tests that prove the rule called `name`. */
export function proves(name: string, { at = ANYWHERE, fails, passes }: Proof): void {
  describe(`tidy: ${name}`, () => {
    for (const [sample, ...lines] of fails) {
      it(`speaks of ${title(sample)}`, () => {
        const expected = lines.map((line) => (typeof line === 'number' ? `${at}:${line}` : line));
        expect(placesOf(name, sample, at)).toEqual(expected);
      });
    }
    for (const sample of passes) {
      it(`allows ${title(sample)}`, () => {
        expect(placesOf(name, sample, at)).toEqual([]);
      });
    }
  });
}

function title(sample: Sample): string {
  const text =
    typeof sample === 'string'
      ? sample
      : Object.entries(sample)
          .map(([path, each]) => `${path}: ${each}`)
          .join(' | ');
  const flat = text.replaceAll(/\s+/g, ' ').trim();
  return flat.length > 70 ? `${flat.slice(0, 69)}…` : flat;
}
