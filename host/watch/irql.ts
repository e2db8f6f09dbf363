/** A processor that does not come down to PASSIVE_LEVEL, or ran at a level it must not run at. */

import { PASSIVE, irqlName } from './observation.js';
import type { Observation, ObservedFinding } from './observation.js';
import { formatSite } from './verdict.js';
import type { Verdict } from './verdict.js';

/** What each rule about levels says of its three words. */
const SENTENCES: Readonly<Record<string, (words: readonly number[], lock: string) => string>> = {
  POOL_IRQL: ([irql]) => `pool was used at ${irqlName(irql ?? 0)}`,
  IRQL_RAISE: ([current, asked]) =>
    `KeRaiseIrql was asked to lower, from ${irqlName(current ?? 0)} to ${irqlName(asked ?? 0)}`,
  IRQL_LOWER: ([current, asked]) =>
    `KeLowerIrql was asked to raise, from ${irqlName(current ?? 0)} to ${irqlName(asked ?? 0)}`,
  RELEASE_BELOW_DISPATCH: ([, irql], lock) => `${lock} was released at ${irqlName(irql ?? 0)}`,
  ACQUIRE_BELOW_DISPATCH: ([, irql], lock) =>
    `${lock} was acquired with KeAcquireSpinLockAtDpcLevel at ${irqlName(irql ?? 0)}`,
  ACQUIRE_ABOVE_DISPATCH: ([, irql], lock) => `${lock} was acquired at ${irqlName(irql ?? 0)}`,
  COMPLETION_IRQL: ([, before, after]) => cameBack('a completion routine', before, after),
  ISR_IRQL: ([, before, after]) => cameBack('an interrupt service routine', before, after),
  IRQL_LEAKED: ([, before, after]) => cameBack('a routine', before, after),
  IRQL_WRONG: ([current, wanted]) =>
    `a routine for ${irqlName(wanted ?? 0)} ran at ${irqlName(current ?? 0)}`,
};

/** True for the rules of the verifier that are told here. */
export function isIrqlRule(rule: string): boolean {
  return rule in SENTENCES;
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
  const tell = SENTENCES[finding.rule];
  const where = finding.site === undefined ? '' : ` in ${formatSite(finding.site)}`;
  return {
    kind: 'irql',
    machine: observation.machine,
    sentence: `${tell?.(finding.words, finding.lock ?? 'a lock') ?? finding.rule}${where}`,
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

function cameBack(what: string, before = 0, after = 0): string {
  return `${what} began at ${irqlName(before)} and came back at ${irqlName(after)}`;
}
