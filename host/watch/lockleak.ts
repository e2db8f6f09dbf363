/** A lock that was acquired and not released: owned, while its owner runs nothing. */

import { formatSite } from './verdict.js';
import type { Verdict } from './verdict.js';
import type { Observation, ObservedFinding } from './observation.js';

/** The rule of the verifier that is told here: its first word is the lock. */
export const LOCK_LEAK_RULE = 'LOCK_LEAKED';

/**
 * One verdict for each lock: those with an owner now (between two calls of the kernel no processor
 * is inside it, so that every owner that does not spin has left), and those the verifier saw a
 * routine come back with.
 */
export function findLockLeaks(observation: Observation): Verdict[] {
  const verdicts = new Map<number, Verdict>();
  for (const finding of observation.findings) {
    const address = finding.words[0] ?? 0;
    if (finding.rule !== LOCK_LEAK_RULE || verdicts.has(address)) continue;
    verdicts.set(address, fromFinding(observation, finding, address));
  }
  const inside = observation.processors.filter((each) => each.spinsOn !== undefined);
  for (const lock of observation.locks) {
    if (inside.some((each) => each.number === lock.owner)) continue;
    const known = verdicts.get(lock.address);
    const site = lock.site ?? known?.site;
    verdicts.set(lock.address, {
      ...known,
      kind: 'lock leaked',
      machine: observation.machine,
      sentence:
        `${lock.name} was acquired${site === undefined ? '' : ` in ${formatSite(site)}`} and not ` +
        `released: processor ${lock.owner} owns it and runs nothing`,
      lock: { name: lock.name, address: lock.address },
      holder: lock.owner,
      ...waitersOf(observation, lock.address),
      ...(site === undefined ? {} : { site }),
      sinceUs: known?.sinceUs ?? observation.timeUs,
      words: known?.words ?? [lock.address, lock.owner],
    });
  }
  return [...verdicts.values()];
}

function fromFinding(
  observation: Observation,
  finding: ObservedFinding,
  address: number,
): Verdict {
  const name = finding.lock ?? 'a lock';
  const where = finding.site === undefined ? '' : ` in ${formatSite(finding.site)}`;
  return {
    kind: 'lock leaked',
    machine: observation.machine,
    sentence: `${name} was acquired${where}, and its routine came back without releasing it`,
    rule: finding.rule,
    code: finding.code,
    lock: { name, address },
    ...waitersOf(observation, address),
    ...(finding.site === undefined ? {} : { site: finding.site }),
    sinceUs: finding.timeUs,
    words: finding.words,
  };
}

function waitersOf(observation: Observation, address: number): { waiters?: number[] } {
  const waiters = observation.processors.filter((each) => each.spinsOn === address);
  return waiters.length === 0 ? {} : { waiters: waiters.map((each) => each.number) };
}
