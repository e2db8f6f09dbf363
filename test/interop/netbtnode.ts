/** What others' programs make of a node of ours: its names, its status, its sessions. */

import { join } from 'node:path';
import { ROOT } from '../../host/cli/child.js';
import { MOST_MS, OURS } from './attached.js';
import type { Attached } from './attached.js';
import type { Check } from './pcap.js';
import { GROUP, nmblookup, torture } from './samba.js';
import { runTool } from './tool.js';

/** The node's own name. */
export const NAME = 'NTSRV';
export const EVERYBODY = '192.0.2.255';

/** What a check has to work with. */
export interface NodeRun {
  readonly attached: Attached;
  /** Of Samba's programs. */
  readonly configuration: string;
  readonly programs: {
    readonly nmblookup: string;
    readonly smbtorture: string;
    readonly nbtscan: string;
    readonly python: string;
  };
}

type NodeStep = (run: NodeRun) => Promise<Check | Check[]>;

/** Lengths of messages: the least, around a segment and a window, above 16 bits. */
const MESSAGES = [0, 1, 1456, 1457, 8760, 65_535, 65_536, 131_071];

/** Whether nmblookup says that a name is at an address. */
export async function isFound(
  { configuration, programs }: NodeRun, name: string, address: string, args: readonly string[],
): Promise<boolean> {
  const { code, out } = await nmblookup(programs.nmblookup, configuration, [...args, name]);
  return code === 0 && out.split('\n').some((line) => line.startsWith(`${address} `));
}

/** A query that must be answered, or must not. */
const query = (
  what: string, name: string, args: readonly string[], isThere: boolean,
): NodeStep => async (run) => {
  const found = await isFound(run, name, OURS, args);
  const words = found ? OURS : 'no answer';
  return { name: `nmblookup, ${what}`, found: words, holds: found === isThere };
};

const status: NodeStep = async ({ configuration, programs }) => {
  const { out } = await nmblookup(programs.nmblookup, configuration, ['-A', OURS]);
  const names = [...out.matchAll(/^\t(\S+)\s+<([0-9a-f]{2})> - (<GROUP>)?/gm)]
    .map(([, name = '', suffix = '', group]) => `${name}<${suffix}>${group ?? ''}`);
  const wanted = [
    `${NAME}<00>`, `${NAME}<03>`, `${NAME}<20>`, `${GROUP}<00><GROUP>`, `${GROUP}<1e><GROUP>`,
  ];
  const holds = names.join() === wanted.join() && out.includes('MAC Address = 02-00-C0-00-02-02');
  return { name: 'nmblookup, -A', found: names.join(' '), holds };
};

const scan = (args: readonly string[]): NodeStep => async ({ programs }) => {
  const all = [...args, '-s', ';', `${OURS}/29`];
  const { out } = await runTool(programs.nbtscan, all, { mostMs: MOST_MS });
  // With -r it hears its own question, too.
  const line = out.split('\n').find((each) => each.startsWith(`${OURS};`)) ?? '';
  const [address, name, server] = line.split(';').map((each) => each.trim());
  const holds = address === OURS && name === NAME && server === '<server>';
  return { name: ['nbtscan', ...args].join(' '), found: line, holds };
};

const register: NodeStep = async ({ programs, configuration }) => {
  const subtests = await torture(programs.smbtorture, configuration, NAME, 'nbt.register');
  return subtests.map(({ name, outcome, reason }) => ({
    name: `smbtorture, nbt.register ${name}`, found: `${outcome} ${reason}`.trim(),
    holds: outcome === 'success',
  }));
};

const session: NodeStep = async ({ programs }) => {
  const script = join(ROOT, 'test', 'interop', 'session.py');
  const { code, out, err } = await runTool(
    programs.python, [script, OURS, NAME, MESSAGES.join()], { mostMs: MOST_MS });
  const lines = out.trim().split('\n').map((line) => line.split('\t'));
  const checks = lines.map(([what = '', holds, found = '']) =>
    ({ name: `impacket, ${what}`, found, holds: holds === 'ok' }));
  const found = `exit code ${code} ${err}`.trim();
  return [...checks, { name: 'impacket ends', found, holds: code === 0 }];
};

/** All that a node of b or h type must do, whether a name server is there or not. */
export const NODE_STEPS: readonly NodeStep[] = [
  query('broadcast', `${NAME}#20`, ['-B', EVERYBODY], true),
  query('unicast', `${NAME}#20`, ['-U', OURS], true),
  query('a group, broadcast', `${GROUP}#1e`, ['-B', EVERYBODY], true),
  query('a name that nobody has', 'NOBODY#20', ['-B', EVERYBODY], false),
  query('another scope', `${NAME}#20`, ['-B', EVERYBODY, '--netbios-scope=ELSEWHERE'], false),
  status, scan([]), scan(['-r']), register, session,
];

/** That the peer's programs see a node of a scope in its scope, and only there. */
export const SCOPE_STEPS = (scope: string): readonly NodeStep[] => [
  query('in its scope', `${NAME}#20`, ['-B', EVERYBODY, `--netbios-scope=${scope}`], true),
  query('without a scope', `${NAME}#20`, ['-B', EVERYBODY], false),
];

/** The table of a node of theirs, at our prompt. */
export async function theirTable(
  attached: Attached, command: string, wanted: readonly string[],
): Promise<Check> {
  const { failed, data } = await attached.command(command);
  const { names = [] } = data as { readonly names?: readonly { readonly name: string }[] };
  const found = names.map(({ name }) => name);
  const holds = !failed && wanted.every((name) => found.includes(name));
  return { name: command, found: found.join(' '), holds };
}

/** What NetBT counts. */
export async function nbtCounters(attached: Attached): Promise<Readonly<Record<string, number>>> {
  return (await attached.command('nbtstat -r')).data as Readonly<Record<string, number>>;
}

/** A command at our prompt that must do what it says, or must not. */
export async function commanded(
  attached: Attached, command: string, succeeds: boolean,
): Promise<Check> {
  const { failed, data } = await attached.command(command);
  return { name: command, found: JSON.stringify(data), holds: failed !== succeeds };
}
