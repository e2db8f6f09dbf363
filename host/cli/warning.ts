/** What a run did not show, said with its verdicts: silence there would read as health. */

import { findRelease } from '../machine/release.js';
import type { PhaseReport, RunReport } from './phase.js';
import type { RunPlan } from './plan.js';
import { formatSeconds } from './show.js';

/** Sentences, one for each thing that the verdicts of these phases do not cover. */
export function warningsOf(plan: RunPlan, { phases, interrupted }: RunReport): string[] {
  const warnings = phases.flatMap((phase) => [...notCarried(plan, phase), ...notJudged(phase)]);
  const last = phases.at(-1);
  if (interrupted && last !== undefined) warnings.push(notRun(plan, last));
  return warnings;
}

/** The defects that `checked` has and `free` has not, by their articles' numbers. */
export function defectsOf(plan: RunPlan): readonly string[] {
  return findRelease(plan.release).faults;
}

function notCarried({ weights }: RunPlan, { target, frames, figures }: PhaseReport): string[] {
  if (frames === 0) {
    return [`${target}: nothing was carried: no frame arrived, no connection was opened`];
  }
  const connects = Object.keys(weights).some((name) => name !== 'synflood');
  if (!connects || figures.opened > 0) return [];
  return [`${target}: no connection was opened, so that no transfer was judged`];
}

function notJudged({ target, unjudged, settledSeconds }: PhaseReport): string[] {
  if (unjudged === 0) return [];
  const requests = unjudged === 1 ? '1 request was' : `${unjudged} requests were`;
  const after = `${formatSeconds(settledSeconds)} of virtual time after the load`;
  return [`${target}: ${requests} not judged: without an end ${after}`];
}

function notRun(plan: RunPlan, { target, seconds }: PhaseReport): string {
  const ran = `interrupted: ${target} ran ${formatSeconds(seconds)} of ${plan.seconds}`;
  if (target === 'free') return `${ran}; checked did not run, and nothing is judged by it`;
  return `${ran}; what would have come later is not judged`;
}
