/** `ntstack attach` as a child of the check: started, used, ended, its counters and its capture. */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../../host/cli/child.js';
import type { AttachReport } from '../../host/cli/attachreport.js';
import { findProgram } from './missing.js';
import { runTool } from './tool.js';

/** What a command at its prompt came to. */
export interface Answered {
  readonly command: string;
  readonly failed: boolean;
  readonly data: unknown;
}

/** Ours and the peer's address: TEST-NET-1 (RFC 5737), which is nobody's. */
export const OURS = '192.0.2.2';
export const PEERS = '192.0.2.1';
const LENGTH = 24;

/** Wall time after which a machine or a program is taken to hang: far more than any takes. */
export const MOST_MS = 1_200_000;
/** Echo requests, a second each, until a machine must be there. */
const MOST_TRIES = 60;

/** How a machine is attached. */
export interface AttachedOptions {
  readonly release: string;
  /** Parameters of the link, as `loss=1%`. */
  readonly faults?: string;
  readonly seed: number;
  /** Where its frames go, and how many of them. */
  readonly pcap: string;
  readonly pcapFrames: number;
  /** Further options of the command. */
  readonly args: readonly string[];
}

/** A machine that runs. */
export interface Attached {
  /** Runs a command at its prompt, where it has one. @throws Error where the machine has ended. */
  command(line: string): Promise<Answered>;
  /** The next thing that its prompt tells; the first is how registering its names went. */
  answer(): Promise<Answered>;
  /** Ends it as Ctrl-C does, and gives what it came to. @throws Error where it gives no report. */
  end(): Promise<AttachReport>;
  /** What it came to, once it has ended by itself. */
  readonly report: Promise<AttachReport>;
}

/** Attaches a machine to the device nt0. */
export function attach(options: AttachedOptions): Attached {
  const { release, faults, seed, pcap, pcapFrames, args } = options;
  const link = faults === undefined ? 'tap:nt0' : `tap:nt0?${faults}`;
  const child = spawn(process.execPath, [
    join(ROOT, 'dist', 'cli', 'main.js'), 'attach', link, '--address', `${OURS}/${LENGTH}`,
    '--peer', `${PEERS}/${LENGTH}`, '--release', release, '--seed', String(seed), '--json',
    '--pcap', pcap, '--pcap-frames', String(pcapFrames), ...args,
  ], { stdio: ['pipe', 'pipe', 'pipe'], timeout: MOST_MS, killSignal: 'SIGKILL' });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  let err = '';
  const said = readAnswers(child.stdout);
  child.stdin.on('error', () => {});
  child.stderr.on('data', (text: Buffer) => {
    err += text.toString();
  });
  const report = new Promise<AttachReport>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      process.off('exit', kill);
      try {
        resolve(JSON.parse(said.rest()) as AttachReport);
      } catch {
        reject(new Error(`ntstack attach ends with ${code}: ${err.trim()}`));
      }
    });
  });
  // Whoever waits for it hears of it; nobody may wait yet.
  report.catch(() => {});
  const gone = report.then(() => {
    throw new Error('the machine has ended');
  });
  gone.catch(() => {});
  const answer = async (): Promise<Answered> => Promise.race([said.next(), gone]);
  return {
    report, answer,
    async command(line) {
      child.stdin.write(`${line}\n`);
      return answer();
    },
    async end() {
      child.kill('SIGINT');
      return report;
    },
  };
}

/** Lines of a prompt's answers, as they come; all else is the report. */
function readAnswers(from: Readable): { next(): Promise<Answered>; rest(): string } {
  const answers: Answered[] = [];
  const waiting: ((answer: Answered) => void)[] = [];
  const rest: string[] = [];
  const lines = createInterface({ input: from });
  lines.on('line', (line) => {
    if (!line.startsWith('{"command"')) {
      rest.push(line);
      return;
    }
    const answer = JSON.parse(line) as Answered;
    const waiter = waiting.shift();
    if (waiter === undefined) answers.push(answer);
    else waiter(answer);
  });
  return {
    rest: () => rest.join('\n'),
    async next() {
      const first = answers.shift();
      if (first !== undefined) return first;
      return new Promise((resolve) => {
        waiting.push(resolve);
      });
    },
  };
}

/** Attaches a machine, and waits until it answers. @throws Error where it does not. */
export async function attachServing(options: AttachedOptions): Promise<Attached> {
  const ping = findProgram('ping', 'iputils-ping');
  const attached = attach(options);
  const ended = attached.report.then(() => 'ended' as const);
  for (let i = 0; i < MOST_TRIES; i++) {
    const asked = runTool(ping, ['-c', '1', '-W', '1', OURS], { mostMs: MOST_MS });
    const first = await Promise.race([asked, ended]);
    if (first === 'ended') throw new Error('the machine ended before it answered');
    if (first.code === 0) return attached;
    // Before the device is there, ping fails at once.
    if (first.seconds < 1) await sleep(500);
  }
  await attached.end();
  throw new Error(`no answer of ${OURS} to ${MOST_TRIES} echo requests`);
}
