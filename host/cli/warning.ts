/** What a run did not show, said with its verdicts: silence there would read as health. */

import { findRelease } from '../machine/release.js';
import type { PhaseReport, RunReport } from './phase.js';
import type { RunPlan } from './plan.js';
import { formatSeconds } from './show.js';

/** Sentences, one for each thing that the verdicts of these phases do not cover. */
export function warningsOf(plan: RunPlan, { phases, interrupted }: RunReport): string[] {
  const warnings = plan.cutOff === undefined ? [] : [plan.cutOff];
  warnings.push(...phases.flatMap((phase) => [...notCarried(plan, phase), ...notJudged(phase)]));
  const last = phases.at(-1);
  if (interrupted && last !== undefined) warnings.push(notRun(plan, last));
  else warnings.push(...notReached(phases));
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

/** `checked` is slower than `free`: of what only `free` came to, its verifier says nothing. */
function notReached(phases: readonly PhaseReport[]): string[] {
  const [free, checked] = ['free', 'checked'].map((name) => {
    return phases.find(({ target }) => target === name);
  });
  if (free === undefined || checked === undefined) return [];
  if (checked.virtualSeconds >= free.virtualSeconds) return [];
  const [ran, whole] = [checked, free].map(({ virtualSeconds }) => formatSeconds(virtualSeconds));
  return [
    `checked: ran ${ran} of the ${whole} of virtual time that free ran; the verifier has not ` +
      'seen what came later',
  ];
}

function notRun(plan: RunPlan, { target, seconds, virtualSeconds }: PhaseReport): string {
  if (target === 'free') {
    const ran = `interrupted: free ran ${formatSeconds(seconds)} of ${plan.seconds}`;
    return `${ran}; checked did not run, and nothing is judged by it`;
  }
  const ran = `interrupted: checked ran ${formatSeconds(virtualSeconds)} of virtual time`;
  return `${ran}; what would have come later is not judged`;
}
