/**
 * `interop tcp`: our stack and the Linux kernel talk through a TAP device. Their programs ask our
 * services and ours ask theirs, on a clean link and on one with faults of ours; each run's frames
 * are read by tshark.
 */

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentPieces } from '../../host/user/content.js';
import { formatDigest } from '../../host/user/httpmessage.js';
import { MOST_MS, OURS, PEERS, attach, attachServing } from './attached.js';
import type { AttachedOptions } from './attached.js';
import { findProgram } from './missing.js';
import type { InsideOptions } from './namespace.js';
import { checkFrames } from './pcap.js';
import type { Check } from './pcap.js';
import { PEER_PORT, digestOfContent, servePeer } from './peer.js';
import { runTool } from './tool.js';

const MIB = 1 << 20;
const SERVICES = ['--serve', 'echo,discard,chargen,http,iperf'];
/** A release of NT as it is, and a stack of today with room for what is on its way. */
const NT: Pick<AttachedOptions, 'release' | 'args'> = { release: 'nt40sp6a-q297040', args: [] };
const MODERN: typeof NT = { release: 'modern', args: ['--set', 'TcpWindowSize=1048576'] };
const FAULTS = 'loss=1%&delay=20ms&reorder=1%';
/** Of a clean megabyte, what goes over the link with faults, where it takes so much longer. */
const FAULTY_SHARE = 16;
/** Frames that a capture has at most: what follows them is more of the same. */
const CAPTURED = 30_000;
const PINGS = 20;

/** The programs, by package. @throws MissingProgram where one is not installed. */
function findPrograms() {
  return {
    ip: findProgram('ip', 'iproute2'), ping: findProgram('ping', 'iputils-ping'),
    curl: findProgram('curl', 'curl'), nc: findProgram('nc', 'netcat-openbsd'),
    iperf3: findProgram('iperf3', 'iperf3'), tshark: findProgram('tshark', 'tshark'),
  };
}

type Programs = ReturnType<typeof findPrograms>;

/** A run of one machine: what it is called, how it is attached. */
interface Run {
  readonly name: string;
  readonly attached: AttachedOptions;
  readonly programs: Programs;
}

/** All of it. @throws MissingProgram. */
export async function* checkTcp({ seed, mebibytes }: InsideOptions): AsyncGenerator<Check> {
  const programs = findPrograms();
  await runTool(programs.ip, ['link', 'set', 'lo', 'up'], { mostMs: MOST_MS });
  const folder = mkdtempSync(join(tmpdir(), 'ntstack-interop-'));
  const peer = await servePeer();
  const octets = mebibytes * MIB;
  const some = Math.ceil(octets / FAULTY_SHARE);
  const run = (name: string, base: typeof NT, args: readonly string[], faults?: string): Run => ({
    name, programs,
    attached: {
      release: base.release, args: [...base.args, ...args], seed,
      pcap: join(folder, `${name.replaceAll(/\W+/g, '-')}.pcapng`), pcapFrames: CAPTURED,
      ...(faults === undefined ? {} : { faults }),
    },
  });
  try {
    const small = Math.min(some, MIB);
    // Small ones first: a capture has the beginning.
    yield* serving(run('NT serves', NT, SERVICES), [
      checkPing, checkLongPing, checkDatagram, checkEcho(small), checkGet(small), checkPut(small),
      checkChargen, checkIperf, checkIperfBack, checkGet(some), checkPut(some),
    ]);
    yield* asking(run('NT asks', NT, []), small);
    yield* serving(run('modern serves', MODERN, SERVICES), [
      checkGet(small), checkPut(small), checkIperf, checkIperfBack, checkGet(octets),
      checkPut(octets),
    ]);
    yield* asking(run('modern asks', MODERN, []), some);
    yield* serving(run('NT serves with faults', NT, SERVICES, FAULTS), [checkEcho(small)]);
    yield* serving(run('modern serves with faults', MODERN, SERVICES, FAULTS), [checkEcho(some)]);
  } finally {
    peer.close();
    rmSync(folder, { recursive: true });
  }
}

