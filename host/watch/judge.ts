/** All detectors in turn over one observation of a machine. */

import { findDeadlocks } from './deadlock.js';
import { findBrokenRules } from './finding.js';
import { findHang } from './hang.js';
import { findIrpLeak, findTimerLeak } from './irpleak.js';
import { findIrqlLeaks, isIrqlRule } from './irql.js';
import { LOCK_LEAK_RULE, findLockLeaks } from './lockleak.js';
import { LOCK_ORDER_RULE, findLockOrders } from './lockorder.js';
import type { Observation } from './observation.js';
import { findPoolLeaks } from './poolleak.js';
import { sortVerdicts } from './verdict.js';
import type { Verdict } from './verdict.js';

/** What the caller knows of the moment of an observation. */
export interface JudgeOptions {
  /** Nothing is asked of the machine: no socket is open and no echo waits. */
  readonly quiet?: boolean;
}

/** Everything that is wrong with a machine, causes before what follows from them. */
export function judge(observation: Observation, options: JudgeOptions = {}): Verdict[] {
  const broken = findBrokenRules(observation, isToldElsewhere);
  if (observation.stop !== undefined) {
    const { stop, code, words } = observation.stop;
    const machine = observation.machine;
    const sentence =
      `the kernel stopped: ${stop}${code === 0 ? '' : ` (0x${code.toString(16)})`} ` +
      words.map((word) => `0x${word.toString(16)}`).join(' ');
    const verdict = { kind: 'stopped' as const, machine, sentence, code, words };
    return [{ ...verdict, sinceUs: observation.timeUs }, ...sortVerdicts(broken)];
  }
  const found = [
    ...findLockLeaks(observation),
    ...findDeadlocks(observation),
    ...findLockOrders(observation),
    ...findIrqlLeaks(observation),
    findHang(observation),
    findIrpLeak(observation, options.quiet),
    findTimerLeak(observation),
    ...findPoolLeaks(observation),
    ...broken,
  ];
  return sortVerdicts(found.filter((verdict) => verdict !== undefined));
}

function isToldElsewhere(rule: string): boolean {
  return rule === LOCK_ORDER_RULE || rule === LOCK_LEAK_RULE || isIrqlRule(rule);
}
