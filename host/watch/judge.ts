/** All detectors in turn over one observation of a machine. */

import { findBlockLeaks } from './blockleak.js';
import { findDeadlocks } from './deadlock.js';
import { findBrokenRules } from './finding.js';
import { findHang } from './hang.js';
import { findIrpLeak, findTimerLeak } from './irpleak.js';
import { findIrqlLeaks, isIrqlRule } from './irql.js';
import { LOCK_LEAK_RULE, findLockLeaks } from './lockleak.js';
import { LOCK_ORDER_RULE, findLockOrders } from './lockorder.js';
import type { Observation, ObservedFinding, ObservedStop } from './observation.js';
import { findOwedIndications } from './owed.js';
import { findPoolLeaks } from './poolleak.js';
import { findStalls } from './stall.js';
import { sortVerdicts } from './verdict.js';
import type { Verdict } from './verdict.js';

/** What the caller knows of the moment of an observation. */
export interface JudgeOptions {
  /** Nothing is asked of the machine: no socket is open and no echo waits. */
  readonly quiet?: boolean;
}

/**
 * Everything that is wrong with a machine, causes before what follows from them. What the verifier
 * says of a lock only because it was leaked before is not told again.
 */
export function judge(observed: Observation, options: JudgeOptions = {}): Verdict[] {
  const observation = withoutEchoes(observed);
  const broken = findBrokenRules(observation, isToldElsewhere);
  if (observation.stop !== undefined) {
    return [stopped(observation, observation.stop), ...sortVerdicts(broken)];
  }
  const found = [
    ...findLockLeaks(observation),
    ...findDeadlocks(observation),
    ...findLockOrders(observation),
    ...findIrqlLeaks(observation),
    ...findStalls(observation),
    ...findOwedIndications(observation),
    ...findBlockLeaks(observation),
    findHang(observation),
    findIrpLeak(observation, options.quiet),
    findTimerLeak(observation),
    ...findPoolLeaks(observation),
    ...broken,
  ];
  return sortVerdicts(found.filter((verdict) => verdict !== undefined));
}

function stopped(observation: Observation, { stop, code, words }: ObservedStop): Verdict {
  const number = code === 0 ? '' : ` (0x${code.toString(16)})`;
  const hex = words.map((word) => ` 0x${word.toString(16)}`).join('');
  return {
    kind: 'stopped',
    machine: observation.machine,
    sentence: `the kernel stopped: ${stop}${number}${hex}`,
    code,
    sinceUs: observation.timeUs,
    words,
  };
}

function isToldElsewhere(rule: string): boolean {
  return rule === LOCK_ORDER_RULE || rule === LOCK_LEAK_RULE || isIrqlRule(rule);
}

/** A lock that is leaked counts as held from then on: in the wrong order, and at each boundary. */
function withoutEchoes(observation: Observation): Observation {
  const leaks = new Map<number, ObservedFinding>();
  for (const finding of observation.findings) {
    const lock = finding.words[0] ?? 0;
    if (finding.rule === LOCK_LEAK_RULE && !leaks.has(lock)) leaks.set(lock, finding);
  }
  if (leaks.size === 0) return observation;
  const names = new Set([...leaks.values()].map((each) => each.lock));
  return {
    ...observation,
    findings: observation.findings.filter((finding) => {
      const held = { LOCK_ORDER: finding.words[1], LOCK_HELD_AT_BOUNDARY: finding.words[0] };
      const leak = leaks.get(held[finding.rule as keyof typeof held] ?? 0);
      return leak === undefined || finding.timeUs < leak.timeUs;
    }),
    orders: observation.orders.filter(([outer]) => !names.has(outer)),
  };
}
