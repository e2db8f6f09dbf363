/** `interop pcap`: what a world sends is right in the eyes of Wireshark's own dissectors. */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../host/cli/child.js';
import { CaptureWriter, createWorld } from '../../host/index.js';
import type { Target } from '../../host/index.js';
import { readCapture } from '../../host/link/pcapread.js';
import { findProgram, outputOf } from './missing.js';
import {
  ABSENT, DATAGRAM_PORT, LONG_DATAGRAM_OCTETS, LONG_ECHO_OCTETS, PINGS, REFUSED_PORT, runProgram,
  SMALL_MTU, STREAM_OCTETS, STREAM_PORT,
} from './program.js';
import type { ProgramOutcome } from './program.js';

/** One line of the report. */
export interface Check {
  readonly name: string;
  /** What was found, in words. */
  readonly found: string;
  readonly holds: boolean;
}

/** Checksums are verified only where they are asked for. */
const CHECKSUMS = ['ip', 'tcp', 'udp'].flatMap((each) => ['-o', `${each}.check_checksum:TRUE`]);
/** A second opinion beside the project's folder, where there is one. */
const ORACLE = join(ROOT, '..', 'shared', 'interop', 'oracle.sh');

const MALFORMED = '_ws.malformed || _ws.short || _ws.unreassembled';
const EXPERT_ERROR = '_ws.expert.severity == "Error"';

/** What must not be in the capture, as display filters. */
const FORBIDDEN: readonly (readonly [name: string, filter: string])[] = [
  ['malformed frame', MALFORMED],
  ['expert error', EXPERT_ERROR],
  ['bad IP checksum', 'ip && ip.checksum.status != "Good"'],
  ['bad TCP checksum', 'tcp && tcp.checksum.status != "Good"'],
  ['bad UDP checksum', 'udp && udp.checksum.status != "Good"'],
  ['bad ICMP checksum', 'icmp && icmp.checksum.status != "Good"'],
  ['protocol that is none of ours', '!(arp || ip)'],
];

/** What must be in it, so that the above says something; at least so often. */
const DEMANDED: readonly (readonly [name: string, filter: string, least: number])[] = [
  ['echo request', 'icmp.type == 8', PINGS + 1],
  ['echo reply', 'icmp.type == 0 && icmp.resp_to', PINGS + 1],
  ['echo reply put together from fragments',
    `icmp.type == 0 && ip.fragment.count > 1 && data.len == ${LONG_ECHO_OCTETS}`, 1],
  ['fragment from the small MTU', `ip.flags.mf == 1 && ip.len <= ${SMALL_MTU}`, 2],
  ['datagram', `udp.port == ${DATAGRAM_PORT}`, 6],
  ['datagram put together from fragments',
    `udp.length == ${LONG_DATAGRAM_OCTETS + 8} && ip.fragment.count > 1`, 2],
  ['connection established', `tcp.port == ${STREAM_PORT} && tcp.flags == 0x12`, 1],
  ['SYN to a port where nobody listens',
    `tcp.dstport == ${REFUSED_PORT} && tcp.flags == 0x02`, 2],
  ['refusal', `tcp.srcport == ${REFUSED_PORT} && tcp.flags.reset == 1`, 1],
  ['retransmission', 'tcp.analysis.retransmission || tcp.analysis.fast_retransmission', 1],
  ['all of the client\'s octets and its end, acknowledged',
    `tcp.srcport == ${STREAM_PORT} && tcp.ack == ${STREAM_OCTETS + 2}`, 1],
  ['all of the server\'s octets and its end, acknowledged',
    `tcp.dstport == ${STREAM_PORT} && tcp.ack == ${STREAM_OCTETS + 2}`, 1],
  ['question for the absent host', `arp.dst.proto_ipv4 == ${ABSENT}`, 1],
];

/** What must not be in it either: an answer of the absent host. */
const GHOST: readonly [name: string, filter: string] =
  ['sign of life of the absent host', `arp.src.proto_ipv4 == ${ABSENT} || ip.addr == ${ABSENT}`];

