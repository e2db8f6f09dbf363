/** The first who are asked of a mutant: the laws of locks that `npm run check` holds in text. */

import { HANDED_RULES } from '../tidy/handedon.js';
import { KEPT_RULES } from '../tidy/kept.js';
import { LOCK_RULES } from '../tidy/locks.js';
import { RELEASED_RULES } from '../tidy/released.js';
import { parseSource } from '../tidy/source.js';
import type { Source, Tree } from '../tidy/source.js';
import type { Mutant } from './mutant.js';

const RULES = [...LOCK_RULES, ...KEPT_RULES, ...RELEASED_RULES, ...HANDED_RULES];

/** What the laws say of the sources as they are, by path. */
export class Laws {
  private readonly before = new Map<string, readonly string[]>();

  constructor(private readonly tree: Tree) {}

  /** What the first law that the mutant breaks more often than its source does says; or null. */
  against(mutant: Mutant): string | null {
    const { path, text } = mutant;
    const source = this.tree.byPath.get(path);
    if (source === undefined) return null;
    const before = this.before.get(path) ?? this.violationsOf(source);
    this.before.set(path, before);
    const left = [...before];
    for (const each of this.violationsOf(parseSource(path, text))) {
      const place = left.indexOf(each);
      if (place < 0) return each;
      left.splice(place, 1);
    }
    return null;
  }

  /** Of one file, which may differ from that of the tree. */
  private violationsOf(source: Source): string[] {
    const byPath = new Map(this.tree.byPath).set(source.path, source);
    const found: string[] = [];
    const tree = { sources: [source], byPath };
    for (const { name, check } of RULES) {
      check(tree, (_, __, what) => found.push(`${name}: ${what}`));
    }
    return found;
  }
}
