/** nbtstat's tables, as Windows NT printed them. */

import type { AdapterStatus, CachedNameRow, LocalNameRow } from '../machine/usermode.js';

/** A session of a machine, as `nbtstat -s` shows it. */
export interface SessionRow {
  readonly state: string;
  readonly direction: 'In' | 'Out';
  readonly remote: string;
}

/** `SERVER<20>` in the columns of a table: 15 characters, then the suffix. */
function column(name: string): string {
  const letters = name.slice(0, -4).replaceAll(/[^\x20-\x7e]/g, '.');
  return `${letters.padEnd(15)}${name.slice(-4)}`;
}

function nameTable(title: string, rows: readonly LocalNameRow[]): string[] {
  return [
    '', `${' '.repeat(11)}${title}`, '',
    '       Name               Type         Status',
    '    ---------------------------------------------',
    ...rows.map(({ name, type, status }) =>
      `    ${column(name)}  ${type.padEnd(6)}      ${status}`),
  ];
}

/** What each of nbtstat's answers about a machine begins with. */
export function nodeLine(address: string, scope: string): string {
  return `\nNode IpAddress: [${address}] Scope Id: [${scope}]`;
}

/** `nbtstat -n` */
export function localNameTable(rows: readonly LocalNameRow[]): string {
  return nameTable('     NetBIOS Local Name Table', rows).join('\n');
}

/** `nbtstat -A`, and `-a` */
export function remoteNameTable({ names, mac }: AdapterStatus): string {
  const table = nameTable('NetBIOS Remote Machine Name Table', names);
  return [...table, '', `    MAC Address = ${mac}`].join('\n');
}

/** `nbtstat -c` */
export function cacheTable(rows: readonly CachedNameRow[]): string {
  if (rows.length === 0) return '\n    No names in cache';
  return [
    '', `${' '.repeat(18)}NetBIOS Remote Cache Name Table`, '',
    '        Name              Type       Host Address    Life [sec]',
    '    ------------------------------------------------------------',
    ...rows.map(({ name, type, address, life }) =>
      `    ${column(name)}  ${type.padEnd(6)} ${address.padStart(17)}`
        + `${String(life ?? -1).padStart(14)}`),
  ].join('\n');
}

/** `nbtstat -r`, of what NetBT counts. */
export function statisticsTable(counters: Readonly<Record<string, number>>): string {
  const line = (title: string, counter: string): string =>
    `    ${title.padEnd(26)}= ${counters[counter] ?? 0}`;
  return [
    '', '    NetBIOS Names Resolution and Registration Statistics',
    '    ----------------------------------------------------', '',
    line('Resolved By Broadcast', 'RESOLVED_BY_BROADCAST'),
    line('Resolved By Name Server', 'RESOLVED_BY_SERVER'), '',
    line('Registered By Broadcast', 'REGISTERED_BY_BROADCAST'),
    line('Registered By Name Server', 'REGISTERED_BY_SERVER'),
  ].join('\n');
}

/** `nbtstat -s` */
export function sessionTable(rows: readonly SessionRow[]): string {
  if (rows.length === 0) return '\n    No Connections';
  return [
    '', `${' '.repeat(21)}NetBIOS Connection Table`, '',
    '    State         In/Out   Remote Host',
    '    ---------------------------------------------',
    ...rows.map(({ state, direction, remote }) =>
      `    ${state.padEnd(14)}${direction.padEnd(9)}${remote}`),
  ].join('\n');
}