type Step = (run: Run) => Promise<Check>;

/** A machine that serves, while the peer's programs ask it one after another. */
async function* serving(run: Run, steps: readonly Step[]): AsyncGenerator<Check> {
  const attached = await attachServing(run.attached);
  for (const step of steps) yield named(run, await step(run));
  yield* conclude(run, await attached.end());
}

/** A machine that pings, fetches and puts by itself. */
async function* asking(run: Run, octets: number): AsyncGenerator<Check> {
  const url = `http://${PEERS}:${PEER_PORT}/${octets}`;
  const args = [...run.attached.args, '--ping', PEERS, '--fetch', url, '--put', url];
  const report = await attach({ ...run.attached, args }).report;
  const digest = digestOfContent(octets);
  for (const { kind, succeeded, words, octets: done = 0, seconds } of report.errands) {
    const holds = succeeded && (kind === 'ping' || (words === digest && done === octets));
    const found = kind === 'ping' ? words : rate(done, seconds, words);
    yield named(run, { name: kind, found, holds });
  }
  const holds = report.errands.length === 3;
  yield named(run, { name: 'all done', found: `${report.errands.length} of 3`, holds });
  yield* conclude(run, report);
}

async function* conclude(
  run: Run, report: Awaited<ReturnType<typeof attach>['report']>,
): AsyncGenerator<Check> {
  const { framesIn, framesOut, findings, counters, drops, altered } = report;
  const figures = { retransmissions: counters['TCP_RETRANS_SEGS'], ...drops, ...altered };
  const told = Object.entries(figures).map(([name, count]) => `${name} ${count}`).join(', ');
  yield named(run, {
    name: 'the machine is at rest',
    found: [`${framesIn} frames in, ${framesOut} out, ${told}`,
      ...findings.map(({ sentence }) => sentence)].join('\n    '),
    holds: findings.length === 0,
  });
  for (const check of checkFrames(run.programs.tshark, run.attached.pcap)) yield named(run, check);
}

const named = ({ name }: Run, check: Check): Check =>
  ({ ...check, name: `${name}: ${check.name}` });

const checkPing: Step = async ({ programs: { ping } }) => {
  const args = ['-c', String(PINGS), '-i', '0.05', '-W', '5', OURS];
  const { code, out } = await runTool(ping, args, { mostMs: MOST_MS });
  const received = Number(/([0-9]+) received/.exec(out)?.[1] ?? NaN);
  const found = out.trim().split('\n').slice(-2).join('; ');
  return { name: 'ping', found, holds: code === 0 && received === PINGS };
};

const checkLongPing: Step = async ({ programs: { ping } }) => {
  const args = ['-c', '3', '-s', '20000', '-W', '5', OURS];
  const { code, out } = await runTool(ping, args, { mostMs: MOST_MS });
  const received = Number(/([0-9]+) received/.exec(out)?.[1] ?? NaN);
  const holds = code === 0 && received === 3;
  return { name: 'ping in fragments', found: `${received} of 3`, holds };
};

/**
 * There and back at once. With faults it is this and not HTTP: tshark, which puts bodies together,
 * takes a retransmission that follows the lost segment closely for an error.
 */
const checkEcho = (sent: number): Step => async ({ programs: { nc } }) => {
  const hash = createHash('sha256');
  let octets = 0;
  const { code, err, seconds } = await runTool(nc, ['-N', OURS, '7'], {
    input: contentPieces(sent), mostMs: MOST_MS,
    take(piece) {
      hash.update(piece);
      octets += piece.length;
    },
  });
  const digest = formatDigest(hash.digest('base64'));
  const holds = code === 0 && octets === sent && digest === digestOfContent(sent);
  return { name: 'nc, echo, each way', found: rate(octets, seconds, `${digest} ${err}`), holds };
};

