/** All laws that can be seen in text, and what they find in the project. */

import { ALLOWED } from '../tidy.allow.js';
import { ADDRESS_RULES } from './address.js';
import { BOUNDARY_RULES } from './boundary.js';
import { FAULT_RULES } from './faults.js';
import { HANDED_RULES } from './handedon.js';
import { HOST_RULES } from './hostlaws.js';
import { IMPORT_RULES } from './imports.js';
import { KEPT_RULES } from './kept.js';
import { LANGUAGE_RULES } from './language.js';
import { LOCK_RULES } from './locks.js';
import { MAGIC_RULES } from './magic.js';
import { MANAGED_RULES } from './managed.js';
import { RELEASED_RULES } from './released.js';
import { judge, matches } from './rule.js';
import type { Exception, Rule, Violation } from './rule.js';
import { readTree } from './source.js';
import { TEXT_RULES } from './text.js';
import { UNUSED_RULES } from './unused.js';

export const RULES: readonly Rule[] = [
  ...IMPORT_RULES,
  ...MANAGED_RULES,
  ...LANGUAGE_RULES,
  ...ADDRESS_RULES,
  ...LOCK_RULES,
  ...KEPT_RULES,
  ...RELEASED_RULES,
  ...HANDED_RULES,
  ...FAULT_RULES,
  ...MAGIC_RULES,
  ...BOUNDARY_RULES,
  ...HOST_RULES,
  ...TEXT_RULES,
  ...UNUSED_RULES,
];

/** The folders whose files are judged. */
export const FOLDERS: readonly string[] = ['assembly', 'host', 'test', 'bench'];

/** What the project breaks without leave, and the exceptions that nothing needs. */
export function inspectProject(root: string): {
  readonly violations: readonly Violation[];
  readonly stale: readonly Exception[];
} {
  const found = judge(RULES, readTree(root, FOLDERS));
  return {
    violations: found.filter((violation) => !ALLOWED.some((each) => matches(each, violation))),
    stale: ALLOWED.filter((each) => !found.some((violation) => matches(each, violation))),
  };
}
