/** An exploration on one screen: what was found, how it comes about, and what was not seen. */

import { findAcquirer } from '../watch/sourcemap.js';
import type { Site } from '../watch/sourcemap.js';
import { drawScenario } from './drawing.js';
import type { Coverage, Exploration, Finding, Subject } from './finding.js';
import { SCENE } from './finding.js';
import { hintOf, holdingsOf, nameOfObject, placeOf } from './sentence.js';
import type { Holding } from './sentence.js';

/** Colours, where there are some: each gives the text back with them. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

/** How a report is written. */
export interface ReportOptions {
  /** Columns. Default: 80; 60 at least, and no more than 100 are used. */
  readonly width?: number;
  readonly paint?: Paint;
  /** The command that replays a line. Default: `npx ntstack explore TARGET --replay LINE`. */
  readonly command?: (line: string) => string;
}

const PLAIN: Paint = {
  bold: asIs, dim: asIs, red: asIs, green: asIs, yellow: asIs, cyan: asIs,
};
const LEAST_WIDTH = 60;
const MOST_WIDTH = 100;
const USUAL_WIDTH = 80;
/** Where what is said of a label begins. */
const INDENT = 9;
/** Findings that are told wholly; of the others one line each. */
const WHOLE = 2;
/** Findings that are told at all. */
const MOST = 20;
/** Frames of a stack. */
const MOST_FRAMES = 4;
/** Subjects of a finding. */
const MOST_SUBJECTS = 8;
/** Of more of them, each has a line. */
const WHOLE_SUBJECTS = 2;

/** A report of one exploration; without a line feed at its end. */
export function formatReport(exploration: Exploration, options: ReportOptions = {}): string {
  const width = Math.min(Math.max(options.width ?? USUAL_WIDTH, LEAST_WIDTH), MOST_WIDTH);
  const writer = new Writer(width, options.paint ?? PLAIN);
  const command = options.command
    ?? ((line: string) => `npx ntstack explore TARGET --replay ${line}`);
  const findings = [...exploration.findings].sort((one, other) => weight(one) - weight(other));
  writer.line(title(exploration, writer.paint));
  findings.slice(0, MOST).forEach((finding, index) => {
    if (finding.status === 'confirmed' && index < WHOLE) writeFinding(writer, finding, command);
    else writeShortly(writer, finding);
  });
  if (findings.length > MOST) writer.line(`and ${findings.length - MOST} more: see --json`);
  writer.line('');
  writeCoverage(writer, exploration.coverage, exploration);
  return writer.text();
}

/** The same in one line, for one of many in which nothing was found. */
export function formatNothing({ scenario, coverage }: Exploration, paint: Paint = PLAIN): string {
  const { schedules, traces, exhausted } = coverage;
  const all = exhausted ? ', and there are no others' : '';
  return `${paint.bold(scenario)}  ${paint.green('nothing found')} in `
    + `${count(schedules, 'schedule', 'schedules')}, `
    + `${count(traces, 'distinct trace', 'distinct traces')}${all}`;
}

/** Lines of a width. */
class Writer {
  private readonly lines: string[] = [];

  constructor(readonly width: number, readonly paint: Paint) {}

  line(text: string): void {
    this.lines.push(text);
  }

  /** A label, and what is said of it; as many lines as it needs. */
  labelled(label: string, text: string, paint: (line: string) => string = asIs): void {
    const room = this.width - INDENT;
    const lines = wrapText(text, room);
    lines.forEach((line, index) => {
      const left = index === 0 ? this.paint.dim(label.padEnd(INDENT)) : ' '.repeat(INDENT);
      this.lines.push(`${left}${paint(line)}`);
    });
  }

  /** A command that can be copied: it is broken only where a shell goes on. */
  command(text: string, line: string): void {
    const { width, paint } = this;
    const label = paint.dim('replay'.padEnd(INDENT));
    const before = text.slice(0, text.length - line.length);
    if (!text.endsWith(line)) this.lines.push(`${label}${text}`);
    else if (INDENT + text.length <= width) this.lines.push(`${label}${before}${paint.cyan(line)}`);
    else this.lines.push(`${label}${before}\\`, paint.cyan(line));
  }

  text(): string {
    return this.lines.map((line) => line.trimEnd()).join('\n');
  }
}

function asIs(text: string): string {
  return text;
}

