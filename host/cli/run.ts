/**
 * `ntstack run`, the main job: a server and clients under load, first on `free` for throughput,
 * then with the same seed on `checked` for the verdict.
 */

import type { PhaseTarget } from './arena.js';
import type { Verdict } from '../watch/verdict.js';
import { Interruption } from './interrupt.js';
import { runPhase } from './phase.js';
import type { PhaseReport, RunReport, Span } from './phase.js';
import { planRun } from './plan.js';
import type { RunOptions, RunPlan } from './plan.js';
import { startProgress } from './progress.js';
import { formatCount, formatFindings, formatPhases, paintFor, rateOf } from './show.js';
import { widthOf, wrap } from './show.js';
import { defectsOf, warningsOf } from './warning.js';

/** Virtual time at most: the kernel's clock of 32 bits comes round later. */
const MOST_VIRTUAL_NS = 30 * 86_400 * 1e9;
/** So many times the free phase's wall time `checked` has, to come as far as `free` did. */
export const MOST_LONGER = 4;
/** Where lines go on that are longer than the terminal is wide. */
const INDENT = 8;

/** What `--json` gives: figures of the free phase, findings of both. */
export interface RunSummary {
  /** Wall time. */
  readonly seconds: number;
  readonly frames: number;
  readonly octets: number;
  /** What of these the next two leave out. */
  readonly warmUp: Span;
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
  readonly findings: readonly Verdict[];
  /** What the findings do not cover, in sentences. */
  readonly warnings: readonly string[];
  /** Somebody pressed Ctrl-C, or sent SIGTERM. */
  readonly interrupted: boolean;
  /** The phases that ran: `free`, then `checked` if it was not interrupted before. */
  readonly phases: readonly PhaseSummary[];
}

/** A phase, as `--json` gives it. */
export interface PhaseSummary {
  readonly target: PhaseTarget;
  readonly virtualSeconds: number;
  readonly frames: number;
  /** The release's defects that are in this kernel. */
  readonly defects: readonly string[];
  /** Somebody ended it before its time. */
  readonly cut: boolean;
  /** How much was found in it. */
  readonly findings: number;
  /** Requests without an end when it was over. */
  readonly unjudged: number;
}

/**
 * Runs both phases and prints what they came to. Gives the exit code: 0 clean, 1 a finding.
 * @throws WrongUse for options that cannot be.
 */
export async function run(options: RunOptions): Promise<number> {
  const plan = planRun(options);
  const done = await runPhases(plan);
  if (plan.json) process.stdout.write(`${JSON.stringify(summarize(plan, done), undefined, 2)}\n`);
  else process.stdout.write(`${formatReport(plan, done)}\n`);
  return done.phases.some(({ findings }) => findings.length > 0) ? 1 : 0;
}

async function runPhases(plan: RunPlan): Promise<RunReport> {
  const interruption = new Interruption();
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
          mostSeconds: first === undefined ? plan.seconds : plan.seconds * MOST_LONGER,
          interrupted: () => interruption.came,
          progress: (progress) => line.show(progress),
        });
        phases.push(phase);
      } finally {
        line.end();
      }
      if (interruption.came) break;
    }
  } finally {
    interruption.end();
  }
  return { phases, interrupted: interruption.came };
}

/** The figures of a run, as `--json` gives them. */
function summarize(plan: RunPlan, done: RunReport): RunSummary {
  const { phases, interrupted } = done;
  const [first] = phases;
  if (first === undefined) throw new Error('a run has a phase');
  const { seconds, frames, octets, warmUp, virtualSeconds, figures } = first;
  const { retransmissions, drops } = first;
  return {
    seconds,
    frames,
    octets,
    warmUp,
    ...rateOf(first),
    virtualSeconds,
    connections: { opened: figures.opened, closed: figures.closed, refused: figures.refused },
    retransmissions,
    drops,
    findings: phases.flatMap(({ findings }) => findings),
    warnings: warningsOf(plan, done),
    interrupted,
    phases: phases.map((phase): PhaseSummary => ({
      target: phase.target,
      virtualSeconds: phase.virtualSeconds,
      frames: phase.frames,
      defects: phase.target === 'checked' ? defectsOf(plan) : [],
      cut: phase.cut,
      findings: phase.findings.length,
      unjudged: phase.unjudged,
    })),
  };
}

function formatReport(plan: RunPlan, done: RunReport): string {
  const paint = paintFor(process.stdout);
  const width = widthOf(process.stdout);
  const head = `${paint.bold('ntstack run')}  a server and 3 clients, ${describeLoads(plan)}, ` +
    `release ${plan.release}, seed ${plan.seed}`;
  const lines = [
    wrap(head, INDENT, width),
    formatPhases(done.phases, paint),
    ...done.phases.map((phase) => formatFindings(phase, defectsOf(plan), paint, width)),
    ...warningsOf(plan, done).map((sentence) => {
      return wrap(`${paint.yellow('warning')} ${sentence}`, INDENT, width);
    }),
  ];
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
