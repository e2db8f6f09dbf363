/** nmbd of Samba as the peer, a name server, a browser, our client; and its other programs. */

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MOST_MS, PEERS } from './attached.js';
import { findProgram } from './missing.js';
import { runTool } from './tool.js';
import type { ToolOutcome } from './tool.js';

/** Its own name, and the group that all are members of. */
export const SAMBA = 'SAMBA';
export const GROUP = 'NTGROUP';

/** Samba's programs, by package. @throws MissingProgram where one is not installed. */
export function findSamba() {
  return {
    nmbd: findProgram('nmbd', 'samba'),
    nmblookup: findProgram('nmblookup', 'samba-common-bin'),
    smbtorture: findProgram('smbtorture', 'samba-testsuite'),
  };
}

/** A daemon that runs. */
export interface Nmbd {
  /** What it has written to its log so far. */
  log(): string;
  /** The servers of its list, by name. */
  servers(): string[];
  /** Ends it as SIGTERM does: it gives its names back. */
  end(): Promise<void>;
}

/** Writes a configuration with folders of its own, all beneath `folder`; returns its path. */
export function writeConfiguration(
  folder: string, settings: Readonly<Record<string, string>> = {},
): string {
  const own = (name: string): string => {
    mkdirSync(join(folder, name), { recursive: true });
    return join(folder, name);
  };
  const all: Readonly<Record<string, string>> = {
    'netbios name': SAMBA, workgroup: GROUP, interfaces: `${PEERS}/24`,
    'bind interfaces only': 'yes', 'dns proxy': 'no', 'log level': '3', 'max log size': '0',
    'private dir': own('private'), 'lock directory': own('lock'), 'state directory': own('state'),
    'cache directory': own('cache'), 'pid directory': own('pid'), 'ncalrpc dir': own('ncalrpc'),
    'usershare path': '', 'client min protocol': 'NT1', 'client max protocol': 'NT1', ...settings,
  };
  const path = join(folder, 'smb.conf');
  const lines = Object.entries(all).map(([name, value]) => `  ${name} = ${value}`);
  writeFileSync(path, ['[global]', ...lines, ''].join('\n'));
  return path;
}

/** Starts the daemon. */
export function startNmbd(path: string, folder: string, configuration: string): Nmbd {
  const args = [
    '--foreground', '--no-process-group', '--debug-stdout', `--configfile=${configuration}`,
  ];
  const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  let log = '';
  const note = (text: Buffer): void => {
    log += text.toString('latin1');
  };
  child.stdout.on('data', note);
  child.stderr.on('data', note);
  const list = join(folder, 'cache', 'browse.dat');
  return {
    log: () => log,
    servers: () => (existsSync(list) ? readServers(readFileSync(list, 'latin1')) : []),
    async end() {
      await endChild(child);
      process.off('exit', kill);
    },
  };
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'close');
  child.kill('SIGTERM');
  await ended;
}

/** Lines of its list: a name in quotes, bits of its kind (the highest: a group), a comment. */
function readServers(text: string): string[] {
  return [...text.matchAll(/^"([^"]+)"\s+([0-9a-f]{8})/gm)]
    .filter(([, , kind = '']) => (Number.parseInt(kind, 16) & 0x8000_0000) === 0)
    .map(([, name = '']) => name);
}

/** nmblookup with a configuration. */
export async function nmblookup(
  path: string, configuration: string, args: readonly string[],
): Promise<ToolOutcome> {
  return runTool(path, [`--configfile=${configuration}`, ...args], { mostMs: MOST_MS });
}

/** A subtest of smbtorture: what it came to, and what it complained of. */
export interface Subtest {
  readonly name: string;
  readonly outcome: string;
  readonly reason: string;
}

/** Runs a suite of smbtorture, and reads what it says of each of its tests. */
export async function torture(
  path: string, configuration: string, host: string, suite: string,
): Promise<Subtest[]> {
  const { out } = await runTool(path, [
    `--configfile=${configuration}`, `//${host}/share`, '-U%', '--format=subunit', suite,
  ], { mostMs: MOST_MS });
  const ended = /^(success|failure|error|skip): (\S+)(?: \[\n([\s\S]*?)^\])?/gm;
  const warned = [...out.matchAll(/^WARNING!?:? *(.*)$/gm)].map(([, words = '']) => words);
  return [...out.matchAll(ended)].map(([, outcome = '', name = '', reason = '']) => ({
    name, outcome, reason: [reason.trim(), ...warned].filter((each) => each !== '').join('; '),
  }));
}