/** Text in lines no wider than that; a word that is wider is on a line of its own. */
function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines;
}

function weight({ status }: Finding): number {
  return ['confirmed', 'predicted', 'refuted'].indexOf(status);
}

function title({ scenario, findings, points, played }: Exploration, paint: Paint): string {
  const count = (status: Finding['status']): number =>
    findings.filter((finding) => finding.status === status).length;
  const confirmed = count('confirmed');
  const words = [
    confirmed === 0 ? paint.green('nothing found') : paint.red(`${confirmed} confirmed`),
    ...count('predicted') === 0 ? [] : [paint.yellow(`${count('predicted')} predicted`)],
    ...count('refuted') === 0 ? [] : [`${count('refuted')} refuted`],
  ];
  const how = played === undefined ? `(points: ${points})` : '(not of schedules)';
  return `${paint.bold(scenario)}  ${words.join(', ')}  ${paint.dim(how)}`;
}

/** `0xC4/0x1001`: the stop code, and the sub-code where it is not the same. */
function codesOf({ rule, code, stop, parties }: Finding): string {
  const circle = rule === 'DEADLOCK' && parties.some(({ owner }) => owner !== undefined);
  const sub = circle ? 0x1001 : code;
  const first = circle ? 0xc4 : stop;
  if (sub === undefined || first === undefined) return '';
  const hex = (word: number): string => `0x${word.toString(16).toUpperCase()}`;
  return first === sub ? hex(first) : `${hex(first)}/${hex(sub)}`;
}

function writeFinding(
  writer: Writer, finding: Finding, command: (line: string) => string,
): void {
  const { paint } = writer;
  const { strategy, schedule, switches } = finding;
  writer.line('');
  const words = [paint.red(finding.rule), codesOf(finding), paint.bold('confirmed')];
  writer.line(words.filter((word) => word !== '').join('  '));
  for (const line of wrapText(`${finding.sentence}.`, writer.width)) writer.line(paint.bold(line));
  const drawn = drawScenario(finding, writer.width);
  if (drawn.length > 0) {
    writer.line('');
    drawn.forEach((line, index) => writer.line(index === 0 ? paint.dim(line) : line));
    writer.line('');
  }
  const holdings = holdingsOf(finding.steps);
  const { subjects } = finding;
  const write = subjects.length > WHOLE_SUBJECTS ? writeBriefly : writeSubject;
  for (const subject of subjects.slice(0, MOST_SUBJECTS)) {
    write(writer, finding, subject, holdings.get(subject.address));
  }
  const left = subjects.length - MOST_SUBJECTS;
  if (left > 0) writer.labelled('', `and ${count(left, 'more', 'more')}`);
  if (finding.subjects.length === 0) {
    for (const { actor, stack } of finding.parties) {
      if (stack.length > 0) writer.labelled('at', `${actor}: ${stackText(stack)}`);
    }
  }
  const hint = hintOf(finding);
  if (hint !== undefined) writer.labelled('hint', hint, paint.green);
  if (strategy === SCENE) {
    if (finding.site !== undefined) writer.labelled('at', placeOf(finding.site));
    writer.labelled('found', 'by its scene, played twice, the same each time');
    writer.command(command(finding.line), finding.line);
    return;
  }
  const { found, shortened } = switches;
  const short = found === shortened ? '' : `, of ${found} when it was found`;
  writer.labelled('found', `by ${strategy} in schedule ${schedule}, the same twice;`
    + ` ${count(shortened, 'switch', 'switches')}${short}`);
  writer.command(command(finding.line), finding.line);
}

function writeSubject(
  writer: Writer, finding: Finding, subject: Subject, holding: Holding | undefined,
): void {
  const { address, rank, initialized } = subject;
  const name = nameOfObject(finding.subjects, address);
  const facts = [
    name.startsWith('0x') ? name : `${name} 0x${address.toString(16)}`,
    ...rank === undefined || rank === name ? [] : [rankText(rank)],
    ...initialized === undefined ? [] : [`initialized at ${placeOf(initialized)}`],
  ];
  const label = rank === undefined ? 'object' : 'lock';
  writer.labelled(label, facts.join(', '), (line) => line.replace(name, writer.paint.bold));
  if (holding !== undefined) {
    const { stack = [], site, irql } = holding.step;
    const where = stack.length > 0 ? stackText(stack) : placeOf(site);
    writer.labelled('  held', `by ${holding.actor}, taken at IRQL ${irql}: ${where}`);
  }
  const waiters = finding.parties.filter(({ object, point }) => object === address && point !== '');
  waiters.forEach(({ actor, irql, stack }, index) => {
    const order = waiters.length > 1 ? `${index + 1}. ` : '';
    writer.labelled('  waits', `${order}${actor} at IRQL ${irql}: ${stackText(stack)}`);
  });
}

