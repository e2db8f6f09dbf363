/**
 * `interop nmap`: whether our releases look like what they say they are, to nmap, whose database
 * has fingerprints of real machines.
 */

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { MOST_MS, OURS, attachServing } from './attached.js';
import { differences, readFingerprint, readKnown } from './fingerprint.js';
import { findProgram } from './missing.js';
import type { InsideOptions } from './namespace.js';
import { checkFrames } from './pcap.js';
import type { Check } from './pcap.js';
import { runTool } from './tool.js';

/** Releases, and how nmap's guess must name them. */
const NAMES: readonly (readonly [release: string, name: RegExp])[] = [
  ['nt40', /Windows NT( Workstation| Version)? 4\.0/],
  ['nt351', /Windows NT 3\.51/],
  ['nt40sp5', /Windows NT( Workstation| Version)? 4\.0/],
];
const OPEN_PORT = 7;
const CLOSED_PORT = 81;
const CAPTURED = 10_000;

/** All of it. @throws MissingProgram. */
export async function* checkNmap({ seed }: InsideOptions): AsyncGenerator<Check> {
  const nmap = findProgram('nmap', 'nmap');
  const tshark = findProgram('tshark', 'tshark');
  findProgram('ping', 'iputils-ping');
  const ip = findProgram('ip', 'iproute2');
  await runTool(ip, ['link', 'set', 'lo', 'up'], { mostMs: MOST_MS });
  const folder = mkdtempSync(join(tmpdir(), 'ntstack-interop-'));
  try {
    for (const [release, name] of NAMES) {
      const pcap = join(folder, `${release}.pcapng`);
      const args = ['--serve', `echo:${OPEN_PORT}`];
      const attached = await attachServing({ release, seed, pcap, pcapFrames: CAPTURED, args });
      const { out, err } = await runTool(nmap, [
        '-n', '-Pn', '-sS', '-O', '-v', '-d', '--osscan-guess', '-p',
        `${OPEN_PORT},${CLOSED_PORT}`, OURS,
      ], { mostMs: MOST_MS });
      const { findings } = await attached.end();
      yield named(release, checkGuess(out, err, name));
      yield named(release, checkFingerprint(out, name));
      const wrong = findings.map(({ sentence }) => sentence).join('\n    ');
      yield named(release, {
        name: 'the machine is at rest', found: wrong === '' ? 'yes' : wrong, holds: wrong === '',
      });
      for (const check of checkFrames(tshark, pcap)) yield named(release, check);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const named = (release: string, check: Check): Check =>
  ({ ...check, name: `${release}: ${check.name}` });

/** What nmap takes it for: a match of all, or its best guesses. */
function checkGuess(out: string, err: string, name: RegExp): Check {
  const line = /^(OS details|Aggressive OS guesses): (.*)$/m.exec(out);
  // Guesses are in order, the likeliest first.
  const [first = ''] = (line?.[2] ?? '').split(/(?<=%\)), /);
  const found = line === null ? `no guess ${err}` : `${line[1]}: ${first}`;
  return { name: 'the guess names it', found, holds: name.test(first) };
}

/** What differs from the nearest fingerprint of the name. */
function checkFingerprint(out: string, name: RegExp): Check {
  const seen = readFingerprint(out);
  const database = databaseOf(out);
  if (seen === undefined || database === undefined) {
    const found = seen === undefined ? 'nmap prints none' : 'its database is not found';
    return { name: 'fingerprint', found, holds: false };
  }
  const compared = readKnown(readFileSync(database, 'latin1'), name)
    .map((known) => ({ name: known.name, wrong: differences(seen, known.tests) }))
    .sort((one, other) => one.wrong.length - other.wrong.length);
  const [nearest] = compared;
  const found = nearest === undefined
    ? 'the database has none of this name'
    : [`${nearest.wrong.length} attributes differ from ${nearest.name}`, ...nearest.wrong];
  return {
    name: `fingerprint, the nearest of ${compared.length}`,
    found: [found].flat().join('\n    '),
    holds: nearest !== undefined,
  };
}

/** Where nmap says that it has read its database. */
function databaseOf(out: string): string | undefined {
  const folder = /^Read from (\S+):.*nmap-os-db/m.exec(out)?.[1];
  const path = folder === undefined ? undefined : resolve(folder, 'nmap-os-db');
  return path !== undefined && existsSync(path) ? path : undefined;
}
