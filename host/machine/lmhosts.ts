/**
 * LMHOSTS: lines of addresses and names, with #PRE, #DOM, #MH, #INCLUDE and blocks of alternatives
 * (Q101927, Q119493). A file that includes itself ends there (Q172595).
 */

import { netbiosName } from '../wire/nbname.js';
import { parseAddress } from './address.js';

/** One name that LMHOSTS has. */
export interface LmhostsEntry {
  /** 16 octets. */
  readonly name: Uint8Array;
  readonly address: number;
  /** #PRE */
  readonly preload: boolean;
  /** A domain's name (suffix 1C), which has many addresses. */
  readonly group: boolean;
}

/** What was read of a file and of those it includes. */
export interface Lmhosts {
  readonly entries: readonly LmhostsEntry[];
  /** What was passed over, with file and line: as NT does, the rest is read. */
  readonly warnings: readonly string[];
}

/** The services that a name without a suffix is looked up for. */
const SUFFIXES = ['00', '03', '20'];
/** Files in files: what NT's stack did not bear (Q172595), ours does not try. */
const DEEPEST = 8;
const MOST_LINES = 65_536;

/** What one reading keeps. */
interface Reading {
  readonly files: Readonly<Record<string, string>>;
  readonly entries: LmhostsEntry[];
  readonly warnings: string[];
  /** Files that are open: none of them is opened again inside itself. */
  readonly open: string[];
  lines: number;
}

/** Reads LMHOSTS; `files`: what #INCLUDE may name, by these names. */
export function parseLmhosts(
  text: string, files: Readonly<Record<string, string>> = {},
): Lmhosts {
  const reading: Reading = { files, entries: [], warnings: [], open: [], lines: 0 };
  readFile('lmhosts', text, reading);
  return { entries: reading.entries, warnings: reading.warnings };
}

function readFile(file: string, text: string, reading: Reading): void {
  reading.open.push(file);
  let alternatives: 'none' | 'wanted' | 'had' = 'none';
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    if (++reading.lines > MOST_LINES) return warn(reading, file, index, 'too many lines');
    const line = raw.trim();
    const directive = /^#(INCLUDE|BEGIN_ALTERNATE|END_ALTERNATE)\b\s*(\S*)/.exec(line);
    if (directive?.[1] === 'BEGIN_ALTERNATE') alternatives = 'wanted';
    else if (directive?.[1] === 'END_ALTERNATE') alternatives = 'none';
    else if (directive !== null) {
      if (alternatives === 'had') continue;
      const read = include(directive[2] ?? '', file, index, reading);
      if (read && alternatives === 'wanted') alternatives = 'had';
    } else if (line !== '' && !line.startsWith('#')) readLine(line, file, index, reading);
  }
  reading.open.pop();
}

/** Whether there is such a file; one that is open already, or too deep, is passed over. */
function include(name: string, file: string, index: number, reading: Reading): boolean {
  const key = Object.keys(reading.files).find((each) => each.toLowerCase() === name.toLowerCase());
  if (key === undefined) {
    warn(reading, file, index, `#INCLUDE of '${name}', which is not there`);
    return false;
  }
  if (reading.open.includes(key)) {
    warn(reading, file, index, `#INCLUDE of ${key}, which is being read`);
    return false;
  }
  if (reading.open.length >= DEEPEST) {
    warn(reading, file, index, `#INCLUDE of ${key}: more than ${DEEPEST} files in one another`);
    return false;
  }
  readFile(key, reading.files[key] ?? '', reading);
  return true;
}

function readLine(line: string, file: string, index: number, reading: Reading): void {
  const found = /^(\S+)\s+("[^"]*"|[^\s#]\S*)\s*(.*)$/.exec(line);
  if (found === null) return warn(reading, file, index, 'no address and name');
  const [, where = '', name = '', rest = ''] = found;
  try {
    const address = parseAddress(where);
    const words = rest.split(/\s+/).filter((word) => word.startsWith('#'));
    const preload = words.includes('#PRE');
    const domain = words.find((word) => word.startsWith('#DOM:'))?.slice('#DOM:'.length);
    for (const octets of namesOf(name)) {
      reading.entries.push({ name: octets, address, preload, group: false });
    }
    if (domain === undefined) return;
    const octets = netbiosName(`${domain.toUpperCase()}<1C>`);
    reading.entries.push({ name: octets, address, preload, group: true });
  } catch (thrown) {
    warn(reading, file, index, thrown instanceof Error ? thrown.message : String(thrown));
  }
}

/** `"NAME           \0x1b"` is one name, all 16 octets of it; a name in no quotes is three. */
function namesOf(text: string): Uint8Array[] {
  if (!text.startsWith('"')) {
    const name = text.toUpperCase();
    return SUFFIXES.map((suffix) => netbiosName(`${name}<${suffix}>`));
  }
  const inside = text.slice(1, -1);
  const special = /^(.*)\\0x([0-9a-f]{2})$/i.exec(inside);
  if (special === null) return [netbiosName(`${inside.trimEnd().toUpperCase()}<20>`)];
  const [, name = '', suffix = ''] = special;
  return [netbiosName(`${name.trimEnd().toUpperCase()}<${suffix}>`)];
}

function warn(reading: Reading, file: string, index: number, what: string): void {
  reading.warnings.push(`${file}:${index + 1}: ${what}`);
}
