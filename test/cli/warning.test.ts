import { describe, expect, it } from 'vitest';
import type { PhaseReport } from '../../host/cli/phase.js';
import { planRun } from '../../host/cli/plan.js';
import { defectsOf, warningsOf } from '../../host/cli/warning.js';
import { emptyFigures } from '../../host/load/load.js';

/** A phase in which ten connections were opened and nothing is amiss. Free: only figures. */
function phase(more: Partial<PhaseReport> = {}): PhaseReport {
  return {
    target: 'free', seconds: 2, virtualSeconds: 3, cut: false, frames: 100, octets: 6400,
    warmUp: { seconds: 0, frames: 0, octets: 0 }, figures: { ...emptyFigures(), opened: 10 },
    retransmissions: 0, drops: {}, findings: [], unjudged: 0, settledSeconds: 1, ...more,
  };
}

function warnings(load: string, more: Partial<PhaseReport>, interrupted = false): string[] {
  return warningsOf(planRun({ load: [load] }), { phases: [phase(more)], interrupted });
}

describe('cli/warning', () => {
  it('is silent where all was judged', () => {
    expect(warnings('bulk', {})).toEqual([]);
  });

  it('says where nothing was carried, or nothing opened that should have been', () => {
    const none = emptyFigures();
    expect(warnings('bulk', { frames: 0, figures: none })).toEqual([
      'free: nothing was carried: no frame arrived, no connection was opened',
    ]);
    expect(warnings('bulk', { figures: none })).toEqual([
      'free: no connection was opened, so that no transfer was judged',
    ]);
    expect(warnings('synflood', { figures: none })).toEqual([]);
  });

  it('counts requests that had no end', () => {
    expect(warnings('bulk', { unjudged: 1, settledSeconds: 150 })).toEqual([
      'free: 1 request was not judged: without an end 150 s of virtual time after the load',
    ]);
  });

  it('says what an interrupted run left out', () => {
    expect(warnings('bulk', {}, true)).toEqual([
      'interrupted: free ran 2 s of 10; checked did not run, and nothing is judged by it',
    ]);
    expect(warnings('bulk', { target: 'checked' }, true)).toEqual([
      'interrupted: checked ran 3 s of virtual time; what would have come later is not judged',
    ]);
  });

  it('says of what virtual time the verifier saw nothing', () => {
    const both = (virtualSeconds: number): string[] => warningsOf(planRun({}), {
      phases: [phase(), phase({ target: 'checked', virtualSeconds })], interrupted: false,
    });
    expect(both(3)).toEqual([]);
    expect(both(2.5)).toEqual([
      'checked: ran 2.5 s of the 3 s of virtual time that free ran; the verifier has not seen ' +
        'what came later',
    ]);
  });

  it('knows the defects of a release', () => {
    expect(defectsOf(planRun({ release: 'nt40sp6a' }))).toEqual(['Q293498', 'Q297040']);
    expect(defectsOf(planRun({}))).toEqual([]);
  });
});
