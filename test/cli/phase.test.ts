import { describe, expect, it } from 'vitest';
import { runPhase } from '../../host/cli/phase.js';
import type { PhaseControl } from '../../host/cli/phase.js';
import { planRun } from '../../host/cli/plan.js';
import { warningsOf } from '../../host/cli/warning.js';
import { LOAD_NAMES } from '../../host/load/mix.js';

/** Ends by virtual time alone, whatever the machine's speed. */
function control(mostVirtualNs: number, more: Partial<PhaseControl> = {}): PhaseControl {
  return {
    mostVirtualNs, mostSeconds: 600, interrupted: () => false, progress: () => {}, ...more,
  };
}

describe('cli/phase', () => {
  it('is the same on both targets, for the same virtual time', async () => {
    const plan = planRun({ seconds: '600', delay: '10ms', seed: '7' });
    const free = await runPhase(plan, 'free', control(2e9));
    const checked = await runPhase(plan, 'checked', control(2e9));
    const { seconds: _free, warmUp: _first, target: _one, ...figures } = free;
    const { seconds: _checked, warmUp: _second, target: _other, ...same } = checked;
    expect(same).toEqual(figures);
    expect(figures.virtualSeconds).toBe(2);
    expect(figures.cut).toBe(false);
    expect(figures.findings).toEqual([]);
    expect(figures.figures.opened).toBeGreaterThan(100);
  });

  it('replays a capture as it was recorded', async () => {
    const plan = planRun({ seconds: '600', replay: 'test/fixtures/curl-smb.pcapng' });
    const { figures, findings } = await runPhase(plan, 'checked', control(1e9));
    expect(figures.replayed).toBeGreaterThan(96);
    expect(figures.differing).toBe(0);
    // The rest was on its way when the load stopped.
    expect(figures.verified).toBeLessThanOrEqual(figures.octets);
    expect(figures.verified).toBeGreaterThan(0.99 * figures.octets);
    expect(findings).toEqual([]);
  });

  it.each(LOAD_NAMES)('finds nothing under %s, on the kernel that judges', async (name) => {
    const replay = name === 'replay' ? { replay: 'test/fixtures/curl-smb.pcapng' } : {};
    const plan = planRun({ seconds: '600', load: [name], seed: '3', ...replay });
    const { frames, findings } = await runPhase(plan, 'checked', control(1e9));
    expect(frames).toBeGreaterThan(100);
    expect(findings).toEqual([]);
  });

  it('ends at once where somebody wants it, with the figures so far', async () => {
    const plan = planRun({ seconds: '600', load: ['messages'] });
    let looks = 0;
    const progress: number[] = [];
    const phase = await runPhase(plan, 'checked', control(1e15, {
      interrupted: () => ++looks > 5,
      progress: ({ frames }) => progress.push(frames),
    }));
    expect(phase.frames).toBeGreaterThan(0);
    expect(phase.seconds).toBeLessThan(600);
    expect(phase.cut).toBe(true);
    expect(progress.length).toBeGreaterThan(4);
    expect(phase.findings).toEqual([]);
  });

  it('ends by the clock on the wall where virtual time is not over before', async () => {
    const plan = planRun({ seconds: '600', load: ['messages'] });
    const shares: number[] = [];
    const phase = await runPhase(plan, 'checked', control(1e15, {
      mostSeconds: 0.01, progress: ({ share }) => shares.push(share),
    }));
    expect(phase.cut).toBe(false);
    expect(phase.virtualSeconds).toBeLessThan(1e6);
    expect(shares.at(-1)).toBe(1);
  });

  it('lets connects end that wait when the load stops', async () => {
    const plan = planRun({ seconds: '600', load: ['storm'] });
    const { unjudged, settledSeconds, virtualSeconds } = await runPhase(
      plan, 'checked', control(1e9),
    );
    expect(virtualSeconds).toBe(1);
    expect(unjudged).toBe(0);
    // A connect to where nobody is takes 45 s, and was begun in the first of them.
    expect(settledSeconds).toBeGreaterThan(43.9);
    expect(settledSeconds).toBeLessThan(46);
  });

  it('counts connects that do not end in time', async () => {
    const plan = planRun({
      seconds: '600', load: ['storm'], set: ['TcpMaxConnectRetransmissions=10'],
    });
    const phase = await runPhase(plan, 'checked', control(1e9));
    // Of each client's 32 places every eighth asks for hosts that are not there.
    expect(phase.unjudged).toBe(12);
    expect(phase.findings).toEqual([]);
    expect(warningsOf(plan, { phases: [phase], interrupted: false })).toEqual([
      expect.stringMatching(/^checked: 12 requests were not judged: without an end 150 s of /),
    ]);
  });

  it('finds the defect of a release, and where the lock was acquired (Q297040)', async () => {
    const plan = planRun({
      seconds: '600', load: ['storm'], release: 'nt40sp6a', set: ['SynAttackProtect=2'],
      delay: '500ms',
    });
    const checked = await runPhase(plan, 'checked', control(50e9));
    const leaks = checked.findings.filter(({ kind }) => kind === 'lock leaked');
    expect(leaks.map(({ machine }) => machine).toSorted()).toEqual([
      'client1', 'client2', 'client3',
    ]);
    for (const leak of leaks) {
      expect(leak).toMatchObject({
        lock: { name: 'TcpTable' }, site: { file: 'tcpip/tcp/connect.ts' },
      });
    }
    const kinds = new Set(checked.findings.map(({ kind }) => kind));
    expect(kinds).toContain('irql');
    expect(kinds).toContain('hang');
    const free = await runPhase(plan, 'free', control(50e9));
    expect(free.findings).toEqual([]);
  });
});