const checkDatagram: Step = async ({ programs: { nc } }) => {
  const text = 'a datagram and its echo';
  const { out } = await runTool(nc, ['-u', '-w', '2', OURS, '7'], {
    input: [Buffer.from(text)], mostMs: MOST_MS,
  });
  return { name: 'nc, echo by UDP', found: out, holds: out === text };
};

const checkChargen: Step = async ({ programs: { nc } }) => {
  let [octets, wrong] = [0, 0];
  // RFC 864: what stands at a place of the stream is known.
  const expected = (at: number): number => {
    const [line, column] = [Math.floor(at / 74) % 95, at % 74];
    return column < 72 ? 0x20 + ((line + column) % 95) : column === 72 ? 0x0d : 0x0a;
  };
  const { code } = await runTool('timeout', ['2', nc, '-d', OURS, '19'], {
    mostMs: MOST_MS,
    take(piece) {
      for (const octet of piece) if (octet !== expected(octets++)) wrong++;
    },
  });
  const found = `${octets} octets in 2 s, ${wrong} wrong, exit code ${code}`;
  return { name: 'nc, chargen', found, holds: octets > 0 && wrong === 0 };
};

const checkIperf: Step = async (run) => iperf(run, 'iperf3', []);
const checkIperfBack: Step = async (run) => iperf(run, 'iperf3, reverse', ['-R']);

async function iperf(
  { programs: { iperf3 } }: Run, name: string, args: readonly string[],
): Promise<Check> {
  // Random octets are this or that protocol to tshark, and wrong in it.
  const all = ['-c', OURS, '-t', '3', '-J', '--repeating-payload', ...args];
  const { code, out } = await runTool(iperf3, all, { mostMs: MOST_MS });
  const result = JSON.parse(out) as {
    readonly error?: string;
    readonly end?: { readonly sum_received?: { readonly bytes: number; readonly seconds: number } };
  };
  const { bytes = 0, seconds = 0 } = result.end?.sum_received ?? {};
  const found = rate(bytes, seconds, result.error ?? '');
  return { name, found, holds: code === 0 && bytes > 0 && result.error === undefined };
}

const checkGet = (octets: number): Step => async ({ programs: { curl } }) => {
  const hash = createHash('sha256');
  let head = '';
  let body = 0;
  // The head comes first, on the same way: no file for it.
  const { code, err, seconds } = await runTool(curl, ['-sS', '-i', `http://${OURS}/${octets}`], {
    mostMs: MOST_MS,
    take(piece) {
      let rest = piece;
      if (!head.includes('\r\n\r\n')) {
        const before = head.length;
        head += Buffer.from(piece).toString('latin1');
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        rest = piece.subarray(end + 4 - before);
        head = head.slice(0, end + 4);
      }
      hash.update(rest);
      body += rest.length;
    },
  });
  const digest = formatDigest(hash.digest('base64'));
  const told = /^content-digest: (\S+)/im.exec(head)?.[1];
  const holds = code === 0 && body === octets && digest === told
    && digest === digestOfContent(octets);
  return { name: 'curl, GET', found: rate(body, seconds, `${digest} ${err}`), holds };
};

const checkPut = (octets: number): Step => async ({ programs: { curl } }) => {
  const { code, out, err, seconds } = await runTool(curl, [
    '-sS', '-X', 'PUT', '-H', `Content-Length: ${octets}`, '-H', 'Transfer-Encoding:', '-T', '-',
    `http://${OURS}/x`,
  ], { input: contentPieces(octets), mostMs: MOST_MS });
  const holds = code === 0 && out.trim() === digestOfContent(octets);
  return { name: 'curl, PUT', found: rate(octets, seconds, `${out.trim()} ${err}`), holds };
};

function rate(octets: number, seconds: number, words: string): string {
  const megabytes = (octets / 1e6 / Math.max(seconds, 1e-3)).toFixed(1);
  return `${octets} octets in ${seconds.toFixed(1)} s, ${megabytes} MB/s ${words}`.trim();
}
