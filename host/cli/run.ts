/**
 * `ntstack run`, the main job: a server and clients under load, first on `free` for throughput,
 * then with the same seed on `checked` for the verdict.
 */

import type { PhaseTarget } from './arena.js';
import type { RunVerdict } from './conclude.js';
import { runPhase } from './phase.js';
import type { PhaseReport } from './phase.js';
import { planRun } from './plan.js';
import type { RunOptions, RunPlan } from './plan.js';
import { startProgress } from './progress.js';
import { formatCount, formatFindings, formatPhases, gbitPerSecond } from './show.js';
import { nsPerFrame, paintFor } from './show.js';

/** Virtual time at most: the kernel's clock of 32 bits comes round later. */
const MOST_VIRTUAL_NS = 30 * 86_400 * 1e9;

/** What `--json` gives: figures of the free phase, findings of both. */
export interface RunSummary {
  /** Wall time. */
  readonly seconds: number;
  readonly frames: number;
  readonly octets: number;
  readonly gbitPerSecond: number;
  readonly nsPerFrame: number;
  readonly virtualSeconds: number;
  readonly connections: {
    readonly opened: number;
    readonly closed: number;
    readonly refused: number;
  };
  readonly retransmissions: number;
  readonly drops: Readonly<Record<string, number>>;
  readonly findings: readonly RunVerdict[];
}

/**
 * Runs both phases and prints what they came to. Gives the exit code: 0 clean, 1 a finding.
 * @throws WrongUse for options that cannot be.
 */
export async function run(options: RunOptions): Promise<number> {
  const plan = planRun(options);
  const phases = await runPhases(plan);
  if (plan.json) process.stdout.write(`${JSON.stringify(summarize(phases), undefined, 2)}\n`);
  else process.stdout.write(`${report(plan, phases)}\n`);
  return phases.some(({ findings }) => findings.length > 0) ? 1 : 0;
}

async function runPhases(plan: RunPlan): Promise<PhaseReport[]> {
  let interrupted = false;
  const interrupt = (): void => {
    interrupted = true;
    // Whoever presses it again does not want to wait for the table.
    process.off('SIGINT', interrupt);
  };
  process.on('SIGINT', interrupt);
  const phases: PhaseReport[] = [];
  const targets: readonly PhaseTarget[] = ['free', 'checked'];
  try {
    for (const target of targets) {
      const [first] = phases;
      const line = startProgress(target);
      try {
        const phase = await runPhase(plan, target, {
          mostVirtualNs: first === undefined
            ? MOST_VIRTUAL_NS
            : Math.max(1, Math.round(first.virtualSeconds * 1e9)),
          interrupted: () => interrupted,
          progress: (progress) => line.show(progress),
        });
        phases.push(phase);
      } finally {
        line.end();
      }
      if (interrupted) break;
    }
  } finally {
    process.off('SIGINT', interrupt);
  }
  return phases;
}

/** The figures of a run, as `--json` gives them. */
function summarize(phases: readonly PhaseReport[]): RunSummary {
  const [first] = phases;
  if (first === undefined) throw new Error('a run has a phase');
  const { seconds, frames, octets, virtualSeconds, figures, retransmissions, drops } = first;
  return {
    seconds,
    frames,
    octets,
    gbitPerSecond: gbitPerSecond(octets, seconds),
    nsPerFrame: nsPerFrame(first),
    virtualSeconds,
    connections: { opened: figures.opened, closed: figures.closed, refused: figures.refused },
    retransmissions,
    drops,
    findings: phases.flatMap(({ findings }) => findings),
  };
}

function report(plan: RunPlan, phases: readonly PhaseReport[]): string {
  const paint = paintFor(process.stdout);
  const lines = [
    `${paint.bold('ntstack run')}  a server and 3 clients, ${describeLoads(plan)}, ` +
      `release ${plan.release}, seed ${plan.seed}`,
    formatPhases(phases, paint),
    ...phases.map((phase) => formatFindings(phase, paint)),
  ];
  if (phases.some(({ interrupted }) => interrupted)) {
    const missing = phases.length < 2 ? '; nothing ran on checked' : '';
    lines.push(paint.yellow(`interrupted${missing}`));
  }
  if (plan.pcap !== undefined) lines.push(`frames of the free phase in ${plan.pcap.path}`);
  return lines.join('\n');
}

function describeLoads({ weights, recording, conversations }: RunPlan): string {
  const names = Object.keys(weights).join(', ');
  if (recording === undefined) return names;
  const count = conversations.length;
  const many = count === 1 ? '1 conversation' : `${formatCount(count)} conversations`;
  return `${names} (${many} of ${recording})`;
}