function writeBriefly(
  writer: Writer, finding: Finding, subject: Subject, holding: Holding | undefined,
): void {
  const { address, rank } = subject;
  const waiters = finding.parties.filter(({ object, point }) => object === address && point !== '');
  const words = [
    nameOfObject(finding.subjects, address),
    ...holding === undefined
      ? [] : [`held by ${holding.actor} (${shortPlace(holding.step.site)})`],
    ...waiters.map(({ actor, stack }) =>
      `${actor} waits (${shortPlace(findAcquirer(stack))})`),
  ];
  writer.labelled(rank === undefined ? 'object' : 'lock', words.join('  '));
}

function shortPlace(site: Site | undefined): string {
  return placeOf(site).replace(/^.*\//, '');
}

function rankText(rank: string): string {
  return rank === 'Unranked' ? 'no rank' : `rank ${rank}`;
}

/** From the one who asked for the lock outwards. */
function stackText(stack: readonly Site[]): string {
  const acquirer = findAcquirer(stack);
  if (acquirer === undefined) return 'no place known';
  const from = stack.indexOf(acquirer);
  const frames = stack.slice(from).map((site, index) => {
    const same = index > 0 && stack[from + index - 1]?.file === site.file;
    const place = same ? `:${site.line}` : placeOf(site);
    const named = site.function !== '' && site.function !== 'thread';
    return named ? `${place} ${site.function}` : place;
  });
  const shown = frames.slice(0, MOST_FRAMES).join(' < ');
  return frames.length > MOST_FRAMES ? `${shown} < …` : shown;
}

function writeShortly(writer: Writer, finding: Finding): void {
  const { status, rule, sentence, reason, line } = finding;
  writer.line('');
  const { paint } = writer;
  const colour = status === 'confirmed' ? paint.red : status === 'predicted' ? paint.yellow : asIs;
  const words = [colour(rule), codesOf(finding), paint.bold(status)];
  writer.line(words.filter((word) => word !== '').join('  '));
  for (const each of wrapText(`${sentence}.`, writer.width)) writer.line(each);
  if (reason !== undefined) writer.labelled('because', reason);
  if (status === 'predicted') writer.labelled('', 'no schedule that was tried met it');
  if (line !== '') writer.labelled('replay', line, paint.cyan);
}

function writeCoverage(writer: Writer, coverage: Coverage, { seed, played }: Exploration): void {
  if (played !== undefined) {
    writer.labelled('seen', played);
    writer.labelled('not seen', 'other orders: none is needed');
    return;
  }
  const { schedules, traces, steps, exhausted, depth2 } = coverage;
  const tried = [
    count(schedules, 'schedule', 'schedules'), count(traces, 'distinct trace', 'distinct traces'),
    `${count(steps, 'decision', 'decisions')} at most`, `seed ${shortSeed(seed)}`,
  ].join(', ');
  writer.labelled('seen', tried);
  if (exhausted) {
    writer.labelled('not seen', 'nothing: every order of what meets was tried');
    return;
  }
  if (schedules === 1) {
    writer.labelled('not seen', 'all other schedules');
    return;
  }
  const percent = depth2 >= 0.9995 ? 'above 99.9 %' : `of ${(depth2 * 100).toFixed(1)} % at least`;
  writer.labelled('not seen',
    'what no schedule did: not all orders were tried. A defect that needs one order of two'
    + ` steps is met by so many schedules of PCT with a probability ${percent}`);
}

function shortSeed(seed: string): string {
  const digits = seed.replace(/^0x0*/, '');
  return digits.length > 0 && digits.length <= 8 ? String(Number.parseInt(digits, 16)) : seed;
}

function count(many: number, one: string, more: string): string {
  return `${many.toLocaleString('en-US')} ${many === 1 ? one : more}`;
}
