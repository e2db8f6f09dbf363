/** Tools that are Node programs, run as child processes with what they print kept. */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json, from the sources (host/cli) and from the build (dist/cli) alike. */
export const ROOT: string = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** What a tool left behind. */
export interface Outcome {
  /** Its exit code; 1 where a signal ended it. */
  readonly code: number;
  /** Standard output and standard error as they came, without the last line feed. */
  readonly text: string;
}

/** Runs Node with `args` in the project's folder. Rejects only where Node cannot start. */
export function runNode(args: readonly string[]): Promise<Outcome> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    const parts: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => parts.push(part));
    child.stderr.on('data', (part: Buffer) => parts.push(part));
    child.on('error', failed);
    child.on('close', (code) => {
      done({ code: code ?? 1, text: Buffer.concat(parts).toString('utf8').trimEnd() });
    });
  });
}

/** The file `path` of the installed package `name`. Throws where it is not installed. */
export function packageFile(name: string, path: string): string {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
  for (const folder of folders) {
    const file = join(folder, name, path);
    if (existsSync(file)) return file;
  }
  throw new Error(`the package ${name} is not installed: run npm ci`);
}

/** Runs `jobs` with at most `width` of them under way; results in the order of the jobs. */
export async function inParallel<T>(
  width: number,
  jobs: ReadonlyArray<() => Promise<T>>,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let i = next++; i < jobs.length; i = next++) {
      const job = jobs[i];
      if (job) results[i] = await job();
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, width) }, lane));
  return results;
}
