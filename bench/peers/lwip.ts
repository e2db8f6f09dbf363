/** lwIP as Debian packages it, built and run on the same work: bench/peers/lwip/*.c. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../host/cli/child.js';

/** What the program prints. Figures in ns an operation; by connections where there are several. */
export interface LwipReport {
  readonly version: string;
  /** `memcpy` of 1460 octets over 16 MiB, and within a cache. */
  readonly copy: number;
  readonly copyCached: number;
  /** lwIP's own checksum of 1460 octets. */
  readonly checksum: number;
  /** A whole connection. */
  readonly connect: number;
  readonly receive: Readonly<Record<string, number>>;
  readonly receiveSmall: Readonly<Record<string, number>>;
  /** A SYN, by connections half open. */
  readonly syn: Readonly<Record<string, number>>;
}

/** lwIP's figures, or why there are none: what is missing, and how to get it. */
export type LwipOutcome = { readonly report: LwipReport } | { readonly missing: string };

const SOURCES = join(ROOT, 'bench', 'peers', 'lwip');
const PROGRAM = join(ROOT, 'build', 'lwip-bench');

/** Where Debian puts the headers. */
const HEADERS = '/usr/include/lwip';

/** At most so long for the program, in ms; it takes about ten seconds. */
const TIMEOUT_MS = 120_000;

/** Builds the program and runs it. Throws where it does not compile, or fails. */
export function runLwip(): LwipOutcome {
  const absent = whatIsMissing();
  if (absent !== undefined) return { missing: absent };
  mkdirSync(join(ROOT, 'build'), { recursive: true });
  const built = spawnSync('cc', [
    '-std=c11', '-D_DEFAULT_SOURCE', '-O2', '-Wall', '-Wextra', `-I${HEADERS}`,
    '-o', PROGRAM, join(SOURCES, 'main.c'), join(SOURCES, 'frame.c'), '-llwip',
  ], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`bench/peers/lwip does not compile\n${built.stderr}`);
  const ran = spawnSync(PROGRAM, [], { encoding: 'utf8', timeout: TIMEOUT_MS });
  if (ran.status !== 0) {
    const how = ran.error?.message ?? ran.signal ?? `exit code ${ran.status}`;
    throw new Error(`lwIP's bench failed: ${how}\n${ran.stderr}`);
  }
  return { report: JSON.parse(ran.stdout) as LwipReport };
}

/** A sentence that names what is not installed; undefined where all is there. */
function whatIsMissing(): string | undefined {
  const packages: string[] = [];
  if (spawnSync('cc', ['--version']).status !== 0) packages.push('gcc');
  if (!existsSync(join(HEADERS, 'lwip', 'init.h'))) packages.push('liblwip-dev');
  if (packages.length === 0) return undefined;
  return `missing ${packages.join(' and ')}: apt-get install ${packages.join(' ')}`;
}
