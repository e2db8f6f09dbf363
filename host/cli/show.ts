/** Tables and verdicts for people: colours on a terminal, none in a pipe. */

import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';
import pc from 'picocolors';
import { formatSite } from '../watch/verdict.js';
import type { Verdict } from '../watch/verdict.js';
import type { PhaseReport, Span } from './phase.js';

const COLUMNS = 80;
/** Behind the name of a phase. */
const FINDING_INDENT = 8;

/** Words in colours, or as they are. */
export type Paint = ReturnType<typeof pc.createColors>;

/** Colours for a stream: where it is a terminal that has some, and NO_COLOR is not set. */
export function paintFor(stream: { readonly isTTY?: boolean }): Paint {
  const { NO_COLOR, TERM } = process.env;
  return pc.createColors(stream.isTTY === true && !NO_COLOR && TERM !== 'dumb');
}

/** Columns of a stream: the terminal's own, 80 where it is none or tells none. */
export function widthOf(stream: { readonly isTTY?: boolean; readonly columns?: number }): number {
  return stream.isTTY === true && stream.columns ? stream.columns : COLUMNS;
}

/** A line in as many as it needs to be no wider than that; all but the first are indented. */
export function wrap(line: string, indent: number, width: number): string {
  const lines: string[] = [];
  const [first = '', ...words] = line.split(' ');
  let current = first;
  for (const word of words) {
    const wider = `${current} ${word}`;
    const room = width - (lines.length === 0 ? 0 : indent);
    if (current.trim() !== '' && lengthOf(wider) > room) {
      lines.push(current.trimEnd());
      current = word;
    } else current = wider;
  }
  lines.push(current);
  return lines.join(`\n${' '.repeat(indent)}`);
}

function lengthOf(text: string): number {
  return stripVTControlCharacters(text).length;
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
    ['  failed', ({ figures }) => figures.failed],
    ['  begun late', ({ figures }) => figures.held],
    ['octets compared', ({ figures }) => figures.verified],
    ['  not as sent', ({ figures }) => figures.differing],
    ['  not in the recording', ({ figures }) => figures.missing],
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
    row('after a warm-up of', ({ warmUp }) => formatSeconds(warmUp.seconds)),
    row('  Gbit/s', (phase) => rateOf(phase).gbitPerSecond.toFixed(2)),
    row('  ns a frame', (phase) => formatCount(rateOf(phase).nsPerFrame)),
    ...shown.map(([word, value]) => row(word, (phase) => formatCount(value(phase)))),
    row('dropped', ({ drops }) => formatCount(sum(Object.values(drops)))),
    ...reasons.map((reason) => row(`  ${reason}`, ({ drops }) => formatCount(drops[reason] ?? 0))),
  ];
  return formatTable(['', ...phases.map(({ target }) => target)], rows, paint);
}

/** What a phase carried by its wall time, after the warm-up; ns are 0 where there was no frame. */
export function rateOf(phase: Span & { readonly warmUp: Span }): {
  readonly gbitPerSecond: number;
  readonly nsPerFrame: number;
} {
  const { warmUp } = phase;
  const seconds = phase.seconds - warmUp.seconds;
  const frames = phase.frames - warmUp.frames;
  return {
    gbitPerSecond: gbitPerSecond(phase.octets - warmUp.octets, seconds),
    nsPerFrame: frames > 0 ? (seconds * 1e9) / frames : 0,
  };
}

/**
 * What was found in a phase, or that nothing was. `defects` are the release's, which `free` has
 * not: there is no verdict on them in it.
 */
export function formatFindings(
  phase: PhaseReport, defects: readonly string[], paint: Paint, width: number,
): string {
  const { target, findings } = phase;
  const lines = findings.length > 0
    ? findings.map((finding) => formatFinding(finding, paint))
    : [formatClean(phase, defects, paint)];
  const indent = FINDING_INDENT;
  return lines.map((line) => wrap(`${target.padEnd(indent)}${line}`, indent, width)).join('\n');
}

function formatClean(phase: PhaseReport, defects: readonly string[], paint: Paint): string {
  const { target, frames, virtualSeconds, cut } = phase;
  const over = `${formatSeconds(virtualSeconds)} of virtual time`;
  if (frames === 0) return `${paint.yellow('nothing carried')}  nothing found (${over})`;
  if (cut) return `${paint.yellow('not judged')}  cut short; nothing found so far (${over})`;
  if (target === 'free' && defects.length > 0) {
    const names = `${defects.join(', ')}: only checked is built with what this release had wrong`;
    return `${paint.yellow('no verdict')} on ${names}; else nothing found (${over})`;
  }
  const looked = 'no lock, IRQL, IRP, timer or pool block is left, and nobody hangs';
  return `${paint.green('clean')}  ${looked} (${over})`;
}

function formatFinding(finding: Verdict, paint: Paint): string {
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
