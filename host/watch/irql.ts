/** A processor that does not come down to PASSIVE_LEVEL, or ran at a level it must not run at. */

import { describeFinding } from './finding.js';
import { PASSIVE, irqlName } from './observation.js';
import type { Observation, ObservedFinding } from './observation.js';
import { RULES } from './rules.js';
import { formatSite } from './verdict.js';
import type { Verdict } from './verdict.js';

/** True for the rules of the verifier that are told here. */
export function isIrqlRule(rule: string): boolean {
  return RULES[rule]?.kind === 'irql';
}

/**
 * One verdict for each processor above PASSIVE_LEVEL that does not spin, and one for each kind of
 * broken rule.
 */
export function findIrqlLeaks(observation: Observation): Verdict[] {
  const verdicts = new Map<string, Verdict>();
  for (const finding of observation.findings) {
    if (!isIrqlRule(finding.rule)) continue;
    const key = `${finding.rule} ${finding.lock ?? ''} ${finding.site?.line ?? ''}`;
    if (!verdicts.has(key)) verdicts.set(key, fromFinding(observation, finding));
  }
  const stuck = observation.processors.filter(
    (each) => each.irql > PASSIVE && each.spinsOn === undefined,
  );
  return [...verdicts.values(), ...stuck.map((each) => ({
    kind: 'irql' as const,
    machine: observation.machine,
    sentence:
      `processor ${each.number} stays at ${irqlName(each.irql)}: no thread runs on it, and ` +
      `${each.waitingDpcs === 1 ? '1 DPC waits' : `${each.waitingDpcs} DPCs wait`}`,
    holder: each.number,
    sinceUs: observation.findings.find((one) => one.rule === 'IRQL_LEAKED')?.timeUs ??
      observation.timeUs,
    words: [each.number, each.irql, each.waitingDpcs],
  }))];
}

function fromFinding(observation: Observation, finding: ObservedFinding): Verdict {
  const where = finding.site === undefined ? '' : ` in ${formatSite(finding.site)}`;
  return {
    kind: 'irql',
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
