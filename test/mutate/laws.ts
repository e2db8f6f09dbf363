/** The first who are asked of a mutant: the laws of locks that `npm run check` holds in text. */

import { LOCK_RULES } from '../tidy/locks.js';
import { parseSource, treeOf } from '../tidy/source.js';
import type { Source } from '../tidy/source.js';
import type { Mutant } from './mutant.js';

/** What the first law that the mutant breaks, and its source does not, says; or null. */
export function lawAgainst(mutant: Mutant, source: Source): string | null {
  const before = violationsOf(source);
  const after = violationsOf(parseSource(mutant.path, mutant.text));
  return after.length > before.length ? after.find((each) => !before.includes(each)) ?? null : null;
}

function violationsOf(source: Source): string[] {
  const found: string[] = [];
  for (const rule of LOCK_RULES) {
    rule.check(treeOf([source]), (_, __, what) => found.push(`${rule.name}: ${what}`));
  }
  return found;
}
