/** What the verifier found, of the rules that no other detector tells. */

import { formatSite } from './verdict.js';
import type { Verdict, VerdictKind } from './verdict.js';
import type { Observation, ObservedFinding } from './observation.js';

/** The kind of each rule of vf/rule.ts, and what it says of its words. */
const RULES: Readonly<Record<string, readonly [kind: VerdictKind, sentence: string]>> = {
  LOCK_RECURSIVE: ['deadlock', '$lock was acquired by the processor that holds it'],
  LOCK_NOT_INITIALIZED: ['lock misuse', '$lock was acquired before KeInitializeSpinLock'],
  LOCK_RELEASE_ORDER: ['lock misuse', '$lock was released before a lock acquired after it'],
  LOCK_RELEASED_BY_OTHER: ['lock misuse', '$lock was released by a processor that does not own it'],
  LOCK_INITIALIZED_TWICE: ['lock misuse', '$lock was initialized while somebody owns it'],
  LOCK_NOT_OWNED: ['lock misuse', '$lock was released and nobody owns it'],
  LOCK_NOT_HELD: ['lock misuse', 'a function that needs $lock held ran without it'],
  LOCK_HELD_AT_BOUNDARY: ['lock misuse', '$lock is held where control passes to another owner'],
  REFERENCE_COUNT: ['reference count', 'a reference count of object $1 went wrong: it is $2'],
  POOL_BAD_ADDRESS: ['pool misuse', 'pool was freed at $1, where none was allocated'],
  POOL_DOUBLE_FREE: ['pool misuse', 'pool block $1 of tag "$tag2" was freed twice'],
  POOL_OVERRUN: ['pool misuse', 'pool block $1 of tag "$tag2" was written past its end'],
  POOL_LEAKED: ['pool leaked', '$2 blocks of pool tag "$tag1" are left'],
  IRP_COMPLETED_TWICE: ['irp misuse', 'IRP $1 was completed twice'],
  IRP_FREED_IN_USE: ['irp misuse', 'IRP $1 was freed or reused while somebody owns it'],
  IRP_CANCELABLE: ['irp misuse', 'IRP $1 was completed with its cancel routine set'],
  IRP_STACK: ['irp misuse', 'IRP $1 has no stack location left'],
};

/** One verdict for each rule and object, except those that `told` says are told elsewhere. */
export function findBrokenRules(
  observation: Observation,
  told: (rule: string) => boolean,
): Verdict[] {
  const verdicts = new Map<string, Verdict>();
  for (const finding of observation.findings) {
    if (told(finding.rule)) continue;
    const object = finding.lock ?? finding.words[0] ?? 0;
    const key = `${finding.rule} ${finding.site?.line ?? object}`;
    if (!verdicts.has(key)) verdicts.set(key, verdictOf(observation, finding));
  }
  return [...verdicts.values()];
}

function verdictOf(observation: Observation, finding: ObservedFinding): Verdict {
  const [kind, sentence] = RULES[finding.rule] ?? ['lock misuse', `the rule ${finding.rule} broke`];
  const where = finding.site === undefined ? '' : ` (acquired in ${formatSite(finding.site)})`;
  return {
    kind,
    machine: observation.machine,
    sentence: fill(sentence, finding) + where,
    rule: finding.rule,
    code: finding.code,
    ...(finding.lock === undefined
      ? {}
      : { lock: { name: finding.lock, address: finding.words[0] ?? 0 } }),
    ...(finding.site === undefined ? {} : { site: finding.site }),
    sinceUs: finding.timeUs,
    words: finding.words,
  };
}

function fill(sentence: string, finding: ObservedFinding): string {
  return sentence
    .replace('$lock', finding.lock ?? 'a lock')
    .replace(/\$tag(\d)/, (_, word: string) => tagName(finding.words[Number(word) - 1] ?? 0))
    .replace(/\$1/, `0x${(finding.words[0] ?? 0).toString(16)}`)
    .replace(/\$2/, String(finding.words[1] ?? 0));
}

/** A pool tag as its four characters, the first in the lowest octet; no spaces at the end. */
function tagName(tag: number): string {
  const letters = [0, 8, 16, 24].map((shift) => String.fromCharCode((tag >>> shift) & 255));
  return letters.join('').trimEnd();
}