/**
 * Records the program, reads the recording with tshark, and holds that of the checked kernel
 * against it. `keep` names a file for it; without it none is left.
 * @throws MissingProgram without tshark; Error where it does not read the file.
 */
export async function checkCapture(seed: number, keep?: string): Promise<Check[]> {
  const tshark = findProgram('tshark', 'tshark');
  const [free, checked] = [await record('free', seed), await record('checked', seed)];
  const folder = mkdtempSync(join(tmpdir(), 'ntstack-'));
  try {
    const path = keep ?? join(folder, 'program.pcapng');
    writeFileSync(path, free.octets);
    return [
      check('program', free.outcome.failures, `all parts done, digest ${free.outcome.digest}`),
      ...readByTshark(tshark, path, free.outcome.frames),
      ...readByOracle(path),
      {
        name: 'the checked kernel\'s is the same',
        found: `${checked.octets.length} octets of ${free.octets.length}`,
        holds: free.octets.equals(checked.octets),
      },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The program's outcome, and its frames as a file. */
interface Recording {
  readonly outcome: ProgramOutcome;
  readonly octets: Buffer;
}

async function record(target: Target, seed: number): Promise<Recording> {
  const chunks: Uint8Array[] = [];
  const pcap = new CaptureWriter((octets) => chunks.push(octets));
  const outcome = await runProgram({ createWorld }, { target, seed, pcap });
  pcap.flush();
  return { outcome, octets: Buffer.concat(chunks) };
}

function readByTshark(tshark: string, path: string, sent: number): Check[] {
  const frames = (filter: string): string[] => {
    const args = ['-n', '-2', '-r', path, ...CHECKSUMS, '-Y', filter];
    return outputOf(tshark, args).split('\n').filter((line) => line.trim() !== '');
  };
  const all = frames('frame').length;
  return [
    {
      name: 'tshark opens it',
      found: `${all} frames of ${sent} sent`,
      holds: all === sent && all > 0,
    },
    ...[...FORBIDDEN, GHOST].map(([name, filter]) => check(`no ${name}`, frames(filter), 'none')),
    ...DEMANDED.map(([name, filter, least]) => {
      const { length } = frames(filter);
      return { name, found: `${length}, at least ${least}`, holds: length >= least };
    }),
  ];
}

/** What must hold of any capture: nothing malformed, no bad checksum, no expert error. */
export function checkFrames(tshark: string, path: string): Check[] {
  // A datagram that an error quotes is not whole: its checksum is neither.
  const bad = ['ip', 'tcp', 'udp', 'icmp'].map((each) => `${each}.checksum.status == "Bad"`);
  const forbidden = [MALFORMED, EXPERT_ERROR, ...bad].join(' || ');
  const fields = ['frame.number', 'frame.protocols', '_ws.expert.message']
    .flatMap((each) => ['-e', each]);
  const args = ['-n', '-2', '-r', path, ...CHECKSUMS, '-Y', forbidden, '-T', 'fields', ...fields];
  const wrong = outputOf(tshark, args).split('\n').filter((line) => line.trim() !== '');
  const frames = [...readCapture(new Uint8Array(readFileSync(path)))].length;
  return [
    { name: 'frames captured', found: `${frames}`, holds: frames > 0 },
    check('no malformed frame, bad checksum or expert error', wrong, 'none'),
    ...readByOracle(path),
  ];
}

function readByOracle(path: string): Check[] {
  if (!existsSync(ORACLE)) return [];
  try {
    outputOf('bash', [ORACLE, path]);
    return [{ name: 'oracle.sh', found: 'nothing to say', holds: true }];
  } catch (error) {
    return [check('oracle.sh', [String(error)], '')];
  }
}

function check(name: string, wrong: readonly string[], right: string): Check {
  const found = wrong.length === 0 ? right : wrong.slice(0, 10).join('\n    ');
  return { name, found, holds: wrong.length === 0 };
}
