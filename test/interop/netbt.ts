/**
 * `interop netbt`: our NetBT and programs of Samba's, nbtscan and impacket on one net, through a
 * TAP device: names, node status, sessions, browsing, and a name server on either side. Where they
 * are no judge, RFC 1002 is.
 *
 * Not done: smbtorture's nbt.dgram, which asks a domain controller's NETLOGON and NTLOGON mailslots
 * and fails without one before it sends a datagram (datagrams go both ways in browsing, here);
 * nbt.wins.wins_bad_names, which looks at what a "wins hook" of Samba's own server has written;
 * nbt.winsreplication (port 42, which is no part of NetBT); nbt.bench and nbt.bench-wins, which
 * measure.
 */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { MOST_MS, OURS, PEERS, attachServing } from './attached.js';
import { findProgram, findPython } from './missing.js';
import type { InsideOptions } from './namespace.js';
import {
  EVERYBODY, NAME, NODE_STEPS, SCOPE_STEPS, commanded, isFound, nbtCounters, theirTable,
} from './netbtnode.js';
import type { NodeRun } from './netbtnode.js';
import { checkFrames } from './pcap.js';
import type { Check } from './pcap.js';
import {
  GROUP, SAMBA, findSamba, nmblookup, startNmbd, torture, writeConfiguration,
} from './samba.js';
import type { Nmbd } from './samba.js';
import { runTool } from './tool.js';

const RELEASE = 'nt40sp6a-q297040';
const CAPTURED = 100_000;
const STATION = ['--netbios', NAME, '--group', GROUP, '--prompt', '--target', 'checked'];
const SCOPE = 'LAB.EXAMPLE';
const SERVER_NUMBER = PEERS.split('.').reduce((sum, each) => sum * 256 + Number(each), 0);
const ASK_SERVER = ['--set', `NameServer=${SERVER_NUMBER}`];
/** NodeType of a p node, which asks its name server and nobody else. */
const P_NODE = ['--set', 'NodeType=2'];
/** The most that an election, an announcement or a refresh takes (two minutes, Q120642). */
const MOST_WAIT_MS = 240_000;
const LOOK_MS = 1000;
/** Of a name server that is nmbd. */
const AS_SERVER = { 'wins support': 'yes' };
const AS_MASTER = { 'local master': 'yes', 'preferred master': 'yes', 'os level': '255' };
const AS_MEMBER = { 'local master': 'no', 'preferred master': 'no' };
/** As a query to a name server is: to it alone, recursion desired. */
const SERVED = (server: string): string[] => ['-U', server, '--recursion'];

/** What all runs share. */
interface Bench {
  readonly folder: string;
  readonly seed: number;
  readonly programs: ReturnType<typeof findPrograms>;
}

/** A run: a machine of ours, until it ends. */
interface Run extends NodeRun {
  readonly bench: Bench;
  readonly folder: string;
}

function findPrograms() {
  return {
    ...findSamba(),
    nbtscan: findProgram('nbtscan', 'nbtscan'),
    python: findPython('impacket', 'python3-impacket'),
    tshark: findProgram('tshark', 'tshark'),
    ip: findProgram('ip', 'iproute2'),
    ping: findProgram('ping', 'iputils-ping'),
  };
}

const PARTS: readonly (readonly [
  name: string, args: readonly string[], part: (run: Run) => AsyncGenerator<Check>,
])[] = [
  ['an h node whose name server comes late', [...STATION, ...ASK_SERVER], lateServer],
  ['a p node of nmbd\'s', [...STATION, ...ASK_SERVER, ...P_NODE], server],
  ['a master browser', [...STATION, '--master'], master],
  ['a scope', [...STATION, '--scope', SCOPE], scope],
  ['a name server', ['--serve', 'wins', '--target', 'checked'], nameServer],
];

