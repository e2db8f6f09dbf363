/** Programs of others, run one at a time: what goes in, what comes out, how long it took. */

import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { once } from 'node:events';

/** How a program is run. */
export interface ToolOptions {
  /** What it reads on standard input; nothing where not given. */
  readonly input?: Iterable<Uint8Array>;
  /** Gets what it prints, piece by piece; kept as text where not given. */
  readonly take?: (octets: Uint8Array) => void;
  /** Wall time after which it is ended, in ms. */
  readonly mostMs: number;
}

/** What it came to. */
export interface ToolOutcome {
  /** Its exit code; null where it was ended. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** Wall time. */
  readonly seconds: number;
}

/** Runs a program. @throws Error where it cannot be started. */
export async function runTool(
  path: string, args: readonly string[], { input, take, mostMs }: ToolOptions,
): Promise<ToolOutcome> {
  const began = performance.now();
  const child = spawn(path, args, { timeout: mostMs, killSignal: 'SIGKILL' });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  let [out, err] = ['', ''];
  child.stdout.on('data', take ?? ((octets: Buffer) => {
    out += octets.toString('latin1');
  }));
  child.stderr.on('data', (octets: Buffer) => {
    err += octets.toString();
  });
  // A program that has enough closes its input: what it makes of that is its exit code.
  child.stdin.on('error', () => {});
  const closed = once(child, 'close') as Promise<[number | null]>;
  for (const piece of input ?? []) {
    if (child.stdin.destroyed) break;
    // The piece is void when the next is asked for.
    const copy = Buffer.from(piece);
    if (!child.stdin.write(copy)) await Promise.race([once(child.stdin, 'drain'), closed]);
  }
  child.stdin.end();
  const [code] = await closed;
  process.off('exit', kill);
  return { code, out, err: err.trim(), seconds: (performance.now() - began) / 1000 };
}
