/** The rows and the goals as tables for people. */

import Table from 'cli-table3';
import type { Judged } from './goals.js';
import type { Result } from './row.js';

/** What the table shows besides: the ratio to a copy that stays in the cache. */
export interface Shown {
  readonly result: Result;
  readonly ratioToCached: number;
}

/** No line between the rows. */
const CHARS = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };

/** ns, or a ratio, with three digits that count; nothing for 0. */
function figure(value: number): string {
  if (value === 0) return '';
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function count(value: number): string {
  return value === 0 ? '' : Math.round(value).toLocaleString('en-US');
}

/** A table of the rows. */
export function rowTable(shown: readonly Shown[]): string {
  const table = new Table({
    head: ['row', 'n', 'octets', 'ns', 'x copy', 'x cached copy', 'lwIP ns', 'lwIP / ours'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
    chars: CHARS,
  });
  for (const { result, ratioToCached } of shown) {
    const lwip = result.peers.lwip?.nsPerOp;
    table.push([
      result.name, count(result.n), count(result.octets), figure(result.nsPerOp),
      figure(result.ratioToCopy), figure(ratioToCached),
      lwip === undefined ? '' : figure(lwip),
      lwip === undefined ? '' : figure(lwip / result.nsPerOp),
    ]);
  }
  return table.toString();
}

/** A table of the goals: yes, no, or why neither. */
export function goalTable(goals: readonly Judged[]): string {
  const table = new Table({
    head: ['goal', 'to reach', 'reached', ''],
    style: { head: [], border: [] },
    chars: CHARS,
  });
  for (const { what, goal, reached, holds } of goals) {
    table.push([what, goal, reached, holds === undefined ? '-' : holds ? 'yes' : 'no']);
  }
  return table.toString();
}