/** All of it. @throws MissingProgram. */
export async function* checkNetbt({ seed }: InsideOptions): AsyncGenerator<Check> {
  const programs = findPrograms();
  const folder = mkdtempSync(join(tmpdir(), 'ntstack-interop-'));
  const ip = async (...args: string[]): Promise<void> => {
    await runTool(programs.ip, args, { mostMs: MOST_MS });
  };
  await ip('link', 'set', 'lo', 'up');
  // It stays between two machines, so that daemons find it before one is there.
  await ip('tuntap', 'add', 'dev', 'nt0', 'mode', 'tap');
  await ip('address', 'add', `${PEERS}/24`, 'broadcast', '+', 'dev', 'nt0');
  await ip('link', 'set', 'nt0', 'up');
  try {
    for (const [i, [name, args, part]] of PARTS.entries()) {
      const own = join(folder, `${i}`);
      mkdirSync(own);
      for await (const check of run({ folder, seed, programs }, own, args, part)) {
        yield { ...check, name: `${name}: ${check.name}` };
      }
    }
  } finally {
    await ip('link', 'delete', 'nt0');
    rmSync(folder, { recursive: true });
  }
}

async function* run(
  bench: Bench, folder: string, args: readonly string[],
  part: (run: Run) => AsyncGenerator<Check>,
): AsyncGenerator<Check> {
  const pcap = join(folder, 'frames.pcapng');
  const configuration = writeConfiguration(folder);
  const daemon = part === server ? await startServer(bench, folder) : undefined;
  const attached = await attachServing({
    release: RELEASE, seed: bench.seed, pcap, pcapFrames: CAPTURED, args,
  });
  if (args.includes('--netbios')) {
    const { failed, data } = await attached.answer();
    yield { name: 'its names', found: String(data), holds: !failed };
  }
  const one = { bench, folder, attached, configuration, programs: bench.programs };
  yield* part(one);
  const { findings, drops } = await attached.end();
  if (daemon !== undefined) {
    // At its end a machine gives its names back.
    yield await served(one, `${NAME}#20`, false);
    await daemon.end();
  }
  const told = Object.entries(drops).map(([reason, count]) => `${reason} ${count}`);
  yield {
    name: 'the machine is at rest',
    found: [told.join(', '), ...findings.map(({ sentence }) => sentence)].join('\n    '),
    holds: findings.length === 0,
  };
  yield* checkFrames(bench.programs.tshark, pcap);
}

function daemonOf(
  { programs }: Bench, folder: string, settings: Readonly<Record<string, string>>,
): Nmbd {
  return startNmbd(programs.nmbd, folder, writeConfiguration(folder, settings));
}

/** Until something is so; false where it is not after all patience. */
async function comes(what: () => Promise<boolean> | boolean): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < MOST_WAIT_MS; waitedMs += LOOK_MS) {
    if (await what()) return true;
    await sleep(LOOK_MS);
  }
  return false;
}

async function waited(name: string, what: () => Promise<boolean> | boolean): Promise<Check> {
  const began = performance.now();
  const holds = await comes(what);
  const seconds = Math.round((performance.now() - began) / 1000);
  return { name, found: `${holds ? 'after' : 'not in'} ${seconds} s`, holds };
}

async function startServer(bench: Bench, folder: string): Promise<Nmbd> {
  const daemon = daemonOf(bench, folder, { ...AS_SERVER, ...AS_MEMBER });
  await comes(() => /started/i.test(daemon.log()));
  return daemon;
}

/** Broadcasts, then a daemon that is master and name server, then one that wants our name. */
async function* lateServer(run: Run): AsyncGenerator<Check> {
  for (const step of NODE_STEPS) yield* [await step(run)].flat();
  const { attached } = run;
  const daemon = daemonOf(run.bench, run.folder, { ...AS_SERVER, ...AS_MASTER });
  yield await waited('nmbd is elected', async () => {
    const { programs: { nmblookup: path }, configuration } = run;
    const { out } = await nmblookup(path, configuration, ['-M', GROUP]);
    return out.includes(`${PEERS} ${GROUP}<1d>`);
  });
  yield await waited('nmbd lists our server', () => daemon.servers().includes(NAME));
  yield await waited('nmbd is told by a refresh', async () =>
    isFound(run, `${NAME}#20`, OURS, SERVED(PEERS)));
  yield await theirTable(attached, `nbtstat -A ${PEERS}`, [`${SAMBA}<20>`, `${GROUP}<1D>`]);
  yield await theirTable(attached, `nbtstat -a ${SAMBA}`, [`${SAMBA}<00>`]);
  yield* ownNames(run);
  await daemon.end();
  yield* rival(run);
}

