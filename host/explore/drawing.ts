/** A schedule as columns, one for each actor: the steps that matter, the IRQL in the margin. */

import type { Finding, ScheduleStep } from './finding.js';
import { holdingsOf, nameOfObject, placeOf } from './sentence.js';

/** Rows that are drawn; of longer schedules the last ones. */
const MOST_ROWS = 14;
/** A column that is narrower is none. */
const LEAST_COLUMN = 30;
const MARGIN = 5;

const VERBS: Readonly<Record<string, string>> = {
  ACQUIRE: 'takes', ENTER: 'takes', TRY: 'tries', RELEASE: 'releases', LEAVE: 'releases',
  WAIT: 'waits for', WAIT_TIMED: 'waits for', SIGNAL: 'signals', INTERLOCKED: 'changes',
  READ: 'reads', WRITE: 'writes',
};
/** Points where others may run, and nothing happens to an object. */
const PASSED = new Set(['IRQL', 'RELEASED']);

/** One row: who does what, and from whom it comes. */
interface Row {
  readonly actor: string;
  readonly processor: number;
  readonly irql: number;
  readonly text: string;
  readonly place: string;
  /** Who had it before, and what stands in that column. */
  readonly from?: string;
  readonly label?: string;
}

/** The scenario in lines of at most that many columns, the head first; empty without steps. */
export function drawScenario(finding: Finding, width: number): string[] {
  const rows = rowsOf(finding);
  if (rows.length === 0) return [];
  const actors = [...new Map(rows.map(({ actor, processor }) => [actor, processor]))]
    .sort(([, one], [, other]) => one - other);
  const names = actors.map(([actor]) => actor);
  const column = Math.floor(width / names.length);
  const shown = rows.slice(-MOST_ROWS);
  const left = rows.length - shown.length;
  const more = left === 0 ? [] : [`     … ${left} earlier step${left === 1 ? '' : 's'}`];
  if (column < LEAST_COLUMN) {
    const [head = '', ...lines] = list(shown, width);
    return [head, ...more, ...lines];
  }
  const head = actors.map(([actor, processor]) =>
    fit(`IRQL processor ${processor}: ${actor}`, column)).join('');
  return [head, ...more, ...shown.map((row) => drawRow(row, names, column))];
}

/** Which steps matter: those of the objects it is about; else those of objects that are shared. */
function rowsOf(finding: Finding): Row[] {
  const { subjects, steps, parties } = finding;
  const about = new Set(subjects.map(({ address }) => address));
  const objects = about.size > 0 ? about : sharedObjects(steps);
  const rows: Row[] = [];
  const last = new Map<number, string>();
  for (const step of steps) {
    if (!objects.has(step.object) || PASSED.has(step.point)) continue;
    const name = nameOfObject(subjects, step.object);
    const before = last.get(step.object);
    const gives = step.point === 'RELEASE' || step.point === 'LEAVE' || step.point === 'SIGNAL';
    const arrow = !gives && before !== undefined && before !== step.actor;
    rows.push({
      actor: step.actor, processor: step.processor, irql: step.irql,
      text: `${VERBS[step.point] ?? step.point.toLowerCase()} ${name}`,
      place: placeOf(step.site),
      ...(arrow ? { from: before, label: name } : {}),
    });
    last.set(step.object, step.actor);
  }
  const holdings = holdingsOf(steps);
  for (const { actor, processor, irql, point, object, owner, stack } of parties) {
    const name = nameOfObject(subjects, object);
    const waits = point !== '';
    const holder = owner ?? (waits ? holdings.get(object)?.actor : undefined);
    const site = stack.find(({ file }) => !file.startsWith('ke/') && !file.startsWith('vf/'));
    rows.push({
      actor, processor, irql, place: placeOf(site),
      text: waits ? `waits for ${name}` : `✗ ${finding.rule}`,
      ...(holder === undefined || holder === actor ? {} : { from: holder, label: 'has it' }),
    });
  }
  return rows;
}

function sharedObjects(steps: readonly ScheduleStep[]): Set<number> {
  const users = new Map<number, Set<string>>();
  for (const { object, actor, point } of steps) {
    if (PASSED.has(point)) continue;
    const set = users.get(object) ?? new Set();
    users.set(object, set.add(actor));
  }
  return new Set([...users].filter(([, set]) => set.size > 1).map(([object]) => object));
}

function drawRow(row: Row, names: readonly string[], column: number): string {
  const at = names.indexOf(row.actor);
  const from = row.from === undefined ? -1 : names.indexOf(row.from);
  const cells = names.map((_, index) => {
    if (index === at) return cellOf(row, column);
    if (from < 0) return ' '.repeat(column);
    const label = index === from ? `${row.label} ` : '';
    if (from < at && index >= from && index < at) {
      const line = '─'.repeat(Math.max(column - MARGIN - label.length - 2, 1));
      const end = index === at - 1 ? '▶ ' : '──';
      return `${index === from ? ' '.repeat(MARGIN) : '─'.repeat(MARGIN)}${label}${line}${end}`;
    }
    if (from > at && index <= from && index > at) {
      const tail = index === from ? ` ${row.label}` : '';
      const begin = index === at + 1 ? '◀' : '─';
      if (index !== from) return `${begin}${'─'.repeat(column - 1)}`;
      return `${begin}${'─'.repeat(MARGIN - 1)}${tail}`.padEnd(column);
    }
    return ' '.repeat(column);
  });
  return cells.join('').trimEnd();
}

/** The IRQL, what is done, and where, as far as there is room. */
function cellOf({ irql, text, place }: Row, column: number): string {
  const room = column - MARGIN - 1;
  const both = `${text}  ${place}`;
  const short = `${text}  ${place.replace(/^.*\//, '')}`;
  const line = `${text}  ${place.replace(/^.*:/, ':')}`;
  const chosen = [both, short, line].find((each) => each.length <= room) ?? text;
  return `${String(irql).padEnd(MARGIN)}${fit(chosen, room)} `;
}

/** Where columns would be too narrow: one row under another, each with its actor. */
function list(rows: readonly Row[], width: number): string[] {
  const wide = Math.max(...rows.map(({ actor }) => actor.length)) + 2;
  const what = Math.max(...rows.map(({ text }) => text.length)) + 2;
  const head = `IRQL ${'actor'.padEnd(wide)}processor`;
  return [head, ...rows.map(({ irql, actor, processor, text, place, from, label }) => {
    const how = label === 'has it' ? `${from} has it` : `from ${from}`;
    const begin = `${String(irql).padEnd(MARGIN)}${actor.padEnd(wide)}${processor}  `;
    const whole = `${begin}${text.padEnd(what)}${place.replace(/^.*\//, '')}`;
    return fit(from === undefined ? whole : `${whole}  (${how})`, width).trimEnd();
  })];
}

/** Exactly so many columns. */
function fit(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}
