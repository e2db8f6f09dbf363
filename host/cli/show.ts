/** Tables and verdicts for people: colours on a terminal, none in a pipe. */

import Table from 'cli-table3';
import pc from 'picocolors';
import { formatSite } from '../watch/verdict.js';
import type { RunVerdict } from './conclude.js';
import type { PhaseReport } from './phase.js';

/** Words in colours, or as they are. */
export type Paint = ReturnType<typeof pc.createColors>;

/** Colours for a stream: where it is a terminal that has some, and NO_COLOR is not set. */
export function paintFor(stream: { readonly isTTY?: boolean }): Paint {
  const { NO_COLOR, TERM } = process.env;
  return pc.createColors(stream.isTTY === true && !NO_COLOR && TERM !== 'dumb');
}

/** A whole number with its thousands apart. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** A time in seconds. */
export function formatSeconds(seconds: number): string {
  return `${seconds.toLocaleString('en-US', { maximumFractionDigits: seconds < 10 ? 3 : 1 })} s`;
}

/** Gbit/s of octets in seconds. */
export function gbitPerSecond(octets: number, seconds: number): number {
  return seconds > 0 ? (octets * 8) / seconds / 1e9 : 0;
}

/** A table whose first column says what the others are. */
export function formatTable(
  head: readonly string[], rows: readonly (readonly string[])[], paint: Paint,
  alignRight = true,
): string {
  const table = new Table({
    head: head.map((each) => paint.bold(each)),
    colAligns: head.map((_, column) => (column > 0 && alignRight ? 'right' : 'left')),
    style: { head: [], border: [], compact: true },
    wordWrap: false,
  });
  for (const [first = '', ...others] of rows) table.push([paint.cyan(first), ...others]);
  return table.toString();
}

/** The figures of the phases, side by side. */
export function formatPhases(phases: readonly PhaseReport[], paint: Paint): string {
  const row = (word: string, value: (phase: PhaseReport) => string): string[] => [
    word, ...phases.map(value),
  ];
  const counts: [string, (phase: PhaseReport) => number][] = [
    ['connections opened', ({ figures }) => figures.opened],
    ['  closed', ({ figures }) => figures.closed],
    ['  refused', ({ figures }) => figures.refused],
    ['  nobody there', ({ figures }) => figures.unreachable],
    ['  no port left', ({ figures }) => figures.exhausted],
    ['  reset or timed out', ({ figures }) => figures.aborted],
    ['requests answered', ({ figures }) => figures.exchanges],
    ['conversations replayed', ({ figures }) => figures.replayed],
    ['octets compared', ({ figures }) => figures.verified],
    ['SYNs of the flood', ({ figures }) => figures.injected],
    ['retransmissions', ({ retransmissions }) => retransmissions],
  ];
  const always = new Set(['connections opened', '  closed', '  refused', 'retransmissions']);
  const shown = counts.filter(([word, value]) => always.has(word) || phases.some(value));
  const reasons = [...new Set(phases.flatMap(({ drops }) => Object.keys(drops)))].sort();
  const rows = [
    row('wall time', ({ seconds }) => formatSeconds(seconds)),
    row('virtual time', ({ virtualSeconds }) => formatSeconds(virtualSeconds)),
    row('frames', ({ frames }) => formatCount(frames)),
    row('octets', ({ octets }) => formatCount(octets)),
    row('Gbit/s', ({ octets, seconds }) => gbitPerSecond(octets, seconds).toFixed(2)),
    row('ns a frame', (phase) => formatCount(nsPerFrame(phase))),
    ...shown.map(([word, value]) => row(word, (phase) => formatCount(value(phase)))),
    row('dropped', ({ drops }) => formatCount(sum(Object.values(drops)))),
    ...reasons.map((reason) => row(`  ${reason}`, ({ drops }) => formatCount(drops[reason] ?? 0))),
  ];
  return formatTable(['', ...phases.map(({ target }) => target)], rows, paint);
}

/** ns of wall time for each frame; 0 where there was none. */
export function nsPerFrame({ frames, seconds }: PhaseReport): number {
  return frames > 0 ? (seconds * 1e9) / frames : 0;
}

/** What was found in a phase, or that nothing was. */
export function formatFindings(phase: PhaseReport, paint: Paint): string {
  const { target, findings, virtualSeconds } = phase;
  if (findings.length === 0) {
    const looked = 'no lock, IRQL, IRP, timer or pool block is left, and nobody hangs';
    const over = formatSeconds(virtualSeconds);
    return `${target.padEnd(8)}${paint.green('clean')}  ${looked} (${over} of virtual time)`;
  }
  return findings
    .map((finding) => `${target.padEnd(8)}${formatFinding(finding, paint)}`)
    .join('\n');
}

function formatFinding(finding: RunVerdict, paint: Paint): string {
  const rule = finding.rule === undefined ? '' : ` [${finding.rule}]`;
  const article = finding.article === undefined ? '' : ` (${finding.article})`;
  const { site, sentence } = finding;
  const place = site === undefined || sentence.includes(site.file) ? '' : `: ${formatSite(site)}`;
  const since = paint.dim(` since ${formatSeconds(finding.sinceUs / 1e6)}`);
  const what = `${paint.red(finding.kind)}  ${finding.machine}${rule}`;
  return `${what}: ${sentence}${place}${article}${since}`;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