/** Whether nmbd has a name of ours. */
async function served(run: Run, name: string, isThere: boolean): Promise<Check> {
  const found = await isFound(run, name, OURS, SERVED(PEERS));
  const words = found ? OURS : 'nobody';
  return { name: `nmbd, asked for ${name}`, found: words, holds: found === isThere };
}

/** Names that come and go at our prompt, and one that is nmbd's. */
async function* ownNames(run: Run): AsyncGenerator<Check> {
  const { attached } = run;
  yield await commanded(attached, 'net name EXTRA', true);
  yield await served(run, 'EXTRA#03', true);
  yield await commanded(attached, 'net name EXTRA /delete', true);
  yield await served(run, 'EXTRA#03', false);
  yield await commanded(attached, `net name ${SAMBA}`, false);
}

/** A daemon by whose names ours would be: we refuse, and it goes without. */
async function* rival(run: Run): AsyncGenerator<Check> {
  const before = (await nbtCounters(run.attached))['NAMES_DEFENDED'] ?? 0;
  const folder = join(run.folder, 'rival');
  mkdirSync(folder);
  const daemon = daemonOf(run.bench, folder, { ...AS_MEMBER, 'netbios aliases': NAME });
  yield await waited('nmbd is refused our names', () => ['00', '03', '20'].every((suffix) =>
    daemon.log().includes(`Failed to register my name ${NAME}<${suffix}>`)));
  const after = (await nbtCounters(run.attached))['NAMES_DEFENDED'] ?? 0;
  yield { name: 'defended', found: `${after - before} times`, holds: after >= before + 3 };
  const query = ['-B', EVERYBODY];
  const [isOurs, isTheirs] = [
    await isFound(run, `${NAME}#20`, OURS, query), await isFound(run, `${NAME}#20`, PEERS, query),
  ];
  const found = `ours ${isOurs}, nmbd's ${isTheirs}`;
  yield { name: 'nmbd goes without', found, holds: isOurs && !isTheirs };
  await daemon.end();
}

/** All of a p node's names are with nmbd, and whom it asks is nmbd. */
async function* server(run: Run): AsyncGenerator<Check> {
  const { attached } = run;
  yield await served(run, `${NAME}#20`, true);
  yield* ownNames(run);
  yield await theirTable(attached, `nbtstat -a ${SAMBA}`, [`${SAMBA}<20>`]);
  const { REGISTERED_BY_SERVER: registered = 0, RESOLVED_BY_SERVER: resolved = 0 } =
    await nbtCounters(attached);
  const found = `${registered} registered, ${resolved} resolved`;
  yield { name: 'by the name server', found, holds: registered >= 5 && resolved >= 1 };
}

/** Who is a member announces itself to who has the master's name. */
async function* master(run: Run): AsyncGenerator<Check> {
  const daemon = daemonOf(run.bench, run.folder, AS_MEMBER);
  yield await waited('net view has nmbd', async () => {
    const { data } = await run.attached.command('net view');
    return Array.isArray(data) && (data as { name: string }[]).some(({ name }) => name === SAMBA);
  });
  await daemon.end();
}

async function* scope(run: Run): AsyncGenerator<Check> {
  for (const step of SCOPE_STEPS(SCOPE)) yield* [await step(run)].flat();
}

/** nmbd registers with ours, and smbtorture tries it. */
async function* nameServer(run: Run): AsyncGenerator<Check> {
  const { programs, configuration } = run;
  for (const { name, outcome, reason } of await torture(
    programs.smbtorture, configuration, OURS, 'nbt.wins.wins')) {
    yield {
      name: `smbtorture, nbt.wins ${name}`, found: `${outcome} ${reason}`.trim(),
      holds: outcome === 'success' && reason === '',
    };
  }
  const isServed = async (): Promise<boolean> => isFound(run, `${SAMBA}#20`, PEERS, SERVED(OURS));
  const daemon = daemonOf(run.bench, run.folder, { ...AS_MEMBER, 'wins server': OURS });
  yield await waited('nmbd registers', isServed);
  await daemon.end();
  yield await waited('nmbd gives its name back', async () => !await isServed());
}
