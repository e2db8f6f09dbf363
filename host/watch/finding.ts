/** What the verifier found, of the rules that no other detector tells. */

import { BROKEN_BY_RELEASE, irqlName } from './observation.js';
import type { Observation, ObservedFinding } from './observation.js';
import { RULES } from './rules.js';
import { formatSite } from './verdict.js';
import type { Verdict } from './verdict.js';

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
  const kind = RULES[finding.rule]?.kind ?? 'lock misuse';
  const did = kind === 'irp misuse' ? 'first completed'
    : BROKEN_BY_RELEASE.test(finding.rule) ? 'released' : 'acquired';
  const where = finding.site === undefined ? '' : ` (${did} in ${formatSite(finding.site)})`;
  return {
    kind,
    machine: observation.machine,
    sentence: describeFinding(finding) + where,
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

/** What a finding says, with its words in their places. */
export function describeFinding(finding: ObservedFinding): string {
  const sentence = RULES[finding.rule]?.sentence ?? `the rule ${finding.rule} broke`;
  const word = (index: string): number => finding.words[Number(index) - 1] ?? 0;
  return sentence
    .replace('$lock', finding.lock ?? 'a lock')
    .replace(/\$tag(\d)/g, (_, index: string) => tagName(word(index)))
    .replace(/\$irql(\d)/g, (_, index: string) => irqlName(word(index)))
    .replace(/\$1/, `0x${word('1').toString(16)}`)
    .replace(/\$([23])/g, (_, index: string) => String(word(index)));
}

/** A pool tag as its four characters, the first in the lowest octet; no spaces at the end. */
function tagName(tag: number): string {
  const letters = [0, 8, 16, 24].map((shift) => String.fromCharCode((tag >>> shift) & 255));
  return letters.join('').trimEnd();
}
