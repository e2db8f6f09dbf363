/**
 * Every rule of the verifier (assembly/vf/rule.ts) for whoever wrote the driver: which kind of
 * defect it is, what its words say, what it means, and how to mend it. VERIFIER.md is made of it.
 */

import { INDICATION_RULES } from './indicationrules.js';
import { LEVEL_RULES } from './levelrules.js';
import { LOCK_RULES } from './lockrules.js';
import { OBJECT_RULES } from './objectrules.js';
import type { VerdictKind } from './verdict.js';

/** A rule, in words. */
export interface RuleText {
  readonly kind: VerdictKind;
  /**
   * What a finding says. `$lock` is its lock; `$1`, `$2`, `$3` its words, the first as an address;
   * `$irql2` a word as a level, `$tag2` as a pool tag.
   */
  readonly sentence: string;
  /** Why it is wrong. */
  readonly meaning: string;
  readonly mend: string;
}

/** Every rule, by its name. */
export const RULES: Readonly<Record<string, RuleText>> = {
  ...LEVEL_RULES, ...LOCK_RULES, ...OBJECT_RULES, ...INDICATION_RULES,
};
